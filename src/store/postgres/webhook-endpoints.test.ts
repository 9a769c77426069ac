import { afterEach, describe, expect, test } from 'vitest';
import { keyOf, openBooks } from '../../../test/support/books.ts';
import { eventOf } from '../../../test/support/notice-shop.ts';
import type { Aggregate } from '../../core/aggregate.ts';
import type { Merchant } from './merchants.ts';
import {
  deleteEndpoint,
  disableEndpoint,
  enableEndpoint,
  getEndpoint,
  listEndpoints,
  recover,
  resendEvent,
  rotateSecret,
  SECRET_OVERLAP_MS,
} from './webhook-endpoints.ts';

const books = await openBooks();
const { pool, store, clock } = books;

afterEach(async () => {
  await pool.query('DELETE FROM notice');
});

/** A merchant with one endpoint. */
async function openShop() {
  const merchant = await books.merchant();
  const endpoint = await books.endpoint(merchant, 'https://shop.example/hook');
  return { merchant, endpoint, key: { merchantNumber: merchant.number, endpointId: endpoint.id } };
}

const claimAll = async () => await store.claimNotices(1_000, clock.ms, 30_000);

/** Claims what is due and answers it all with one status. */
async function answerAll(responseStatus: number, retryAtMs: number | null): Promise<void> {
  const result = { atMs: clock.ms, durationMs: 1, responseStatus, error: null, retryAtMs };
  await store.finishNotices((await claimAll()).map((notice) => ({ ...result, notice })));
}

/** Which secrets a notice that is claimed at this time is signed with. */
const secretsAt = async (nowMs: number) =>
  (await store.claimNotices(9, nowMs, 0))[0]?.endpoint?.secrets;

describe('webhook endpoints', () => {
  test('are their merchant’s alone', async () => {
    const [one, other] = [await openShop(), await openShop()];
    const second = await books.endpoint(one.merchant, 'https://shop.example/second');
    expect(await listEndpoints(pool, one.merchant.number)).toEqual([one.endpoint, second]);
    expect(one.endpoint).toMatchObject({
      url: 'https://shop.example/hook',
      disabledAtMs: null,
      createdAtMs: clock.ms,
    });
    expect(one.endpoint.secret).toMatch(/^whsec_[A-Za-z0-9+/]{32}$/u);
    expect(await getEndpoint(pool, one.key)).toEqual(one.endpoint);
    const foreign = { ...one.key, merchantNumber: other.merchant.number };
    const change = { nowMs: clock.ms, random: new Uint8Array(24) };
    expect(await getEndpoint(pool, foreign)).toBeNull();
    expect(await deleteEndpoint(pool, foreign)).toBe(false);
    expect(await enableEndpoint(pool, foreign)).toBeNull();
    expect(await rotateSecret(pool, foreign, change)).toBeNull();
    expect(
      await recover(pool, foreign, { sinceMs: 0, untilMs: null, nowMs: clock.ms, isDryRun: true }),
    ).toBeNull();
    await disableEndpoint(pool, foreign, clock.ms);
    expect(await getEndpoint(pool, one.key)).toEqual(one.endpoint);
  });

  test('take what waits for them along when they are removed, and nothing else', async () => {
    const { merchant, key } = await openShop();
    const second = await books.endpoint(merchant, 'https://shop.example/second');
    await books.succeed(merchant);
    expect(await deleteEndpoint(pool, key)).toBe(true);
    expect((await claimAll()).map((one) => one.endpoint?.id)).toEqual([second.id]);
    expect(await deleteEndpoint(pool, key)).toBe(false);
  });

  test('sign with both secrets for a day after a rotation', async () => {
    const { merchant, endpoint, key } = await openShop();
    const rotated = await rotateSecret(pool, key, {
      nowMs: clock.ms,
      random: new Uint8Array(24).fill(9),
    });
    expect(rotated?.secret).not.toBe(endpoint.secret);
    await books.succeed(merchant);
    expect(await secretsAt(clock.ms)).toEqual([rotated?.secret, endpoint.secret]);
    expect(await secretsAt(clock.ms + SECRET_OVERLAP_MS - 1)).toEqual([
      rotated?.secret,
      endpoint.secret,
    ]);
    expect(await secretsAt(clock.ms + SECRET_OVERLAP_MS)).toEqual([rotated?.secret]);
  });

  test('that are disabled get no new notices until they are enabled', async () => {
    const { merchant, key } = await openShop();
    await disableEndpoint(pool, key, clock.ms);
    await disableEndpoint(pool, key, clock.ms + 5);
    expect((await getEndpoint(pool, key))?.disabledAtMs).toBe(clock.ms);
    await books.succeed(merchant);
    expect(await claimAll()).toEqual([]);
    expect((await enableEndpoint(pool, key))?.disabledAtMs).toBeNull();
    await books.succeed(merchant);
    expect(await claimAll()).toHaveLength(1);
  });
});

/** Four payments, a minute apart; the endpoint took the notice of the first one only. */
async function outage(merchant: Merchant): Promise<{ startMs: number; payments: Aggregate[] }> {
  const startMs = clock.ms;
  const payments: Aggregate[] = [];
  for (let at = 0; at < 4; at++) {
    clock.ms = startMs + at * 60_000;
    payments.push(await books.succeed(merchant));
    await answerAll(at === 0 ? 200 : 500, null);
  }
  return { startMs, payments };
}

describe('recovering', () => {
  test('sends what was not taken in the window, and counts it first when asked to', async () => {
    const { merchant, key } = await openShop();
    const { startMs, payments } = await outage(merchant);
    const [, second, third] = payments;
    const window = { sinceMs: startMs, untilMs: startMs + 180_000, nowMs: clock.ms };
    expect(await recover(pool, key, { ...window, isDryRun: true })).toEqual({ count: 2 });
    expect(await claimAll()).toEqual([]);
    expect(await recover(pool, key, { ...window, isDryRun: false })).toEqual({ count: 2 });
    const sent = await claimAll();
    expect(new Set(sent.map((one) => one.paymentId))).toEqual(
      new Set([second?.payment.id, third?.payment.id]),
    );
    expect(sent.every((one) => one.tries === 0 && one.endpoint?.id === key.endpointId)).toBe(true);
  });

  test('reaches to this moment when no end is named', async () => {
    const { merchant, key } = await openShop();
    const { startMs } = await outage(merchant);
    const window = { sinceMs: startMs + 60_000, untilMs: null, nowMs: clock.ms };
    expect(await recover(pool, key, { ...window, isDryRun: false })).toEqual({ count: 3 });
    expect(await recover(pool, key, { ...window, sinceMs: clock.ms + 1, isDryRun: false })).toEqual(
      { count: 0 },
    );
  });

  test('twice sends nothing twice, and leaves alone what is just being sent', async () => {
    const { merchant, key } = await openShop();
    const { startMs } = await outage(merchant);
    const window = { sinceMs: startMs, untilMs: null, nowMs: clock.ms, isDryRun: false };
    await recover(pool, key, window);
    await recover(pool, key, window);
    expect(await claimAll()).toHaveLength(3);
    await recover(pool, key, window);
    expect(await claimAll()).toEqual([]);
    clock.ms += 30_000;
    await answerAll(200, null);
    expect(await recover(pool, key, { ...window, nowMs: clock.ms })).toEqual({ count: 0 });
  });

  test('brings forward what would have waited for hours, without forgetting its tries', async () => {
    const { merchant, key } = await openShop();
    await books.succeed(merchant);
    await answerAll(500, clock.ms + 6 * 3_600_000);
    const window = { sinceMs: clock.ms, untilMs: null, nowMs: clock.ms + 10, isDryRun: false };
    expect(await recover(pool, key, window)).toEqual({ count: 1 });
    clock.ms += 10;
    expect(await claimAll()).toMatchObject([{ tries: 1 }]);
  });

  test('never takes up what belongs to another merchant, or to a payment’s own address', async () => {
    const [one, other] = [await openShop(), await openShop()];
    const startMs = clock.ms;
    await books.succeed(other.merchant);
    await books.succeed(one.merchant, { noticeUrl: 'https://shop.example/own' });
    await answerAll(500, null);
    const window = { sinceMs: startMs, untilMs: null, nowMs: clock.ms, isDryRun: false };
    expect(await recover(pool, one.key, window)).toEqual({ count: 0 });
  });

  test('is not for an endpoint that is disabled', async () => {
    const { key } = await openShop();
    await disableEndpoint(pool, key, clock.ms);
    const window = { sinceMs: 0, untilMs: null, nowMs: clock.ms, isDryRun: false };
    expect(await recover(pool, key, window)).toBeNull();
  });

  test('takes up thousands', async () => {
    const { merchant, key } = await openShop();
    const payment = await books.succeed(merchant);
    const { eventId } = await eventOf(books, payment);
    await pool.query(
      `INSERT INTO event (merchant_number, id, payment_id, type, version, at_ms, snapshot)
       SELECT e.merchant_number, (left(e.id::text, 24) || lpad(to_hex(n), 12, '0'))::uuid, e.payment_id,
         e.type, e.version, e.at_ms, e.snapshot
       FROM event e, generate_series(1, 2500) n WHERE e.merchant_number = $1`,
      [merchant.number],
    );
    await answerAll(500, null);
    const window = { sinceMs: clock.ms, untilMs: null, nowMs: clock.ms };
    expect(eventId).not.toBe('');
    expect(await recover(pool, key, { ...window, isDryRun: true })).toEqual({ count: 2_501 });
    expect(await recover(pool, key, { ...window, isDryRun: false })).toEqual({ count: 2_501 });
    const { rows } = await pool.query('SELECT count(*) AS waiting FROM notice');
    expect(rows).toEqual([{ waiting: 2_501 }]);
  });
});

/** Sends the newest success of a payment again. */
const resend = async (payment: Aggregate, endpointId: string | null = null) => {
  const { eventId } = await eventOf(books, payment);
  const { merchantNumber } = keyOf(payment);
  return await resendEvent(pool, { merchantNumber, eventId, endpointId, nowMs: clock.ms });
};

describe('resending one event', () => {
  test('goes to all endpoints that are not disabled, or to the one that is named', async () => {
    const { merchant, key } = await openShop();
    const second = await books.endpoint(merchant, 'https://shop.example/second');
    const third = await books.endpoint(merchant, 'https://shop.example/third');
    await disableEndpoint(pool, { ...key, endpointId: third.id }, clock.ms);
    const payment = await books.succeed(merchant);
    await answerAll(200, null);
    expect(await resend(payment)).toEqual({ count: 2 });
    expect(new Set((await claimAll()).map((one) => one.endpoint?.id))).toEqual(
      new Set([key.endpointId, second.id]),
    );
    clock.ms += 30_000;
    await answerAll(200, null);
    expect(await resend(payment, second.id)).toEqual({ count: 1 });
    expect((await claimAll()).map((one) => one.endpoint?.id)).toEqual([second.id]);
    expect(await resend(payment, third.id)).toEqual({ count: 0 });
  });

  test('goes to the payment’s own address where it has one', async () => {
    const { merchant, key } = await openShop();
    const payment = await books.succeed(merchant, { noticeUrl: 'https://shop.example/own' });
    await answerAll(200, null);
    expect(await resend(payment)).toEqual({ count: 1 });
    expect((await claimAll()).map((one) => one.endpoint)).toEqual([null]);
    expect(await resend(payment, key.endpointId)).toEqual({ count: 1 });
  });

  test('is sent although it was asked for while the last try was still ending', async () => {
    const { merchant } = await openShop();
    const payment = await books.succeed(merchant);
    const ending = await claimAll();
    expect(await resend(payment)).toEqual({ count: 1 });
    const gone = { atMs: clock.ms, durationMs: 1, responseStatus: 410, error: null };
    await store.finishNotices(ending.map((notice) => ({ ...gone, notice, retryAtMs: null })));
    clock.ms += 30_000;
    expect(await claimAll()).toHaveLength(1);
  });

  test('finds no event of another merchant, and no endpoint either', async () => {
    const [one, other] = [await openShop(), await openShop()];
    const payment = await books.succeed(one.merchant);
    await answerAll(200, null);
    const { eventId } = await eventOf(books, payment);
    const wanted = {
      merchantNumber: other.merchant.number,
      eventId,
      endpointId: null,
      nowMs: clock.ms,
    };
    expect(await resendEvent(pool, wanted)).toBeNull();
    expect(await resend(payment, other.key.endpointId)).toEqual({ count: 0 });
  });
});
