import { describe, expect, test } from 'vitest';
import type { StatementLine } from '../core/reconciliation/statement-line.ts';
import { newDayTally } from './day-tally.ts';
import { exactSum, expectTotal, newStatementTotals } from './statement-totals.ts';

const LINE: StatementLine = {
  lineNo: 1,
  kind: 'payment',
  word: '交易',
  orderNo: 'O1',
  refundNo: null,
  transactionNo: 'T1',
  movementNo: null,
  amountMinor: 100,
  currency: 'CNY',
  feeMinor: 1,
  netMinor: 99,
  settlementCurrency: 'CNY',
  status: 'succeeded',
  atMs: null,
};

describe('totals', () => {
  test('are kept by kind and currency, without what failed or is pending', () => {
    const totals = newStatementTotals();
    for (const change of [
      {},
      { feeMinor: null },
      { status: 'pending' },
      { status: 'failed' },
      { kind: 'refund', feeMinor: -1 },
      { currency: 'USD' },
      {},
    ] as const)
      totals.add({ ...LINE, ...change });
    expect(totals.list()).toEqual([
      { kind: 'payment', currency: 'CNY', count: 3, amountMinor: 300, feeMinor: 2 },
      { kind: 'refund', currency: 'CNY', count: 1, amountMinor: 100, feeMinor: -1 },
      { kind: 'payment', currency: 'USD', count: 1, amountMinor: 100, feeMinor: 1 },
    ]);
    expect(totals.of('payout', 'CNY')).toMatchObject({ count: 0, amountMinor: 0 });
  });

  test('are refused where they are not exact any more', () => {
    expect(exactSum(Number.MAX_SAFE_INTEGER - 1, 1, 4)).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => exactSum(Number.MAX_SAFE_INTEGER, 1, 4)).toThrow('line 4: the sum');
  });

  test('that differ from what a file states are both named', () => {
    expect(() => expectTotal('交易合计', 3, 2, 9)).toThrow(
      'line 9: 交易合计 is 3, but the lines come to 2',
    );
  });
});

describe('the day of a file that names none', () => {
  const at = (text: string) => Date.parse(`${text}+08:00`);
  test('is that of most of its lines', () => {
    const days = newDayTally(480);
    expect(days.most()).toBeNull();
    for (const text of ['2026-11-17T23:59:59', '2026-11-18T00:00:00', '2026-11-18T23:59:59'])
      days.add(at(text));
    days.add(null);
    expect(days.most()).toBe('2026-11-18');
    days.add(at('2026-11-17T01:00:00'));
    expect(days.most()).toBe('2026-11-17');
  });
});
