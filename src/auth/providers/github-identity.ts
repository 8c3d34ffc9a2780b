/** The identity of a GitHub account. Its groups are organisations, `acme`, and their teams, `acme/eng`, in lower case. */
import { canonicalEmail } from '../../core/rule.js';
import { PosternError } from '../../errors.js';
import { type Identity, readIdentity } from '../identity/identity.js';
import { invalidResponse } from './errors.js';
import type { GitHubAccount } from './github-api.js';

const NO_ADDRESS =
  'GitHub has no verified primary email address for this account: add one at github.com/settings/emails.';

// GitHub invents such addresses: they have no mailbox.
const INVENTED = '@users.noreply.github.com';

/** Throws `ERR_ACCESS_DENIED` without a verified primary address, `ERR_LOGIN_FAILED` for an account without an id. */
export function readGitHubIdentity(account: GitHubAccount, issuer: string): Identity {
  const { id, login } = record(account.user);
  if (!Number.isSafeInteger(id) || Number(id) <= 0) throw invalidResponse('the account has no id');
  const claims = {
    sub: String(id),
    email: primaryAddress(account.emails),
    email_verified: true,
    preferred_username: login,
    groups: groupsOf(account),
  };
  const identity = readIdentity(claims, { groupsClaim: 'groups', issuer, domainProof: 'none' });
  return { ...identity, groupsOmitted: identity.groupsOmitted || account.isPartial };
}

function primaryAddress(emails: readonly unknown[]): string {
  const primary = emails.map(record).find((entry) => entry['primary'] === true && entry['verified'] === true);
  const email = typeof primary?.['email'] === 'string' ? canonicalEmail(primary['email']) : undefined;
  if (email !== undefined && !email.endsWith(INVENTED)) return email;
  throw new PosternError('ERR_ACCESS_DENIED', 'the account has no verified primary address', { text: NO_ADDRESS });
}

function groupsOf({ organisations, teams }: GitHubAccount): string[] {
  const inLowerCase = (value: unknown) => (typeof value === 'string' ? value.toLowerCase() : undefined);
  const ofOrganisations = organisations.map((entry) => inLowerCase(record(entry)['login']));
  const ofTeams = teams.map((entry) => {
    const team = record(entry);
    const [organisation, slug] = [inLowerCase(record(team['organization'])['login']), inLowerCase(team['slug'])];
    return organisation === undefined || slug === undefined ? undefined : `${organisation}/${slug}`;
  });
  return [...ofOrganisations, ...ofTeams].filter((group) => group !== undefined);
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
