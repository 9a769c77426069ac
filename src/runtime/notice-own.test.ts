import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { openBooks } from '../../test/support/books.ts';
import { silence, startReceiver, status } from '../../test/support/notice-receiver.ts';
import {
  deliveryOf,
  eventOf,
  LEASE_MS,
  openSender,
  openShop,
  verified,
} from '../../test/support/notice-shop.ts';
import { NOTICE_PAUSES_MS } from '../core/exceptions/undelivered-notice.ts';
import { rotateSecret } from '../store/postgres/webhook-endpoints.ts';
import { paymentObject } from './payment-object.ts';

const books = await openBooks();

// Nothing of one test is due in the next.
afterEach(async () => {
  await books.pool.query('DELETE FROM notice');
});

describe('a notice of a process that sends its own', () => {
  /** A store in which nothing is ever due: what is sent was not claimed. */
  const noClaims = { ...books.store, claimNotices: async () => [] };
  const until = async (isSo: () => Promise<boolean> | boolean): Promise<void> => {
    for (let left = 400; left > 0 && !(await isSo()); left--) await sleep(5);
    expect(await isSo()).toBe(true);
  };

  test('is sent at once, without being claimed, and is the notice that others would send', async () => {
    const { merchant, receiver, secret } = await openShop(books);
    await using sender = openSender(books, { store: noClaims });
    sender.sendOwn();
    const payment = await books.succeed(merchant, { metadata: { basket: '12' } });
    await until(() => receiver.received.length === 1);
    expect(verified(secret, receiver.received[0])).toEqual({
      id: (await eventOf(books, payment)).eventId,
      type: 'payment.succeeded',
      timestamp: new Date(books.clock.ms).toISOString(),
      data: { object: JSON.parse(JSON.stringify(paymentObject(payment, () => null))) },
    });
    await until(async () => (await deliveryOf(books, payment)).nextTryAtMs === null);
    expect((await deliveryOf(books, payment)).tries).toMatchObject([{ responseStatus: 204 }]);
  });

  test("goes to every endpoint, with both secrets of a rotation, or to the payment's own address", async () => {
    const { merchant, receiver, endpointId, secret } = await openShop(books);
    const [second, own] = [await startReceiver(), await startReceiver()];
    await books.endpoint(merchant, second.url);
    const key = { merchantNumber: merchant.number, endpointId };
    const change = { nowMs: books.clock.ms, random: new Uint8Array(24).fill(7) };
    const rotated = await rotateSecret(books.pool, key, change);
    await using sender = openSender(books, { store: noClaims });
    sender.sendOwn();
    await books.succeed(merchant);
    await books.succeed(merchant, { noticeUrl: own.url });
    await until(() =>
      [receiver, second, own].every(
        ({ received }: { received: unknown[] }) => received.length === 1,
      ),
    );
    expect(verified(secret, receiver.received[0])).toEqual(
      verified(rotated?.secret ?? '', receiver.received[0]),
    );
    expect(verified(merchant.noticeSecret, own.received[0])).toMatchObject({
      type: 'payment.succeeded',
    });
  });

  test('is tried again on the ladder when it is not taken', async () => {
    const { merchant } = await openShop(books, status(500));
    await using sender = openSender(books, { store: noClaims });
    sender.sendOwn();
    const payment = await books.succeed(merchant);
    await until(async () => (await deliveryOf(books, payment)).tries.length === 1);
    const pausedMs = ((await deliveryOf(books, payment)).nextTryAtMs ?? 0) - books.clock.ms;
    expect(Math.abs(pausedMs / (NOTICE_PAUSES_MS[0] ?? 0) - 1)).toBeLessThanOrEqual(0.1001);
  });

  test('that died with it is sent by another when its lease is over, and not before', async () => {
    const { merchant, receiver } = await openShop(books);
    const died = openSender(books, {
      killPoint: (point) => {
        if (point === 'notice.after_birth') throw new Error('killed');
      },
    });
    died.sendOwn();
    await books.succeed(merchant);
    await expect(died.stop()).rejects.toThrow('killed');
    await using sender = openSender(books);
    books.clock.ms += LEASE_MS - 1;
    expect(await sender.sendDue()).toBe(0);
    books.clock.ms += 1;
    expect(await sender.sendDue()).toBe(1);
    expect(receiver.received).toHaveLength(1);
  });

  test('is left to any worker at once when the process holds too many already', async () => {
    const dead = await openShop(books, silence);
    const healthy = await openShop(books);
    await using full = openSender(books, { deadlineMs: 3_000 });
    full.sendOwn();
    await Promise.all(Array.from({ length: 320 }, async () => await books.succeed(dead.merchant)));
    await books.succeed(healthy.merchant);
    await using other = openSender(books);
    await other.sendDue();
    expect(healthy.receiver.received).toHaveLength(1);
    await dead.receiver.close();
  });
});
