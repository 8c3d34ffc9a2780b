/** What the edge authenticates with at an identity provider: a secret, or a private key in its place. */
import type { OptionTable } from './options.js';
import { isSet, type Layers } from './resolve.js';

/**
 * A table in which no secret is required where there is a key. Both at once are a problem. `prefix` is that of both keys of
 * the table: `oidc_` for those of the flat options.
 */
export function withOneCredential<Table extends OptionTable>(
  table: Table,
  prefix: 'oidc_' | '',
  layers: Layers,
  problems: string[],
): Table {
  const [secretName, keyName] = [`${prefix}client_secret`, `${prefix}client_key`];
  const { [secretName]: secret, [keyName]: key } = table;
  if (secret === undefined || key === undefined || !isSet(keyName, key, layers)) return table;
  if (isSet(secretName, secret, layers))
    problems.push(
      `${secret.env} and ${key.env} are both set: expected one of them, by which the provider knows the edge.`,
    );
  return withoutRequired(table, (name) => name === secretName);
}

/** A table in which some options are not required. */
export function withoutRequired<Table extends OptionTable>(table: Table, isOptional: (key: string) => boolean): Table {
  const entries = Object.entries(table).map(([key, option]) => {
    const { required: _required, ...optional } = option;
    return [key, isOptional(key) ? optional : option];
  });
  return Object.fromEntries(entries) as Table;
}
