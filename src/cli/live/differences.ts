/** What is different when a developer has edited a tunnel that runs: what its agent changes, and the sentences about it. */
import { isDeepStrictEqual } from 'node:util';
import type { ChangeableOptions } from '../../agent/agent.js';
import type { AgentConfig } from '../../config/agent-config.js';
import { describeAllow } from '../output/describe-allow.js';
import { describeTarget } from '../output/describe-target.js';

export interface Differences {
  readonly change: ChangeableOptions;
  readonly sentences: readonly string[];
}

// By key of `AgentConfig`, with the key of the file and what an absent one means.
const CHANGEABLE = {
  target: ['target', undefined],
  mounts: ['mounts', {}],
  hostHeader: ['host_header', undefined],
  targetCa: ['target_ca', undefined],
  targetInsecure: ['target_insecure', undefined],
  allow: ['allow', []],
  allowOrigins: ['allow_origin', []],
  allowFrames: ['allow_frame', []],
  publicPaths: ['public_paths', []],
  preflight: ['preflight', undefined],
  accessTokenBasic: ['access_token_basic', undefined],
  oauthResource: ['oauth_resource', undefined],
  readOnly: ['read_only', undefined],
  viewers: ['viewers', undefined],
} as const satisfies { readonly [Key in keyof ChangeableOptions]-?: readonly [string, unknown] };

// A person is told what these are now.
const TOLD = new Set(['target', 'mounts', 'allow']);

/** What an agent that runs with one configuration has to change for another. */
export function differences(before: AgentConfig, after: AgentConfig): Differences {
  const changed = Object.entries(CHANGEABLE).filter(
    ([key]) => !isDeepStrictEqual(textOf(before[key as keyof AgentConfig]), textOf(after[key as keyof AgentConfig])),
  );
  const keys = new Set(changed.map(([key]) => key));
  const others = changed.filter(([key]) => !TOLD.has(key)).map(([, [name]]) => name);
  const sentences = [
    ...(keys.has('target') || keys.has('mounts') ? [`forwards to ${describeTargets(after)} from now on`] : []),
    ...(keys.has('allow') ? [`open to ${describeAllow(after.allow)} from now on`] : []),
    ...(others.length > 0 ? [`${others.join(', ')}: as in the file from now on`] : []),
    ...(before.forMs === after.forMs ? [] : ['for: counts from the next start']),
  ];
  const change = changed.map(([key, [, absent]]) => [key, after[key as keyof AgentConfig] ?? absent]);
  return { change: Object.fromEntries(change) as ChangeableOptions, sentences };
}

/** The servers of a tunnel in words. */
function describeTargets({ target, mounts = {} }: AgentConfig): string {
  const others = Object.entries(mounts).map(([path, to]) => `${path} to ${describeTarget(to)}`);
  return [describeTarget(target), ...others].join(', ');
}

// A URL has its contents in fields that are not compared.
function textOf(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null)) as unknown;
}
