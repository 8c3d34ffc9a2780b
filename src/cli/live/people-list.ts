/** The list of who is here or was let in, from which a person chooses whose access ends, and the question whether it is meant. */
import { parseRule } from '../../core/rule.js';
import { dimmed, firstShown, listBottom, questionBottom } from '../output/bottom-lines.js';
import type { ApiGrant, ApiPerson } from '../process/api-types.js';
import { notGranted, revoke } from '../process/granting.js';
import type { Key } from '../process/key-decoder.js';
import { clockTime } from '../process/lifetime.js';
import type { Dialog, Stage } from './dialog.js';

/** A person or a rule whose access can end. */
export interface Entry {
  /** An email address, or another rule that was granted. */
  readonly rule: string;
  readonly note: string;
}

/** Who may be shut out: those who are here, and what was granted. The owner cannot be shut out. */
export function entriesOf(owner: string, grants: readonly ApiGrant[], people: readonly ApiPerson[]): readonly Entry[] {
  const notes = new Map(people.filter(({ email }) => email !== owner).map(({ email }) => [email, ['here']]));
  for (const { rule, effect, expires_at: end } of grants) {
    if (effect !== 'allow') continue;
    const granted = end === null ? 'let in' : `let in until ${clockTime(Date.parse(end))}`;
    notes.set(rule, [...(notes.get(rule) ?? []), granted]);
  }
  return [...notes].map(([rule, list]) => ({ rule, note: list.join(', ') }));
}

/** Asks the edge who there is, and opens the list. */
export function openPeopleList(stage: Stage): void {
  const waiting: Dialog = { bottom: dimmed('revoke   asking the edge · Esc leaves it'), press: closes };
  let isOpen = true;
  stage.show(waiting);
  readEntries(stage).then(
    (entries) => {
      if (isOpen && entries.length > 0) return stage.show(new PeopleList(stage, entries));
      stage.end(waiting);
      if (isOpen) stage.hint('nobody is here, and nobody was let in, whose access could end.');
    },
    (error: Error) => {
      stage.end(waiting);
      if (isOpen) stage.hint(error.message);
    },
  );

  function closes({ name }: Key): void {
    if (name !== 'escape') return;
    isOpen = false;
    stage.end(waiting);
  }
}

async function readEntries({ api, tunnel }: Stage): Promise<readonly Entry[]> {
  const asked = [api.tunnel(tunnel.name), api.grants(tunnel.name), api.people(tunnel.name)] as const;
  const [{ owner }, grants, people] = await Promise.all(asked);
  return entriesOf(owner, grants, people);
}

class PeopleList implements Dialog {
  readonly #stage: Stage;
  readonly #entries: readonly Entry[];
  #selected = 0;

  constructor(stage: Stage, entries: readonly Entry[]) {
    this.#stage = stage;
    this.#entries = entries;
  }

  readonly bottom: Dialog['bottom'] = (columns, style) => {
    const lines = this.#entries.map(({ rule, note }) => `${rule}  (${note})`);
    return listBottom('revoke', lines, this.#selected)(columns, style);
  };

  press({ name }: Key, isSeen: boolean): void {
    if (name === 'escape') this.#stage.end(this);
    else if (name === 'up' || name === 'k') this.#select(this.#selected - 1);
    else if (name === 'down' || name === 'j') this.#select(this.#selected + 1);
    else if (isSeen && (name === 'return' || name === 'enter')) this.#ask(this.#selected);
    else if (isSeen && /^[1-9]$/.test(name))
      this.#ask(firstShown(this.#entries.length, this.#selected) + Number(name) - 1);
  }

  #select(index: number): void {
    this.#selected = Math.max(0, Math.min(index, this.#entries.length - 1));
    this.#stage.show(this);
  }

  #ask(index: number): void {
    const entry = this.#entries[index];
    if (entry !== undefined) this.#stage.show(revokeQuestion(this.#stage, entry));
  }
}

function revokeQuestion(stage: Stage, { rule }: Entry): Dialog {
  const isPerson = parseRule(rule)?.kind === 'email';
  const question = isPerson ? `Shut ${rule} out at once, of what is open too?` : `No longer let ${rule} in?`;
  const dialog: Dialog = {
    bottom: questionBottom(`revoke   ${question}`, 'y yes · n or Esc no'),
    press({ name }, isSeen) {
      if (name === 'n' || name === 'escape') stage.end(dialog);
      if (name !== 'y' || !isSeen) return;
      stage.end(dialog);
      stage.report(take(stage, rule));
    },
  };
  return dialog;
}

async function take({ api, tunnel }: Stage, rule: string): Promise<string> {
  const sentence = await revoke(api, tunnel, rule);
  if (sentence === undefined) throw notGranted(rule);
  return sentence;
}
