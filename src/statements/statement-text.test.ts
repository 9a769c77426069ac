import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gb18030 } from '../../test/support/gb18030.ts';
import { StatementText } from './statement-text.ts';
import type { TextOptions } from './statement-text.ts';

const UTF8: TextOptions = { encoding: 'utf-8', quotesSpanLines: true, lineLengthMax: 100 };
const GBK: TextOptions = { encoding: 'gb18030', quotesSpanLines: false, lineLengthMax: 100 };

/** The records with their lines, fed in pieces of a size. */
function read(bytes: Uint8Array, options: TextOptions, pieceBytes = 1000): [number, string][] {
  const records: [number, string][] = [];
  const take = (text: string, lineNo: number) => records.push([lineNo, text]);
  const text = new StatementText(options);
  for (let at = 0; at < bytes.length; at += pieceBytes)
    text.feed(bytes.subarray(at, at + pieceBytes), take);
  text.end(take);
  return records;
}

describe('records of text', () => {
  test('end at LF or CRLF, and the last may have no end', () => {
    expect(read(Buffer.from('a\r\nb\n\nc'), UTF8)).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, ''],
      [4, 'c'],
    ]);
  });

  test('lose a byte order mark, even one that comes byte by byte', () => {
    for (const size of [1, 2, 3, 100])
      expect(read(Buffer.from('\ufeffa\nb'), UTF8, size)).toEqual([
        [1, 'a'],
        [2, 'b'],
      ]);
    expect(read(Buffer.from('\ufeff'), UTF8)).toEqual([]);
    expect(read(Buffer.from('ab'), UTF8, 1)).toEqual([[1, 'ab']]);
  });

  test('go on over lines inside quotes, and keep the number of their first line', () => {
    expect(read(Buffer.from('a,"b\r\nc\n""d"" ",e\nf'), UTF8)).toEqual([
      [1, 'a,"b\nc\n""d"" ",e'],
      [4, 'f'],
    ]);
    expect(read(Buffer.from('24" screen\nb'), UTF8)).toHaveLength(2);
    expect(read(Buffer.from('"a\nb'), { ...UTF8, quotesSpanLines: false })).toHaveLength(2);
  });

  test('are the same in whatever pieces they come, in UTF-8 and GBK', () => {
    const unit = fc.constantFrom('a', ',', '"', '\n', '\r\n', '中', '元', '（', '0');
    fc.assert(
      fc.property(
        fc.string({ unit, maxLength: 60 }),
        fc.integer({ min: 1, max: 9 }),
        (text, size) => {
          // A quote that is open at the end is a fault of its own.
          for (const [bytes, options] of [
            [Buffer.from(text), { ...UTF8, quotesSpanLines: false }],
            [gb18030(text), GBK],
          ] as const) {
            const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
            if (lines.at(-1) === '' && text.at(-1) !== '\r') lines.pop();
            expect(read(bytes, options, size)).toEqual(lines.map((line, at) => [at + 1, line]));
          }
        },
      ),
    );
  });

  test.each<readonly [string, Uint8Array, TextOptions, string]>([
    ['a NUL', Buffer.from('a\nb\n\u0000c\nd'), UTF8, 'line 3: it holds a NUL'],
    [
      'a broken byte in UTF-8',
      Buffer.from('a\n\xff\nc', 'latin1'),
      UTF8,
      'line 2: it is not utf-8',
    ],
    [
      'a cut character in UTF-8',
      Buffer.from('a\n中').subarray(0, 4),
      UTF8,
      'line 2: it is not utf-8',
    ],
    [
      'a broken byte in GBK',
      Buffer.from('a\nb\n\xff\xff\n', 'latin1'),
      GBK,
      'line 3: it is not gb18030',
    ],
    ['half a character in GBK', gb18030('a\n中').subarray(0, 3), GBK, 'line 2: it is not gb18030'],
    ['a long line', Buffer.from(`a\n${'x'.repeat(101)}\n`), UTF8, 'line 2: it is longer than 100'],
    [
      'a long last line',
      Buffer.from(`a\n${'x'.repeat(400)}`),
      UTF8,
      'line 2: it is longer than 100',
    ],
    ['an open quote', Buffer.from('a\nb,"c\nd\n'), UTF8, 'line 2: a quote is never closed'],
    [
      'an endless quote',
      Buffer.from(`a\n"${'x\n'.repeat(100)}`),
      UTF8,
      'line 2: it is longer than 100',
    ],
  ])('are refused at the line of %s', (_what, bytes, options, message) => {
    for (const size of [1, 7, 1000]) expect(() => read(bytes, options, size)).toThrow(message);
  });

  test('keep no more of a line without an end than the limit', () => {
    const text = new StatementText(UTF8);
    expect(() => {
      for (let at = 0; at < 1000; at += 1) text.feed(Buffer.alloc(50, 'x'), () => undefined);
    }).toThrow('longer than');
  });
});
