/** What the tunnels of one process share: the token and the route to the edge, the output, the log and the keys. */
import type { Agent as HttpAgent } from 'node:http';
import type { AgentConfig } from '../../config/agent-config.js';
import type { LogLevel } from '../../config/values.js';
import { type Log, silentLog } from '../../core/log.js';
import { Display, type Format } from '../output/display.js';
import { proxyAgentFor } from '../process/https-proxy.js';
import { SignedInToken } from '../process/signed-in-token.js';
import { warnBeforeExpiry } from '../process/token-expiry.js';
import { Inspection } from './inspection.js';
import { type LiveKeys, readKeys } from './live-keys.js';
import { explainRefusal } from './refusals.js';

/** The configuration that all tunnels of a process have in common. */
export type CommonConfig = Pick<AgentConfig, 'edge' | 'token' | 'isSignedIn' | 'logLevel' | 'notify' | 'inspect'>;

export interface Shared {
  readonly config: CommonConfig;
  readonly display: Display;
  readonly keys: LiveKeys | undefined;
  /** Undefined where no inspector is wanted. */
  readonly inspection: Inspection | undefined;
  readonly log: Log;
  readonly httpAgent: HttpAgent | undefined;
  /** The token for the next dial. */
  readonly token: string | (() => Promise<string>);
  /** Calls `redial` after each renewal of the token, and warns before one ends that cannot be renewed. */
  keepToken(redial: () => void): void;
}

/** Opens the output, and renews the token of a sign-in where it is time. Rejects when the edge refuses that. */
export async function openShared(config: CommonConfig, format: Format): Promise<Shared> {
  const { edge, isSignedIn, logLevel, token, inspect } = config;
  const display = await Display.open(format);
  const httpAgent = proxyAgentFor(edge, process.env);
  const signedIn = isSignedIn ? new SignedInToken({ edge, hint: display.hint }) : undefined;
  await signedIn?.prepare().catch((error: unknown) => {
    throw explainRefusal(error, config);
  });
  const inspection = inspect && new Inspection(inspect, display);
  return {
    config,
    display,
    httpAgent,
    inspection,
    keys: readKeys(display.terminal, inspection),
    log: logLevel === undefined ? silentLog : await openErrorLog(logLevel),
    token: signedIn?.current ?? token,
    keepToken(redial) {
      if (signedIn === undefined) warnBeforeExpiry(token, display.hint);
      else signedIn.keepFresh(redial);
    },
  };
}

async function openErrorLog(level: LogLevel): Promise<Log> {
  const logging = await import('../output/logging.js'); // here, so that an agent without a log need not load one
  return logging.openErrorLog(level);
}
