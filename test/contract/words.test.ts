/** Words that left the sources for the terms of the field, and do not come back: one idea has one name. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { PROJECT_ROOT } from '../support/project-root.js';

/** What is not written, and what is. */
const WORDS: readonly (readonly [word: RegExp, term: string])[] = [
  [/\b(?:MOST|LONGEST)_[A-Z]|\b(?:most|longest)(?:Bytes|Chars|Entries|Fields|Ms|Streams)\b/, 'MAX_, max'],
  [/\b(?:LEAST|SHORTEST)_[A-Z]|\bleast(?:Bytes|Ms)\b/, 'MIN_, min'],
  [/\bSoon\b|\bwhenThere\b/, 'MaybePromise, chain'],
  [/\b[a-z]+Answers?\b|\b[aA]nswers?[A-Z]\w*/, 'response (RFC 9110), replies where they are ours'],
  [
    /(?:\/\/|^\s*\/?\*).*\b(?:an|the|its|this|each|no|whole|late) answer\b(?! (?:with|to|for|by))/,
    'response, in comments',
  ],
  [/\b\w*Hearing\b/, 'listener'],
  [/\b(?:Introduction|introductionOf)\b/, 'identity headers'],
  [/\b(?:OutboundEnd|InboundEnd)\b/, 'client stream, server stream'],
  [
    /\b(?:Narrowing|RoundTrip|TurnList|DataTurns|SendOrder|HeldChunks|LiveStreams)\b/,
    'the terms of BBR and of schedulers',
  ],
  [/\b(?:GatheredText|GatheredOutput)\b/, 'buffer, batch'],
  [/\b(?:lowOnIds|isLowOnIds|LOW_ON_IDS)\b/, 'idsRunningLow, STREAM_ID_WATERMARK'],
  [/\bFAR_[A-Z]|\bisFar\b|\bstepOf\b|\breplenish\b|\bstartOf\b/, 'the terms of flow control (RFC 9113 section 5.2)'],
  [
    /\b(?:isRising|isQuiet|quieten|QUIET_ROUNDS|QUIET_SHARE|isTight|'tight'|MUCH_LESS)\b/,
    'the terms of BBR: startup, ProbeRTT',
  ],
  [/\b(?:sayLast|isBegun|'leaving')\b/, 'the terms of GOAWAY (RFC 9113 section 6.8)'],
  [/\b(?:beginFresh|endLeft|SendSide\w*|ReceiveSide)\b/, 'the terms of schedulers, halves of a stream'],
  [
    /\b(?:forgetReset|countLate|FieldJudge|WrittenLiterals|ReadLiterals|isWorthwhile|startAnew)\b/,
    'RFC 9113, RFC 7541',
  ],
  [
    /\b(?:PublicPlace|judge(?:Request|Response)Name|judgeOfNames|CallObserver|TargetCall)\b/,
    'address, classify, action',
  ],
  [/\b(?:tellHeaders|tellOfOutput|warnOf[A-Z]\w*|outboundAgent|placesOf|keepTick|DialLoop)\b/, 'plain verbs'],
  [/\b(?:idleFrames|Most(?:Bytes|Streams)|waitNoLonger|waitsSinceMs|hasMovedOn|readSign)\b/, 'plain terms'],
];

describe('the words of the sources', () => {
  const folder = join(PROJECT_ROOT, 'src');
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));

  for (const [word, term] of WORDS) {
    test(`are ${term}`, () => {
      assert.ok(paths.length > 100, 'the sources were not found');
      const found = paths.flatMap((path) =>
        readFileSync(join(folder, path), 'utf8')
          .split('\n')
          .flatMap((line, at) => (word.test(line) ? [`${path}:${at + 1} ${line.trim()}`] : [])),
      );
      assert.deepEqual(found, [], `expected ${term}`);
    });
  }

  const DIALECT_IN_COMMENTS = /(?:\/\/|^\s*\/?\*).*\b(?:[Ww]hoever|[Nn]obody|[Ss]omebody|anew|is told of|hears?)\b/;

  test('are plain English in the comments', () => {
    const found = paths
      .flatMap((path) => readFileSync(join(folder, path), 'utf8').split('\n'))
      .filter((line) => DIALECT_IN_COMMENTS.test(line));
    assert.deepEqual(found, []);
  });
});

describe('the words of the pages', () => {
  const DIALECT = /\b(?:[Ww]hoever|anew|of ours|is none|all the same|is told of)\b/;

  for (const page of ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', ...pagesOfDocs()]) {
    test(`are plain English in ${page}`, () => {
      const lines = readFileSync(join(PROJECT_ROOT, page), 'utf8').split('\n');
      const found = lines.filter((line) => !line.startsWith('| ') && DIALECT.test(line));
      assert.deepEqual(found, []);
    });
  }
});

function pagesOfDocs(): string[] {
  const pages = readdirSync(join(PROJECT_ROOT, 'docs')).filter((name) => name.endsWith('.md'));
  return pages.map((name) => join('docs', name));
}
