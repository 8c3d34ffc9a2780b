/** The list of who is here or was let in, from which a person chooses whose access ends, and the question whether it is meant. */
import { parseRule } from '../../core/rule.js';
import { dimmed, questionBottom } from '../output/bottom-lines.js';
import type { ApiGrant, ApiPerson } from '../process/api-types.js';
import { notGranted, revoke } from '../process/granting.js';
import type { Key } from '../process/key-decoder.js';
import { clockTime } from '../process/lifetime.js';
import type { Dialog, Stage } from './dialog.js';
import { SelectList } from './select-list.js';

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
      if (isOpen && entries.length > 0) return stage.show(peopleList(stage, entries));
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

function peopleList(stage: Stage, entries: readonly Entry[]): Dialog {
  const lines = entries.map(({ rule, note }) => `${rule}  (${note})`);
  const chosen = (index: number) => {
    const entry = entries[index];
    if (entry !== undefined) stage.show(revokeQuestion(stage, entry));
  };
  return new SelectList(stage, { label: 'revoke', lines, chosen });
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
