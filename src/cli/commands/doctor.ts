/** `postern doctor`: looks at each part of the way from a visitor to the local server, and says what to do where one is at fault. */
import type { Command } from 'commander';
import { readTargetAddress } from '../../agent/target/address.js';
import { readCa } from '../../agent/target-settings.js';
import { ConfigError } from '../../config/config-error.js';
import { DOCTOR_OPTIONS, type DoctorConfig, loadDoctorConfig } from '../../config/doctor-config.js';
import { quoted } from '../../config/text.js';
import { type Check, makeChecks } from '../doctor/check.js';
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
import { isEdgeConfigured, readAgentSources } from '../process/sources.js';
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
    .argument('[target]', 'The local server, as for "postern http"; without it only the edge is looked at.');
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
    return examine(loadDoctorConfig(readAgentSources(flags, config)), { isJson: json === true, postPath: post });
  });
}

async function examine(
  config: DoctorConfig,
  { isJson, postPath }: { readonly isJson: boolean; readonly postPath: string | undefined },
): Promise<void> {
  const isColoured = process.stdout.isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
  const report = createReport({ write: (line) => process.stdout.write(`${line}\n`), isJson, isColoured });
  await makeChecks(checksFor(config, postPath), (id, finding) => report.add(id, finding));
  const isWell = report.end();
  if (!isJson && isEdgeConfigured()) say('An edge is configured here: postern config check looks at that.');
  process.exitCode = isWell ? EXIT.ok : EXIT.failure;
}

function checksFor(config: DoctorConfig, postPath: string | undefined): readonly Check[] {
  const { edge, target, hostHeader, targetCa, targetInsecure: insecure } = config;
  const proxyAgent = proxyAgentFor(edge, process.env);
  let token = '';
  let url: string | undefined;
  const guess = () => guessUrl(edge, config.name);
  const trust = { ca: readCa(targetCa), insecure };
  return [
    ...connectionChecks({ edge, proxyAgent }),
    ...edgeChecks(edge),
    tokenCheck({
      ...config,
      accepted: (text) => {
        token = text;
      },
    }),
    ...tunnelChecks({
      edge,
      proxyAgent,
      token: () => token,
      name: (text) => config.name ?? ownName(process.cwd(), text),
      allow: config.allow,
      named: (text) => {
        url = text;
      },
    }),
    eventsCheck(edge, () => token),
    providerCheck(edge),
    ...targetChecks({
      address: target && readTargetAddress(target, hostHeader, trust),
      publicUrl: () => new URL(url ?? guess()),
      postPath,
    }),
  ];
}

/** The address that a tunnel would have, for what the edge has not named. */
function guessUrl(edge: string, name = 'demo'): string {
  const { protocol, host } = new URL(edge);
  return `${protocol}//${name}.${host}`;
}
