/** The error of an address that cannot be listened on, as one sentence that names option, address and reason. */

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program uses it; stop that one or choose another address',
  EPERM: 'the system does not permit it to this user',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'this machine has no such address',
  ENOTDIR: 'its folder does not exist',
  EROFS: 'its folder cannot be written to',
  EBADF: 'no such socket was handed over',
  ERR_INVALID_FD_TYPE: 'it is not a socket',
  EINVAL: 'it is not a socket that can be listened on',
};

// Ports below it are for root, or for a program with the capability (ip(7), `ip_unprivileged_port_start`).
const FIRST_FREE_PORT = 1024;

/** Nothing was started, or all of it was stopped again. Its cause is the system's error, where there is one. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  /** That of the system's error. */
  readonly code: string | undefined;

  /** `reason`: the system's error, or the end of the sentence. */
  constructor(option: string, address: string, reason: unknown) {
    super(`${option}: cannot listen on ${address}: ${sentenceOf(reason)}.`, { cause: reason });
    this.code = codeOf(reason);
  }
}

function sentenceOf(reason: unknown): string {
  if (typeof reason === 'string') return reason;
  const code = codeOf(reason);
  if (code === 'EACCES') return whyForbidden(portOf(reason));
  return REASONS[code ?? ''] ?? (reason instanceof Error ? reason.message : String(reason));
}

function whyForbidden(port: number): string {
  if (port <= 0) return 'its folder does not exist, or this user may not write to it'; // libuv reports both as EACCES
  if (port >= FIRST_FREE_PORT) return 'the system does not permit it to this user';
  return 'the system permits ports below 1024 to root only; choose another one, let systemd hand over the socket, or give the service AmbientCapabilities=CAP_NET_BIND_SERVICE';
}

function portOf(reason: unknown): number {
  return reason instanceof Error && 'port' in reason && typeof reason.port === 'number' ? reason.port : 0;
}

function codeOf(reason: unknown): string | undefined {
  return reason instanceof Error && 'code' in reason && typeof reason.code === 'string' ? reason.code : undefined;
}
