/** `postern doctor`: looks at each part of the path from a visitor to the local server, and says what to do where one is at fault. */
import type { Command } from 'commander';
import { readTargetAddress } from '../../agent/target/address.js';
import { readCa } from '../../agent/target-settings.js';
import { ConfigError } from '../../config/config-error.js';
import { DOCTOR_OPTIONS, type DoctorConfig, loadDoctorConfig } from '../../config/doctor-config.js';
import { quoted } from '../../config/text.js';
import { type Check, makeChecks, type Results } from '../doctor/check.js';
import { connectionChecks } from '../doctor/connection.js';
import { edgeChecks, providerCheck } from '../doctor/edge.js';
import { eventsCheck } from '../doctor/events.js';
import { createReport } from '../doctor/report.js';
import { targetChecks } from '../doctor/target.js';
import { tokenCheck } from '../doctor/token.js';
import { tunnelChecks } from '../doctor/tunnel.js';
import { EXIT } from '../process/exit.js';
import { addConfigFlag, addFlags, givenFlags } from '../process/flags.js';
import { proxyAgentFor } from '../process/https-proxy.js';
import { ownName } from '../process/own-name.js';
import { isEdgeConfigured, readTunnelsSources } from '../process/sources.js';
import { OTHER_FILE, say } from './own-tunnels.js';

interface Options {
  readonly config?: string;
  readonly json?: true;
  readonly post?: string;
}

/** Adds the command to the program. */
export function addDoctorCommand(program: Command): void {
  const command = program
    .command('doctor')
    .description('Look for what keeps a tunnel from working, from the edge to your server, and say what to do.')
    .argument(
      '[target]',
      'The local server, as for "postern http", or a tunnel or group of your files; without it only the edge is looked at.',
    );
  addFlags(command, DOCTOR_OPTIONS);
  addConfigFlag(command, OTHER_FILE);
  command.option(
    '--post <path>',
    'Sends the empty form of the check "origin" to this path of the target, which must do no harm.',
  );
  command.option('--json', 'Print one JSON object per check.');
  command.action((target: string | undefined, { config, json, post }: Options) => {
    const flags = { ...givenFlags(command, DOCTOR_OPTIONS), ...(target !== undefined && { target }) };
    if (post !== undefined && !/^\/[!-~]*$/.test(post))
      throw new ConfigError([`--post: ${quoted(post)} is no path: expected one such as /login.`]);
    return examine(loadDoctorConfig(readTunnelsSources(flags, config)), { isJson: json === true, postPath: post });
  });
}

interface How {
  readonly isJson: boolean;
  readonly postPath: string | undefined;
}

async function examine(configs: readonly [DoctorConfig, ...DoctorConfig[]], { isJson, postPath }: How): Promise<void> {
  const isColoured = process.stdout.isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
  const report = createReport({ write: (line) => process.stdout.write(`${line}\n`), isJson, isColoured });
  const results: Results = new Map();
  const make = (checks: readonly Check[]) => makeChecks(checks, (id, finding) => report.add(id, finding), results);
  const [first] = configs;
  const isSeveral = configs.length > 1;
  const token = { text: '' };
  await make(connectionPart(first, token));
  if (isSeveral) await make(edgePart(first, token));
  for (const config of configs) {
    if (isSeveral) report.tunnel(config.name ?? '');
    const { offered, servers } = tunnelPart(config, token, postPath);
    await make([...offered, ...(isSeveral ? [] : edgePart(first, token)), ...servers]);
  }
  const isWell = report.end();
  if (!isJson && isEdgeConfigured()) say('An edge is configured here: postern config check looks at that.');
  process.exitCode = isWell ? EXIT.ok : EXIT.failure;
}

/** The token that the edge accepts, once it is known. */
interface Accepted {
  text: string;
}

function connectionPart(config: DoctorConfig, token: Accepted): readonly Check[] {
  const { edge } = config;
  const accepted = (text: string) => {
    token.text = text;
  };
  const proxyAgent = proxyAgentFor(edge, process.env);
  return [...connectionChecks({ edge, proxyAgent }), ...edgeChecks(edge), tokenCheck({ ...config, accepted })];
}

function edgePart({ edge }: DoctorConfig, token: Accepted): readonly Check[] {
  return [eventsCheck(edge, () => token.text), providerCheck(edge)];
}

/** What is looked at of each tunnel. */
function tunnelPart(config: DoctorConfig, token: Accepted, postPath: string | undefined) {
  const { edge, target, mounts, hostHeader, targetCa, targetInsecure: insecure } = config;
  let url: string | undefined;
  const trust = { ca: readCa(targetCa), insecure };
  const addressOf = (server: URL) => readTargetAddress(server, hostHeader, trust);
  return {
    offered: tunnelChecks({
      edge,
      proxyAgent: proxyAgentFor(edge, process.env),
      token: () => token.text,
      name: (text) => config.name ?? ownName(process.cwd(), text),
      allow: config.allow,
      named: (text) => {
        url = text;
      },
    }),
    servers: targetChecks({
      address: target && addressOf(target),
      mounts: Object.fromEntries(Object.entries(mounts).map(([path, server]) => [path, addressOf(server)])),
      publicUrl: () => new URL(url ?? guessUrl(edge, config.name)),
      postPath,
    }),
  };
}

/** The address that a tunnel would have, for what the edge has not named. */
function guessUrl(edge: string, name = 'demo'): string {
  const { protocol, host } = new URL(edge);
  return `${protocol}//${name}.${host}`;
}
