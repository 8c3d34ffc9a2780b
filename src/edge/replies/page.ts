/**
 * The one template of every page that the edge shows: plain, readable on a phone, light and dark, without script. All
 * that goes in is escaped here; nothing outside this file writes HTML.
 */
import { createHash } from 'node:crypto';
import { DOOR, ICON, STYLE } from './page-style.js';

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
  /** A form with hidden fields, perhaps a line to fill in, and one or several buttons. */
  | {
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
  | {
      readonly kind: 'list';
      readonly items: readonly { readonly label: string; readonly href: string; readonly note: string }[];
    };

export interface Page {
  readonly title: string;
  readonly blocks: readonly Block[];
  /** Small print: `[label, value]` pairs such as the account and the request id. */
  readonly facts: readonly (readonly [string, string])[];
  /** The page asks again by itself after so many seconds. */
  readonly reloadAfterSeconds?: number;
  readonly script?: PageScript;
}

/** The edge's own script: nothing else ever runs in a page. */
export interface PageScript {
  /** Its address, without a query. */
  readonly url: string;
  /** Told apart from other releases of it. */
  readonly version: string;
  /** What it works on: `data-*` attributes, by their names without `data-`. */
  readonly data: Readonly<Record<string, string>>;
  /** The one address that it may fetch. */
  readonly connectTo?: string;
  /** The way on without scripts; absent where the page has it. */
  readonly without?: { readonly label: string; readonly href: string };
  /** Shown by the script when it fails. */
  readonly failure: readonly Block[];
}

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

const CONTENT_POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; img-src data:; base-uri 'none'; frame-ancestors 'none'`;

// The edge's own script. It calls the prototype's method, because a field may be named `submit`.
const SUBMIT = 'HTMLFormElement.prototype.submit.call(document.forms[0])';
const SUBMIT_HASH = createHash('sha256').update(SUBMIT).digest('base64');

/**
 * The headers that every page carries: nothing may run in it, frame it, sniff it, keep it or learn where it was, nor hold a
 * handle on its window.
 */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': CONTENT_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};

/** The headers of a page: those of every one, and leave for its script, or for that of one that posts a form by itself. */
export function pageHeaders({ blocks, script }: Page): Readonly<Record<string, string>> {
  if (script !== undefined) {
    const connect = script.connectTo === undefined ? '' : `; connect-src ${script.connectTo}`;
    return { ...PAGE_HEADERS, 'Content-Security-Policy': `${CONTENT_POLICY}; script-src ${script.url}${connect}` };
  }
  if (!blocks.some(({ kind }) => kind === 'form')) return PAGE_HEADERS;
  const policy = `${PAGE_HEADERS['Content-Security-Policy']}; script-src 'sha256-${SUBMIT_HASH}'; form-action 'self'`;
  // With a referrer for its own origin, or its form would come from the origin `null`.
  return { ...PAGE_HEADERS, 'Content-Security-Policy': policy, 'Referrer-Policy': 'same-origin' };
}

/** Writes a page. */
export function renderPage({ title, blocks, facts, reloadAfterSeconds, script }: Page): string {
  const refresh =
    reloadAfterSeconds === undefined ? '' : `<meta http-equiv="refresh" content="${Math.ceil(reloadAfterSeconds)}">\n`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
${refresh}<link rel="icon" href="${ICON}">
<title>${escapeHtml(title)} · Postern</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<p class="brand">${DOOR}Postern</p>
<h1>${escapeHtml(title)}</h1>
${blocks.filter(isContent).map(renderContent).join('\n')}
${renderActs(blocks)}
${renderFacts(facts)}
${renderScript(script)}
</main>
</body>
</html>
`;
}

type Content = Extract<Block, { kind: 'text' | 'list' }>;

function isContent(block: Block): block is Content {
  return block.kind === 'text' || block.kind === 'list';
}

function renderContent(block: Content): string {
  if (block.kind === 'text') return `<p>${escapeHtml(block.text)}</p>`;
  const items = block.items.map(
    ({ label, href, note }) =>
      `<li><a href="${escapeHtml(href)}">${escapeHtml(label)}<span>${escapeHtml(note)}</span></a></li>`,
  );
  return `<ul>${items.join('\n')}</ul>`;
}

function renderActs(blocks: readonly Block[]): string {
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

function renderQuestion({ action, fields, input, answers }: Extract<Block, { kind: 'question' }>): string {
  const line =
    input === undefined
      ? ''
      : `<label>${escapeHtml(input.label)}<input name="${escapeValue(input.name)}" maxlength="${input.maxChars}" value="${escapeValue(input.value ?? '')}" autocomplete="off"></label>`;
  const buttons = answers.map(({ label, field, rank }) => {
    const adds = field === undefined ? '' : ` name="${escapeValue(field[0])}" value="${escapeValue(field[1])}"`;
    return `<button class="act${rank === 'main' ? ' main' : ''}"${adds}>${escapeHtml(label)}</button>`;
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

// Line breaks too: a parser of HTML would take CR LF for one of them.
function escapeValue(text: string): string {
  return escapeHtml(text).replaceAll('\r', '&#13;').replaceAll('\n', '&#10;');
}

function renderScript(script: PageScript | undefined): string {
  if (script === undefined) return '';
  const { url, version, data, without, failure } = script;
  const attributes = Object.entries(data).map(([name, value]) => ` data-${name}="${escapeHtml(value)}"`);
  return `<div id="failure" hidden>
${failure.filter(isContent).map(renderContent).join('\n')}
${renderActs(failure)}
</div>
${without === undefined ? '' : `<noscript>${renderActs([{ kind: 'link', ...without, rank: 'main' }])}</noscript>`}
<script defer src="${escapeHtml(`${url}?v=${version}`)}"${attributes.join('')}></script>`;
}

function renderFacts(facts: Page['facts']): string {
  if (facts.length === 0) return '';
  return `<dl>${facts.map(([label, value]) => `<dt>${escapeHtml(label)}</dt><dd>${escapeHtml(value)}</dd>`).join('\n')}</dl>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] as string);
}
