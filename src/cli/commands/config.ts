/**
 * `postern config check`: whether an edge would start with this configuration, and if not, every reason; then what would
 * prevent visitors from signing in, as far as it can be tested without one.
 */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { EdgeConfig } from '../../config/edge-config.js';
import { EDGE_OPTIONS } from '../../config/edge-options.js';
import { printable } from '../../config/text.js';
import { silentLog } from '../../core/log.js';
import { addConfigFlag, addFlags } from '../process/flags.js';
import { PROJECT_FILE } from '../process/sources.js';
import { addAgentConfigCommands, checkAgentFiles } from './agent-config.js';
import { readEdgeConfig } from './edge.js';

/** Adds the command to the program. */
export function addConfigCommand(program: Command): void {
  const config = program
    .command('config')
    .description('Look at the configuration of an edge, or of the tunnels of this machine.');
  addAgentConfigCommands(config);
  const command = config.command('check').description('Print "ok", or every problem.');
  addFlags(command, EDGE_OPTIONS);
  addConfigFlag(command, 'A YAML file of options, such as config/edge.yaml.');
  command.option(
    '--offline',
    'Look at the configuration only: ask neither the identity provider, the certificate authority, the store nor DNS, and open no port.',
  );
  command.option('--agent', 'Look at the files of this machine’s tunnels instead of at an edge.');
  command.action(async () => {
    if (command.opts<{ agent?: true }>().agent === true)
      return checkAgentFiles(command.opts<{ config?: string }>().config);
    const config = readChecked(command);
    await warnAboutTls(config);
    await warnAboutTrust(config);
    if (command.opts<{ offline?: true }>().offline !== true) {
      await warnAboutReach(config);
      await warnAboutNodes(config);
      await warnAboutProviders(config);
      await warnAboutAuthority(config);
    }
    process.stdout.write('ok\n');
  });
}

function readChecked(command: Command): EdgeConfig {
  try {
    return readEdgeConfig(command);
  } catch (error) {
    // A developer has asked, who has no edge.
    if (existsSync(PROJECT_FILE))
      process.stderr.write(
        `postern: this is about an edge: "postern config check --agent" looks at ${PROJECT_FILE}.\n`,
      );
    throw error;
  }
}

/** Throws when an edge would not start with the certificate. */
async function warnAboutTls(config: EdgeConfig): Promise<void> {
  if (config.tls === undefined && config.acme === undefined) return;
  const { checkTls } = await import('../../edge/tls/edge-tls.js');
  warn(checkTls(config));
}

async function warnAboutReach(config: EdgeConfig): Promise<void> {
  const { checkNames, checkPorts } = await import('../../edge/reachability.js');
  warn([...(await checkPorts(config)), ...(await checkNames(config.base))]);
}

async function warnAboutNodes(config: EdgeConfig): Promise<void> {
  if (config.store === undefined) return;
  const { checkPeer, checkStore } = await import('../../edge/nodes-check.js');
  warn([...(await checkPeer(config)), ...(await checkStore(config))]);
}

// These modules are loaded here, so that no other command waits for them.
async function warnAboutTrust(config: EdgeConfig): Promise<void> {
  const { createProviders } = await import('../../edge/provider.js');
  const { checkTrust } = await import('../../edge/provider-trust.js');
  warn(checkTrust(createProviders(config, silentLog), config));
}

async function warnAboutProviders(config: EdgeConfig): Promise<void> {
  const { checkProviders, createProviders } = await import('../../edge/provider.js');
  warn(await checkProviders(createProviders(config, silentLog)));
}

function warn(findings: readonly string[]): void {
  for (const finding of findings) process.stderr.write(`postern: warning: ${printable(finding)}\n`);
}

async function warnAboutAuthority(config: EdgeConfig): Promise<void> {
  if (config.acme === undefined) return;
  const { checkAuthority } = await import('../../edge/tls/edge-tls.js');
  warn(await checkAuthority(config));
}
