/** The screen of a terminal as a page: what `tmux capture-pane -e` gives, with its colours and weights (ECMA-48 SGR). */

const FOREGROUNDS = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];

// The text between ESC [ and m.
const SGR = String.raw`\u001b\[([0-9;]*)m`;

/** A page that shows the screen; `scheme` chooses its colours. */
export function screenPage(screen: string, scheme: 'light' | 'dark'): string {
  return `<!doctype html><meta charset="utf-8"><style>${STYLE}</style><body class="${scheme}"><pre>${spans(screen.trimEnd())}</pre>`;
}

function spans(screen: string): string {
  const classes = new Set<string>();
  const [first = '', ...parts] = screen.replaceAll(/\u001b\]8;.*?(?:\u0007|\u001b\\)/g, '').split(new RegExp(SGR));
  let html = escapeHtml(first);
  for (let at = 0; at < parts.length; at += 2) {
    for (const code of (parts[at] ?? '').split(';')) apply(Number(code), classes);
    html += `<span class="${[...classes].join(' ')}">${escapeHtml(parts[at + 1] ?? '')}</span>`;
  }
  return html;
}

function apply(code: number, classes: Set<string>): void {
  const colour = FOREGROUNDS[code >= 90 ? code - 90 : code - 30];
  if (code === 0) classes.clear();
  else if (code === 1) classes.add('bold');
  else if (code === 2) classes.add('dim');
  else if (code === 7) classes.add('inverse');
  else if (code === 22) for (const weight of ['bold', 'dim']) classes.delete(weight);
  else if (code === 27) classes.delete('inverse');
  else if (code === 39 || colour !== undefined) {
    for (const other of FOREGROUNDS) classes.delete(other);
    if (colour !== undefined) classes.add(colour);
  }
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

const STYLE = `
body { margin: 0; padding: 20px 24px; display: inline-block; font: 14px/1.45 "DejaVu Sans Mono", monospace; }
pre { margin: 0; font: inherit; }
.bold { font-weight: 700 } .dim { opacity: .6 }
.light { background: #fff; color: #1b1f24 } .dark { background: #16191d; color: #e4e7eb }
.inverse { background: #1b1f24; color: #fff } .dark .inverse { background: #e4e7eb; color: #16191d }
.red { color: #c62828 } .green { color: #1b7f3b } .yellow { color: #946200 } .blue { color: #1f5fbf } .magenta { color: #8e3ba8 } .cyan { color: #00778a }
.dark .red { color: #ff7b72 } .dark .green { color: #6bd68a } .dark .yellow { color: #e3b341 } .dark .blue { color: #79b0ff } .dark .magenta { color: #d2a8ff } .dark .cyan { color: #56d4dd }
`;
