import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PaySubmission } from './book-order.ts';
import type { Books } from './books.ts';
import { newBooks, START_MS, submission } from './books-rig.ts';
import { dayBounds } from './business-day.ts';
import { feeMinorOf } from './fee-rule.ts';
import { movementsOf, type StatementLine, statementText } from './statements.ts';

/** The first millisecond of the day on which the tests begin, in Beijing. */
const DAY = '2026-11-24';
const { channel, account } = submission();

/** Orders and pays one QR code at that time; answers the number of the charge. */
function paid(books: Books, changes: Partial<PaySubmission>, atMs: number): string {
  const order = submission({ expireAtMs: atMs + 1_000, ...changes });
  books.pay(order, atMs);
  books.payerPays(order.channel, order.outNo, atMs, { anotherPayer: true });
  return books.charges().at(-1)?.tradeNo ?? '';
}

/** The statement of a day, asked for at that time. */
function statementOf(books: Books, day: string, nowMs: number): StatementLine[] {
  books.settle(nowMs);
  return movementsOf(books, { channel, account }, dayBounds(day), nowMs);
}

describe('a statement', () => {
  test('tells every movement with numbers, amount, fee and time, and its totals', () => {
    const books = newBooks();
    const morningMs = Date.parse('2026-11-24T09:00:20.000+08:00');
    const first = paid(books, { outNo: 'A0000001', amountMinor: 10_000 }, morningMs);
    const second = paid(books, { outNo: 'B0000001', amountMinor: 5_000 }, morningMs + 1_000);
    const part = { channel, account, outNo: 'A0000001', currency: 'CNY', amountMinor: 3_000 };
    books.refund({ ...part, refundNo: 'A0000001R01', tradeNo: first }, morningMs + 60_000);
    books.consoleRefund(channel, 'A0000001', 500, morningMs + 120_000);
    books.reverse(channel, 'B0000001', second, morningMs + 180_000);
    const yen = paid(
      books,
      { outNo: 'C0000001', amountMinor: 500, currency: 'JPY' },
      morningMs + 2e5,
    );
    const lines = statementOf(books, DAY, morningMs + 300_000);
    const [ours, console] = books.refunds().map(({ refundId }) => refundId);
    expect(statementText({ channel, account, day: DAY }, lines, false)).toBe(
      `tieout-sandbox-statement,1
channel,sandbox
account,shop-account
day,2026-11-24
kind,order_no,refund_no,transaction_no,movement_no,amount,currency,fee,status,at
payment,A0000001,,${first},,100.00,CNY,0.60,succeeded,2026-11-24T09:00:20.000+08:00
payment,B0000001,,${second},,50.00,CNY,0.30,succeeded,2026-11-24T09:00:21.000+08:00
refund,A0000001,A0000001R01,${first},${ours},30.00,CNY,-0.18,succeeded,2026-11-24T09:01:20.300+08:00
refund,A0000001,,${first},${console},5.00,CNY,-0.03,succeeded,2026-11-24T09:02:20.000+08:00
reversal,B0000001,,${second},,50.00,CNY,0.00,succeeded,2026-11-24T09:03:20.000+08:00
payment,C0000001,,${yen},,500,JPY,3,succeeded,2026-11-24T09:03:40.000+08:00
total,payment,CNY,2,150.00,0.90
total,payment,JPY,1,500,3
total,refund,CNY,2,35.00,-0.21
total,reversal,CNY,1,50.00,0.00
end,6
`,
    );
  });

  test('begins and ends at midnight in Beijing, and a refund counts when it is done', () => {
    const books = newBooks();
    const { untilMs } = dayBounds(DAY);
    expect(new Date(untilMs).toISOString()).toBe('2026-11-24T16:00:00.000Z');
    const tradeNo = paid(books, { outNo: 'A0000001' }, untilMs - 1);
    paid(books, { outNo: 'B0000001' }, untilMs);
    const whole = { channel, account, outNo: 'A0000001', currency: 'CNY', amountMinor: 1_999 };
    books.refund({ ...whole, refundNo: 'R0000001', tradeNo }, untilMs - 1);
    const numbers = (day: string) =>
      statementOf(books, day, untilMs + 1_000).map(({ kind, orderNo }) => `${kind} ${orderNo}`);
    expect(numbers(DAY)).toEqual(['payment A0000001']);
    expect(numbers('2026-11-25')).toEqual(['payment B0000001', 'refund A0000001']);
  });

  test('is of one account at one channel', () => {
    const books = newBooks();
    paid(books, { outNo: 'A0000001' }, START_MS);
    paid(books, { outNo: 'B0000001', account: 'another' }, START_MS);
    paid(books, { outNo: 'C0000001', channel: 'query_only' }, START_MS);
    expect(statementOf(books, DAY, START_MS).map(({ orderNo }) => orderNo)).toEqual(['A0000001']);
  });

  test('has no line for money that did not move', () => {
    const books = newBooks();
    const scenario = 'refund_abnormal';
    const tradeNo = paid(books, { outNo: 'A0000001', scenario }, START_MS);
    const whole = { channel, account, outNo: 'A0000001', currency: 'CNY', amountMinor: 1_999 };
    books.refund({ ...whole, refundNo: 'R0000001', tradeNo }, START_MS);
    books.pay(submission({ outNo: 'B0000001' }), START_MS);
    const lines = statementOf(books, DAY, START_MS + 3_600_000);
    expect(lines.map(({ kind }) => kind)).toEqual(['payment']);
  });
});

describe('the fee', () => {
  test.each([
    ['payment', 1, 0],
    ['payment', 83, 0],
    ['payment', 84, 1],
    ['payment', 250, 2],
    ['payment', 10_000, 60],
    ['refund', 3_000, -18],
    ['refund', 83, 0],
    ['reversal', 10_000, 0],
    ['payment', 1_000_000_000_000, 6_000_000_000],
  ] as const)('of a %s of %i is %i, a half rounded up', (kind, amountMinor, feeMinor) => {
    expect(feeMinorOf(kind, amountMinor)).toBe(feeMinor);
  });
});

test('over all days the statements hold every movement of the books once, and nothing else', () => {
  const step = fc.record({
    afterMs: fc.constantFrom(0, 1, 400, 3_600_000, 7 * 3_600_000, 15 * 3_600_000),
    outNo: fc.constantFrom('A0000001', 'B0000001', 'C0000001'),
    account: fc.constantFrom('shop-account', 'another'),
    act: fc.constantFrom('pay', 'pay', 'refund', 'console', 'reverse'),
    amountMinor: fc.constantFrom(1, 999, 1_999),
    refundNo: fc.constantFrom('R0000001', 'R0000002', 'R0000003', 'R0000004'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const books = newBooks();
      let nowMs = START_MS;
      for (const { afterMs, outNo, act, amountMinor, refundNo, ...whose } of steps) {
        nowMs += afterMs;
        const order = books.find(channel, outNo, nowMs);
        const tradeNo = order?.charge?.tradeNo ?? '';
        const owner = order?.submission.account ?? '';
        const money = { outNo, amountMinor, currency: 'CNY' };
        if (act === 'pay') paid(books, { outNo, ...whose, expireAtMs: nowMs + 1e9 }, nowMs);
        else if (act === 'console') books.consoleRefund(channel, outNo, amountMinor, nowMs);
        else if (act === 'reverse') books.reverse(channel, outNo, null, nowMs);
        else books.refund({ channel, account: owner, refundNo, tradeNo, ...money }, nowMs);
      }
      const endMs = nowMs + 86_400_000;
      books.settle(endMs);
      const told: string[] = [];
      for (let atMs = dayBounds(DAY).fromMs; atMs <= endMs + 86_400_000; atMs += 86_400_000) {
        const day = new Date(atMs + 8 * 3_600_000).toISOString().slice(0, 10);
        for (const name of ['shop-account', 'another']) {
          const whose = { channel, account: name };
          for (const line of movementsOf(books, whose, dayBounds(day), endMs)) {
            const { kind, transactionNo, movementNo, amountMinor } = line;
            told.push(`${name} ${kind} ${movementNo ?? transactionNo} ${amountMinor}`);
          }
        }
      }
      expect(told.sort()).toEqual(movementsInBooks(books, endMs).sort());
    }),
    { numRuns: 200 },
  );
});

function movementsInBooks(books: Books, nowMs: number): string[] {
  const charges = books.charges().flatMap((charge) => {
    const owner = books.find(channel, charge.outNo, nowMs)?.submission.account;
    const words = `${charge.tradeNo} ${charge.amountMinor}`;
    const payment = `${owner} payment ${words}`;
    return charge.reversedAtMs === null ? [payment] : [payment, `${owner} reversal ${words}`];
  });
  const refunds = books.refunds().filter(({ state }) => state === 'SUCCESS');
  return [
    ...charges,
    ...refunds.map((one) => `${one.account} refund ${one.refundId} ${one.amountMinor}`),
  ];
}
