import { describe, expect, test } from 'vitest';
import type { BookEntry, Books } from './books.ts';
import { newBooks, runUntil, START_MS, submission, wordsOf } from './books-rig.ts';
import type { RefundSubmission } from './book-refund.ts';

const { channel, account, outNo } = submission();
const PAID_MS = START_MS + 5;
const LATER_MS = START_MS + 60_000;
const DAY_MS = 86_400_000;

/** Books with one order that is paid; its trade number stands in every refund that follows. */
function paidBooks(record?: (entry: BookEntry) => void) {
  const books = newBooks(record);
  books.pay(submission(), START_MS);
  books.payerPays(channel, outNo, PAID_MS);
  return { books, asked: askedOf(books) };
}

function askedOf(books: Books, index = 0) {
  const tradeNo = books.charges()[index]?.tradeNo ?? '';
  return (changes: Partial<RefundSubmission> = {}): RefundSubmission => ({
    channel,
    account,
    outNo,
    refundNo: 'R0000001',
    tradeNo,
    amountMinor: 1_999,
    currency: 'CNY',
    ...changes,
  });
}

const state = (books: Books, nowMs: number, refundNo = 'R0000001') =>
  books.queryRefund({ channel, account, outNo, refundNo }, nowMs)?.state ?? null;

describe('a refund', () => {
  test('is taken, done 300 ms later, and told of', () => {
    const { books, asked } = paidBooks();
    runUntil(books, LATER_MS);
    expect(books.refund(asked(), LATER_MS)).toMatchObject({ refund: { state: 'PROCESSING' } });
    expect(state(books, LATER_MS + 299)).toBe('PROCESSING');
    expect(state(books, LATER_MS + 300)).toBe('SUCCESS');
    expect(runUntil(books, LATER_MS + DAY_MS).map(wordsOf)).toMatchObject([
      {
        event: 'refund',
        out_no: outNo,
        refund_no: 'R0000001',
        refund_id: expect.stringMatching(/^R\d{28}$/),
        trade_no: asked().tradeNo,
        state: 'SUCCESS',
        amount: 1999,
        refunded_at: new Date(LATER_MS + 300).toISOString(),
      },
    ]);
  });

  test('sent again is the same refund, as it stands by then', () => {
    const { books, asked } = paidBooks();
    const first = books.refund(asked(), LATER_MS);
    expect(books.refund(asked(), LATER_MS + 1)).toEqual(first);
    expect(books.refund(asked(), LATER_MS + 300)).toMatchObject({ refund: { state: 'SUCCESS' } });
    expect(books.refunds()).toHaveLength(1);
  });

  test.each([
    ['amount', { amountMinor: 1 }],
    ['charge', { tradeNo: 'another' }],
    ['currency', { currency: 'USD' }],
  ])('under a used number with another %s is refused', (_, change) => {
    const { books, asked } = paidBooks();
    books.refund(asked(), LATER_MS);
    expect(books.refund(asked(change), LATER_MS)).toMatchObject({ code: 'REFUND_NO_REUSED' });
  });

  test.each([
    ['charge', { tradeNo: 'another' }],
    ['currency', { currency: 'USD' }],
    ['account', { account: 'another' }],
    ['order', { outNo: 'B0000001' }],
    ['channel', { channel: 'query_only' }],
  ])('of another %s does not exist for the channel', (_, change) => {
    const { books, asked } = paidBooks();
    expect(books.refund(asked(change), LATER_MS)).toMatchObject({ code: 'TRADE_NOT_EXIST' });
    expect(books.refunds()).toEqual([]);
  });

  test('is found by its own account and order only', () => {
    const { books, asked } = paidBooks();
    books.refund(asked(), LATER_MS);
    const named = { channel, account, outNo, refundNo: 'R0000001' };
    expect(books.queryRefund(named, LATER_MS)).not.toBeNull();
    expect(books.queryRefund({ ...named, account: 'another' }, LATER_MS)).toBeNull();
    expect(books.queryRefund({ ...named, outNo: 'B0000001' }, LATER_MS)).toBeNull();
    expect(books.queryRefund({ ...named, refundNo: 'R0000002' }, LATER_MS)).toBeNull();
  });
});

describe('what is left of a charge', () => {
  test('bounds its refunds, and a number that asked for more is dead for good', () => {
    const { books, asked } = paidBooks();
    const part = asked({ refundNo: 'R0000001', amountMinor: 1_000 });
    const over = asked({ refundNo: 'R0000002', amountMinor: 1_000 });
    books.refund(part, LATER_MS);
    expect(books.refund(over, LATER_MS + 2_000)).toMatchObject({ code: 'REFUND_EXCEEDS' });
    expect(books.refund(over, LATER_MS + DAY_MS)).toMatchObject({ code: 'REFUND_EXCEEDS' });
    expect(state(books, LATER_MS + DAY_MS, 'R0000002')).toBe('CLOSED');
    const rest = asked({ refundNo: 'R0000003', amountMinor: 999 });
    expect(books.refund(rest, LATER_MS + DAY_MS)).toMatchObject({ result: 'OK' });
  });

  test('comes back whole when a number dies, and the dead one stays dead', () => {
    const books = newBooks();
    books.pay(submission({ scenario: 'refund_closed' }), START_MS);
    books.payerPays(channel, outNo, START_MS + 1);
    const asked = askedOf(books);
    books.refund(asked(), LATER_MS);
    const second = asked({ refundNo: 'R0000002' });
    expect(books.refund(second, LATER_MS + 2_000)).toMatchObject({ code: 'REFUND_EXCEEDS' });
    const third = asked({ refundNo: 'R0000003' });
    expect(books.refund(third, LATER_MS + 5_000)).toMatchObject({ result: 'OK' });
    expect(state(books, LATER_MS + 5_300, 'R0000003')).toBe('SUCCESS');
    expect(books.refund(second, LATER_MS + 5_300)).toMatchObject({ code: 'REFUND_EXCEEDS' });
    expect(books.refund(asked(), LATER_MS + 5_300)).toMatchObject({ refund: { state: 'CLOSED' } });
  });

  test('belongs to that charge: each of two under one order has its own', () => {
    const { books, asked } = paidBooks();
    books.payerPays(channel, outNo, PAID_MS + 1, { anotherPayer: true });
    const ofSecond = askedOf(books, 1);
    books.refund(ofSecond({ refundNo: 'R0000001' }), LATER_MS);
    const again = ofSecond({ refundNo: 'R0000002', amountMinor: 1 });
    expect(books.refund(again, LATER_MS + 2_000)).toMatchObject({ code: 'REFUND_EXCEEDS' });
    const ofFirst = asked({ refundNo: 'R0000003' });
    expect(books.refund(ofFirst, LATER_MS + 2_000)).toMatchObject({ result: 'OK' });
  });

  test('is nothing once the channel took the charge back; what was refunded is not taken back', () => {
    const { books, asked } = paidBooks();
    expect(books.reverse(channel, outNo, null, LATER_MS)).toEqual({ tradeNo: asked().tradeNo });
    expect(books.refund(asked(), LATER_MS)).toMatchObject({ code: 'REFUND_EXCEEDS' });
    expect(books.reverse(channel, outNo, asked().tradeNo, LATER_MS)).toEqual({
      refused: 'ALREADY_REVERSED',
    });
    const other = paidBooks();
    other.books.refund(other.asked({ amountMinor: 1 }), LATER_MS);
    expect(other.books.reverse(channel, outNo, null, LATER_MS)).toEqual({ refused: 'REFUNDED' });
  });
});

describe('a channel has its own pace:', () => {
  test('a second apart, otherwise the number stays unused and may come again', () => {
    const { books, asked } = paidBooks();
    books.refund(asked({ amountMinor: 1 }), LATER_MS);
    const second = asked({ refundNo: 'R0000002', amountMinor: 1 });
    expect(books.refund(second, LATER_MS + 999)).toMatchObject({ code: 'TOO_SOON' });
    expect(state(books, LATER_MS + 999, 'R0000002')).toBeNull();
    expect(books.refund(second, LATER_MS + 1_000)).toMatchObject({ result: 'OK' });
  });

  test('fifty parts of an order, and no more', () => {
    const { books, asked } = paidBooks();
    const part = (index: number) => {
      const refundNo = `R${String(index).padStart(7, '0')}`;
      return books.refund(asked({ refundNo, amountMinor: 1 }), LATER_MS + index * 1_000);
    };
    for (let index = 0; index < 50; index++) expect(part(index).result).toBe('OK');
    expect(part(50)).toMatchObject({ code: 'TOO_MANY_REFUNDS' });
  });

  test('365 days from the payment, to the millisecond', () => {
    const { books, asked } = paidBooks();
    const overMs = PAID_MS + 365 * DAY_MS;
    expect(books.refund(asked({ amountMinor: 1 }), overMs - 1)).toMatchObject({ result: 'OK' });
    const late = asked({ refundNo: 'R0000002', amountMinor: 1 });
    expect(books.refund(late, overMs)).toMatchObject({ code: 'REFUND_WINDOW_OVER' });
    expect(books.refund(late, overMs)).toMatchObject({ code: 'REFUND_WINDOW_OVER' });
  });
});

test("a refund at the channel's console has no number of ours, and counts like any other", () => {
  const { books, asked } = paidBooks();
  expect(books.consoleRefund(channel, outNo, 1_500, LATER_MS)).toMatchObject({
    refundNo: null,
    state: 'SUCCESS',
    amountMinor: 1_500,
  });
  expect(books.consoleRefund(channel, outNo, 500, LATER_MS)).toEqual({ refused: 'REFUND_EXCEEDS' });
  expect(books.refund(asked(), LATER_MS)).toMatchObject({ code: 'REFUND_EXCEEDS' });
  expect(books.consoleRefund(channel, outNo, null, LATER_MS)).toMatchObject({ amountMinor: 499 });
  expect(books.consoleRefund(channel, 'B0000001', null, LATER_MS)).toEqual({
    refused: 'NOT_EXIST',
  });
  const [paid, ...told] = runUntil(books, LATER_MS).map(wordsOf);
  expect(paid).toMatchObject({ event: 'payment' });
  expect(told).toMatchObject([{ event: 'refund', amount: 1_500 }, { amount: 499 }]);
  expect(told[0]).not.toHaveProperty('refund_no');
});

describe('money beyond the first charge', () => {
  test('another payer of the same code is charged too, while it is valid', () => {
    const { books } = paidBooks();
    const expireAtMs = submission().expireAtMs;
    expect(books.payerPays(channel, outNo, PAID_MS + 1)).toEqual({ state: 'PAID' });
    expect(books.charges()).toHaveLength(1);
    const manner = { anotherPayer: true };
    expect(books.payerPays(channel, outNo, expireAtMs - 1, manner)).toEqual({ state: 'PAID' });
    expect(books.payerPays(channel, outNo, expireAtMs, manner)).toEqual({
      refused: 'ORDER_EXPIRED',
    });
    const [first, second] = books.charges();
    expect(second).toMatchObject({ outNo, amountMinor: 1999 });
    expect(second?.tradeNo).not.toBe(first?.tradeNo);
  });

  test.each(['closed', 'expired', 'declined'])(
    'an order that is %s can be charged all the same',
    (how) => {
      const books = newBooks();
      books.pay(submission(), START_MS);
      if (how === 'closed') books.close(channel, account, outNo, START_MS);
      if (how === 'declined') books.payerDeclines(channel, outNo, START_MS);
      const atMs = submission().expireAtMs + 1;
      expect(books.payerPays(channel, outNo, atMs)).toHaveProperty('refused');
      expect(books.payerPays(channel, outNo, atMs, { althoughOver: true })).toEqual({
        state: 'PAID',
      });
      expect(books.query(channel, account, outNo, atMs).state).toBe('PAID');
      expect(books.charges()).toMatchObject([{ paidAtMs: atMs }]);
    },
  );
});

test('refunds come back line by line as they were, with what they still owe', () => {
  const lines: BookEntry[] = [];
  const { books, asked } = paidBooks((line) =>
    lines.push(JSON.parse(JSON.stringify(line)) as BookEntry),
  );
  books.refund(asked({ amountMinor: 1 }), LATER_MS);
  books.refund(asked({ refundNo: 'R0000002', amountMinor: 5_000 }), LATER_MS);
  books.consoleRefund(channel, outNo, 7, LATER_MS);
  const restored = newBooks();
  for (const line of lines) restored.restore(line);
  restored.resume();
  expect([...restored.entries()]).toEqual([...books.entries()]);
  runUntil(restored, LATER_MS + DAY_MS);
  runUntil(books, LATER_MS + DAY_MS);
  expect(restored.refunds()).toEqual(books.refunds());
  expect(restored.refunds().map((refund) => refund.state)).toEqual([
    'SUCCESS',
    'CLOSED',
    'SUCCESS',
  ]);
});
