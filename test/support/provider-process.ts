/**
 * The test identity provider as a process: takes `ProviderOptions` as JSON in its only argument and prints one JSON
 * line `{ issuer, pid }` when it is ready.
 */
import { type ProviderOptions, startProvider } from './provider.js';

const { issuer } = await startProvider(JSON.parse(process.argv[2] ?? '{}') as ProviderOptions);
process.stdout.write(`${JSON.stringify({ issuer, pid: process.pid })}\n`);
