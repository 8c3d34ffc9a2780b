/**
 * How a visitor whom a tunnel has refused asks its owner to be let in: a page of the base host, and the stream of events with
 * which it learns that the tunnel is open now. All of it is the same whether or not there is a tunnel of that name.
 */
import { type Request, urlencoded } from 'express';
import { accountKey } from '../../auth/identity/identity.js';
import type { Session } from '../../auth/session/session.js';
import type { Sessions } from '../../auth/session/sessions.js';
import { type BaseAddress, tunnelOrigin } from '../../core/hostname.js';
import type { Rule } from '../../core/rule.js';
import { trimOws } from '../../core/white-space.js';
import { PosternError } from '../../errors.js';
import type { Registry } from '../gate/registry.js';
import type { Observer } from '../ops/observer.js';
import type { Feed } from '../people/feed.js';
import { type Knocks, MAX_MESSAGE_CHARS } from '../people/knocks.js';
import { ACCESS_SCRIPT, ACCESS_SCRIPT_PATH, ACCESS_SCRIPT_VERSION } from '../replies/access-script.js';
import { EMPTY_STREAM, EventStream } from '../replies/event-stream.js';
import type { Page } from '../replies/page.js';
import { pageReply, redirect, scriptReply } from '../replies/reply.js';
import type { AttemptLimit } from '../request/attempts.js';
import { isVisit } from '../request/navigation.js';
import type { Reply, Visit } from '../request/visit.js';
import { accessPage, isOpenTo, mayBeLetIn, nameOf, refusalPage } from './access-pages.js';
import { checkNotCrossOrigin, isFromOrigin } from './csrf.js';
import type { RouteTable } from './route.js';
import { queryParam } from './session.js';
import { signInTo } from './sign-in-choice.js';

export interface AccessRoutesOptions {
  readonly base: BaseAddress;
  readonly sessions: Sessions;
  readonly registry: Registry;
  readonly ceiling: readonly Rule[] | undefined;
  readonly knocks: Knocks;
  readonly feed: Feed;
  readonly observer: Observer;
  /** Limits how often an account may ask. */
  readonly limit: AttemptLimit;
}

const PATH = '/access';
const EVENTS_PATH = '/access/events';
const SCRIPT_CACHE = { 'Cache-Control': 'public, max-age=31536000, immutable' };

/** Visitors who wait at once: of one account, and in all. */
export const MAX_WAITING_OF_ONE = 5;
export const MAX_WAITING = 1_000;

// Without a script the page asks again by itself.
const RELOAD_SECONDS = 10;

const MAX_FORM_BYTES = 4_096;

export class AccessRoutes {
  readonly table: RouteTable;
  readonly #options: AccessRoutesOptions;
  /** The account of each visitor who waits. */
  readonly #waiting = new Map<EventStream, string>();

  constructor(options: AccessRoutesOptions) {
    this.#options = options;
    this.table = [
      ['get', PATH, (visit) => this.#page(visit)],
      [
        'post',
        PATH,
        (visit, request) => this.#ask(visit, request),
        urlencoded({ extended: false, limit: MAX_FORM_BYTES, inflate: false }),
      ],
      ['get', EVENTS_PATH, (visit) => this.#events(visit)],
      ['get', ACCESS_SCRIPT_PATH, () => scriptReply(ACCESS_SCRIPT, SCRIPT_CACHE)],
    ];
  }

  /** Ends all streams. */
  close(): void {
    for (const stream of [...this.#waiting.keys()]) stream.end();
  }

  /** Looks whether those who wait are still signed in. */
  review(): void {
    for (const stream of [...this.#waiting.keys()]) stream.review();
  }

  async #page(visit: Visit): Promise<Reply> {
    const { base, registry, ceiling } = this.#options;
    if (!isVisit(visit)) throw new PosternError('ERR_LOGIN_REQUIRED');
    const name = nameOf(queryParam(visit, 'to'));
    const session = await this.#session(visit);
    if (session === undefined) return redirect(signInTo(`${PATH}?to=${name}`));
    if (isOpenTo(registry, name, session)) return redirect(`${tunnelOrigin(base, name)}/`);
    if (!mayBeLetIn(ceiling, session)) return pageReply(refusalPage(base, name, session, `${PATH}?to=${name}`));
    return pageReply(
      queryParam(visit, 'asked') === '1' ? this.#waitingPage(name, session) : this.#askingPage(name, session),
    );
  }

  async #ask(visit: Visit, { body }: Request): Promise<Reply> {
    const { base, registry, ceiling, knocks, limit, observer } = this.#options;
    if (!isFromOrigin(visit, base.origin)) throw new PosternError('ERR_CROSS_SITE');
    const session = await this.#session(visit);
    if (session === undefined) throw new PosternError('ERR_LOGIN_REQUIRED');
    const { to, message } = (body ?? {}) as Readonly<Record<string, unknown>>;
    const name = nameOf(to);
    if (!mayBeLetIn(ceiling, session)) throw new PosternError('ERR_ACCESS_DENIED');
    await limit.count(accountKey(session.identity));
    const policy = registry.find(name)?.policy;
    const tunnel = policy === undefined ? undefined : { name, owner: policy.owner };
    const knock = await knocks.ask(name, tunnel, session.identity, typeof message === 'string' ? trimOws(message) : '');
    if (knock !== undefined) observer.emit({ kind: 'knocked', visit, tunnel: name, session });
    return { ...redirect(`${PATH}?to=${name}&asked=1`), status: 303 };
  }

  async #events(visit: Visit): Promise<Reply | undefined> {
    const { base, registry, feed } = this.#options;
    checkNotCrossOrigin(visit, base.origin);
    const name = nameOf(queryParam(visit, 'to'));
    const session = await this.#session(visit);
    if (session === undefined) throw new PosternError('ERR_LOGIN_REQUIRED');
    if (visit.method === 'HEAD') return EMPTY_STREAM;
    const account = accountKey(session.identity);
    if (visit.isClosed) return undefined; // the end of the stream would not be seen
    this.#checkRoom(account);
    let stopReading: () => void = () => {};
    const ended = () => {
      stopReading();
      this.#waiting.delete(stream);
    };
    const check = async () => {
      if ((await this.#session(visit)) === undefined) throw new PosternError('ERR_LOGIN_REQUIRED');
    };
    const stream: EventStream = new EventStream(visit, { ended, check });
    this.#waiting.set(stream, account);
    const look = () => {
      if (isOpenTo(registry, name, session)) stream.send({ event: 'open-to-you', json: '{}' });
    };
    stopReading = feed.read((event) => event.tunnel === name && look());
    look();
    return undefined;
  }

  #checkRoom(account: string): void {
    const ofOne = [...this.#waiting.values()].filter((other) => other === account).length;
    if (this.#waiting.size < MAX_WAITING && ofOne < MAX_WAITING_OF_ONE) return;
    throw new PosternError('ERR_LIMIT_REACHED', 'too many visitors wait');
  }

  async #session(visit: Visit): Promise<Session | undefined> {
    const { base, sessions } = this.#options;
    return sessions.read(visit.header['cookie'], base.host);
  }

  #askingPage(name: string, session: Session): Page {
    return accessPage(this.#options.base, name, session, 'Ask for access', [
      {
        kind: 'text',
        text: 'The person who shares this address sees your account and what you write, and can let you in.',
      },
      {
        kind: 'question',
        action: PATH,
        fields: [['to', name]],
        input: { name: 'message', label: 'A short message, if you like', maxChars: MAX_MESSAGE_CHARS },
        answers: [{ label: 'Ask for access', rank: 'main' }],
      },
    ]);
  }

  #waitingPage(name: string, session: Session): Page {
    const { base } = this.#options;
    const app = `${tunnelOrigin(base, name)}/`;
    const page = accessPage(base, name, session, 'Waiting to be let in', [
      {
        kind: 'text',
        text: 'Your request is on its way, if an app is shared at this address. This page opens it as soon as you are let in.',
      },
      { kind: 'link', label: 'Try it now', href: app, rank: 'other' },
    ]);
    const events = `${base.origin}${EVENTS_PATH}?to=${name}`;
    return {
      ...page,
      reloadAfterSeconds: RELOAD_SECONDS,
      script: {
        url: base.origin + ACCESS_SCRIPT_PATH,
        version: ACCESS_SCRIPT_VERSION,
        data: { events, app },
        connectTo: base.origin + EVENTS_PATH,
        failure: [],
      },
    };
  }
}
