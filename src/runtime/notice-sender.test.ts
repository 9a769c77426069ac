import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { keyOf, openBooks } from '../../test/support/books.ts';
import { silence, startReceiver, status } from '../../test/support/notice-receiver.ts';
import {
  deliveryOf,
  eventOf,
  LEASE_MS,
  openSender,
  openShop,
  undelivered,
  verified,
} from '../../test/support/notice-shop.ts';
import { paid } from '../../test/support/scripted-payment.ts';
import { NOTICE_PAUSES_MS } from '../core/exceptions/undelivered-notice.ts';
import { SECRET_OVERLAP_MS } from '../store/postgres/webhook-endpoints.ts';
import {
  deleteEndpoint,
  enableEndpoint,
  getEndpoint,
  recover,
  resendEvent,
  rotateSecret,
} from '../store/postgres/webhook-endpoints.ts';
import { paymentObject } from './payment-object.ts';

const books = await openBooks();

// Nothing of one test is due in the next.
afterEach(async () => {
  await books.pool.query('DELETE FROM notice');
});

const inJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('a notice', () => {
  test('tells the payment as it stood at the event, however late it is sent', async () => {
    const { merchant, receiver, secret } = await openShop(books);
    const succeeded = await books.succeed(merchant, { metadata: { basket: '12' } });
    const later = await books.learn(succeeded, paid({}, { transactionNo: 'T2' }));
    await using sender = openSender(books);
    expect(await sender.sendDue()).toBe(2);
    const told = receiver.received.find((one) => one.body.includes('payment.succeeded'));
    const { eventId, atMs } = await eventOf(books, later);
    expect(verified(secret, told)).toEqual({
      id: eventId,
      type: 'payment.succeeded',
      timestamp: new Date(atMs).toISOString(),
      data: { object: inJson(paymentObject(succeeded, () => null)) },
    });
    expect(told?.headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': eventId,
    });
    expect(told?.path).toBe('/hook');
  });

  test('of an exception carries the case beside the payment', async () => {
    const { merchant, receiver, secret } = await openShop(books);
    const payment = await books.learn(
      await books.succeed(merchant),
      paid({}, { transactionNo: 'T2' }),
    );
    const [duplicate] = payment.cases;
    await using sender = openSender(books);
    await sender.sendDue();
    const told = receiver.received.find((one) => one.body.includes('exception.opened'));
    expect(verified(secret, told)).toMatchObject({
      type: 'exception.opened',
      data: { exception: { id: duplicate?.id, kind: 'duplicate_payment', status: 'open' } },
    });
  });

  test('goes to every endpoint of its merchant and to none of another', async () => {
    const [one, other] = [await openShop(books), await openShop(books)];
    const second = await startReceiver();
    await books.endpoint(one.merchant, second.url);
    await books.succeed(one.merchant);
    await using sender = openSender(books);
    expect(await sender.sendDue()).toBe(2);
    expect([one, other].map(({ receiver }) => receiver.received.length)).toEqual([1, 0]);
    expect(second.received).toHaveLength(1);
    expect(second.received[0]?.headers['webhook-id']).toBe(
      one.receiver.received[0]?.headers['webhook-id'],
    );
  });

  test("goes only to the payment's own address where it has one, signed with the merchant's secret", async () => {
    const { merchant, receiver } = await openShop(books);
    const own = await startReceiver();
    const payment = await books.succeed(merchant, { noticeUrl: `${own.url}/n?order=7` });
    await using sender = openSender(books);
    expect(await sender.sendDue()).toBe(1);
    expect(receiver.received).toEqual([]);
    expect(own.received[0]?.path).toBe('/n?order=7');
    expect(verified(merchant.noticeSecret, own.received[0])).toMatchObject({
      type: 'payment.succeeded',
    });
    expect(await deliveryOf(books, payment)).toMatchObject({
      endpointId: null,
      nextTryAtMs: null,
      tries: [{ responseStatus: 204, error: null }],
    });
  });

  test('is signed with the old secret too while it is being replaced', async () => {
    const { merchant, receiver, endpointId, secret } = await openShop(books);
    const key = { merchantNumber: merchant.number, endpointId };
    const change = { nowMs: books.clock.ms, random: new Uint8Array(24).fill(7) };
    const rotated = await rotateSecret(books.pool, key, change);
    await using sender = openSender(books);
    await books.succeed(merchant);
    await sender.sendDue();
    expect(verified(secret, receiver.received[0])).toEqual(
      verified(rotated?.secret ?? '', receiver.received[0]),
    );
    books.clock.ms += SECRET_OVERLAP_MS;
    await books.succeed(merchant);
    await sender.sendDue();
    expect(receiver.received[1]?.headers['webhook-signature']).toMatch(/^v1,\S+$/u);
    books.clock.ms -= SECRET_OVERLAP_MS;
  });

  test('is sent once when it is taken', async () => {
    const { merchant, receiver } = await openShop(books);
    await books.succeed(merchant);
    await using sender = openSender(books);
    await sender.sendDue();
    books.clock.ms += 48 * 3_600_000;
    expect(await sender.sendDue()).toBe(0);
    expect(receiver.received).toHaveLength(1);
  });
});

describe('a merchant that does not take a notice', () => {
  test('is asked again on the ladder, and then a case stays open until a replay is taken', async () => {
    const { merchant, receiver, endpointId } = await openShop(books, status(500));
    const payment = await books.succeed(merchant);
    const { eventId } = await eventOf(books, payment);
    const { merchantNumber } = keyOf(payment);
    await using sender = openSender(books);
    for (const pauseMs of NOTICE_PAUSES_MS) {
      expect(await sender.sendDue()).toBe(1);
      const { nextTryAtMs } = await deliveryOf(books, payment);
      const pausedMs = (nextTryAtMs ?? 0) - books.clock.ms;
      expect(Math.abs(pausedMs / pauseMs - 1)).toBeLessThanOrEqual(0.1001);
      books.clock.ms += pausedMs - 1;
      expect(await sender.sendDue()).toBe(0);
      books.clock.ms += 1;
    }
    expect(undelivered(await books.reload(payment))).toEqual([]);
    expect(await sender.sendDue()).toBe(1);
    expect(undelivered(await books.reload(payment))).toEqual([`${eventId}:${endpointId}`]);
    const given = await deliveryOf(books, payment);
    expect(given.nextTryAtMs).toBeNull();
    expect(given.tries).toHaveLength(NOTICE_PAUSES_MS.length + 1);
    expect(new Set(receiver.received.map((one) => one.body)).size).toBe(1);

    receiver.reply = status(200);
    const resend = { merchantNumber, eventId, endpointId: null, nowMs: books.clock.ms };
    expect(await resendEvent(books.pool, resend)).toEqual({ count: 1 });
    expect(await sender.sendDue()).toBe(1);
    expect(undelivered(await books.reload(payment))).toEqual([]);
  });

  test('may ask for more patience by Retry-After', async () => {
    const { merchant } = await openShop(books, status(503, { 'retry-after': '7200' }));
    const payment = await books.succeed(merchant);
    await using sender = openSender(books);
    await sender.sendDue();
    expect((await deliveryOf(books, payment)).nextTryAtMs).toBe(books.clock.ms + 7_200_000);
  });

  test('because its endpoint is gone (410) is told nothing more, and hears all of it once it is back', async () => {
    const { merchant, receiver, endpointId } = await openShop(books, status(410));
    const key = { merchantNumber: merchant.number, endpointId };
    const payment = await books.succeed(merchant);
    await using sender = openSender(books);
    await sender.sendDue();
    expect((await getEndpoint(books.pool, key))?.disabledAtMs).toBe(books.clock.ms);
    expect(undelivered(await books.reload(payment))).toHaveLength(1);
    const second = await books.succeed(merchant);
    expect(await sender.sendDue()).toBe(0);

    receiver.reply = status(200);
    await enableEndpoint(books.pool, key);
    const wanted = { sinceMs: books.clock.ms - 1_000, untilMs: null, nowMs: books.clock.ms };
    expect(await recover(books.pool, key, { ...wanted, isDryRun: false })).toEqual({ count: 2 });
    expect(await sender.sendDue()).toBe(2);
    expect(undelivered(await books.reload(payment))).toEqual([]);
    expect((await deliveryOf(books, second)).tries).toMatchObject([{ responseStatus: 200 }]);
  });

  test("by 410 at a payment's own address is not asked again either", async () => {
    const merchant = await books.merchant();
    const { url: noticeUrl } = await startReceiver(status(410));
    const payment = await books.succeed(merchant, { noticeUrl });
    await using sender = openSender(books);
    await sender.sendDue();
    const { eventId } = await eventOf(books, payment);
    expect(undelivered(await books.reload(payment))).toEqual([`${eventId}:notice_url`]);
    expect((await deliveryOf(books, payment)).nextTryAtMs).toBeNull();
  });

  test.each([301, 302, 303, 307, 308])('by a redirect (%i) is not followed', async (code) => {
    const inside = await startReceiver();
    const { merchant, receiver } = await openShop(books, status(code, { location: inside.url }));
    const payment = await books.succeed(merchant);
    await using sender = openSender(books);
    await sender.sendDue();
    expect([receiver.received.length, inside.received.length]).toEqual([1, 0]);
    expect((await deliveryOf(books, payment)).tries).toMatchObject([{ responseStatus: code }]);
  });

  test('and removed its endpoint is sent nothing that was still waiting', async () => {
    const { merchant, receiver, endpointId } = await openShop(books);
    await books.succeed(merchant);
    await deleteEndpoint(books.pool, { merchantNumber: merchant.number, endpointId });
    await using sender = openSender(books);
    expect(await sender.sendDue()).toBe(0);
    expect(receiver.received).toEqual([]);
  });

  test('and removed its endpoint in the very moment leaves a case, and no further tries', async () => {
    const { merchant, receiver, endpointId } = await openShop(books);
    const payment = await books.succeed(merchant);
    await books.pool.query('DELETE FROM webhook_endpoint WHERE merchant_number = $1', [
      merchant.number,
    ]);
    await using sender = openSender(books);
    await sender.sendDue();
    expect(receiver.received).toEqual([]);
    const { eventId } = await eventOf(books, payment);
    expect(undelivered(await books.reload(payment))).toEqual([`${eventId}:${endpointId}`]);
    expect((await deliveryOf(books, payment)).nextTryAtMs).toBeNull();
  });
});

describe('an address that is not public', () => {
  test('is never connected to in live mode', async () => {
    const { merchant, receiver } = await openShop(books);
    const payment = await books.succeed(merchant);
    await using sender = openSender(books, { mode: 'live' });
    await sender.sendDue();
    expect(receiver.received).toEqual([]);
    const { tries, nextTryAtMs } = await deliveryOf(books, payment);
    expect(tries).toMatchObject([
      { responseStatus: 0, error: 'The URL must start with https://.' },
    ]);
    expect(nextTryAtMs).toBeGreaterThan(books.clock.ms);
  });
});

describe('one endpoint among others', () => {
  test('that is dead holds up nobody, and no try is counted for what found no place', async () => {
    const dead = await openShop(books, silence);
    const waiting = [];
    for (let count = 0; count < 40; count++) waiting.push(await books.succeed(dead.merchant));
    const healthy = await openShop(books);
    const told = [];
    for (let count = 0; count < 100; count++) told.push(await books.succeed(healthy.merchant));
    await using sender = openSender(books, { deadlineMs: 6_000 });
    const startedAtMs = performance.now();
    for (let round = 0; round < 3; round++) await sender.sendDue();
    expect(performance.now() - startedAtMs).toBeLessThan(2_500);
    expect(healthy.receiver.received).toHaveLength(100);
    const healthyTries = await Promise.all(told.map(async (one) => await deliveryOf(books, one)));
    expect(healthyTries.every((one) => one.tries.length === 1)).toBe(true);
    expect([dead.receiver.received.length, dead.receiver.openMax()]).toEqual([16, 16]);
    const deadTries = await Promise.all(waiting.map(async (one) => await deliveryOf(books, one)));
    expect(deadTries.every((one) => one.tries.length === 0)).toBe(true);
    expect(deadTries.every((one) => one.nextTryAtMs !== null)).toBe(true);
    // A notice that comes now is not held up for a moment.
    await books.succeed(healthy.merchant);
    const againAtMs = performance.now();
    await sender.sendDue();
    expect(performance.now() - againAtMs).toBeLessThan(500);
    expect(healthy.receiver.received).toHaveLength(101);
    await dead.receiver.close();
  });

  test('that did not answer lately is sent its notice, and not waited for', async () => {
    const dead = await openShop(books, silence);
    const healthy = await openShop(books);
    await books.succeed(dead.merchant);
    await using sender = openSender(books, { deadlineMs: 4_000 });
    await sender.sendDue();
    await books.succeed(dead.merchant);
    await books.succeed(healthy.merchant);
    const startedAtMs = performance.now();
    expect(await sender.sendDue()).toBe(2);
    expect(performance.now() - startedAtMs).toBeLessThan(500);
    expect(healthy.receiver.received).toHaveLength(1);
    await dead.receiver.close();
  });

  test('that is slow does not delay the recording of the others', async () => {
    const slow = await openShop(books, (response) => setTimeout(() => response.end(), 800));
    const quick = await openShop(books);
    await books.succeed(slow.merchant);
    const payment = await books.succeed(quick.merchant);
    await using sender = openSender(books);
    const sending = sender.sendDue();
    while (quick.receiver.received.length === 0) await sleep(5);
    await sleep(150);
    expect((await deliveryOf(books, payment)).nextTryAtMs).toBeNull();
    expect(await sending).toBe(2);
  });

  test('is given sixteen notices at a time at first, more while it is quick, and all in the end', async () => {
    const { merchant, receiver } = await openShop(books, (response) =>
      setTimeout(() => response.end(), 20),
    );
    for (let count = 0; count < 70; count++) await books.succeed(merchant);
    await using sender = openSender(books);
    expect(await sender.sendDue()).toBe(70);
    expect(receiver.received).toHaveLength(70);
    expect(receiver.openMax()).toBeGreaterThan(16);
    expect(receiver.openMax()).toBeLessThanOrEqual(64);
  });
});

describe('when something breaks on our side', () => {
  test('the notice comes again, the same one, when its lease is over', async () => {
    const { merchant, receiver } = await openShop(books);
    await books.succeed(merchant);
    const died = openSender(books, {
      killPoint: (point) => {
        if (point === 'notice.after_call') throw new Error('killed');
      },
    });
    await expect(died.sendDue()).rejects.toThrow('killed');
    await died.stop();
    await using sender = openSender(books);
    expect(await sender.sendDue()).toBe(0);
    books.clock.ms += LEASE_MS;
    expect(await sender.sendDue()).toBe(1);
    const [first, second] = receiver.received;
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(second?.body).toBe(first?.body);
  });

  test('a result that cannot be recorded is said, and the notice comes again', async () => {
    const { merchant, receiver } = await openShop(books);
    await books.succeed(merchant);
    const store = {
      ...books.store,
      finishNotices: async () => await Promise.reject(new Error('no disk')),
    };
    const broken = openSender(books, { store });
    await expect(broken.sendDue()).rejects.toThrow('no disk');
    await broken.stop();
    books.clock.ms += LEASE_MS;
    await using sender = openSender(books);
    expect(await sender.sendDue()).toBe(1);
    expect(receiver.received).toHaveLength(2);
  });

  test('a sender that lost its lease changes nothing of what the next one planned', async () => {
    const answers: (() => void)[] = [];
    const { merchant, receiver } = await openShop(books, (response) => {
      answers.push(() => response.writeHead(200).end());
    });
    const payment = await books.succeed(merchant);
    await using late = openSender(books, { deadlineMs: 10_000 });
    expect(await late.sendDue()).toBe(1);
    books.clock.ms += LEASE_MS;
    receiver.reply = status(500);
    await using next = openSender(books);
    expect(await next.sendDue()).toBe(1);
    const planned = await deliveryOf(books, payment);
    for (const answer of answers) answer();
    await late.stop();
    const after = await deliveryOf(books, payment);
    expect(after.nextTryAtMs).toBe(planned.nextTryAtMs);
    expect(new Set(after.tries.map((one) => one.responseStatus))).toEqual(new Set([200, 500]));
  });
});
