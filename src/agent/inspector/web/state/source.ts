/** Where the details of an exchange come from: the agent, or a file that a person has opened. */
import type { ExchangeDetail, Message, MessageList } from '../../wire.js';
import type { RecordedExchange } from '../har/import.js';
import { exchangePath, get, getBytes } from './api.js';
import { recording } from './store.js';

export type Side = 'request' | 'response';

export interface LoadedBody {
  readonly bytes: Uint8Array;
  /** It could not be decoded, so these are the bytes as they passed. */
  readonly decodeError: string | undefined;
  /** Decoded it is larger than this: what follows was left out. */
  readonly isCut: boolean;
}

const MESSAGES_A_PAGE = 500;

export function loadDetail(id: string): Promise<ExchangeDetail> {
  const recorded = recordedOf(id);
  return recorded === undefined ? get<ExchangeDetail>(exchangePath(id)) : Promise.resolve(recorded.detail);
}

export async function loadBody(id: string, side: Side): Promise<LoadedBody> {
  const recorded = recordedOf(id);
  if (recorded !== undefined) {
    const bytes = side === 'request' ? recorded.requestBody : recorded.responseBody;
    return { bytes, decodeError: undefined, isCut: false };
  }
  const { bytes, response } = await getBytes(exchangePath(id, `/${side}/body?decoded=1`));
  const { headers } = response;
  const decodeError = headers.get('postern-decode-error') ?? undefined;
  return { bytes, decodeError, isCut: headers.has('postern-decoded-cut') };
}

/** The messages behind number `after`. */
export async function loadMessages(id: string, after: number): Promise<MessageList> {
  const recorded = recordedOf(id);
  if (recorded === undefined)
    return get<MessageList>(exchangePath(id, `/messages?after=${after}&limit=${MESSAGES_A_PAGE}`));
  const messages: readonly Message[] = recorded.messages.filter(({ n }) => n > after);
  return { messages, total: recorded.messages.length, dropped: 0 };
}

function recordedOf(id: string): RecordedExchange | undefined {
  return recording.value?.exchanges.find(({ detail }) => detail.id === id);
}
