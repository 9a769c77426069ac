import { describe, expect, test } from 'vitest';
import type { Books } from './books.ts';
import { newBooks, play, runUntil, START_MS, submission, wordsOf } from './books-rig.ts';
import type { PendingNotification } from './notification.ts';
import type { ScenarioName } from './scenarios.ts';

const HOUR_MS = 3_600_000;
const REFUND_MS = START_MS + 60_000;
const { channel, account, outNo, expireAtMs } = submission();

/** When each notification went out, counted from that time, and what it said. */
function said(sent: readonly PendingNotification[], sinceMs: number) {
  return sent.map((notification) => {
    const { event, state } = wordsOf(notification);
    return [notification.dueAtMs - sinceMs, event, state];
  });
}

/** An order of that scenario that is paid, and a way to ask for the whole money back. */
function paid(scenario: ScenarioName) {
  const { books } = play(scenario, 60_000);
  const tradeNo = books.charges()[0]?.tradeNo ?? '';
  const refund = (nowMs: number, refundNo = 'R0000001') => {
    const asked = { channel, account, outNo, refundNo, tradeNo, amountMinor: 1_999 };
    return books.refund({ ...asked, currency: 'CNY' }, nowMs);
  };
  return { books, refund };
}

const stateOf = (books: Books, nowMs: number, refundNo = 'R0000001') =>
  books.queryRefund({ channel, account, outNo, refundNo }, nowMs)?.state ?? null;

describe('in the scenario', () => {
  test('pay_twice another payer of the same code pays 3 seconds after the first', () => {
    const { books, sent } = play('pay_twice', HOUR_MS);
    expect(said(sent, START_MS)).toEqual([
      [50, 'payment', 'PAID'],
      [3_050, 'payment', 'PAID'],
    ]);
    const [first, second, ...more] = books.charges();
    expect(more).toEqual([]);
    expect(second).toMatchObject({ outNo, amountMinor: first?.amountMinor });
    expect(sent.map((one) => wordsOf(one)['trade_no'])).toEqual([first?.tradeNo, second?.tradeNo]);
  });

  test('pay_twice an order that expires first is paid once', () => {
    const books = newBooks();
    books.pay(submission({ scenario: 'pay_twice', expireAtMs: START_MS + 3_050 }), START_MS);
    runUntil(books, START_MS + HOUR_MS);
    expect(books.charges()).toHaveLength(1);
  });

  test('paid_after_close the payer pays 3 seconds after the acknowledged close', () => {
    const { books } = play('paid_after_close', 10_000);
    const closedMs = START_MS + 10_000;
    expect(books.charges()).toEqual([]);
    expect(books.close(channel, account, outNo, closedMs)).toEqual({ result: 'CLOSED' });
    expect(books.close(channel, account, outNo, closedMs + 1_000)).toEqual({ result: 'CLOSED' });
    expect(books.query(channel, account, outNo, closedMs + 2_999).state).toBe('CLOSED');
    expect(books.query(channel, account, outNo, closedMs + 3_000).state).toBe('PAID');
    expect(said(runUntil(books, START_MS + HOUR_MS), closedMs)).toEqual([
      [3_000, 'payment', 'PAID'],
    ]);
    expect(books.charges()).toHaveLength(1);
  });

  test('paid_after_close nobody closes it, and the payer pays 3 seconds after the end of its validity', () => {
    const { sent } = play('paid_after_close', 2 * HOUR_MS);
    expect(said(sent, expireAtMs)).toEqual([[3_000, 'payment', 'PAID']]);
  });

  test('refund_slow the money is back after ten minutes', () => {
    const { books, refund } = paid('refund_slow');
    expect(refund(REFUND_MS)).toMatchObject({ refund: { state: 'PROCESSING' } });
    expect(stateOf(books, REFUND_MS + 599_999)).toBe('PROCESSING');
    expect(said(runUntil(books, REFUND_MS + HOUR_MS), REFUND_MS)).toEqual([
      [600_000, 'refund', 'SUCCESS'],
    ]);
  });

  test('refund_no_funds there is none for a minute from the first request, then under the same number', () => {
    const { books, refund } = paid('refund_no_funds');
    expect(refund(REFUND_MS)).toMatchObject({ code: 'NOT_ENOUGH' });
    expect(stateOf(books, REFUND_MS)).toBeNull();
    expect(refund(REFUND_MS + 59_999)).toMatchObject({ code: 'NOT_ENOUGH' });
    expect(refund(REFUND_MS + 60_000)).toMatchObject({ result: 'OK' });
    expect(stateOf(books, REFUND_MS + 60_300)).toBe('SUCCESS');
  });

  test('refund_abnormal it is accepted, stuck 5 seconds later, and holds its part for ever', () => {
    const { books, refund } = paid('refund_abnormal');
    expect(refund(REFUND_MS)).toMatchObject({ refund: { state: 'PROCESSING' } });
    const told = runUntil(books, REFUND_MS + HOUR_MS);
    expect(said(told, REFUND_MS)).toEqual([[5_000, 'refund', 'ABNORMAL']]);
    expect(told.map(wordsOf)).toMatchObject([{ code: 'USER_ACCOUNT_ABNORMAL' }]);
    expect(refund(REFUND_MS + HOUR_MS, 'R0000002')).toMatchObject({ code: 'REFUND_EXCEEDS' });
  });

  test('refund_timeout_accepted only the first answer is lost, and no word comes', () => {
    const { books, refund } = paid('refund_timeout_accepted');
    const asked = { channel, account, outNo, refundNo: 'R0000001', tradeNo: 'any' };
    const submitted = { ...asked, amountMinor: 1_999, currency: 'CNY' };
    expect(books.interferenceOnRefund(submitted, REFUND_MS)).toBe('timeout_after');
    refund(REFUND_MS);
    expect(books.interferenceOnRefund(submitted, REFUND_MS + 1)).toBeNull();
    expect(stateOf(books, REFUND_MS + 300)).toBe('SUCCESS');
    expect(runUntil(books, REFUND_MS + HOUR_MS)).toEqual([]);
    expect(books.refunds()).toHaveLength(1);
  });

  test('refund_closed the first number dies 5 seconds later, a new one does not', () => {
    const { books, refund } = paid('refund_closed');
    refund(REFUND_MS);
    expect(said(runUntil(books, REFUND_MS + 5_000), REFUND_MS)).toEqual([
      [5_000, 'refund', 'CLOSED'],
    ]);
    expect(refund(REFUND_MS + 5_000, 'R0000002')).toMatchObject({ result: 'OK' });
    expect(said(runUntil(books, REFUND_MS + HOUR_MS), REFUND_MS)).toEqual([
      [5_300, 'refund', 'SUCCESS'],
    ]);
  });

  test('console_refund somebody gives all of it back 15 seconds after the payment', () => {
    const { books, sent } = play('console_refund', HOUR_MS);
    expect(said(sent, START_MS)).toEqual([
      [50, 'payment', 'PAID'],
      [15_050, 'refund', 'SUCCESS'],
    ]);
    expect(books.refunds()).toMatchObject([{ refundNo: null, amountMinor: 1_999 }]);
    expect(sent.map((one) => wordsOf(one)['refund_no'])).toEqual([undefined, undefined]);
  });

  test('console_refund the merchant was faster, and only the rest goes back', () => {
    const { books } = play('console_refund', 10_000);
    const tradeNo = books.charges()[0]?.tradeNo ?? '';
    const asked = { channel, account, outNo, refundNo: 'R0000001', tradeNo, amountMinor: 1_000 };
    books.refund({ ...asked, currency: 'CNY' }, START_MS + 10_000);
    runUntil(books, START_MS + HOUR_MS);
    expect(books.refunds().map(({ amountMinor }) => amountMinor)).toEqual([1_000, 999]);
  });

  test('reversed the channel takes the charge back 15 seconds after the payment', () => {
    const { books, sent } = play('reversed', HOUR_MS);
    expect(said(sent, START_MS)).toEqual([
      [50, 'payment', 'PAID'],
      [15_050, 'reversal', 'REVERSED'],
    ]);
    expect(books.charges()).toMatchObject([{ reversedAtMs: START_MS + 15_050 }]);
    expect(books.pay(submission({ scenario: 'reversed' }), START_MS + HOUR_MS)).toMatchObject({
      code: 'ORDER_REVERSED',
    });
  });

  test('reversed a charge that was refunded meanwhile is left alone', () => {
    const { books } = play('reversed', 10_000);
    books.consoleRefund(channel, outNo, 1, START_MS + 10_000);
    runUntil(books, START_MS + HOUR_MS);
    expect(books.charges()).toMatchObject([{ reversedAtMs: null }]);
  });
});

test.each(['pay_twice', 'paid_after_close', 'console_refund', 'reversed'] as const)(
  'a channel that never notifies does nothing behind the back of the platform: %s',
  (scenario) => {
    const books = newBooks();
    books.pay(submission({ channel: 'query_only', scenario }), START_MS);
    runUntil(books, START_MS + 2 * HOUR_MS);
    expect(books.charges().length).toBe(scenario === 'paid_after_close' ? 0 : 1);
    expect(books.charges().every(({ reversedAtMs }) => reversedAtMs === null)).toBe(true);
    expect(books.refunds()).toEqual([]);
  },
);
