/**
 * Where the test identity provider keeps what it has issued: in the memory of its process, one store per provider, so
 * that two providers of one process share nothing and nothing is printed about development defaults.
 */
import type { Adapter, AdapterPayload } from 'oidc-provider';

/** Gives one adapter per model of `oidc-provider`; all of them share one map. */
export function memoryAdapters(): (model: string) => Adapter {
  const kept = new Map<string, AdapterPayload>();
  return (model) => new ModelAdapter(kept, model);
}

// What ends with its grant. An interaction names a grant as well, and outlives it when the account is switched.
const OF_A_GRANT = /^(AccessToken|AuthorizationCode|RefreshToken):/;

class ModelAdapter implements Adapter {
  readonly #kept: Map<string, AdapterPayload>;
  readonly #model: string;

  constructor(kept: Map<string, AdapterPayload>, model: string) {
    this.#kept = kept;
    this.#model = model;
  }

  async upsert(id: string, payload: AdapterPayload): Promise<void> {
    this.#kept.set(`${this.#model}:${id}`, payload);
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    return this.#kept.get(`${this.#model}:${id}`);
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    for (const [key, payload] of this.#kept) {
      if (key.startsWith(`${this.#model}:`) && payload.uid === uid) return payload;
    }
    return undefined;
  }

  // The device flow, which alone has these codes, is off.
  async findByUserCode(): Promise<undefined> {
    return undefined;
  }

  async consume(id: string): Promise<void> {
    const payload = this.#kept.get(`${this.#model}:${id}`);
    if (payload !== undefined) payload['consumed'] = Math.floor(Date.now() / 1000);
  }

  async destroy(id: string): Promise<void> {
    this.#kept.delete(`${this.#model}:${id}`);
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    for (const [key, payload] of this.#kept) {
      if (payload.grantId === grantId && OF_A_GRANT.test(key)) this.#kept.delete(key);
    }
  }
}
