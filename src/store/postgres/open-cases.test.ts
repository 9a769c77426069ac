import { expect, test } from 'vitest';
import { keyOf, openBooks } from '../../../test/support/books.ts';
import { paid } from '../../../test/support/scripted-payment.ts';
import type { Merchant } from './merchants.ts';
import { listOpenCases } from './open-cases.ts';

const books = await openBooks();

/** A payment with one open case: it was paid twice. */
async function duplicateOf(merchant: Merchant) {
  const payment = await books.learn(
    await books.succeed(merchant),
    paid({}, { transactionNo: 'T2' }),
  );
  return { ...keyOf(payment), caseId: payment.cases[0]?.id ?? '' };
}

test('open cases are listed newest first, by page, of one merchant or of all', async () => {
  const [tea, rice] = [await books.merchant(), await books.merchant()];
  const cases = [];
  for (const merchant of [tea, rice, tea, tea]) {
    books.clock.ms += 1;
    cases.push(await duplicateOf(merchant));
  }
  const [first, second, third, fourth] = cases;
  const page = { limit: 10, startingAfter: null };
  expect(await listOpenCases(books.pool, tea.number, page)).toEqual({
    items: [fourth, third, first],
    hasMore: false,
  });
  expect((await listOpenCases(books.pool, null, page)).items).toEqual([
    fourth,
    third,
    second,
    first,
  ]);
  expect(await listOpenCases(books.pool, null, { limit: 2, startingAfter: null })).toEqual({
    items: [fourth, third],
    hasMore: true,
  });
  const rest = { limit: 2, startingAfter: third?.caseId ?? '' };
  expect(await listOpenCases(books.pool, null, rest)).toEqual({
    items: [second, first],
    hasMore: false,
  });
});

test('a case that is over is not listed', async () => {
  const merchant = await books.merchant();
  const payment = await books.succeed(merchant);
  const told = { eventId: 'evt_1', endpoint: 'we_1' };
  const page = { limit: 10, startingAfter: null };
  await books.apply(keyOf(payment), { type: 'notice_exhausted', ...told });
  expect((await listOpenCases(books.pool, merchant.number, page)).items).toHaveLength(1);
  await books.apply(keyOf(payment), { type: 'notice_delivered', ...told });
  expect((await listOpenCases(books.pool, merchant.number, page)).items).toEqual([]);
});
