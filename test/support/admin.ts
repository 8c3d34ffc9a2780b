/** What a test asks of an edge's admin address, and how it waits for what nothing announces. */
import { get } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { World } from './world.js';

/** Status and body of a path of the admin address. */
export async function askAdmin({ adminUrl }: World, path: string): Promise<[number | undefined, string]> {
  return new Promise((resolve, reject) => {
    get(`${adminUrl}${path}`, (response) => {
      text(response).then((body) => resolve([response.statusCode, body]), reject);
    }).on('error', reject);
  });
}

/** Asks again until it is so; the runner's timeout is the ceiling. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await delay(50);
}
