import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { InspectedTunnel } from '../../../../src/agent/inspector/inspected-tunnels.js';
import { Inspection } from '../../../../src/cli/live/inspection.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

describe('the inspector of a process', () => {
  test('captures though its file cannot be written, which is said', async (t) => {
    const folder = temporaryFolder('inspection');
    writeFileSync(join(folder, 'postern'), ''); // where the folder of the files would be
    const { XDG_RUNTIME_DIR: before } = process.env;
    process.env['XDG_RUNTIME_DIR'] = folder;
    t.after(() => {
      if (before === undefined) delete process.env['XDG_RUNTIME_DIR'];
      else process.env['XDG_RUNTIME_DIR'] = before;
    });
    const [hints, shown]: string[][] = [[], []];
    const config = {
      host: '127.0.0.1',
      port: 0,
      isAnyPort: true,
      maxBytes: 1_000,
      bodyBytes: 100,
      redactedHeaders: [],
    };
    const inspection = new Inspection(config, {
      hint: (text) => void hints?.push(text),
      inspect: ({ origin }) => void shown?.push(origin),
    });
    t.after(() => inspection.close());
    const info = () => ({ name: 'web', url: 'https://web.test', target: '', online: true });
    const tap = await inspection.add({ info, people: () => [], knocks: () => [] } as unknown as InspectedTunnel);
    assert.notEqual(tap, undefined);
    assert.deepEqual(shown, [inspection.inspector?.origin]);
    assert.equal(hints?.length, 1);
    assert.match(hints?.[0] ?? '', /^postern logs and replay cannot find/);
  });
});
