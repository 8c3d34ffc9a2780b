#!/usr/bin/env node
/** The `postern` executable. Prints the version by itself; anything else loads the program. */
import { exitWithReader } from './output/sinks.js';
import { readVersion } from './process/version.js';

const args = process.argv.slice(2);

exitWithReader();

if (args[0] === '--version' || args[0] === '-V') process.stdout.write(`${readVersion()}\n`);
else await (await import('./program.js')).run(args);
