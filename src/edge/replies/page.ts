/**
 * The one template of every page that the edge shows: plain, readable on a phone, light and dark, without script. All
 * that goes in is escaped here; nothing outside this file writes HTML.
 */
import { createHash } from 'node:crypto';

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
  /** The way on without scripts. */
  readonly without: { readonly label: string; readonly href: string };
  /** Shown by the script when it fails. */
  readonly failure: readonly Block[];
}

const STYLE = `
:root{color-scheme:light dark;--ground:#f6f5f1;--card:#fff;--ink:#1d1f24;--soft:#5b606b;--line:#dddad2;--accent:#1f5f4a;--on-accent:#fff}
@media (prefers-color-scheme:dark){:root{--ground:#14161a;--card:#1d2026;--ink:#eceef2;--soft:#a2a8b4;--line:#343943;--accent:#7fd1b0;--on-accent:#0d1f18}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--ground);color:var(--ink);font:1rem/1.55 system-ui,sans-serif}
main{width:100%;max-width:34rem;padding:2rem;background:var(--card);border:1px solid var(--line);border-radius:14px}
.brand{display:flex;align-items:center;gap:.5rem;margin:0 0 1.25rem;color:var(--soft);font-size:.85rem;font-weight:600;letter-spacing:.04em}
.brand svg{color:var(--accent)}
h1{margin:0 0 .75rem;font-size:1.5rem;line-height:1.25}
p{margin:0 0 1rem;overflow-wrap:anywhere}
.acts{display:flex;flex-wrap:wrap;gap:.75rem;margin:1.5rem 0 .5rem}
.act{display:inline-block;padding:.6rem 1.1rem;border:1px solid var(--line);border-radius:9px;background:none;color:var(--ink);font:inherit;font-weight:600;text-decoration:none;cursor:pointer}
.act.main{border-color:var(--accent);background:var(--accent);color:var(--on-accent)}
.act:focus-visible,a:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
ul{margin:0 0 1rem;padding:0;list-style:none}
li{border-top:1px solid var(--line)}
li a{display:block;padding:.9rem .25rem;color:var(--accent);font-weight:600;font-size:1.1rem;text-decoration:none;overflow-wrap:anywhere}
li a:hover{background:var(--ground)}
li span{display:block;color:var(--soft);font-size:.9rem;font-weight:400}
dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;margin:1.5rem 0 0;padding-top:1rem;border-top:1px solid var(--line);color:var(--soft);font-size:.85rem}
dt{font-weight:600}
dd{margin:0;overflow-wrap:anywhere}
@media (max-width:30rem){dl{grid-template-columns:1fr;gap:0}dd{margin:0 0 .4rem}}
`;

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

// The door in the browser's tab. In the page itself: a request for it would be the app's on a tunnel's host.
const ICON = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 18 18"><rect width="18" height="18" rx="4" fill="#1f5f4a"/><path d="M5 15V8.5a4 4 0 0 1 8 0V15z" fill="#fff"/><circle cx="11" cy="11" r=".9" fill="#1f5f4a"/></svg>',
).replaceAll("'", '%27')}`;

const DOOR =
  '<svg width="18" height="18" viewBox="0 0 18 18" fill="none" stroke="currentColor" stroke-width="1.6" aria-hidden="true">' +
  '<path d="M3.5 16.5V8a5.5 5.5 0 0 1 11 0v8.5zM1.5 16.5h15"/><circle cx="11.4" cy="10.5" r=".9" fill="currentColor" stroke="none"/></svg>';

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
    if (block.kind !== 'button') return '';
    return `<form method="post" action="${escapeHtml(block.action)}"><button class="act main">${escapeHtml(block.label)}</button></form>`;
  });
  const shown = acts.filter((act) => act !== '');
  return shown.length === 0 ? '' : `<div class="acts">${shown.join('\n')}</div>`;
}

function renderForm({ label, action, fields }: Extract<Block, { kind: 'form' }>): string {
  const inputs = fields.map(
    ([name, value]) => `<input type="hidden" name="${escapeValue(name)}" value="${escapeValue(value)}">`,
  );
  const button = `<button class="act main">${escapeHtml(label)}</button>`;
  return `<form method="post" action="${escapeHtml(action)}">${inputs.join('')}${button}</form><script>${SUBMIT}</script>`;
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
<noscript>${renderActs([{ kind: 'link', ...without, rank: 'main' }])}</noscript>
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
