import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Check, type CheckId, type Finding, makeChecks } from '../../../../src/cli/doctor/check.js';

async function make(checks: readonly Check[]): Promise<[CheckId, Finding['result'], string][]> {
  const made: [CheckId, Finding['result'], string][] = [];
  await makeChecks(checks, (id, { result, text }) => made.push([id, result, text]));
  return made;
}

const look = (result: Finding['result']) => async () => ({ result, text: 'seen' });

describe('makeChecks', () => {
  it('makes them in order, and skips with a reason what an earlier one makes senseless', async () => {
    assert.deepEqual(
      await make([
        { id: 'dns', look: look('warning') },
        { id: 'connection', needs: ['dns'], look: look('failure') },
        { id: 'certificate', needs: ['connection'], look: look('ok') },
        { id: 'edge', needs: ['certificate'], look: look('ok') },
        { id: 'target', look: look('ok') },
      ]),
      [
        ['dns', 'warning', 'seen'],
        ['connection', 'failure', 'seen'],
        ['certificate', 'skipped', 'it needs connection, which failed'],
        ['edge', 'skipped', 'it needs certificate, which was skipped'],
        ['target', 'ok', 'seen'],
      ],
    );
  });

  it('takes an error for a failure, and goes on', async () => {
    const broken: Check = { id: 'dns', look: () => Promise.reject(new Error('no such thing')) };
    assert.deepEqual(await make([broken, { id: 'target', look: look('ok') }]), [
      ['dns', 'failure', 'no such thing'],
      ['target', 'ok', 'seen'],
    ]);
  });

  it('gives up a check that has no result within its time, and ends what it has begun', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let signal: AbortSignal | undefined;
    const hanging: Check = {
      id: 'dns',
      look: (given) => {
        signal = given;
        return new Promise(() => {});
      },
    };
    const made = make([hanging]);
    t.mock.timers.tick(20_000);
    assert.deepEqual(await made, [['dns', 'failure', 'no result within 20 seconds']]);
    assert.equal(signal?.aborted, true);
  });
});
