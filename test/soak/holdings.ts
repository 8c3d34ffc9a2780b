/** What a process of a soak still holds when nobody asks for anything, and whether that is more than before. */
import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { compiled, type Program } from '../support/processes.js';

/** The environment of a process that can be asked. */
export const REPORTING = { NODE_OPTIONS: `--import ${compiled('../soak/report-on-signal.js')}` };

// Sessions, caches and compiled code find their size in the first leg; what comes on top of it after that is a leak.
const MAX_GROWTH_MB = 8;

export interface Holdings {
  readonly heapMb: number;
  readonly outsideMb: number;
  readonly residentMb: number;
  readonly sockets: number;
  readonly files: number;
}

/** What a process holds once nobody asks for anything: the sockets of the last leg have a moment to close. */
export async function holdings(program: Program, expected: Holdings | undefined): Promise<Holdings> {
  for (let tries = 0; ; tries++) {
    const mark = program.mark();
    program.signal('SIGUSR2');
    const line = (await program.record((fields) => 'holdings' in fields, mark)) as unknown as {
      holdings: Omit<Holdings, 'sockets' | 'files'> & { resources: Record<string, number> };
    };
    const { resources, ...memory } = line.holdings;
    const sockets = (resources['TCPSocketWrap'] ?? 0) + (resources['TCPWRAP'] ?? 0);
    const held = { ...memory, sockets, files: readdirSync(`/proc/${program.pid}/fd`).length };
    const isSettled =
      expected === undefined ? tries === 8 : held.sockets <= expected.sockets && held.files <= expected.files;
    if (isSettled || tries === 20) return held;
    await delay(500);
  }
}

/** What is more than it was. */
export function judge(name: string, first: Holdings, last: Holdings): string[] {
  const growthMb = last.heapMb + last.outsideMb - first.heapMb - first.outsideMb;
  return [
    ...(growthMb > MAX_GROWTH_MB ? [`${name} holds ${growthMb.toFixed(1)} MB more than after the first leg`] : []),
    ...(last.sockets > first.sockets ? [`${name} holds ${last.sockets} sockets instead of ${first.sockets}`] : []),
    ...(last.files > first.files ? [`${name} holds ${last.files} files instead of ${first.files}`] : []),
  ];
}

/** What it said that it should not have to say. */
export function complaints(program: Program): string[] {
  const bad = program.records().filter(({ level, code }) => level === 'error' || code === 'ERR_INTERNAL');
  return [...bad.map((line) => JSON.stringify(line)), ...(program.stderr === '' ? [] : [program.stderr])];
}
