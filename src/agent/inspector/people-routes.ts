/** The routes about people: who is at the tunnel, and who asks to be let in. */
import type { LiveSource } from './live.js';
import { BadCall, type Call, jsonReply, NO_CONTENT, numberField, type Reply } from './reply.js';
import type { Route } from './route.js';

const MAX_FOR_MS = 31_536_000_000; // a year, as for any grant
const MIN_FOR_MS = 1_000;

export function peopleRoutes(live: LiveSource): Route[] {
  async function settle(call: Call): Promise<Reply> {
    const fields = await call.fields();
    const { answer } = fields;
    if (answer !== 'allow' && answer !== 'deny') throw new BadCall('"answer" is neither allow nor deny.');
    const forMs = numberField(fields, 'forMs', { min: MIN_FOR_MS, max: MAX_FOR_MS });
    const id = call.param('id');
    if (!live.knocks().some((knock) => knock.id === id))
      throw new BadCall('There is no such request to be let in any more.', { status: 404, code: 'ERR_NOT_FOUND' });
    await live.answer(id, { answer, ...(forMs !== undefined && { forMs }) }).catch((error: Error) => {
      throw new BadCall(error.message, { status: 502, code: 'ERR_EDGE' });
    });
    return NO_CONTENT;
  }

  return [
    { method: 'GET', path: '/api/people', demand: 'key', serve: () => jsonReply({ people: live.people() }) },
    { method: 'GET', path: '/api/knocks', demand: 'key', serve: () => jsonReply({ knocks: live.knocks() }) },
    { method: 'POST', path: '/api/knocks/:id', demand: 'key', serve: settle },
  ];
}
