/**
 * What a page of another origin can try against the inspector in the same browser, as scripts that run in that page. Each
 * resolves with what the page learns: `blocked`, `opaque` (something was answered that no script may see), or more than it should.
 */

import type { Page } from 'playwright-core';
import { evaluate } from './browser.js';

/** What would run, were it ever taken for markup. */
export const MARKUP = `"><img src=x onerror="window.hit=1"><script>window.hit=1</script>`;

const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="parent.hit=1"><script>window.hit=1</script></svg>`;

/** Bodies of a target that means harm. */
export const HOSTILE_BODIES: readonly (readonly [type: string, body: string])[] = [
  ['text/html', MARKUP],
  ['application/json', JSON.stringify({ [MARKUP]: MARKUP, constructor: [MARKUP] })],
  ['application/json', `{"a": ${MARKUP}`],
  ['image/svg+xml', SVG],
  [
    'multipart/form-data; boundary=b',
    `--b\r\nContent-Disposition: form-data; name="<img src=x>"\r\n\r\n${SVG}\r\n--b--`,
  ],
  ['application/x-www-form-urlencoded', `${encodeURIComponent(MARKUP)}=${encodeURIComponent(MARKUP)}`],
  [`text/<img src=x onerror=window.hit=1>`, MARKUP],
];

/** By name, for an inspector and one of its exchanges. */
export function attacksOn(origin: string, id: string): Record<string, string> {
  const body = `'{"paused":true,"pinned":true,"count":1,"answer":"allow"}'`;
  const simple = (path: string) =>
    `fetch('${origin}${path}', { method: 'POST', mode: 'no-cors', credentials: 'include', headers: { 'Content-Type': 'text/plain' }, body: ${body} }).then(({ type }) => type, () => 'blocked')`;
  const read = (path: string, init: string) =>
    `fetch('${origin}${path}', ${init}).then((response) => response.text(), () => 'blocked')`;
  const loads = (tag: string, attribute: string, path: string) => `new Promise((resolve) => {
    const element = document.createElement('${tag}');
    element.onload = () => resolve('loaded');
    element.onerror = () => resolve('blocked');
    element['${attribute}'] = '${origin}${path}';
    document.body.append(element);
  })`;
  const form = (path: string, type: string) => `new Promise((resolve) => {
    const form = Object.assign(document.createElement('form'), { method: 'post', action: '${origin}${path}', enctype: '${type}', target: '${path}' });
    const frame = Object.assign(document.createElement('iframe'), { name: '${path}' });
    const field = Object.assign(document.createElement('input'), { name: '{"paused":true,"x":"', value: '"}' });
    form.append(field);
    document.body.append(frame, form);
    frame.onload = () => resolve('opaque');
    form.submit();
  })`;
  return {
    read: read('/api/exchanges', "{ credentials: 'include' }"),
    'read without cookies': read('/api/exchanges', "{ credentials: 'omit' }"),
    'read a body': read(`/api/exchanges/${id}/response/body`, "{ credentials: 'include' }"),
    'read secrets': read(
      `/api/exchanges/${id}/reveal`,
      "{ method: 'POST', credentials: 'include', headers: { 'Content-Type': 'application/json' }, body: '{}' }",
    ),
    'pause as JSON': read(
      '/api/pause',
      `{ method: 'POST', credentials: 'include', headers: { 'Content-Type': 'application/json' }, body: ${body} }`,
    ),
    clear: read('/api/exchanges', "{ method: 'DELETE', credentials: 'include' }"),
    'pause as text': simple('/api/pause'),
    'pin as text': simple(`/api/exchanges/${id}/pin`),
    'replay as text': simple(`/api/exchanges/${id}/replay`),
    beacon: `navigator.sendBeacon('${origin}/api/pause', new Blob([${body}], { type: 'text/plain' })) ? 'opaque' : 'blocked'`,
    'form of text': form('/api/pause', 'text/plain'),
    'form of fields': form(`/api/exchanges/${id}/replay`, 'application/x-www-form-urlencoded'),
    events: `new Promise((resolve) => {
      const source = new EventSource('${origin}/api/events', { withCredentials: true });
      source.onopen = () => resolve('opened');
      source.onerror = () => { source.close(); resolve('blocked'); };
    })`,
    socket: `new Promise((resolve) => {
      const socket = new WebSocket('${origin.replace('http', 'ws')}/api/events');
      socket.onopen = () => resolve('opened');
      socket.onerror = () => resolve('blocked');
    })`,
    image: loads('img', 'src', `/api/exchanges/${id}/response/body`),
    script: loads('script', 'src', '/api/exchanges'),
    style: `new Promise((resolve) => {
      const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: '${origin}/api/exchanges' });
      link.onload = () => resolve('loaded');
      link.onerror = () => resolve('blocked');
      document.head.append(link);
    })`,
  };
}

/** Where a frame of the attacker's page ends that wants to show the inspector. */
export async function framed(attacker: Page, origin: string): Promise<string> {
  const navigated = attacker.waitForEvent('framenavigated', (frame) => /^(?:http|chrome-error)/.test(frame.url()));
  await evaluate(
    attacker,
    `void document.body.append(Object.assign(document.createElement('iframe'), { src: '${origin}/' }))`,
  );
  return (await navigated).url();
}

/** What a page still has of a window that shows the inspector: a script. */
export function opened(origin: string): string {
  return `new Promise((resolve) => {
    const opened = window.open('${origin}/');
    const look = () => {
      if (opened === null || opened.closed) return resolve('closed');
      opened.postMessage({ paused: true }, '*');
      setTimeout(look, 20);
    };
    look();
  })`;
}
