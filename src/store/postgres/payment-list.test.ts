import { beforeAll, describe, expect, test } from 'vitest';
import { openBooks } from '../../../test/support/books.ts';
import type { Aggregate } from '../../core/aggregate.ts';
import { channelOrderNo } from '../../core/id.ts';
import type { PaymentListOptions } from './payment-list.ts';
import { listPayments } from './payment-list.ts';

const books = await openBooks();
const merchant = await books.merchant();
const other = await books.merchant();
const ALL: PaymentListOptions = {
  limit: 100,
  startingAfter: null,
  endingBefore: null,
  status: null,
  createdGteMs: null,
  createdLtMs: null,
  q: null,
};
const payments: Aggregate[] = [];
const startMs = books.clock.ms;

// Seven payments, a minute apart; every third one is paid.
beforeAll(async () => {
  for (let at = 0; at < 7; at++) {
    books.clock.ms = startMs + at * 60_000;
    const change = { merchantOrderNo: `TEA-${at}` };
    payments.push(
      at % 3 === 0 ? await books.succeed(merchant, change) : await books.create(merchant, change),
    );
    await books.create(other, { merchantOrderNo: `TEA-${at}` });
  }
});

/** Which of the seven are answered, in order, and whether there are more. */
async function list(options: Partial<PaymentListOptions>, number = merchant.number) {
  const { items, hasMore } = await listPayments(books.pool, number, { ...ALL, ...options });
  return {
    at: items.map((key) => payments.findIndex(({ payment }) => payment.id === key.paymentId)),
    hasMore,
  };
}

const idOf = (at: number): string => payments[at]?.payment.id ?? '';

describe('the list of payments', () => {
  test('holds the newest first, and nobody else’s', async () => {
    expect(await list({})).toEqual({ at: [6, 5, 4, 3, 2, 1, 0], hasMore: false });
  });

  test('is walked page by page, forwards and back', async () => {
    expect(await list({ limit: 3 })).toEqual({ at: [6, 5, 4], hasMore: true });
    expect(await list({ limit: 3, startingAfter: idOf(4) })).toEqual({
      at: [3, 2, 1],
      hasMore: true,
    });
    expect(await list({ limit: 3, startingAfter: idOf(1) })).toEqual({ at: [0], hasMore: false });
    expect(await list({ limit: 3, endingBefore: idOf(3) })).toEqual({
      at: [6, 5, 4],
      hasMore: false,
    });
    expect(await list({ limit: 2, endingBefore: idOf(1) })).toEqual({ at: [3, 2], hasMore: true });
  });

  test('is narrowed by status and time of creation', async () => {
    expect((await list({ status: 'succeeded' })).at).toEqual([6, 3, 0]);
    expect(await list({ status: 'succeeded', limit: 2 })).toEqual({ at: [6, 3], hasMore: true });
    const [from, to] = [startMs + 2 * 60_000, startMs + 5 * 60_000];
    expect((await list({ createdGteMs: from, createdLtMs: to })).at).toEqual([4, 3, 2]);
    expect(
      (await list({ createdGteMs: from, createdLtMs: to, startingAfter: idOf(3) })).at,
    ).toEqual([2]);
    expect((await list({ createdGteMs: from + 1 })).at).toEqual([6, 5, 4, 3]);
    expect((await list({ createdLtMs: to, endingBefore: idOf(3) })).at).toEqual([4]);
  });

  test('finds one payment by any of its three numbers', async () => {
    for (const q of ['TEA-2', idOf(2), channelOrderNo(idOf(2), 1)]) {
      expect(await list({ q })).toEqual({ at: [2], hasMore: false });
    }
  });

  test('finds nothing of another merchant, by none of the numbers', async () => {
    expect(
      (await listPayments(books.pool, other.number, { ...ALL, q: 'TEA-2' })).items,
    ).toHaveLength(1);
    for (const q of [
      idOf(2),
      channelOrderNo(idOf(2), 1),
      'nothing',
      '',
      'pay_',
      '\u0000'.slice(1),
    ]) {
      expect((await listPayments(books.pool, other.number, { ...ALL, q })).items).toEqual([]);
    }
  });

  test('finds a merchant order number that looks like one of ours', async () => {
    const odd = channelOrderNo(idOf(2), 9).replace(/^./u, '1');
    const payment = await books.create(merchant, { merchantOrderNo: odd });
    const { items } = await listPayments(books.pool, merchant.number, { ...ALL, q: odd });
    expect(items.map((key) => key.paymentId)).toEqual([payment.payment.id]);
  });
});
