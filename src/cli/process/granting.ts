/**
 * Lets people into a tunnel and shuts them out, for the commands and for the keys of the agent's terminal. Each act resolves to
 * the sentence that says what came of it, and throws `CommandError` with the one that says why not.
 */
import { quoted } from '../../config/text.js';
import { duration } from '../../config/values.js';
import { GRANT_WORDS, parseRule, type Rule } from '../../core/rule.js';
import type { ApiClient } from './api-client.js';
import type { ApiTunnel } from './api-types.js';
import { CommandError, EXIT } from './exit.js';

type Tunnel = Pick<ApiTunnel, 'name' | 'url'>;

/** Who is let in, and for how long: `8h`. */
export interface Granting {
  readonly rule: string;
  readonly for?: string | undefined;
}

/** The kind of a rule that can be granted. */
export function checkRule(text: string): Rule['kind'] {
  const rule = parseRule(text);
  if (rule !== undefined && rule.kind !== 'public') return rule.kind;
  throw new CommandError(`${quoted(text)} cannot be granted. ${GRANT_WORDS}`, EXIT.usage);
}

/** Reads `bob@acme.com`, `bob@acme.com for 8h` or the arguments of `postern allow` as they are written there. */
export function parseGranting(text: string): Granting {
  const [, rule = '', forText] = /^\s*(.*?)(?:\s+(?:--)?for[ =]\s*(\S+))?\s*$/s.exec(text) ?? [];
  checkRule(rule);
  const [problem] = forText === undefined ? [] : duration.read(forText).problems;
  if (problem !== undefined) throw new CommandError(`${problem}.`, EXIT.usage);
  return { rule, ...(forText !== undefined && { for: forText }) };
}

/** Lets in who matches a rule. */
export async function allow(api: ApiClient, { name, url }: Tunnel, granting: Granting): Promise<string> {
  const { rule, for: forText } = granting;
  const body = { effect: 'allow', ...(forText !== undefined && { for: forText }) } as const;
  const grant = await api.grant(name, rule, body);
  return `${grant.rule} may open ${url}${grant.expires_at === null ? '' : ` until ${grant.expires_at}`}`;
}

/** Shuts a person out, or takes back another rule: undefined if that was not granted. */
export async function revoke(api: ApiClient, { name, url }: Tunnel, rule: string): Promise<string | undefined> {
  if (checkRule(rule) !== 'email')
    return (await api.takeBack(name, rule)) ? `${rule} no longer opens ${url}` : undefined;
  const grant = await api.grant(name, rule, { effect: 'deny' });
  return `${grant.rule} is shut out of ${url}`;
}

/** Why there was nothing to take back. */
export function notGranted(rule: string): CommandError {
  return new CommandError(
    `${quoted(rule)} was not granted: a rule of the agent itself is taken back at the agent, where it was given.`,
  );
}
