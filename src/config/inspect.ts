/** The options of the inspector: where it listens, how much it keeps, what it masks besides. */
import type { ListenAddress } from './addresses.js';
import { readListenAddress } from './addresses.js';
import { list, parsed, type Value } from './value.js';

/** Where the inspector listens; `off` for nowhere. */
export type InspectChoice = 'off' | 'on' | ListenAddress;

const UNITS: Readonly<Record<string, number>> = { '': 1, KB: 1e3, MB: 1e6, GB: 1e9 };
const MAX_BYTES = 1e9; // it is memory of the agent
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost']);
const MAX_NAMES = 100;
// Where people and scripts look for it.
const DEFAULT_PORT = 4040;

/** `off`, `on`, a port, or an address of this machine. `false` and `true` are words that switchers know. */
export const inspect: Value<InspectChoice> = parsed((text) => {
  if (text === 'off' || text === 'false') return 'off';
  if (text === 'on' || text === 'true') return 'on';
  const address = readListenAddress(/^\d{1,5}$/.test(text) ? `127.0.0.1:${text}` : text, 'one-address');
  if (address === undefined || !LOOPBACK.has(address.host)) return undefined;
  return address.host === 'localhost' ? { ...address, host: '127.0.0.1' } : address;
}, 'an address of this machine: expected off, on, a port or 127.0.0.1 with a port; from elsewhere use ssh -L 4040:127.0.0.1:4040');

/** `50MB`, `512KB`, or a number of bytes. */
export const byteSize: Value<number> = parsed((text) => {
  const match = /^(\d{1,9})(KB|MB|GB)?$/.exec(text);
  const bytes = Number(match?.[1]) * (UNITS[match?.[2] ?? ''] as number); // the pattern has only known units
  return bytes >= 1 && bytes <= MAX_BYTES ? bytes : undefined;
}, 'a size: expected a number of bytes, KB or MB, such as 50MB, of at most 1GB');

/** Names of headers, separated by commas. */
export const headerNames: Value<string[]> = list(
  parsed((text) => (/^[\w!#$%&'*+.^`|~-]{1,100}$/.test(text) ? text.toLowerCase() : undefined), 'the name of a header'),
).refine((names) => names.length <= MAX_NAMES, `there are too many: expected at most ${MAX_NAMES}`);

/** The inspector of an agent. */
export interface InspectConfig {
  readonly host: string;
  readonly port: number;
  /** The port was not asked for: when it is taken, the next one is as good. */
  readonly isAnyPort: boolean;
  /** Of everything that is kept. */
  readonly maxBytes: number;
  /** Of each body. */
  readonly bodyBytes: number;
  /** Headers that are masked besides. */
  readonly redactedHeaders: readonly string[];
}

interface InspectValues {
  readonly inspect_max_bytes: number;
  readonly inspect_body_bytes: number;
  readonly inspect_redact_headers: readonly string[] | undefined;
}

/** The inspector that options ask for; without a choice there is one. */
export function readInspect(choice: Exclude<InspectChoice, 'off'> | undefined, values: InspectValues): InspectConfig {
  const isAnyPort = choice === undefined || choice === 'on';
  return {
    ...(isAnyPort ? { host: '127.0.0.1', port: DEFAULT_PORT } : choice),
    isAnyPort,
    maxBytes: values.inspect_max_bytes,
    bodyBytes: values.inspect_body_bytes,
    redactedHeaders: values.inspect_redact_headers ?? [],
  };
}
