import { describe, expect, test } from 'vitest';
import type { BookEntry } from './books.ts';
import { newBooks, runUntil, START_MS, submission, wordsOf } from './books-rig.ts';

const QUICK = { product: 'quickpay' } as const;
const { channel, account, outNo } = submission();

describe('an order call', () => {
  test('sent again is answered as the first time, also after the payer paid', () => {
    const books = newBooks();
    expect(books.pay(submission(), START_MS).result).toBe('ACCEPTED');
    expect(books.pay(submission(), START_MS + 1).result).toBe('ACCEPTED');
    books.payerPays(channel, outNo, START_MS + 2);
    expect(books.pay(submission(), START_MS + 3).result).toBe('ACCEPTED');
    expect(books.charges()).toHaveLength(1);
  });

  test('for a quick payment is answered with the charge, and again with the same one', () => {
    const books = newBooks();
    const first = books.pay(submission(QUICK), START_MS);
    expect(first).toMatchObject({ result: 'PAID', charge: { amountMinor: 1999 } });
    expect(books.pay(submission(QUICK), START_MS + 60_000)).toEqual(first);
    expect(books.charges()).toHaveLength(1);
  });

  test.each([
    ['amount', { amountMinor: 2000 }],
    ['currency', { currency: 'USD' }],
    ['product', { product: 'redirect' as const }],
    ['account', { account: 'another' }],
  ])('under a used number with another %s is refused', (_, change) => {
    const books = newBooks();
    books.pay(submission(), START_MS);
    expect(books.pay(submission(change), START_MS)).toMatchObject({ code: 'OUT_NO_REUSED' });
  });

  test('that comes after its own expiry is refused and leaves nothing behind', () => {
    const books = newBooks();
    const late = submission({ expireAtMs: START_MS });
    expect(books.pay(late, START_MS)).toMatchObject({ code: 'PARAM_ERROR' });
    expect(books.query(channel, account, outNo, START_MS).state).toBe('NOT_EXIST');
  });

  test('for a number that was closed, known or not, is refused for ever', () => {
    const books = newBooks();
    expect(books.close(channel, account, outNo, START_MS)).toEqual({ result: 'CLOSED' });
    expect(books.pay(submission(QUICK), START_MS + 1)).toMatchObject({ code: 'ORDER_CLOSED' });
    books.pay(submission({ outNo: 'B0000001' }), START_MS);
    books.close(channel, account, 'B0000001', START_MS);
    const again = books.pay(submission({ outNo: 'B0000001' }), START_MS + 1);
    expect(again).toMatchObject({ code: 'ORDER_CLOSED' });
    expect(books.charges()).toEqual([]);
  });

  test('that is only accepted for a quick payment is paid 400 ms later and cannot be closed meanwhile', () => {
    const books = newBooks();
    books.pay(submission({ product: 'quickpay_accepted' }), START_MS);
    expect(books.query(channel, account, outNo, START_MS + 399).state).toBe('PAYING');
    expect(books.close(channel, account, outNo, START_MS + 399)).toEqual({ result: 'PAYING' });
    expect(books.close(channel, account, outNo, START_MS + 400)).toEqual({ result: 'PAID' });
  });
});

describe('an order', () => {
  test('belongs to its account and does not exist for another', () => {
    const books = newBooks();
    books.pay(submission(), START_MS);
    expect(books.query(channel, 'another', outNo, START_MS).state).toBe('NOT_EXIST');
    expect(books.close(channel, 'another', outNo, START_MS)).toEqual({ result: 'NOT_YOURS' });
    expect(books.query(channel, account, outNo, START_MS).state).toBe('WAITING');
  });

  test('is a matter of its own channel', () => {
    const books = newBooks();
    books.pay(submission(), START_MS);
    expect(books.query('query_only', account, outNo, START_MS).state).toBe('NOT_EXIST');
  });

  test('takes no money from its expiry on, to the millisecond', () => {
    const expireAtMs = START_MS + 5_000;
    const books = newBooks();
    books.pay(submission({ expireAtMs }), START_MS);
    books.pay(submission({ expireAtMs, outNo: 'B0000001' }), START_MS);
    expect(books.payerPays(channel, 'B0000001', expireAtMs - 1)).toEqual({ state: 'PAID' });
    expect(books.payerPays(channel, outNo, expireAtMs)).toEqual({ refused: 'ORDER_EXPIRED' });
    expect(books.query(channel, account, outNo, expireAtMs).state).toBe('CLOSED');
    expect(books.query(channel, account, 'B0000001', expireAtMs).state).toBe('PAID');
  });

  test('lets no slow payer in after its expiry', () => {
    const books = newBooks();
    const expireAtMs = START_MS + 7_999;
    books.pay(submission({ scenario: 'slow_payer', expireAtMs }), START_MS);
    runUntil(books, START_MS + 60_000);
    expect(books.charges()).toEqual([]);
    expect(books.query(channel, account, outNo, START_MS + 60_000).state).toBe('CLOSED');
  });

  test('that is closed keeps its slow payer out', () => {
    const books = newBooks();
    books.pay(submission({ scenario: 'slow_payer' }), START_MS);
    expect(books.close(channel, account, outNo, START_MS + 7_999)).toEqual({ result: 'CLOSED' });
    expect(books.nextDueAtMs()).toBeNull();
    runUntil(books, START_MS + 60_000);
    expect(books.charges()).toEqual([]);
    expect(books.payerPays(channel, outNo, START_MS + 9_000)).toEqual({ refused: 'ORDER_CLOSED' });
  });

  test('that is paid stays paid, whatever the payer or a close does', () => {
    const books = newBooks();
    books.pay(submission(), START_MS);
    expect(books.payerPays(channel, outNo, START_MS)).toEqual({ state: 'PAID' });
    expect(books.payerPays(channel, outNo, START_MS + 1)).toEqual({ state: 'PAID' });
    expect(books.payerDeclines(channel, outNo, START_MS + 1)).toEqual({ refused: 'ORDER_PAID' });
    expect(books.close(channel, account, outNo, START_MS + 1)).toEqual({ result: 'PAID' });
    expect(books.charges()).toHaveLength(1);
  });

  test('that the payer declined is a definite no', () => {
    const books = newBooks();
    books.pay(submission(), START_MS);
    expect(books.payerDeclines(channel, outNo, START_MS)).toEqual({ state: 'DECLINED' });
    expect(books.payerPays(channel, outNo, START_MS)).toEqual({ refused: 'ORDER_DECLINED' });
    const answer = books.query(channel, account, outNo, START_MS);
    expect(answer).toMatchObject({
      state: 'DECLINED',
      order: { decline: { code: 'PAYER_CANCELLED' } },
    });
    const [word] = runUntil(books, START_MS).map(wordsOf);
    expect(word).toMatchObject({ state: 'DECLINED', code: 'PAYER_CANCELLED' });
  });

  test('nobody ordered cannot be paid', () => {
    const books = newBooks();
    expect(books.payerPays(channel, outNo, START_MS)).toEqual({ refused: 'NOT_EXIST' });
    books.close(channel, account, outNo, START_MS);
    expect(books.payerPays(channel, outNo, START_MS)).toEqual({ refused: 'NOT_EXIST' });
  });
});

describe('the books', () => {
  test('come back line by line as they were, with what payers and notifications still owe', () => {
    const lines: BookEntry[] = [];
    const first = newBooks((line) => lines.push(JSON.parse(JSON.stringify(line)) as BookEntry));
    first.pay(submission({ outNo: 'P0000001' }), START_MS);
    first.payerPays(channel, 'P0000001', START_MS + 5);
    first.pay(submission({ outNo: 'S0000001', scenario: 'slow_payer' }), START_MS + 10);
    first.pay(submission({ outNo: 'Q0000001', ...QUICK }), START_MS + 20);
    first.close(channel, account, 'C0000001', START_MS + 30);
    const taken = first.takeDue(START_MS + 40);
    expect(taken.map(({ kind }) => kind)).toEqual(['notification']);

    const second = newBooks();
    for (const line of lines) second.restore(line);
    second.resume();
    expect([...second.entries()]).toEqual([...first.entries()]);
    expect(second.charges()).toEqual(first.charges());
    const sent = runUntil(second, START_MS + 60_000).map(wordsOf);
    expect(sent.map(({ out_no }) => out_no)).toEqual(['P0000001', 'S0000001']);
    const tradeNos = second.charges().map(({ tradeNo }) => tradeNo);
    expect(new Set(tradeNos).size).toBe(3);
  });
});
