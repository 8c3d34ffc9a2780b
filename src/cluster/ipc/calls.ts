/**
 * Calls between two processes over a channel that keeps their order: a supervisor and one of its workers. Each side has methods
 * that the other one calls, and either gets a promise or only tells. What the channel carries is structured (`v8.serialize`).
 */
import { asPosternError, isErrorCode, PosternError } from '../../errors.js';

/** One end of a channel. */
export interface Port {
  post(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  /** The other process has ended, or the channel. */
  onClose(listener: () => void): void;
}

/** What the other side may call, by name. */
export type Methods = ReadonlyMap<string, (...args: never[]) => unknown>;

interface Message {
  readonly postern: 'call' | 'tell' | 'result' | 'error';
  readonly id?: number;
  readonly method?: string;
  readonly args?: readonly unknown[];
  readonly value?: unknown;
  readonly code?: string;
  readonly text?: string;
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: PosternError): void;
}

export class Calls {
  readonly #port: Port;
  readonly #methods: Methods;
  readonly #pending = new Map<number, Pending>();
  #calls = 0;
  #isClosed = false;

  constructor(port: Port, methods: Methods) {
    this.#port = port;
    this.#methods = methods;
    port.onMessage((message) => this.#receive(message));
    port.onClose(() => this.close());
  }

  /** Rejects with the other side's error, and with `ERR_STORE_UNAVAILABLE` when the channel ends first. */
  call<Value>(method: string, ...args: readonly unknown[]): Promise<Value> {
    if (this.#isClosed) return Promise.reject(gone());
    const id = ++this.#calls;
    return new Promise<Value>((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#port.post({ postern: 'call', id, method, args } satisfies Message);
    });
  }

  /** As `call`. Rejects with `ERR_STORE_UNAVAILABLE` after the time, too: the other side may have carried it out. */
  async callWithin<Value>(limitMs: number, method: string, ...args: readonly unknown[]): Promise<Value> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(gone()), limitMs);
    });
    return Promise.race([this.call<Value>(method, ...args), late]).finally(() => clearTimeout(timer));
  }

  /** The same without a result. */
  tell(method: string, ...args: readonly unknown[]): void {
    if (!this.#isClosed) this.#port.post({ postern: 'tell', method, args } satisfies Message);
  }

  /** Every call that is pending rejects, and every later one. */
  close(): void {
    this.#isClosed = true;
    for (const { reject } of this.#pending.values()) reject(gone());
    this.#pending.clear();
  }

  #receive(received: unknown): void {
    const message = received as Partial<Message> | undefined;
    if (message?.postern === 'call') void this.#respond(message);
    else if (message?.postern === 'tell') void this.#hear(message);
    else if (message?.postern === 'result' || message?.postern === 'error') this.#settle(message);
  }

  async #respond(message: Partial<Message>): Promise<void> {
    const { id } = message;
    try {
      const value = await this.#run(message);
      this.#answer({ postern: 'result', ...(id !== undefined && { id }), value });
    } catch (thrown) {
      const { code, message: text } = asPosternError(thrown);
      this.#answer({ postern: 'error', ...(id !== undefined && { id }), code, text });
    }
  }

  // A fault of what listens here: the other side has no use for it, and what comes next is heard all the same.
  async #hear(message: Partial<Message>): Promise<void> {
    try {
      await this.#run(message);
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error));
    }
  }

  #answer(message: Message): void {
    if (!this.#isClosed) this.#port.post(message);
  }

  #run({ method = '', args = [] }: Partial<Message>): unknown {
    const run = this.#methods.get(method) as ((...args: readonly unknown[]) => unknown) | undefined;
    if (run === undefined) throw new PosternError('ERR_INTERNAL', `the other process has no ${method}`);
    return run(...args);
  }

  #settle({ id = 0, postern, value, code, text }: Partial<Message>): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (postern === 'result') pending?.resolve(value);
    else pending?.reject(new PosternError(isErrorCode(code) ? code : 'ERR_INTERNAL', text));
  }
}

function gone(): PosternError {
  return new PosternError('ERR_STORE_UNAVAILABLE', 'the other process does not respond');
}
