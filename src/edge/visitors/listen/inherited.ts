/** Which of the sockets that were handed over (sd_listen_fds(3)) an endpoint means. */
import type { Endpoint, InheritedSocket } from '../../../config/endpoints.js';
import { ListenError } from '../../../config/listen-error.js';

/** The endpoint itself, or one for each socket of those that it means. Throws a `ListenError` when there is none. */
export function inheritedBy(endpoint: Endpoint, inherited: readonly InheritedSocket[]): readonly Endpoint[] {
  if (endpoint.kind !== 'inherited') return [endpoint];
  const found = inherited.filter(({ fd, name }) => (endpoint.fd ?? fd) === fd && (endpoint.name ?? name) === name);
  if (found.length === 0) throw new ListenError('POSTERN_LISTEN', endpoint.text, missing(endpoint.text, inherited));
  return found.map(({ fd }) => ({
    ...endpoint,
    fd,
    text: found.length > 1 ? `${endpoint.text} (fd ${fd})` : endpoint.text,
  }));
}

function missing(text: string, inherited: readonly InheritedSocket[]): string {
  if (inherited.length === 0)
    return 'no socket was handed over; expected LISTEN_FDS and LISTEN_PID of this process, as systemd sets them for a service with a .socket unit';
  const had = inherited.map(({ fd, name }) => `fd:${fd} (${name})`).join(', ');
  return `no socket for "${text}" is among those that were handed over: ${had}`;
}
