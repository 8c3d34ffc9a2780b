/** What GitHub's API (version 2022-11-28) says of the account of an access token, as it says it. */
import { invalidResponse } from './errors.js';
import { fetchFromProvider } from './fetch.js';

/** The responses, unchecked. */
export interface GitHubAccount {
  /** `GET /user`. */
  readonly user: unknown;
  /** `GET /user/emails`. */
  readonly emails: readonly unknown[];
  /** `GET /user/orgs`. */
  readonly organisations: readonly unknown[];
  /** `GET /user/teams`. */
  readonly teams: readonly unknown[];
  /** Organisations or teams are missing: not permitted to be read, or more than were asked for. */
  readonly isPartial: boolean;
}

interface Listed {
  readonly items: readonly unknown[];
  readonly isPartial: boolean;
}

const PER_PAGE = 100; // the most that GitHub sends
const MAX_PAGES = 5;
const NOTHING: Listed = { items: [], isPartial: true };

export class GitHubApi {
  readonly #base: string;
  readonly #timeoutMs: number;

  /** The API of github.com, or of a GitHub Enterprise Server at this URL. */
  constructor(issuer: URL, timeoutMs: number) {
    this.#base = issuer.hostname === 'github.com' ? 'https://api.github.com' : `${issuer.origin}/api/v3`;
    this.#timeoutMs = timeoutMs;
  }

  /** Throws `ERR_PROVIDER_UNAVAILABLE`, or `ERR_LOGIN_FAILED` for what is no response of GitHub's API. */
  async account(token: string, { hasGroups }: { readonly hasGroups: boolean }): Promise<GitHubAccount> {
    const [user, emails, organisations, teams] = await Promise.all([
      this.#get('/user', token),
      this.#list('/user/emails', token),
      hasGroups ? this.#list('/user/orgs', token) : NOTHING,
      hasGroups ? this.#list('/user/teams', token) : NOTHING,
    ]);
    return {
      user,
      emails: emails.items,
      organisations: organisations.items,
      teams: teams.items,
      isPartial: organisations.isPartial || teams.isPartial,
    };
  }

  async #list(path: string, token: string): Promise<Listed> {
    const items: unknown[] = [];
    for (let page = 1; page <= MAX_PAGES; page++) {
      const listed = await this.#get(`${path}?per_page=${PER_PAGE}&page=${page}`, token);
      if (!Array.isArray(listed)) throw invalidResponse(`${path} is not a list`);
      items.push(...listed);
      if (listed.length < PER_PAGE) return { items, isPartial: false };
    }
    return { items, isPartial: true };
  }

  async #get(path: string, token: string): Promise<unknown> {
    const response = await fetchFromProvider(this.#base + path, {
      headers: {
        Accept: 'application/vnd.github+json',
        Authorization: `Bearer ${token}`,
        'User-Agent': 'postern', // GitHub refuses requests without one
        'X-GitHub-Api-Version': '2022-11-28',
      },
      redirect: 'manual',
      signal: AbortSignal.timeout(this.#timeoutMs),
    });
    if (!response.ok) throw invalidResponse(`${path.split('?')[0]} has status ${response.status}`);
    return response.json();
  }
}
