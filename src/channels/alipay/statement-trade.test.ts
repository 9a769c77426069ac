import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { gb18030 } from '../../../test/support/gb18030.ts';
import { verdictOn } from '../../../test/support/statement-verdict.ts';
import { zipBytes } from '../../../test/support/zip-bytes.ts';

const fixture = (name: string): Buffer =>
  readFileSync(new URL(`fixtures/${name}`, import.meta.url));
const FILE = fixture('trade.gbk.csv');
const TEXT = new TextDecoder('gb18030').decode(FILE);
const expected = { account: '2088000000000001' };

/** The sample with one change, in GBK. */
const changed = (from: string | RegExp, to: string): Buffer => {
  expect(TEXT).toMatch(from);
  return gb18030(TEXT.replace(from, to));
};

describe('the sample 业务明细', () => {
  test('is read as three payments and two refunds', async () => {
    const verdict = await verdictOn(FILE, { expected });
    if (!verdict.accepted) throw verdict.error;
    expect(verdict.read.format.code).toBe('alipay_trade');
    expect(verdict.read.summary).toMatchObject({
      day: '2026-11-18',
      account: '20880000000000010156',
      hasTrailer: true,
      totals: [
        { kind: 'payment', currency: 'CNY', count: 3, amountMinor: 18_801, feeMinor: 108 },
        { kind: 'refund', currency: 'CNY', count: 2, amountMinor: 5_000, feeMinor: -30 },
      ],
    });
    expect(verdict.lines[1]).toEqual({
      lineNo: 7,
      kind: 'payment',
      word: '交易',
      orderNo: 'ORD20261118_0002',
      refundNo: null,
      transactionNo: '2026111822001400000500000002',
      movementNo: null,
      // The order's 88.00; the shop received 80.00 less the fee of 0.48.
      amountMinor: 8_800,
      currency: 'CNY',
      feeMinor: 48,
      netMinor: 7_952,
      settlementCurrency: 'CNY',
      status: 'succeeded',
      atMs: Date.parse('2026-11-18T10:10:31+08:00'),
    });
    expect(verdict.lines[3]).toMatchObject({
      kind: 'refund',
      orderNo: 'ORD20261118_0001',
      refundNo: 'REF20261118_0001_1',
      transactionNo: '2026111822001400000500000001',
      amountMinor: 3_000,
      feeMinor: -18,
      netMinor: -2_982,
      // The refund's own time, not that of its payment.
      atMs: Date.parse('2026-11-18T15:00:00+08:00'),
    });
  });

  test('agrees with its 汇总 in one archive', async () => {
    const verdict = await verdictOn(
      zipBytes([
        { name: gb18030('20880000000000010156_20261118_业务明细.csv'), content: FILE },
        {
          name: gb18030('20880000000000010156_20261118_业务明细(汇总).csv'),
          content: fixture('trade-summary.gbk.csv'),
        },
      ]),
      { expected },
    );
    expect(verdict).toMatchObject({ accepted: true, read: { statementLineCount: 5 } });
  });

  test('is the same with the account number without 0156, in UTF-8, and with a mark', async () => {
    for (const account of ['2088000000000001', '20880000000000010156'])
      expect((await verdictOn(FILE, { expected: { account } })).accepted).toBe(true);
    for (const bytes of [Buffer.from(TEXT), Buffer.from(`\ufeff${TEXT}`)])
      expect(await verdictOn(bytes, { expected })).toMatchObject({
        accepted: true,
        read: { encoding: 'utf-8', statementLineCount: 5 },
      });
  });

  test('may write refunds and fees without a sign', async () => {
    const unsigned = TEXT.replaceAll(/-(?=[1-9]\d?\.\d\d)/g, '').replaceAll('-0.', '0.');
    const [signed, plain] = [
      await verdictOn(FILE, { expected }),
      await verdictOn(gb18030(unsigned), { expected }),
    ];
    expect(plain).toMatchObject({ accepted: true, lines: signed.accepted && signed.lines });
  });

  test('may pad its # lines with commas and begin with an empty column', async () => {
    const padded = TEXT.replaceAll(/^(#.*?)\r$/gm, '$1,,,,,,\r').replaceAll(/^(?=[\d支])/gm, ',');
    expect(await verdictOn(gb18030(padded), { expected })).toMatchObject({
      accepted: true,
      read: { statementLineCount: 5 },
    });
  });

  test('may name goods with quotes, whether they are meant as such or not', async () => {
    for (const name of [
      '24" 显示器',
      '"特价"咖啡',
      '"特价',
      '"咖啡, 大杯"',
      '"""A"" 级"',
      'a "b" c',
    ]) {
      const verdict = await verdictOn(changed('测试商品B', name), { expected });
      expect(verdict).toMatchObject({
        accepted: true,
        lines: [{}, { amountMinor: 8_800 }, {}, {}, {}],
      });
    }
    for (const name of ['咖啡, 大杯', '"咖啡, 大杯', '"咖啡"x, "大杯'])
      expect(await verdictOn(changed('测试商品B', name), { expected })).toMatchObject({
        accepted: false,
        error: { lineNo: 7 },
      });
  });

  test('may use ASCII brackets in its column names', async () => {
    const ascii = TEXT.replaceAll('（元）', '(元)');
    expect((await verdictOn(gb18030(ascii), { expected })).accepted).toBe(true);
  });

  test('shows a row of a kind that nobody knows by its own word', async () => {
    const row = TEXT.split('\r\n')[5]?.replace('交易\t', '红包退回\t');
    const verdict = await verdictOn(changed(/^#-+业务明细列表结束/m, `${row}\r\n$&`), { expected });
    if (!verdict.accepted) throw verdict.error;
    expect(verdict.lines.at(-1)).toMatchObject({ kind: 'other', word: '红包退回', netMinor: null });
  });

  test.each<readonly [string, string | RegExp, string, string]>([
    ['payments counted otherwise', '交易合计：3笔', '交易合计：4笔', '交易合计 (笔) is 4'],
    ['another sum received', '商家实收共180.01元', '商家实收共180.02元', '商家实收 is 180.02'],
    ['another sum of discounts', '商家优惠共8.00元', '商家优惠共8.01元', '商家优惠 is 8.01'],
    ['another sum of refunds', '共-50.00元', '共-50.01元', '退款合计 商家实收 is 50.01'],
    ['no export time', /#导出时间.*\r\n/, '', 'without the line 导出时间'],
    ['no account', /#账号.*\r\n/, '', 'no line 账号'],
    ['no period', /#起始日期.*\r\n/, '', 'no line 起始日期'],
    ['two days', '11月19日 00:00:00', '11月20日 00:00:00', 'and not of one day'],
    ['a period that begins late', '18日 00:00:00', '18日 01:00:00', 'cannot be read'],
    ['a foot that cannot be read', '交易合计：3笔', '交易合计：x笔', 'cannot be read'],
    ['a row behind its list', /(#导出时间.*\r\n)/, '$1a,b\r\n', 'behind the end of the list'],
    ['a time that is none', '09:00:20', '25:00:20', '完成时间 is "2026-11-18 25:00:20"'],
  ])('with %s is refused', async (_what, from, to, reason) => {
    const verdict = await verdictOn(changed(from, to), { expected });
    expect(verdict).toMatchObject({
      accepted: false,
      error: { reason: expect.stringContaining(reason) },
    });
  });

  test('of another account is refused, even one that begins alike', async () => {
    for (const account of ['2088000000000002', '208800000000000', '20880000000000010'])
      expect(await verdictOn(FILE, { expected: { account } })).toMatchObject({
        error: { lineNo: 2, reason: expect.stringContaining('account') },
      });
  });
});
