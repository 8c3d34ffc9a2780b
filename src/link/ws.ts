/**
 * `ws`, loaded by `require`. Imported as an ES module, Node would first read each of its files for the names that it exports,
 * which costs the start of an agent as much as all of its other modules of the link together.
 */
import { createRequire } from 'node:module';

export const { WebSocket, WebSocketServer } = createRequire(import.meta.url)('ws') as typeof import('ws');
