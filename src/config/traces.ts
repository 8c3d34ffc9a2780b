/** Where traces go: the values of the options that all OpenTelemetry programs share. */
import { parsed, secretText, type Value } from './value.js';

/** The URL of a collector without `/v1/traces`. Plain http is permitted: a collector is often beside the edge. */
export const collector: Value<string> = parsed((text) => {
  if (!/^https?:\/\/[\x21-\x7e]+$/i.test(text) || !URL.canParse(text)) return undefined;
  const { username, password, search, hash } = new URL(text);
  return username === '' && password === '' && search === '' && hash === '' ? text : undefined;
}, 'the URL of a collector: expected one such as http://127.0.0.1:4318, without user, query and /v1/traces').refine(
  (text) => !/\/v1\/traces\/?$/.test(text),
  'it ends with /v1/traces, which is added: expected the URL without it',
);

/** Headers as `name=value`, separated by commas; values are percent-encoded where they must be. */
export const collectorHeaders: Value<string> = secretText(
  (text) => readHeaders(text) !== undefined,
  'it is no list of headers: expected name=value, separated by commas',
);

/** A share. */
export const ratio: Value<number> = parsed(
  (text) => (/^(?:0|1|[01]?\.\d{1,9}|1\.0)$/.test(text) && Number(text) <= 1 ? Number(text) : undefined),
  'a share: expected a number from 0 to 1, such as 0.05',
);

/** The headers of a text that `collectorHeaders` accepts; undefined for any other. */
export function readHeaders(text: string): Record<string, string> | undefined {
  const pairs = text.split(',').map((part) => /^[ \t]*([\w!#$%&'*+.^`|~-]+)=(.*?)[ \t]*$/.exec(part));
  try {
    return Object.fromEntries(
      pairs.map((pair) => {
        const [, name = '', value = ''] = pair ?? [];
        const decoded = decodeURIComponent(value);
        if (name === '' || !/^[\x20-\x7e]*$/.test(decoded)) throw new URIError('not a header');
        return [name.toLowerCase(), decoded];
      }),
    );
  } catch {
    return undefined; // its caller says what was expected
  }
}
