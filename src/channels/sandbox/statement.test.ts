import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { verdictOn } from '../../../test/support/statement-verdict.ts';

const TEXT = readFileSync(new URL('fixtures/statement.csv', import.meta.url), 'utf8');
const expected = { account: 'SBX-1' };
const read = async (text: string) => await verdictOn(Buffer.from(text), { expected });

describe('the statement of a sandbox', () => {
  test('is read as its rows', async () => {
    const verdict = await read(TEXT);
    if (!verdict.accepted) throw verdict.error;
    expect(verdict.read.format.code).toBe('sandbox');
    expect(verdict.lines).toMatchObject([
      { lineNo: 6, kind: 'payment', amountMinor: 10_000, feeMinor: 60, netMinor: 9_940 },
      {
        kind: 'refund',
        refundNo: '01ORDER1R01',
        movementNo: 'RF1',
        amountMinor: 3_000,
        feeMinor: -18,
      },
      { kind: 'reversal', amountMinor: 10_000, feeMinor: 0, netMinor: -10_000 },
      { kind: 'payment', currency: 'JPY', amountMinor: 1_500, status: 'succeeded' },
      { kind: 'refund', status: 'pending' },
    ]);
    expect(verdict.read.summary).toMatchObject({ day: '2026-11-18', account: 'SBX-1' });
  });

  test('of another channel of the sandbox is refused, where a channel is expected', async () => {
    for (const channel of ['sandbox', 'query_only'])
      expect(
        await verdictOn(Buffer.from(TEXT), { expected: { ...expected, channel } }),
      ).toMatchObject({ accepted: channel === 'sandbox' });
  });

  test('may have CRLF', async () => {
    expect((await read(TEXT.replaceAll('\n', '\r\n'))).accepted).toBe(true);
  });

  test.each<readonly [string, string | RegExp, string, string]>([
    ['a version that is not ours', 'statement,1', 'statement,2', 'a word that this format'],
    ['no channel', /channel,.*\n/, '', 'no line channel'],
    ['a fact twice', /(channel,.*\n)/, '$1$1', 'twice'],
    ['a day that is none', 'day,2026-11-18', 'day,2026-11-31', 'no day'],
    ['another day', 'day,2026-11-18', 'day,2026-11-19', 'expected'],
    ['another account', 'SBX-1', 'SBX-2', 'expected'],
    ['a kind that nobody knows', 'reversal,01', 'gift,01', 'a word that this format'],
    ['a status that nobody knows', 'succeeded', 'done', 'a word that this format'],
    ['an amount below zero', '30.00', '-30.00', 'is negative'],
    ['a time without its zone', '.000+08:00', '', 'no time'],
    ['another count in a total', 'total,payment,CNY,1', 'total,payment,CNY,2', '(count) is 2'],
    ['another sum', 'CNY,1,100.00,0.60', 'CNY,1,100.01,0.60', 'is 100.01'],
    ['another fee', 'CNY,1,100.00,0.60', 'CNY,1,100.00,0.61', '(fee) is 0.61'],
    ['a total missing', /total,refund,CNY.*\n/, '', 'without the total of refund CNY'],
    ['a total twice', /(total,refund.*\n)/, '$1$1', 'stands twice'],
    ['a total of nothing', /(total,refund)/, 'total,refund,USD,1,1.00,0.00\n$1', '(count) is 1'],
    ['another number of lines', 'end,5', 'end,4', 'the number of lines is 4'],
    ['no end', /end,.*\n/, '', 'without its last line'],
    ['a line behind its end', /$/, 'end,5\n', 'behind the end'],
    [
      'a row behind its totals',
      'end,5',
      'payment,O,,S,,1.00,CNY,0.00,succeeded,\nend,6',
      'behind the totals',
    ],
  ])('with %s is refused', async (_what, from, to, reason) => {
    expect(TEXT).toMatch(from);
    expect(await read(TEXT.replace(from, to))).toMatchObject({
      accepted: false,
      error: { reason: expect.stringContaining(reason) },
    });
  });
});
