/** What the edge tells about the people at a tunnel, as the inspector shows it: given by what runs the agent. */
import type { Knock, KnockAnswer, Person } from './wire.js';

export interface LiveSource {
  people(): readonly Person[];
  knocks(): readonly Knock[];
  /** Answers a person who asks to be let in. Rejects with a sentence. */
  answer(id: string, how: KnockAnswer): Promise<void>;
}

export const NO_LIVE_SOURCE: LiveSource = {
  people: () => [],
  knocks: () => [],
  answer: () => Promise.reject(new Error('The edge is not followed yet.')),
};
