/**
 * A request as text that a person pastes: for bash, PowerShell, JavaScript, or as it is on the wire. All of it comes from visitors,
 * so each word is quoted whole, and no byte of it can end a quotation, a line or a paste. Pure.
 */
import type { CopiedRequest } from './copied-request.js';
import type { TextForm } from './wire.js';

export const COPY_TEXTS: Readonly<Record<TextForm, (request: CopiedRequest) => string>> = {
  curl: curlText,
  powershell: powershellText,
  fetch: fetchText,
  raw: rawText,
};

// `--globoff`: curl would expand [1-9] and {a,b}; `--path-as-is`: it would remove /../. `--data-raw` reads no @file, and
// `--data-binary @-` reads what is piped in.
function curlText({ method, url, socketPath, headers, body }: CopiedRequest): string {
  const lines = [`curl --globoff --path-as-is --request ${bashWord(method)} --url ${bashWord(url)}`];
  if (socketPath !== undefined) lines.push(`--unix-socket ${bashWord(socketPath)}`);
  if (method === 'HEAD') lines.push('--head');
  // Of a header with an empty value curl wants `name;`: `name:` removes it.
  for (const [name, value] of headers)
    lines.push(`--header ${bashWord(value === '' ? `${name};` : `${name}: ${value}`)}`);
  if (body === undefined) return lines.join(CONTINUED);
  if (body.text !== undefined) return [...lines, `--data-raw ${bashWord(body.text)}`].join(CONTINUED);
  return `printf %s ${bashWord(body.bytes.toString('base64'))} | base64 -d | ${[...lines, '--data-binary @-'].join(CONTINUED)}`;
}

const CONTINUED = ' \\\n  ';

// Also what a terminal would act on when it is pasted, and C1 controls.
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/;

/** One word of bash, whatever it holds. */
function bashWord(text: string): string {
  if (!CONTROL.test(text)) return `'${text.replaceAll("'", `'\\''`)}'`;
  const escaped = [...text].map((character) => (/[\w ./:=;,-]/.test(character) ? character : bashEscape(character)));
  return `$'${escaped.join('')}'`;
}

function bashEscape(character: string): string {
  return [...Buffer.from(character)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}

function powershellText({ method, url, headers, body }: CopiedRequest): string {
  const isCustom = !POWERSHELL_METHODS.has(method);
  const lines = [`Invoke-WebRequest -Uri ${powershellWord(url)}`];
  lines.push(`${isCustom ? '-CustomMethod' : '-Method'} ${powershellWord(method)}`, '-SkipHeaderValidation');
  const joined = new Map<string, string>();
  for (const [name, value] of headers) {
    const before = joined.get(name);
    joined.set(name, before === undefined ? value : `${before}${name === 'cookie' ? '; ' : ', '}${value}`);
  }
  const type = joined.get('content-type');
  joined.delete('content-type');
  if (type !== undefined && body !== undefined) lines.push(`-ContentType ${powershellWord(type)}`);
  if (joined.size > 0) {
    const pairs = [...joined].map(([name, value]) => `${powershellWord(name)} = ${powershellWord(value)}`);
    lines.push(`-Headers @{ ${pairs.join('; ')} }`);
  }
  if (body !== undefined) lines.push(`-Body ([Convert]::FromBase64String('${body.bytes.toString('base64')}'))`);
  return lines.join(' `\n  ');
}

const POWERSHELL_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'TRACE', 'OPTIONS', 'MERGE', 'PATCH']);

// PowerShell takes the typographic quotation marks for the plain one.
function powershellWord(text: string): string {
  if (CONTROL.test(text))
    return `([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('${Buffer.from(text).toString('base64')}')))`;
  return `'${text.replace(/['\u2018-\u201b]/g, '$&$&')}'`;
}

function fetchText({ method, url, headers, body }: CopiedRequest): string {
  const fields = [`method: ${jsWord(method)}`];
  if (headers.length > 0) {
    const rows = headers.map(([name, value]) => `    [${jsWord(name)}, ${jsWord(value)}],\n`).join('');
    fields.push(`headers: [\n${rows}  ]`);
  }
  if (body !== undefined && method !== 'GET' && method !== 'HEAD') {
    const bytes = `Uint8Array.from(atob(${jsWord(body.bytes.toString('base64'))}), (c) => c.charCodeAt(0))`;
    fields.push(`body: ${body.text === undefined ? bytes : jsWord(body.text)}`);
  }
  return `await fetch(${jsWord(url)}, {\n${fields.map((field) => `  ${field},\n`).join('')}});`;
}

// Neither what ends a line of JavaScript, nor what ends the script in which it may be put.
function jsWord(text: string): string {
  return JSON.stringify(text).replace(/[<\u007f-\u009f\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

function rawText({ method, url, path, headers, body }: CopiedRequest): string {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${new URL(url).host}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  if (body !== undefined) lines.push(`Content-Length: ${body.bytes.length}`);
  const content = body === undefined ? '' : (body.text ?? body.bytes.toString('latin1').replace(CONTROLS, '\ufffd'));
  return `${lines.join('\r\n')}\r\n\r\n${content}`;
}

const CONTROLS = new RegExp(CONTROL.source, 'g');
