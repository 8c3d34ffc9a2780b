/** Every way in which a page can have its browser ask for a URL, as script that the page runs. */

/** What a page runs to have its browser ask for `url`. */
export const WAYS_TO_ASK: Readonly<Record<string, (url: string) => string>> = {
  'a fetch with credentials': (url) => `void fetch('${url}', { credentials: 'include' }).catch(() => {})`,
  'a fetch that hides its answer': (url) => `void fetch('${url}', { credentials: 'include', mode: 'no-cors' })`,
  'a simple POST by fetch': (url) =>
    `void fetch('${url}', { method: 'POST', credentials: 'include', mode: 'no-cors', body: 'a=1' })`,
  'a PUT by fetch': (url) =>
    `void fetch('${url}', { method: 'PUT', credentials: 'include', body: '{}' }).catch(() => {})`,
  'an XMLHttpRequest': (url) =>
    `{ const asked = new XMLHttpRequest(); asked.withCredentials = true; asked.open('GET', '${url}'); asked.send(); }`,
  'a form that is posted': (url) => form(url, 'post', '_self'),
  'a form that is posted into a frame': (url) => form(url, 'post', 'hidden'),
  'a form that is got into a frame': (url) => form(url, 'get', 'hidden'),
  'a form that is posted into a new window': (url) => form(url, 'post', '_blank'),
  'a script': (url) => element('script', 'src', url),
  'a module': (url) => `void import('${url}').catch(() => {})`,
  'an image': (url) => element('img', 'src', url),
  'a stylesheet': (url) => element('link', 'href', url, "made.rel = 'stylesheet';"),
  'an iframe': (url) => element('iframe', 'src', url),
  'an object': (url) => element('object', 'data', url),
  'an embed': (url) => element('embed', 'src', url),
  'a video': (url) => element('video', 'src', url, "made.preload = 'auto';"),
  'a font': (url) => `void new FontFace('x', 'url(${url})').load().catch(() => {})`,
  'an EventSource': (url) =>
    `{ const made = new EventSource('${url}', { withCredentials: true }); made.onerror = () => made.close(); }`,
  'a WebSocket': (url) =>
    `{ const made = new WebSocket('${url.replace(/^http/, 'ws')}'); made.onopen = () => made.close(); }`,
  'a beacon': (url) => `navigator.sendBeacon('${url}', 'a=1')`,
  'a ping of a link': (url) =>
    `{ const made = document.createElement('a'); made.href = '#'; made.ping = '${url}'; document.body.append(made); made.click(); }`,
  'a prefetch': (url) => element('link', 'href', url, "made.rel = 'prefetch';"),
  'a preload': (url) => element('link', 'href', url, "made.rel = 'preload'; made.as = 'image';"),
  'a worker’s fetch': (url) => inWorker(`fetch('${url}', { credentials: 'include', mode: 'no-cors' })`),
  'a script of a worker': (url) => inWorker(`importScripts('${url}')`),
  'a prefetch by speculation rules': (url) => speculate('prefetch', url),
  'a prerender by speculation rules': (url) => speculate('prerender', url),
  'a fetch of a service worker': (url) => `
    void navigator.serviceWorker.register('/answer?' + new URLSearchParams([
      ['header', 'Content-Type: text/javascript'],
      ['body', "onactivate = (event) => event.waitUntil(fetch('${url}', { credentials: 'include', mode: 'no-cors' }))"],
    ]))`,
};

function element(tag: string, attribute: string, url: string, more = ''): string {
  return `{ const made = document.createElement('${tag}'); ${more} made.${attribute} = '${url}'; document.body.append(made); }`;
}

/** Submits a form. */
export function form(url: string, method: string, target: string): string {
  const frame =
    target === 'hidden' ? "document.body.insertAdjacentHTML('beforeend', '<iframe name=hidden></iframe>');" : '';
  return `{ ${frame} const made = document.createElement('form'); made.method = '${method}'; made.action = '${url}';
    made.target = '${target}'; made.innerHTML = '<input name=a value=1>'; document.body.append(made); made.submit(); }`;
}

function inWorker(source: string): string {
  return `new Worker(URL.createObjectURL(new Blob([${JSON.stringify(source)}])))`;
}

function speculate(kind: string, url: string): string {
  const rules = JSON.stringify({ [kind]: [{ source: 'list', urls: [url], eagerness: 'immediate' }] });
  return `{ const made = document.createElement('script'); made.type = 'speculationrules';
    made.textContent = ${JSON.stringify(rules)}; document.head.append(made); }`;
}
