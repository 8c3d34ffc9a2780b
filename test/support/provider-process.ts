/**
 * The test identity provider as a process: takes `ProviderOptions` as JSON in its only argument and prints one JSON
 * line `{ issuer, pid }` when it is ready. It is run as bundled (test/bundle.mjs), beside its key.
 */
import type { JsonWebKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type ProviderOptions, startProvider } from './provider.js';

const options = JSON.parse(process.argv[2] ?? '{}') as ProviderOptions;
const key = JSON.parse(readFileSync(new URL('provider-key.json', import.meta.url), 'utf8')) as JsonWebKey;
const { issuer } = await startProvider({ key, ...options });
process.stdout.write(`${JSON.stringify({ issuer, pid: process.pid })}\n`);
