/** The routes that make something of an exchange: a replay, a text to copy, a HAR file. */
import type { Capture } from './capture.js';
import { type CopiedRequest, copiedRequest } from './copied-request.js';
import { COPY_TEXTS } from './copy-texts.js';
import { filterOf, findExchange } from './exchange-routes.js';
import { type HarOptions, harText } from './har.js';
import type { InspectedTunnels } from './inspected-tunnels.js';
import type { Masks } from './masks.js';
import { MAX_REPLAYS, type Replayer } from './replay.js';
import { BadCall, type Call, jsonReply, numberField, type Reply, switchField, textField } from './reply.js';
import type { Route } from './route.js';
import type { HeaderRow, ReplayEdit, TextForm } from './wire.js';

export interface ReplayRoutesOptions {
  readonly capture: Capture;
  readonly masks: Masks;
  readonly replayer: Replayer;
  readonly tunnels: InspectedTunnels;
  readonly version: string;
}

const MAX_PATH_CHARS = 65_536;
const MAX_HEADERS = 1_000;
const MAX_BODY_CHARS = 134_217_728; // the body of the call is bounded already
const MAX_FILTER_CHARS = 1_000;

export function replayRoutes({ capture, masks, replayer, tunnels, version }: ReplayRoutesOptions): Route[] {
  async function replay(call: Call): Promise<Reply> {
    const fields = await call.fields();
    const captured = findExchange(capture, call.param('id'));
    const count = numberField(fields, 'count', { min: 1, max: MAX_REPLAYS }) ?? 1;
    return jsonReply(await replayer.replay(captured, { count, edit: readEdit(fields['edit']) }));
  }

  async function text(call: Call): Promise<Reply> {
    const fields = await call.fields();
    const captured = findExchange(capture, call.param('id')); // in the turn that reads its body
    const form = textField(fields, 'as', 20);
    const secrets = switchField(fields, 'secrets');
    if (form === undefined || !Object.hasOwn(COPY_TEXTS, form))
      throw new BadCall(`"as" is not one of ${Object.keys(COPY_TEXTS).join(', ')}.`);
    const target = tunnels.find(captured.tunnel)?.targetOf(captured.head.path) ?? captured.tunnel.url;
    const request: CopiedRequest = copiedRequest(captured, target, secrets ? undefined : masks);
    return jsonReply({ text: COPY_TEXTS[form as TextForm](request) });
  }

  function har(call: Call): Reply {
    if (call.query.get('secrets') === '1')
      throw new BadCall('A file with secrets is made by POST only.', { status: 405, code: 'ERR_METHOD_REFUSED' });
    return harReply(filterOf(call.query), masks);
  }

  async function harByPost(call: Call): Promise<Reply> {
    const fields = await call.fields();
    const secrets = fields['secrets'] === undefined ? false : switchField(fields, 'secrets');
    const filter = textField(fields, 'filter', MAX_FILTER_CHARS) ?? '';
    return harReply(filterOf(new URLSearchParams({ filter })), secrets ? undefined : masks);
  }

  function harReply(filter: HarOptions['filter'], used: Masks | undefined): Reply {
    const headers = { 'Content-Type': 'application/json', 'Content-Disposition': 'attachment; filename="postern.har"' };
    return {
      status: 200,
      headers,
      body: harText(capture.exchanges, { filter, masks: used, version }),
    };
  }

  return [
    { method: 'POST', path: '/api/exchanges/:id/replay', demand: 'key', serve: replay },
    { method: 'POST', path: '/api/exchanges/:id/text', demand: 'key', serve: text },
    { method: 'GET', path: '/api/har', demand: 'key', serve: har },
    { method: 'POST', path: '/api/har', demand: 'key', serve: harByPost },
  ];
}

function readEdit(value: unknown): ReplayEdit {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BadCall('"edit" is not an object.');
  const fields = value as Readonly<Record<string, unknown>>;
  const foreign = Object.keys(fields).find((name) => !EDITABLE.has(name));
  if (foreign !== undefined) throw new BadCall(`"edit" may hold ${[...EDITABLE].join(', ')} only.`);
  const method = textField(fields, 'method', 64);
  const path = textField(fields, 'path', MAX_PATH_CHARS);
  const bodyBase64 = textField(fields, 'bodyBase64', MAX_BODY_CHARS);
  const headers = fields['headers'] === undefined ? undefined : readHeaders(fields['headers']);
  return {
    ...(method !== undefined && { method }),
    ...(path !== undefined && { path }),
    ...(bodyBase64 !== undefined && { bodyBase64 }),
    ...(headers !== undefined && { headers }),
  };
}

const EDITABLE: ReadonlySet<string> = new Set(['method', 'path', 'headers', 'bodyBase64']);

function readHeaders(value: unknown): HeaderRow[] {
  const isRow = (row: unknown): row is HeaderRow =>
    Array.isArray(row) && row.length === 2 && row.every((text) => typeof text === 'string');
  if (Array.isArray(value) && value.length <= MAX_HEADERS && value.every(isRow)) return value;
  throw new BadCall('"headers" is not a list of pairs, each of a name and a value.');
}
