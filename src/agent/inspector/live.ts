/** What the edge tells about the people at the tunnels, as the inspector shows it. */
import type { Exchanges } from './exchanges.js';
import type { InspectedTunnels } from './inspected-tunnels.js';
import type { Knock, Person } from './wire.js';

/** Who is there, each with what they have asked of that tunnel. */
export function peopleAt(tunnels: InspectedTunnels, exchanges: Exchanges): Person[] {
  const counts = requestsByPerson(exchanges);
  return tunnels.running.flatMap((tunnel) => {
    const { name } = tunnel.info();
    return tunnel
      .people()
      .map(({ email, since }) => ({ email, since, tunnel: name, requests: counts.get(keyOf(name, email)) ?? 0 }));
  });
}

export function knocksAt(tunnels: InspectedTunnels): Knock[] {
  return tunnels.running.flatMap((tunnel) => {
    const { name } = tunnel.info();
    return tunnel.knocks().map(({ id, email, message, at }) => ({ id, email, message, at, tunnel: name }));
  });
}

/** How many of the exchanges that are kept each person has caused at each tunnel. */
function requestsByPerson(exchanges: Exchanges): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { person, replayOf, tunnel } of exchanges.newestFirst()) {
    if (person === undefined || replayOf !== undefined) continue;
    const key = keyOf(tunnel.name, person);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

// No name of a tunnel has a space.
function keyOf(tunnel: string, email: string): string {
  return `${tunnel} ${email}`;
}
