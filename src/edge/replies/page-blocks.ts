/** The parts of a page's body, and how they are written. */
import { escapeHtml, escapeValue } from './html.js';

/** A form with hidden fields, perhaps a line to fill in, and one or several buttons. */
export interface Question {
  readonly kind: 'question';
  readonly action: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly input?: {
    readonly name: string;
    readonly label: string;
    readonly maxChars: number;
    readonly value?: string;
  };
  readonly answers: readonly {
    readonly label: string;
    /** What the button adds to the fields. */
    readonly field?: readonly [name: string, value: string];
    readonly rank: 'main' | 'other';
  }[];
}

export interface Row {
  readonly title: string;
  /** The subject of its buttons in their accessible names. Default: the title. */
  readonly about?: string;
  readonly note?: string;
  readonly question?: Question;
}

/** A part of a page's body. */
export type Block =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'link'; readonly label: string; readonly href: string; readonly rank: 'main' | 'other' }
  | { readonly kind: 'button'; readonly label: string; readonly action: string }
  /** Posts its fields by itself, or where no script runs by its button. */
  | {
      readonly kind: 'form';
      readonly label: string;
      readonly action: string;
      readonly fields: readonly (readonly [name: string, value: string])[];
    }
  | Question
  /** `id`: where a link to this part of the page leads. */
  | { readonly kind: 'heading'; readonly text: string; readonly id?: string }
  /** The way to what the list before it does not show. */
  | { readonly kind: 'more'; readonly label: string; readonly href: string }
  /** Rows of a list about people or things, each with what can be done about it. */
  | { readonly kind: 'rows'; readonly rows: readonly Row[] }
  | {
      readonly kind: 'list';
      readonly items: readonly { readonly label: string; readonly href: string; readonly note: string }[];
    };

// The edge's own script. It calls the prototype's method, because a field may be named `submit`.
export const SUBMIT = 'HTMLFormElement.prototype.submit.call(document.forms[0])';

type Content = Extract<Block, { kind: 'text' | 'heading' | 'rows' | 'list' | 'more' }>;

const CONTENT: ReadonlySet<Block['kind']> = new Set(['text', 'heading', 'rows', 'list', 'more']);

/** Whether a block is part of the text, in its order; what can be done follows below. */
export function isContent(block: Block): block is Content {
  return CONTENT.has(block.kind);
}

export function renderContent(block: Content): string {
  if (block.kind === 'text') return `<p>${escapeHtml(block.text)}</p>`;
  if (block.kind === 'heading') return renderHeading(block);
  if (block.kind === 'more')
    return `<p class="more"><a href="${escapeHtml(block.href)}">${escapeHtml(block.label)}</a></p>`;
  if (block.kind === 'rows') return renderRows(block.rows);
  const items = block.items.map(
    ({ label, href, note }) =>
      `<li><a href="${escapeHtml(href)}">${escapeHtml(label)}<span>${escapeHtml(note)}</span></a></li>`,
  );
  return `<ul>${items.join('\n')}</ul>`;
}

function renderHeading({ text, id }: Extract<Block, { kind: 'heading' }>): string {
  return `<h2${id === undefined ? '' : ` id="${escapeHtml(id)}"`}>${escapeHtml(text)}</h2>`;
}

function renderRows(rows: readonly Row[]): string {
  const abouts = distinct(rows.map(({ title, about = title }) => about));
  return `<ul class="rows">${rows.map((row, at) => renderRow(row, abouts[at])).join('\n')}</ul>`;
}

/** Texts that no two have in common: those that are there more than once are counted. */
function distinct(texts: readonly string[]): string[] {
  const counts = new Map<string, number>();
  const nth = texts.map((text) => {
    const count = (counts.get(text) ?? 0) + 1;
    counts.set(text, count);
    return count;
  });
  return texts.map((text, at) => (counts.get(text) === 1 ? text : `${text}, ${nth[at]} of ${counts.get(text)}`));
}

function renderRow({ title, note, question }: Row, about: string | undefined): string {
  const small = note === undefined ? '' : `<span>${escapeHtml(note)}</span>`;
  const acts = question === undefined ? '' : renderQuestion(question, about);
  return `<li><div>${escapeHtml(title)}${small}</div>${acts}</li>`;
}

export function renderActs(blocks: readonly Block[]): string {
  const acts = blocks.map((block) => {
    if (block.kind === 'link') {
      return `<a class="act${block.rank === 'main' ? ' main' : ''}" href="${escapeHtml(block.href)}">${escapeHtml(block.label)}</a>`;
    }
    if (block.kind === 'form') return renderForm(block);
    if (block.kind === 'question') return renderQuestion(block);
    if (block.kind !== 'button') return '';
    return `<form method="post" action="${escapeHtml(block.action)}"><button class="act main">${escapeHtml(block.label)}</button></form>`;
  });
  const shown = acts.filter((act) => act !== '');
  return shown.length === 0 ? '' : `<div class="acts">${shown.join('\n')}</div>`;
}

// A name that begins with what is seen can be spoken (WCAG 2.2, 2.5.3); without `about` a page has many buttons of one name.
function renderQuestion({ action, fields, input, answers }: Question, about?: string): string {
  const line =
    input === undefined
      ? ''
      : `<label>${escapeHtml(input.label)}<input name="${escapeValue(input.name)}" maxlength="${input.maxChars}" value="${escapeValue(input.value ?? '')}" autocomplete="off"></label>`;
  const buttons = answers.map(({ label, field, rank }) => {
    const adds = field === undefined ? '' : ` name="${escapeValue(field[0])}" value="${escapeValue(field[1])}"`;
    const name = about === undefined ? '' : ` aria-label="${escapeValue(`${label}: ${about}`)}"`;
    return `<button class="act${rank === 'main' ? ' main' : ''}"${adds}${name}>${escapeHtml(label)}</button>`;
  });
  const answered = `<div class="answers">${buttons.join('\n')}</div>`;
  return `<form class="question" method="post" action="${escapeHtml(action)}">${hidden(fields)}${line}${answered}</form>`;
}

function hidden(fields: readonly (readonly [name: string, value: string])[]): string {
  const inputs = fields.map(
    ([name, value]) => `<input type="hidden" name="${escapeValue(name)}" value="${escapeValue(value)}">`,
  );
  return inputs.join('');
}

function renderForm({ label, action, fields }: Extract<Block, { kind: 'form' }>): string {
  const button = `<button class="act main">${escapeHtml(label)}</button>`;
  return `<form method="post" action="${escapeHtml(action)}">${hidden(fields)}${button}</form><script>${SUBMIT}</script>`;
}
