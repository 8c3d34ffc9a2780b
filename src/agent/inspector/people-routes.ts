/** The routes about people: who is at the tunnels, and who asks to be let in. */
import type { Exchanges } from './exchanges.js';
import type { InspectedTunnel, InspectedTunnels } from './inspected-tunnels.js';
import { knocksAt, peopleAt } from './live.js';
import { BadCall, type Call, jsonReply, NO_CONTENT, notFound, numberField, type Reply, textField } from './reply.js';
import type { Route } from './route.js';

const MAX_FOR_MS = 31_536_000_000; // a year, as for any grant
const MIN_FOR_MS = 1_000;
const MAX_NAME_CHARS = 63;

export interface PeopleRoutesOptions {
  readonly exchanges: Exchanges;
  readonly tunnels: InspectedTunnels;
}

export function peopleRoutes({ exchanges, tunnels }: PeopleRoutesOptions): Route[] {
  async function settle(call: Call): Promise<Reply> {
    const fields = await call.fields();
    const { answer } = fields;
    if (answer !== 'allow' && answer !== 'deny') throw new BadCall('"answer" is neither allow nor deny.');
    const forMs = numberField(fields, 'forMs', { min: MIN_FOR_MS, max: MAX_FOR_MS });
    const id = call.param('id');
    const tunnel = tunnelAskedBy(id, textField(fields, 'tunnel', MAX_NAME_CHARS));
    await tunnel.answer(id, { answer, ...(forMs !== undefined && { forMs }) }).catch((error: Error) => {
      throw new BadCall(error.message, { status: 502, code: 'ERR_EDGE' });
    });
    return NO_CONTENT;
  }

  /** One person has the same id at each tunnel where they ask. */
  function tunnelAskedBy(id: string, name: string | undefined): InspectedTunnel {
    const [found, ...others] = tunnels.running.filter(
      (tunnel) => (name === undefined || tunnel.info().name === name) && tunnel.knocks().some((one) => one.id === id),
    );
    if (found === undefined) throw notFound('There is no such request to be let in any more.');
    if (others.length === 0) return found;
    throw new BadCall('This person asks at several tunnels: say at which one with "tunnel".');
  }

  const people = () => jsonReply({ people: peopleAt(tunnels, exchanges) });
  const knocks = () => jsonReply({ knocks: knocksAt(tunnels) });
  return [
    { method: 'GET', path: '/api/people', demand: 'key', serve: people },
    { method: 'GET', path: '/api/knocks', demand: 'key', serve: knocks },
    { method: 'POST', path: '/api/knocks/:id', demand: 'key', serve: settle },
  ];
}
