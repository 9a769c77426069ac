import { expect, test } from 'vitest';
import { verdictOn } from '../../../test/support/statement-verdict.ts';

const COLUMNS =
  '记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号';
const bill = (rows: readonly string[], tail: string): Buffer =>
  Buffer.from(
    `\ufeff${[COLUMNS, ...rows, '资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额', tail, ''].join('\r\n')}`,
  );
const ROWS = [
  '`2026-11-18 09:00:20,`T1,`F1,`交易,`交易,`收入,`100.00,`100.00,`system,`,`O1',
  '`2026-11-18 09:00:20,`T1,`F2,`扣除交易手续费,`扣除交易手续费,`支出,`0.60,`99.40,`system,`,`O1',
  '`2026-11-18 15:00:00,`W1,`F3,`退款,`退款,`支出,`29.82,`69.58,`system,`退款总金额30.00元;含手续费0.18元,`R1',
  '`2026-11-18 20:00:00,`X1,`F4,`提现,`提现,`支出,`50.00,`19.58,`1900000001,`,`',
];

test('a fund bill has every movement with its sign', async () => {
  const verdict = await verdictOn(bill(ROWS, '`4.0,`1.0,`100.00,`3.0,`80.42'));
  if (!verdict.accepted) throw verdict.error;
  expect(verdict.lines).toMatchObject([
    { kind: 'payment', orderNo: 'O1', transactionNo: 'T1', movementNo: 'F1', netMinor: 10_000 },
    { kind: 'fee', amountMinor: -60, orderNo: null },
    { kind: 'refund', refundNo: 'R1', transactionNo: null, movementNo: 'W1', amountMinor: 2_982 },
    { kind: 'payout', amountMinor: -5_000 },
  ]);
  expect(verdict.read.summary).toMatchObject({ day: '2026-11-18', account: null });
});

test.each([
  '`5,`1,`100.00,`3,`80.42',
  '`4,`2,`100.00,`3,`80.42',
  '`4,`1,`100.01,`3,`80.42',
  '`4,`1,`100.00,`4,`80.42',
  '`4,`1,`100.00,`3,`80.43',
])('the tail %s does not agree, and the bill is refused', async (tail) => {
  expect(await verdictOn(bill(ROWS, tail))).toMatchObject({ error: { lineNo: 7 } });
});

test('a movement that neither came nor went is refused', async () => {
  const odd = ROWS[0]?.replace('收入', '冻结') ?? '';
  expect(await verdictOn(bill([odd], '`1,`1,`100.00,`0,`0.00'))).toMatchObject({
    error: { lineNo: 2, reason: expect.stringContaining('收支类型') },
  });
});
