/**
 * The one template of every page that the edge shows: plain, readable on a phone, light and dark, without script. All
 * that goes in is escaped here; nothing outside this file writes HTML.
 */
import { createHash } from 'node:crypto';
import { escapeHtml } from './html.js';
import { type Block, isContent, renderActs, renderContent, SUBMIT } from './page-blocks.js';
import { DOOR, ICON, STYLE } from './page-style.js';

export type { Block, Question, Row } from './page-blocks.js';

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
<div id="live">
${blocks.filter(isContent).map(renderContent).join('\n')}
</div>
${renderActs(blocks)}
${renderFacts(facts)}
${renderScript(script)}
</main>
</body>
</html>
`;
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
