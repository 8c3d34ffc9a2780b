/** How much memory a process has, as the system counts it. */
import { readFile } from 'node:fs/promises';

/** The resident set of a process of this machine, in bytes (Linux). */
export async function memoryOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kilobytes === undefined) throw new Error(`no memory is known of process ${pid}`);
  return Number(kilobytes) * 1_024;
}
