/** What a running tunnel tells, to a person (`terminal.ts`) or to a program (`json-lines.ts`). */
import type { AgentEvents } from '../../agent/agent.js';
import type { PosternError } from '../../errors.js';
import type { Asker } from './people-lines.js';

/** Where the inspector is. */
export interface InspectorAddress {
  readonly origin: string;
  /** The address that opens it: for a person, and for no file. */
  readonly withKey: string;
}

export interface TunnelView extends AgentEvents {
  /** Who is here now. */
  people(here: readonly string[]): void;
  /** Who asks to be let in now. */
  askers(askers: readonly Asker[]): void;
  /** The edge's refusal that ends the tunnel, and the same in a sentence with what to do. */
  refused(error: PosternError, sentence: string): void;
  /** The end of a tunnel that lives for a time, or that is no longer in its file. */
  over(sentence: string): void;
  /** Nothing more comes. */
  close(): void;
}
