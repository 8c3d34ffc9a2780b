import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MalformedResponse } from '../../../src/http1/errors.js';
import { ResponseParser } from '../../../src/http1/response-parser.js';
import { parseResponse } from './parse-response.js';

const OK = 'HTTP/1.1 200 OK\r\n';

describe('a complete response', () => {
  it('is parsed with its fields unchanged: order, case, duplicates, bytes above 0x7F', () => {
    const heard = parseResponse([`${OK}X-B: 1\r\nx-a:2\r\nX-B:\t caf\xe9 \t\r\nEmpty:\r\nContent-Length: 2\r\n\r\nhi`]);
    assert.deepEqual(heard.fields, ['X-B', '1', 'x-a', '2', 'X-B', 'caf\xe9', 'Empty', '', 'Content-Length', '2']);
    assert.deepEqual([heard.status, heard.body, heard.outcome, heard.reusable], [200, 'hi', 'whole', true]);
  });

  it('keeps U+00A0, which is not white space in HTTP', () => {
    assert.deepEqual(parseResponse([`${OK}x: \xa0\r\n\r\n`]).fields, ['x', '\xa0']);
  });

  const bodies: Record<string, [string, string, readonly string[]]> = {
    'by its length': [`${OK}Content-Length: 5\r\n\r\nhello`, 'hello', []],
    'in chunks': [`${OK}Transfer-Encoding: Chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n`, 'hello', []],
    'in chunks with trailers': [
      `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: 1\r\nB: 2\r\n\r\n`,
      'hello',
      ['A', '1', 'B', '2'],
    ],
    'in chunks with extensions': [
      `${OK}Transfer-Encoding: chunked\r\n\r\n05;a=b;c="d \\"e"\r\nhello\r\n000;x\r\n\r\n`,
      'hello',
      [],
    ],
    'in large chunks, in hexadecimal': [
      `${OK}Transfer-Encoding: chunked\r\n\r\n1aB\r\n${'x'.repeat(0x1ab)}\r\n0\r\n\r\n`,
      'x'.repeat(0x1ab),
      [],
    ],
    'until the connection ends': ['HTTP/1.0 200 OK\r\n\r\nhello', 'hello', []],
    'until the connection ends, empty': [`${OK}\r\n`, '', []],
    'without reason phrase': ['HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n', '', []],
    'without a body at all': [`${OK}Content-Length: 0\r\n\r\n`, '', []],
  };
  for (const [name, [bytes, body, trailers]] of Object.entries(bodies)) {
    it(`is read ${name}`, () => {
      const heard = parseResponse([bytes]);
      assert.deepEqual([heard.outcome, heard.body, heard.trailers], ['whole', body, trailers]);
    });
  }

  it('has no body after HEAD, with 204 and with 304, whatever its fields announce', () => {
    // Used again only where nothing promises a body: it could come after all, and be read as the next response.
    const rows: [string, string, boolean][] = [
      ['HEAD', `${OK}Content-Length: 5\r\n\r\n`, false],
      ['HEAD', `${OK}Transfer-Encoding: chunked\r\n\r\n`, false],
      ['HEAD', `${OK}\r\n`, false],
      ['HEAD', `${OK}Content-Length: 0\r\n\r\n`, true],
      ['GET', 'HTTP/1.1 204 No Content\r\n\r\n', true],
      ['GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n', true],
      ['GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n', false],
      ['GET', 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n', false],
      ['GET', 'HTTP/1.1 304 Not Modified\r\n\r\n', true],
      ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', false],
    ];
    for (const [method, bytes, reusable] of rows) {
      const heard = parseResponse([bytes], { method, open: true });
      assert.deepEqual([heard.outcome, heard.body, heard.reusable], ['whole', '', reusable], bytes);
    }
  });

  it('may follow informational heads', () => {
    const heard = parseResponse([
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\nContent-Length: 9\r\n\r\n${OK}Content-Length: 2\r\n\r\nhi`,
    ]);
    assert.deepEqual(heard.informational, [
      { status: 100, fields: [] },
      { status: 103, fields: ['Link', '</x>', 'Content-Length', '9'] },
    ]);
    assert.deepEqual([heard.body, heard.outcome], ['hi', 'whole']);
  });

  it('is followed by bytes of another protocol if 101 was requested', () => {
    const heard = parseResponse(['HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n\x00\x01'], { upgrade: true });
    assert.deepEqual([heard.outcome, heard.fields, heard.body], ['upgraded', ['Upgrade', 'x'], '\x00\x01']);
  });
});

describe('the connection after a response', () => {
  const length = 'Content-Length: 0\r\n';
  const rows: [boolean, string][] = [
    [true, `${OK}${length}\r\n`],
    [true, `${OK}${length}Connection: keep-alive\r\n\r\n`],
    [true, `${OK}${length}Connection: x, y\r\n\r\n`],
    [true, `${OK}${length}Keep-Alive: timeout=5, max=100\r\n\r\n`],
    [false, `${OK}${length}Keep-Alive: timeout=1\r\n\r\n`],
    [false, `${OK}${length}Connection: Keep-Alive\r\nKeep-Alive: max=2, timeout=0\r\n\r\n`],
    [false, `${OK}${length}Connection: Close\r\n\r\n`],
    [false, `${OK}${length}Connection: x\r\nConnection: y, close\r\n\r\n`],
    [false, `${OK}${length}Connection: keep-alive, close\r\n\r\n`],
    [false, `HTTP/1.0 200 OK\r\n${length}\r\n`],
    [true, `HTTP/1.0 200 OK\r\n${length}Connection: Keep-Alive\r\n\r\n`],
    [false, 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    [false, `${OK}${length}WWW-Authenticate: NTLM\r\n\r\n`],
    [false, `${OK}${length}WWW-Authenticate: Basic realm="x", negotiate abc=\r\n\r\n`],
    [false, `${OK}${length}Persistent-Auth: true\r\n\r\n`],
    [true, `${OK}${length}WWW-Authenticate: Basic realm="x"\r\n\r\n`],
    [false, `${OK}${length}\r\nX`],
    [false, `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n\r\n`],
  ];
  for (const [reusable, bytes] of rows) {
    it(`is ${reusable ? '' : 'not '}reused: ${JSON.stringify(bytes.slice(9))}`, () => {
      const heard = parseResponse([bytes], { open: true });
      assert.deepEqual([heard.outcome, heard.reusable], ['whole', reusable]);
    });
  }

  it('reads the next response after the next request was sent', () => {
    const reader = new ResponseParser();
    const statuses: number[] = [];
    for (const status of [200, 404]) {
      reader.expect('GET', {
        informational: () => {},
        head: (head) => statuses.push(head.status),
        data: () => {},
        end: () => {},
      });
      reader.receive(Buffer.from(`HTTP/1.1 ${status} X\r\nContent-Length: 2\r\n\r\nhi`));
      assert.equal(reader.isReusable, true);
    }
    assert.deepEqual(statuses, [200, 404]);
  });
});

describe('an incomplete response', () => {
  const whole = [
    `${OK}Content-Length: 5\r\n\r\nhello`,
    `${OK}Transfer-Encoding: chunked\r\n\r\n5;a\r\nhello\r\n0\r\nA: 1\r\n\r\n`,
  ];
  for (const bytes of whole) {
    it(`is never reported as complete: ${JSON.stringify(bytes.slice(17))}`, () => {
      for (let at = 0; at < bytes.length; at += 1)
        assert.equal(parseResponse([bytes.slice(0, at)]).outcome, 'cut', String(at));
      assert.equal(parseResponse([bytes]).outcome, 'whole');
    });
  }

  it('is incomplete within its head, even if its body would end with the connection', () => {
    assert.equal(parseResponse(['HTTP/1.0 200 OK\r\n']).outcome, 'cut');
  });
});

describe('a response that breaks a rule but has only one meaning is accepted, and repaired:', () => {
  const chunked = `${OK}Transfer-Encoding: chunked\r\n\r\n`;
  const rows: Record<string, [bytes: string, fields: readonly string[], body: string, trailers?: readonly string[]]> = {
    'white space before the colon': [
      `${OK}X : a\r\nContent-Length\t : 5\r\n\r\nhello`,
      ['X', 'a', 'Content-Length', '5'],
      'hello',
    ],
    'a folded line': [
      `${OK}X: a\r\n\t b \r\n c\r\nContent-Length: 5\r\n\r\nhello`,
      ['X', 'a b c', 'Content-Length', '5'],
      'hello',
    ],
    'a folded coding': [`${OK}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n`, ['Transfer-Encoding', 'chunked'], ''],
    'two equal lengths': [
      `${OK}Content-Length: 5\r\nX: a\r\ncontent-length: 5\r\n\r\nhello`,
      ['Content-Length', '5', 'X', 'a'],
      'hello',
    ],
    'a list of equal lengths': [`${OK}Content-Length: 5, 5 ,5\r\n\r\nhello`, ['Content-Length', '5'], 'hello'],
    'white space behind a chunk size': [
      `${chunked}5   \r\nhello\r\n0\t\r\n\r\n`,
      ['Transfer-Encoding', 'chunked'],
      'hello',
    ],
    'white space around extensions': [
      `${chunked}5 ;a=b\r\nhello\r\n0 ; a = "b" ; c \r\n\r\n`,
      ['Transfer-Encoding', 'chunked'],
      'hello',
    ],
    'many leading zeros': [
      `${chunked}${'0'.repeat(40)}5\r\nhello\r\n${'0'.repeat(255)}0\r\n\r\n`,
      ['Transfer-Encoding', 'chunked'],
      'hello',
    ],
    'white space and folding in trailers': [
      `${chunked}0\r\nA : b\r\n c\r\n\r\n`,
      ['Transfer-Encoding', 'chunked'],
      '',
      ['A', 'b c'],
    ],
  };
  for (const [name, [bytes, fields, body, trailers = []]] of Object.entries(rows)) {
    it(name, () => {
      for (const heard of [parseResponse([bytes], { open: true }), parseResponse([...bytes], { open: true })]) {
        assert.deepEqual([heard.outcome, heard.fields, heard.body, heard.trailers], ['whole', fields, body, trailers]);
        assert.equal(heard.reusable, true);
      }
    });
  }
});

describe('what is rejected is named', () => {
  const rows: [bytes: string, named: string][] = [
    [`${OK}X: 1\r\nBad Name: \x1b[31m\r\n\r\n`, '"Bad Name: \\u001b[31m"'],
    [`${OK}${'x'.repeat(500)}\r\n\r\n`, `"${'x'.repeat(80)}…"`],
    [`${OK}Content-Length: 5, \xff\r\n\r\n`, '"5, \\xff"'],
    [`${OK}Transfer-Encoding: gzip\r\n\r\n`, '"gzip"'],
    [`${OK}Transfer-Encoding: chunked, chunked\r\n\r\n`, 'twice'],
    ['HTTP/1.1 20 OK\r\n\r\n', '"HTTP/1.1 20 OK"'],
  ];
  for (const [bytes, named] of rows) {
    it(JSON.stringify(bytes.slice(0, 60)), () => {
      const reader = new ResponseParser();
      reader.expect('GET', { informational: () => {}, head: () => {}, data: () => {}, end: () => {} });
      assert.throws(
        () => reader.receive(Buffer.from(bytes, 'latin1')),
        (error) => error instanceof MalformedResponse && error.message.includes(named),
      );
    });
  }
});

describe('a response that could be read in two ways is rejected:', () => {
  const chunked = `${OK}Transfer-Encoding: chunked\r\n\r\n`;
  const rows: Record<string, string> = {
    'no HTTP': 'SSH-2.0-OpenSSH_9.2\r\n\r\n',
    'another version': 'HTTP/2.0 200 OK\r\n\r\n',
    'a longer version': 'HTTP/1.10 200 OK\r\n\r\n',
    'lower case': 'http/1.1 200 OK\r\n\r\n',
    'a status of two digits': 'HTTP/1.1 20 OK\r\n\r\n',
    'a status of four digits': 'HTTP/1.1 2000 OK\r\n\r\n',
    'a status below 100': 'HTTP/1.1 099 X\r\n\r\n',
    'a status above 599': 'HTTP/1.1 600 X\r\n\r\n',
    'two spaces': 'HTTP/1.1  200 OK\r\n\r\n',
    'a control in the reason': 'HTTP/1.1 200 O\x01K\r\n\r\n',
    'white space before the head': ' HTTP/1.1 200 OK\r\n\r\n',
    'an empty line before the head': `\r\n${OK}\r\n`,
    'a bare LF in the head': 'HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n',
    'a bare CR in a value': `${OK}X: a\rb\r\n\r\n`,
    'a bare LF in a value': `${OK}X: a\nb: c\r\n\r\n`,
    'NUL in a value': `${OK}X: a\0b\r\n\r\n`,
    'DEL in a value': `${OK}X: a\x7fb\r\n\r\n`,
    'a folded first line': `${OK} X: a\r\n\r\n`,
    'white space in a name': `${OK}Content Length: 5\r\n\r\n`,
    'no colon': `${OK}Content-Length 5\r\n\r\n`,
    'an empty name': `${OK}: 5\r\n\r\n`,
    'a name above 0x7F': `${OK}caf\xe9: 5\r\n\r\n`,
    'two different lengths': `${OK}Content-Length: 5\r\nContent-Length: 6\r\n\r\n`,
    'a list of different lengths': `${OK}Content-Length: 5, 6\r\n\r\n`,
    'a list of lengths and nothing': `${OK}Content-Length: 5,\r\n\r\n`,
    'equal lengths in other words': `${OK}Content-Length: 5\r\nContent-Length: 05\r\n\r\n`,
    'two lengths beside chunks': `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n`,
    'a folded length': `${OK}Content-Length: 5\r\n 0\r\n\r\n`,
    'a folded line with a control': `${OK}X: a\r\n \x01\r\n\r\n`,
    'a folded line before the first one': `${OK}\tX: a\r\n\r\n`,
    'white space and no name before the colon': `${OK}X: a\r\nY\t Z : b\r\n\r\n`,
    'a coding behind white space that is another': `${OK}Transfer-Encoding : gzip\r\n\r\n`,
    'a chunk with white space in its size': `${chunked}5 5\r\nhello`,
    'a chunk with white space and a control after its size': `${chunked}5 \x0b\r\nhello`,
    'a chunk with white space after its size without end': `${chunked}5${' '.repeat(5_000)}`,
    'trailers that frame behind white space': `${chunked}0\r\nContent-Length : 5\r\n\r\n`,
    'a signed length': `${OK}Content-Length: +5\r\n\r\n`,
    'a negative length': `${OK}Content-Length: -5\r\n\r\n`,
    'a length with a point': `${OK}Content-Length: 5.0\r\n\r\n`,
    'a hexadecimal length': `${OK}Content-Length: 0x5\r\n\r\n`,
    'an empty length': `${OK}Content-Length:\r\n\r\n`,
    'a length past all numbers': `${OK}Content-Length: ${'9'.repeat(30)}\r\n\r\n`,
    'a length beside chunks': `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`,
    'another coding': `${OK}Transfer-Encoding: gzip\r\n\r\n`,
    'another coding before chunked': `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n`,
    'chunked twice': `${OK}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`,
    'chunked twice in one line': `${OK}Transfer-Encoding: chunked, chunked\r\n\r\n`,
    'an empty coding': `${OK}Transfer-Encoding:\r\n\r\n`,
    'a coding with a parameter': `${OK}Transfer-Encoding: chunked;x=1\r\n\r\n`,
    'a coding in quotes': `${OK}Transfer-Encoding: "chunked"\r\n\r\n`,
    '101 that nobody asked for': 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n',
    '1xx of version 1.0, which has none': `HTTP/1.0 103 Early Hints\r\n\r\n${OK}\r\n`,
    'a chunk without size': `${chunked}\r\nhello\r\n`,
    'a chunk of no hexadecimal size': `${chunked}g\r\n`,
    'a chunk of a negative size': `${chunked}-5\r\n`,
    'a chunk of a size with 0x': `${chunked}0x5\r\n`,
    'a chunk of a size past all numbers': `${chunked}${'f'.repeat(14)}\r\n`,
    'a chunk of a size with leading zeros without end': `${chunked}${'0'.repeat(257)}\r\n`,
    'a chunk with white space before its size': `${chunked} 5\r\n`,
    'a chunk whose size ends with a bare LF': `${chunked}5\nhello\r\n`,
    'a chunk whose size ends with a bare CR': `${chunked}5\rhello\r\n`,
    'a chunk longer than its size': `${chunked}4\r\nhello\r\n`,
    'a chunk that ends with a bare LF': `${chunked}5\r\nhello\n`,
    'a chunk that ends with a bare CR': `${chunked}5\r\nhello\r5`,
    'an extension without a name': `${chunked}5;\r\nhello\r\n0\r\n\r\n`,
    'an extension without a value': `${chunked}5;a=\r\nhello\r\n0\r\n\r\n`,
    'an extension that is open': `${chunked}5;a="b\r\nhello\r\n0\r\n\r\n`,
    'an extension with a control': `${chunked}5;a\nb\r\n`,
    'an extension without end': `${chunked}5;${'a'.repeat(5_000)}`,
    'trailers that are none': `${chunked}0\r\nA\r\n\r\n`,
    'trailers after a bare CR that is no line': `${chunked}0\rchunked\nA: b\r\n\r\n`,
    'trailers after a bare CR': `${chunked}0\rA: b\r\n\r\n`,
    'trailers with a bare LF': `${chunked}0\r\nA: b\nC: d\r\n\r\n`,
    'trailers that frame': `${chunked}0\r\nContent-Length: 5\r\n\r\n`,
    'trailers that frame by a coding': `${chunked}0\r\nTransfer-Encoding: chunked\r\n\r\n`,
    'trailers without end': `${chunked}0\r\n${'A: bbbbbbbbbbbbbbbb\r\n'.repeat(4_000)}`,
    'a head without end': `${OK}${'A: bbbbbbbbbbbbbbbb\r\n'.repeat(4_000)}`,
    'a head of more than 64 KiB': `${OK}X: ${'a'.repeat(65_536)}\r\n\r\n`,
  };
  for (const [name, bytes] of Object.entries(rows)) {
    it(name, () => {
      assert.equal(parseResponse([bytes]).outcome, 'malformed');
      assert.equal(parseResponse([...bytes]).outcome, 'malformed', 'byte by byte');
    });
  }

  it('but a head of just under 64 KiB is accepted, in one chunk and in many', () => {
    const bytes = `${OK}X: ${'a'.repeat(65_000)}\r\nContent-Length: 0\r\n\r\n`;
    assert.equal(parseResponse([bytes]).outcome, 'whole');
    assert.equal(parseResponse([...bytes]).outcome, 'whole');
  });
});

const field = fc.tuple(
  fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,9}$/),
  fc.stringMatching(/^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]{0,9}[\x21-\x7e\x80-\xff])?)?$/),
);
const otherFields = fc
  .array(field, { maxLength: 4 })
  .map((fields) =>
    fields.filter(([name]) => !/^(?:connection|keep-alive|content-length|transfer-encoding)$/i.test(name)),
  );
const contents = fc.array(
  fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  { maxLength: 5 },
);

/** A response in each framing, and its expected parse. */
const answers = fc
  .record({
    fields: otherFields,
    trailers: otherFields,
    contents,
    framing: fc.constantFrom('length', 'chunked', 'close'),
  })
  .map(({ fields, trailers, contents: pieces, framing }) => {
    const lines = (list: [string, string][]) => list.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const body = pieces.join('');
    const chunks = pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('');
    const [framed, sent]: [[string, string][], string] =
      framing === 'length'
        ? [[['Content-Length', String(body.length)]], body]
        : framing === 'chunked'
          ? [[['Transfer-Encoding', 'chunked']], `${chunks}0\r\n${lines(trailers)}\r\n`]
          : [[], body];
    return {
      bytes: `${OK}${lines([...fields, ...framed])}\r\n${sent}`,
      body,
      fields: [...fields, ...framed].flat(),
      trailers: framing === 'chunked' ? trailers.flat() : [],
    };
  });

function split(bytes: string, cuts: readonly number[]): string[] {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((one, other) => one - other);
  return at.slice(1).map((end, index) => bytes.slice(at[index], end));
}

describe('any response', () => {
  it('is parsed the same however its bytes are split', () => {
    fc.assert(
      fc.property(answers, fc.array(fc.nat(), { maxLength: 12 }), ({ bytes, ...expected }, cuts) => {
        for (const heard of [parseResponse(split(bytes, cuts)), parseResponse([...bytes])]) {
          const { outcome, body, fields, trailers } = heard;
          assert.deepEqual({ outcome, body, fields, trailers }, { outcome: 'whole', ...expected });
        }
      }),
    );
  });

  it('with a byte changed is rejected, incomplete or parsed, the same however its bytes are split', () => {
    fc.assert(
      fc.property(answers, fc.nat(), fc.nat(255), fc.array(fc.nat(), { maxLength: 6 }), ({ bytes }, at, byte, cuts) => {
        const changed =
          bytes.slice(0, at % bytes.length) + String.fromCharCode(byte) + bytes.slice((at % bytes.length) + 1);
        const [one, other] = [parseResponse([changed]), parseResponse(split(changed, cuts))];
        assert.equal(one.outcome, other.outcome);
        if (one.outcome === 'whole') assert.deepEqual({ ...one, pieces: 0 }, { ...other, pieces: 0 });
      }),
      { numRuns: 500 },
    );
  });

  it('of random bytes is at most rejected', () => {
    const starts = fc.constantFrom('', OK, `${OK}\r\n`, `${OK}Transfer-Encoding: chunked\r\n\r\n`);
    fc.assert(
      fc.property(starts, fc.array(fc.uint8Array({ maxLength: 64 })), (start, pieces) => {
        const texts = [start, ...pieces.map((piece) => Buffer.from(piece).toString('latin1'))];
        assert.ok(['whole', 'cut', 'malformed'].includes(parseResponse(texts).outcome));
      }),
    );
  });
});

describe('an observer', () => {
  it('that throws stops the parser', () => {
    const reader = new ResponseParser();
    const refuse = () => {
      throw new MalformedResponse('refused');
    };
    reader.expect('GET', { informational: refuse, head: refuse, data: refuse, end: refuse });
    assert.throws(() => reader.receive(Buffer.from(`${OK}Content-Length: 2\r\n\r\nhi`)), MalformedResponse);
  });

  it('that is discarded in the middle is not called again, and the connection is not reused', () => {
    const reader = new ResponseParser();
    const heard: string[] = [];
    reader.expect('GET', {
      informational: () => heard.push('informational'),
      head: () => {
        heard.push('head');
        reader.discard();
      },
      data: () => heard.push('data'),
      end: () => heard.push('end'),
    });
    reader.receive(Buffer.from(`${OK}Content-Length: 2\r\n\r\nhi`));
    assert.deepEqual([heard, reader.isReusable], [['head'], false]);
  });
});
