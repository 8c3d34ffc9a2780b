/** Header blocks that RFC 7541 forbids: the `hpack` part of the suite. Each ends the connection. */
import { Buffer } from 'node:buffer';
import { FrameFlag, FrameType } from '../../src/http2/frame/types.js';
import { frame } from '../unit/http2/peers.js';
import { type Case, runCases } from './case.js';
import { COMMON, type Session } from './session.js';

function refused(before: string, behind: string): (session: Session) => Promise<void> {
  return async (session) => {
    const block = Buffer.concat([Buffer.from(before, 'hex'), session.block(COMMON), Buffer.from(behind, 'hex')]);
    session.send(frame(FrameType.HEADERS, FrameFlag.END_STREAM | FrameFlag.END_HEADERS, 1, block));
    await session.connectionError('COMPRESSION_ERROR');
  };
}

const cases: readonly Case[] = [
  ['hpack/2.3.3/1', 'an indexed field with an invalid index', refused('', 'c6')],
  ['hpack/2.3.3/2', 'a literal field with an invalid index', refused('', '7f0a0474657374')],
  ['hpack/4.2/1', 'a dynamic table size update at the end of a block', refused('', '3f61')],
  ['hpack/5.2/1', 'a Huffman string padded with more than 7 bits', refused('', '0085f2b24a84ff8449509fff')],
  ['hpack/5.2/2', 'a Huffman string padded by zeros', refused('', '0085f2b24a84ff83495090')],
  ['hpack/5.2/3', 'a Huffman string with the EOS symbol', refused('', '0085f2b24a84ff8749509fffffffff')],
  ['hpack/6.1/1', 'an indexed field with index 0', refused('', '80')],
  ['hpack/6.3/1', 'a table size update larger than the setting', refused('3fe21f', '')],
];

runCases('hpack', cases);
