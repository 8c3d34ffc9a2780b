/** What `node:http` hands over and the front door must not take for a request: other versions of HTTP above all. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { errorReply } from '../../../../../src/edge/replies/error-reply.js';
import { Transcript } from '../../../../support/transcript.js';
import { BASE, serveVisits } from '../../visits.js';

const UPGRADE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

describe('a request of another version', () => {
  for (const [what, version, fields] of [
    ['HTTP/0.9', '0.9', ''],
    ['HTTP/0.9, with an upgrade', '0.9', UPGRADE],
    ['HTTP/2.0', '2.0', ''],
    ['HTTP/2.0, with an upgrade', '2.0', UPGRADE],
  ] as const) {
    it(`reaches no gate: ${what}`, async (t) => {
      const port = await serveVisits(t, {
        accept: () => assert.fail('it was accepted'),
        acceptWebSocket: () => assert.fail('its upgrade was accepted'),
        replyWithError: (visit, error) => visit.reply(errorReply(BASE, visit, error)),
      });
      const socket = connect(port, '127.0.0.1');
      t.after(() => socket.destroy());
      const heard = new Transcript(socket);
      socket.write(`GET / HTTP/${version}\r\nHost: demo.localhost\r\n${fields}\r\n`);
      await heard.says('ERR_BAD_REQUEST');
      assert.match(heard.text, /^HTTP\/1\.1 400 /);
    });
  }
});
