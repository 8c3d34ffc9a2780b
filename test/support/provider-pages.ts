/**
 * The pages of the test identity provider: choose an account, signed out, and an error. They load nothing from
 * elsewhere and work with a keyboard, a screen reader and a phone.
 */

/** What the account page shows of one account. */
export interface AccountRow {
  readonly id: string;
  readonly title: string;
  readonly note: string;
}

/** The page with one button per account; each button posts `account=<id>` to `action`. */
export function accountPage(action: string, rows: readonly AccountRow[]): string {
  const buttons = rows.map(
    (row) =>
      `<button type="submit" name="account" value="${escapeHtml(row.id)}"><strong>${escapeHtml(row.title)}</strong>` +
      `<span>${escapeHtml(row.note)}</span></button>`,
  );
  return page(
    'Choose an account',
    `<p>This identity provider exists for demonstrations and tests. It asks for no password.</p>
<form method="post" action="${escapeHtml(action)}">
${buttons.join('\n')}
<button type="submit" name="account" value="" class="quiet">Cancel</button>
</form>`,
  );
}

/** The page that confirms a sign-out by itself; without script it shows a button. */
export function signOutPage(form: string): string {
  return page(
    'Signing out',
    `${form.replace('</form>', '<input type="hidden" name="logout" value="yes"/></form>')}
<script>document.forms[0].submit()</script>
<noscript><button type="submit" form="op.logoutForm">Sign out</button></noscript>`,
  );
}

/** A page that only says something. */
export function notePage(title: string, note: string): string {
  return page(title, `<p>${escapeHtml(note)}</p>`);
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${body}
</main>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const STYLE = `
:root { --ground: #f2f3f5; --card: #fff; --ink: #1b1e24; --quiet: #596070; --line: #d5d9e0; --accent: #2456c8 }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14161a; --card: #1e2127; --ink: #eceef2; --quiet: #a2a9b8; --line: #383d47; --accent: #8fb0ff }
}
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--ground);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif }
main { width: 100%; max-width: 26rem; padding: 2rem 1.75rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .75rem }
h1 { margin: 0 0 .5rem; font-size: 1.4rem; line-height: 1.25 }
p { margin: 0 0 1.25rem; color: var(--quiet) }
form { display: grid; gap: .6rem; margin: 0 }
button { display: grid; gap: .1rem; width: 100%; padding: .8rem 1rem; border: 1px solid var(--line);
  border-radius: .5rem; background: none; color: inherit; font: inherit; text-align: left; cursor: pointer }
button:hover { border-color: var(--accent) }
button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
button span { color: var(--quiet); font-size: .9rem }
button.quiet { border-color: transparent; color: var(--quiet); text-align: center }
`;
