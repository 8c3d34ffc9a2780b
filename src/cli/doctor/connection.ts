/** Checks of the path to an edge, below HTTP: the name, the connection, the certificate. */
import { lookup } from 'node:dns/promises';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { isLoopback } from '../../core/hostname.js';
import { linkLost } from '../../link/link.js';
import { explainCode } from '../output/connection-advice.js';
import type { ProxyAgent } from '../process/https-proxy.js';
import type { Check, Finding } from './check.js';
import { failureOf } from './probe.js';

export interface EdgeRoute {
  /** Its origin. */
  readonly edge: string;
  /** Connects through a proxy, if there is one. */
  readonly proxyAgent: ProxyAgent | undefined;
}

// Of a certificate that is renewed in time a third of its life is left (docs/tls.md).
const MIN_LIFE_LEFT = 0.1;

const DAY_MS = 86_400_000;

const CONNECT_TIMEOUT_MS = 10_000;

/** The fields of a certificate that count here. */
type Certificate = Pick<DetailedPeerCertificate, 'valid_from' | 'valid_to' | 'subjectaltname' | 'issuer'> & {
  readonly issuerCertificate?: unknown;
};

interface SeenCertificate {
  readonly certificate: Certificate;
  /** A code of OpenSSL or Node; undefined where it is trusted. */
  readonly fault: string | undefined;
}

/** The three checks. */
export function connectionChecks(route: EdgeRoute): readonly Check[] {
  const { edge } = route;
  const url = new URL(edge);
  let seen: SeenCertificate | undefined;
  return [
    { id: 'dns', look: () => checkName(route) },
    {
      id: 'connection',
      needs: route.proxyAgent === undefined && !isNameless(url) ? ['dns'] : [],
      look: async (signal) => {
        try {
          const { address, certificate } = await openOnce(route, signal);
          seen = certificate;
          const through =
            route.proxyAgent === undefined ? '' : ` through the proxy ${route.proxyAgent.proxyHost} (HTTPS_PROXY)`;
          return { result: 'ok', text: `${url.host} accepts connections${address}${through}` };
        } catch (error) {
          return failureOf(linkLost(error), edge);
        }
      },
    },
    {
      id: 'certificate',
      needs: ['connection'],
      look: async () => (seen === undefined ? WITHOUT_TLS : judgeCertificate(seen, url.hostname)),
    },
  ];
}

const WITHOUT_TLS: Finding = { result: 'ok', text: 'none: an edge over http is for this machine' };

/** The name is an address, or is this machine by its form. */
function isNameless({ hostname }: URL): boolean {
  return isLoopback(hostname) || isIP(hostname.replace(/^\[|\]$/g, '')) !== 0;
}

async function checkName({ edge, proxyAgent }: EdgeRoute): Promise<Finding> {
  const url = new URL(edge);
  if (isNameless(url)) return { result: 'ok', text: `${url.hostname} needs no look-up` };
  if (proxyAgent !== undefined)
    return { result: 'ok', text: `the proxy ${proxyAgent.proxyHost} looks up ${url.hostname}` };
  try {
    const addresses = await lookup(url.hostname, { all: true });
    return { result: 'ok', text: `${url.hostname} is ${addresses.map(({ address }) => address).join(', ')}` };
  } catch (error) {
    return failureOf(linkLost(error), edge);
  }
}

/** Connects, says nothing, and looks at the certificate, whether or not it is trusted. */
async function openOnce(
  route: EdgeRoute,
  signal: AbortSignal,
): Promise<{ address: string; certificate: SeenCertificate | undefined }> {
  const socket = await open(route, AbortSignal.any([signal, AbortSignal.timeout(CONNECT_TIMEOUT_MS)]));
  const { remoteAddress } = socket as Socket;
  const address = route.proxyAgent !== undefined || remoteAddress === undefined ? '' : ` at ${remoteAddress}`;
  const certificate = socket instanceof TLSSocket ? certificateOf(socket) : undefined;
  socket.destroy();
  return { address, certificate };
}

function certificateOf(socket: TLSSocket): SeenCertificate {
  const fault = socket.authorizationError as unknown;
  const code = fault instanceof Error && 'code' in fault ? fault.code : fault; // a text, despite its declared type
  return {
    certificate: socket.getPeerCertificate(true),
    fault: socket.authorized ? undefined : String(code),
  };
}

function open({ edge, proxyAgent }: EdgeRoute, signal: AbortSignal): Promise<Duplex> {
  const { protocol, hostname, port } = new URL(edge);
  const host = hostname.replace(/^\[|\]$/g, '');
  const isTls = protocol === 'https:';
  const options = {
    host,
    port: Number(port || (isTls ? 443 : 80)),
    rejectUnauthorized: false, // to tell what is wrong with it: nothing is sent on this connection
    ALPNProtocols: ['http/1.1'],
    ...(isIP(host) === 0 && { servername: host }),
  };
  return new Promise((resolve, reject) => {
    const opened = (socket: Duplex) => {
      socket.once(isTls ? 'secureConnect' : 'connect', () => resolve(socket)).once('error', reject);
      signal.addEventListener('abort', () => socket.destroy(timeout()), { once: true });
    };
    signal.addEventListener('abort', () => reject(timeout()), { once: true });
    if (proxyAgent === undefined) return opened(isTls ? connectTls(options) : connectTcp(options));
    const connected = (error: Error | null, socket?: Duplex) => (socket === undefined ? reject(error) : opened(socket));
    // Of https agents only: http is for this machine, which no proxy leads to.
    (proxyAgent as { createConnection(options: object, connected: unknown): void }).createConnection(
      options,
      connected,
    );
  });
}

function timeout(): Error {
  return Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' });
}

/** What a certificate is worth for a host. */
export function judgeCertificate(
  { certificate, fault }: SeenCertificate,
  hostname: string,
  nowMs = Date.now(),
): Finding {
  const fromMs = Date.parse(certificate.valid_from);
  const untilMs = Date.parse(certificate.valid_to);
  const until = new Date(untilMs).toISOString().slice(0, 10);
  const days = Math.floor((untilMs - nowMs) / DAY_MS);
  if (fault === undefined) {
    const text = `for ${hostname}, from ${issuerOf(certificate)}, valid until ${until} (${days} days)`;
    if (untilMs - nowMs > (untilMs - fromMs) * MIN_LIFE_LEFT) return { result: 'ok', text };
    return { result: 'warning', text, fix: 'The operator of the edge renews it; there: postern config check' };
  }
  const { reason, remedy } = explainCode(fault) ?? { reason: `it is not valid (${fault})` };
  const names = certificate.subjectaltname?.replaceAll('DNS:', '') ?? 'no name';
  const text = `${reason}: it is for ${names}, from ${issuerOf(certificate)}, until ${until} (${fault})`;
  return { result: 'failure', text, fix: isChainShort(certificate, fault) ? `${remedy} ${CHAIN}` : remedy };
}

const CHAIN =
  'If it is from a public authority, the edge sends no intermediate certificate: the operator names the whole chain in POSTERN_TLS_CERT.';

function isChainShort(certificate: Certificate, fault: string): boolean {
  const isAlone = certificate.issuerCertificate === undefined || certificate.issuerCertificate === certificate;
  return isAlone && fault === 'UNABLE_TO_VERIFY_LEAF_SIGNATURE';
}

function issuerOf({ issuer }: Certificate): string {
  const { O: organisation, CN: name } = issuer ?? {};
  return String(organisation ?? name ?? 'an unnamed issuer');
}
