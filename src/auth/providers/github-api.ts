/** What GitHub's API (version 2022-11-28) says of the account of an access token, as it says it. */
import { PosternError } from '../../errors.js';
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
  /** Organisations or teams are missing: not permitted to be read, left out by GitHub, or more than were asked for. */
  readonly isPartial: boolean;
}

interface Listed {
  readonly items: readonly unknown[];
  readonly isPartial: boolean;
}

const PER_PAGE = 100; // the most that GitHub sends
const MAX_PAGES = 5;

// A page may be shorter than what was asked for, and still not be the last.
// https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api
const NEXT_PAGE = /;[ \t]*rel="?next"?[ \t]*(?:[;,]|$)/i;

// Organisations that want a single sign-on first, for which the visitor has not authorised this application, are left out.
const WITHOUT_SSO = /^[ \t]*partial-results\b/i;

const NOTHING: Listed = { items: [], isPartial: true };

export class GitHubApi {
  readonly #base: string;
  readonly #timeoutMs: number;

  /** The API of github.com, of an enterprise at ghe.com, or of a GitHub Enterprise Server at this URL. */
  constructor(issuer: URL, timeoutMs: number) {
    this.#base = baseOf(issuer);
    this.#timeoutMs = timeoutMs;
  }

  /** Throws `ERR_PROVIDER_UNAVAILABLE`, or `ERR_LOGIN_FAILED` for what is no response of GitHub's API. */
  async account(token: string, { hasGroups }: { readonly hasGroups: boolean }): Promise<GitHubAccount> {
    const [user, emails, organisations, teams] = await Promise.all([
      this.#get('/user', token).then((response) => response.json()),
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
    let isPartial = false;
    for (let page = 1; page <= MAX_PAGES; page++) {
      const response = await this.#get(`${path}?per_page=${PER_PAGE}&page=${page}`, token);
      const listed: unknown = await response.json();
      if (!Array.isArray(listed)) throw invalidResponse(`${path} is not a list`);
      items.push(...listed);
      isPartial ||= WITHOUT_SSO.test(response.headers.get('x-github-sso') ?? '');
      if (!NEXT_PAGE.test(response.headers.get('link') ?? '')) return { items, isPartial };
    }
    return { items, isPartial: true };
  }

  async #get(path: string, token: string): Promise<Response> {
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
    if (isRateLimited(response))
      throw new PosternError('ERR_PROVIDER_UNAVAILABLE', `${this.#base} limits the requests with this token`);
    if (!response.ok) throw invalidResponse(`${path.split('?')[0]} has status ${response.status}`);
    return response;
  }
}

function baseOf({ hostname, origin }: URL): string {
  const isHosted = hostname === 'github.com' || hostname.endsWith('.ghe.com');
  return isHosted ? `https://api.${hostname}` : `${origin}/api/v3`;
}

// Both of its limits may have status 403 instead of 429. https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
function isRateLimited({ status, headers }: Response): boolean {
  return status === 403 && (headers.has('retry-after') || headers.get('x-ratelimit-remaining') === '0');
}
