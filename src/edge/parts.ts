/** The parts of which an edge is composed: what it has before it serves anyone. */
import type { Providers } from '../auth/providers/providers.js';
import type { EndedAccounts } from '../auth/session/ended-accounts.js';
import type { Others } from '../cluster/others.js';
import type { Log } from '../core/log.js';
import type { Revocations } from '../store/revocations.js';
import type { Store } from '../store/store.js';
import type { Names } from './agents/names.js';
import type { Places } from './agents/places.js';
import type { RevokedTokens } from './agents/revoked-tokens.js';
import type { SeenTokens } from './agents/seen-tokens.js';
import type { Registry } from './gate/registry.js';
import type { Revalidator } from './gate/revalidation.js';
import type { EdgeMetrics } from './metrics.js';
import type { Observer } from './ops/observer.js';
import type { Tracer } from './ops/tracer.js';
import type { Sharing } from './sharing.js';
import type { StoreGrace } from './store-grace.js';

export interface Parts {
  readonly others: Others;
  readonly log: Log;
  readonly providers: Providers;
  readonly store: Store;
  readonly grace: StoreGrace;
  readonly ended: Revocations;
  readonly endedAccounts: EndedAccounts;
  readonly names: Names;
  readonly registry: Registry;
  readonly places: Places;
  readonly sharing: Sharing;
  readonly observer: Observer;
  readonly metrics: EdgeMetrics;
  /** Undefined where no request is traced. */
  readonly tracer: Tracer | undefined;
  readonly revalidator: Revalidator;
  readonly revoked: RevokedTokens;
  readonly seenTokens: SeenTokens;
  readonly isRecording: () => boolean;
}
