import { expect, test } from 'vitest';
import { openBooks } from '../../../test/support/books.ts';
import { startReceiver } from '../../../test/support/notice-receiver.ts';
import { putBackNotices } from './notice-put-back.ts';

const books = await openBooks();
const LEASE_MS = 30_000;

const claim = async () => await books.store.claimNotices(10, books.clock.ms, LEASE_MS);

test('a notice that is put back is due again then, and no try of it is counted', async () => {
  const merchant = await books.merchant();
  const own = await startReceiver();
  await books.endpoint(merchant, 'https://shop.example/hook');
  await books.succeed(merchant);
  await books.succeed(merchant, { noticeUrl: own.url });
  const claimed = await claim();
  expect(claimed).toHaveLength(2);
  const dueAtMs = books.clock.ms + 1_000;
  await putBackNotices(
    books.pool,
    claimed.map((notice) => ({ notice, dueAtMs })),
  );
  expect(await claim()).toEqual([]);
  books.clock.ms = dueAtMs;
  expect((await claim()).map((one) => one.tries)).toEqual([0, 0]);
});

test('a notice that somebody else has claimed by now stays with them', async () => {
  books.clock.ms += 24 * 3_600_000;
  const [mine] = await claim();
  if (!mine) throw new Error('nothing is due');
  books.clock.ms += LEASE_MS;
  const theirs = await claim();
  await putBackNotices(books.pool, [{ notice: mine, dueAtMs: books.clock.ms }]);
  expect(theirs.some((one) => one.eventId === mine.eventId)).toBe(true);
  expect(await claim()).toEqual([]);
});
