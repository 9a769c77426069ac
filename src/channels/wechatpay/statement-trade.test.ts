import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { verdictOn } from '../../../test/support/statement-verdict.ts';

const fixture = (name: string): Buffer =>
  readFileSync(new URL(`fixtures/${name}`, import.meta.url));
const FILE = fixture('wechat_tradebill_SUCCESS.csv');
/** The hash_value of the sample, as the channel tells it. */
const HASH = 'a5a97d3a246adffe68da124615e55324f37717d4';

const ALL =
  '交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注';
const TAIL =
  '总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额';

type Row = {
  state: string;
  refundState?: string;
  settled?: string;
  amount?: string;
  refunded?: string;
  asked?: string;
  fee: string;
};
const row = ({
  state,
  refundState = '',
  settled = '0.00',
  amount = '0.00',
  refunded = '0.00',
  asked = '0.00',
  fee,
}: Row): string => {
  const isBack = refunded !== '0.00';
  return `\`${[
    '2026-11-18 09:00:20',
    'wx',
    '1900000001',
    '0',
    '',
    'T1',
    'O1',
    'o',
    'MICROPAY',
    state,
    'OTHERS',
    'CNY',
    settled,
    '0.00',
    isBack ? 'W1' : '0',
    isBack ? 'R1' : '0',
    refunded,
    '0.00',
    isBack ? 'ORIGINAL' : '',
    refundState,
    '商品\\ 一',
    '',
    fee,
    '0.60%',
    amount,
    asked,
    '',
  ].join(',`')}`;
};
const bill = (rows: readonly string[], tail: string): Buffer =>
  Buffer.from(`\ufeff${[ALL, ...rows, TAIL, tail, ''].join('\r\n')}`);

describe('the sample SUCCESS bill', () => {
  test('is read plain and in gzip, and its content has the hash that the channel tells', async () => {
    for (const name of ['wechat_tradebill_SUCCESS.csv', 'wechat_tradebill_SUCCESS.csv.gz']) {
      const verdict = await verdictOn(fixture(name), { contentSha1: HASH });
      if (!verdict.accepted) throw verdict.error;
      expect(verdict.read).toMatchObject({
        contentSha1: HASH,
        sha256: createHash('sha256').update(fixture(name)).digest('hex'),
        summary: { day: '2026-11-18', account: '1900000001', hasTrailer: true },
      });
      expect(verdict.lines[1]).toMatchObject({
        lineNo: 3,
        kind: 'payment',
        orderNo: 'ORD20261118-0102',
        amountMinor: 8_800,
        feeMinor: 48,
        // 80.00 are settled of the 88.00, less the fee.
        netMinor: 7_952,
      });
    }
  });

  test('is refused for another sub-merchant or merchant', async () => {
    for (const account of ['1900000002', '190000000'])
      expect(await verdictOn(FILE, { expected: { account } })).toMatchObject({
        error: { lineNo: 2, reason: expect.stringContaining('account') },
      });
  });
});

describe('a bill of all trades', () => {
  test('has refunds with their own numbers, times and states', async () => {
    const states = ['SUCCESS', 'PROCESSING', 'CHANGE', 'ABNORMAL', 'FAIL', 'CLOSED', 'NEW_WORD'];
    const rows = states.map((refundState) =>
      row({ state: 'REFUND', refundState, refunded: '27.00', asked: '30.00', fee: '-0.16200' }),
    );
    const verdict = await verdictOn(bill(rows, '`7.0,`0.00,`189.00,`0.00,`-1.13400,`0.00,`210.00'));
    if (!verdict.accepted) throw verdict.error;
    expect(verdict.lines[0]).toMatchObject({
      kind: 'refund',
      orderNo: 'O1',
      refundNo: 'R1',
      transactionNo: 'T1',
      movementNo: 'W1',
      amountMinor: 3_000,
      feeMinor: -16,
      netMinor: -2_684,
    });
    expect(verdict.lines.map(({ status }) => status)).toEqual([
      'succeeded',
      'pending',
      'pending',
      'pending',
      'failed',
      'failed',
      'pending',
    ]);
    expect(verdict.read.summary.totals).toMatchObject([{ kind: 'refund', count: 1 }]);
  });

  test('of refunds alone is of its day by any of the times in it', async () => {
    const asked = row({
      state: 'REFUND',
      refundState: 'SUCCESS',
      refunded: '1.00',
      asked: '1.00',
      fee: '0.00000',
    });
    const columns = ALL.replace('微信退款单号', '退款申请时间,退款成功时间,微信退款单号');
    const times = '`2026-11-17 23:50:00,`2026-11-18 00:01:00,`W1';
    const text = bill([asked], '`1,`0.00,`1.00,`0.00,`0.00000,`0.00,`1.00')
      .toString()
      .replace(ALL, columns)
      .replace('`W1', times);
    for (const [day, accepted] of [
      ['2026-11-17', true],
      ['2026-11-18', true],
      ['2026-11-19', false],
    ] as const)
      expect(await verdictOn(Buffer.from(text), { expected: { day } })).toMatchObject({ accepted });
  });

  test('has a revoked payment as a reversal', async () => {
    const revoked = row({ state: 'REVOKED', refunded: '10.00', asked: '10.00', fee: '0.00000' });
    const verdict = await verdictOn(bill([revoked], '`1,`0.00,`10.00,`0.00,`0.00000,`0.00,`10.00'));
    expect(verdict).toMatchObject({
      lines: [{ kind: 'reversal', amountMinor: 1_000, orderNo: 'O1' }],
    });
  });

  test('rounds a fee per line half away from zero, and sums it exactly', async () => {
    const half = row({ state: 'SUCCESS', settled: '2.50', amount: '2.50', fee: '0.01500' });
    const tail = (fee: string) => `\`2,\`5.00,\`0.00,\`0.00,\`${fee},\`5.00,\`0.00`;
    const verdict = await verdictOn(bill([half, half], tail('0.03000')));
    expect(verdict).toMatchObject({ lines: [{ feeMinor: 2 }, { feeMinor: 2 }] });
    // The rounded fees would come to 0.04.
    expect((await verdictOn(bill([half, half], tail('0.04000')))).accepted).toBe(false);
  });

  test.each([
    ['the count', '`2,`5.00,`0.00,`0.00,`0.01500,`5.00,`0.00'],
    ['the settled sum', '`1,`5.01,`0.00,`0.00,`0.01500,`5.00,`0.00'],
    ['the refunds', '`1,`5.00,`0.01,`0.00,`0.01500,`5.00,`0.00'],
    ['the fees', '`1,`5.00,`0.00,`0.00,`0.01501,`5.00,`0.00'],
    ['the orders', '`1,`5.00,`0.00,`0.00,`0.01500,`5.01,`0.00'],
    ['what was asked back', '`1,`5.00,`0.00,`0.00,`0.01500,`5.00,`0.01'],
    ['a column', '`1,`5.00,`0.00,`0.00,`0.01500,`5.00'],
  ])('whose tail has %s otherwise is refused at the tail', async (_what, tail) => {
    const one = row({ state: 'SUCCESS', settled: '5.00', amount: '5.00', fee: '0.01500' });
    expect(
      (await verdictOn(bill([one], '`1,`5.00,`0.00,`0.00,`0.01500,`5.00,`0.00'))).accepted,
    ).toBe(true);
    expect(await verdictOn(bill([one], tail))).toMatchObject({ error: { lineNo: 4 } });
  });
});
