import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../test/support/database.ts';
import { claimIdempotencyKey, fingerprintOf } from '../store/postgres/idempotency.ts';
import type { Answer, ApiRig } from './api-rig.ts';
import { openApi } from './api-rig.ts';
import { CLOSED, PAYABLE, paid, UNKNOWN, WAITING } from './scripted-channels.ts';

let rig: ApiRig;
beforeAll(async () => {
  rig = await openApi(await freshDatabase());
});
beforeEach(() => {
  Object.assign(rig.script, { pay: PAYABLE, query: WAITING, close: CLOSED });
});
afterEach(() => expect(rig.undocumented).toEqual([]));
afterAll(async () => await rig.close());

let count = 0;
const newKey = (): string => `key-${++count}`;
const order = (fields: Record<string, unknown> = {}): Record<string, unknown> => ({
  merchant_order_no: `SO-${++count}`,
  amount: 1999,
  currency: 'CNY',
  subject: 'Tea',
  ...fields,
});
const post = async (key: string, body: unknown, url = '/v1/payments'): Promise<Answer> =>
  await rig.shop.call('POST', url, body, { 'idempotency-key': key });
const endpoints = async (): Promise<unknown> =>
  (await rig.shop.call('GET', '/v1/webhook_endpoints')).body['data'];

describe('a request that is repeated with its key', () => {
  test('is answered with the same words, and says so', async () => {
    const key = newKey();
    const body = order({ channel: 'wallet' });
    const first = await post(key, body);
    const again = await post(key, body);
    expect(first.headers['tieout-replayed']).toBeUndefined();
    expect(again.headers['tieout-replayed']).toBe('true');
    expect([again.status, again.body]).toEqual([201, first.body]);
    expect(again.headers['tieout-request-id']).not.toBe(first.headers['tieout-request-id']);
  });

  test('does its work once, also where no other number protects it', async () => {
    const key = newKey();
    const body = { url: 'https://shop.example/hook' };
    const first = await post(key, body, '/v1/webhook_endpoints');
    const again = await post(key, body, '/v1/webhook_endpoints');
    expect(again.body).toEqual(first.body);
    expect(await endpoints()).toHaveLength(1);
  });

  test('is refused while the first one is under way', async () => {
    const key = newKey();
    const body = order();
    const { merchantNumber } = rig.shop;
    const fingerprint = fingerprintOf('POST', '/v1/payments', Buffer.from(JSON.stringify(body)));
    await claimIdempotencyKey(rig.pool, {
      merchantNumber,
      key,
      fingerprint,
      nowMs: rig.clock.nowMs(),
    });
    const { status, body: problem, headers } = await post(key, body);
    expect(status).toBe(409);
    expect(problem).toMatchObject({ code: 'idempotency_in_flight', retryable: true });
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  });

  test('sixteen times at once does its work once, and everybody else is told to wait or gets the answer', async () => {
    const before = await endpoints();
    const key = newKey();
    const body = { url: 'https://shop.example/many' };
    const answers = await Promise.all(
      Array.from({ length: 16 }, async () => await post(key, body, '/v1/webhook_endpoints')),
    );
    for (const { status } of answers) expect([201, 409]).toContain(status);
    expect(await endpoints()).toHaveLength((before as unknown[]).length + 1);
  });

  test('is taken up again when the process that worked on it died', async () => {
    const key = newKey();
    const body = order();
    const { merchantNumber } = rig.shop;
    const fingerprint = fingerprintOf('POST', '/v1/payments', Buffer.from(JSON.stringify(body)));
    const nowMs = rig.clock.nowMs() - 60_001;
    await claimIdempotencyKey(rig.pool, { merchantNumber, key, fingerprint, nowMs });
    expect((await post(key, body)).status).toBe(201);
  });
});

describe('a key that was used', () => {
  test('is refused for another body, and for another path', async () => {
    const key = newKey();
    await post(key, order());
    for (const other of [
      await post(key, order()),
      await post(key, { url: 'https://shop.example' }, '/v1/webhook_endpoints'),
    ]) {
      expect(other.status).toBe(422);
      expect(other.body['code']).toBe('idempotency_key_reused');
    }
  });

  test('is free for another merchant', async () => {
    const key = newKey();
    const body = order();
    await post(key, body);
    const other = await rig.otherShop.call('POST', '/v1/payments', body, {
      'idempotency-key': key,
    });
    expect(other.status).toBe(201);
    expect(other.headers['tieout-replayed']).toBeUndefined();
  });

  test('is free again after a validation error, for the mended body', async () => {
    const key = newKey();
    const body = order();
    expect((await post(key, { ...body, amount: 19.99 })).status).toBe(422);
    expect((await post(key, body)).status).toBe(201);
  });

  test('is free again after an answer that may change by itself', async () => {
    const { body } = await rig.shop.call('POST', '/v1/payments', order({ channel: 'wallet' }));
    const url = `/v1/payments/${String(body['id'])}/channel_orders`;
    const key = newKey();
    Object.assign(rig.script, { query: UNKNOWN, close: UNKNOWN });
    expect((await post(key, { channel: 'bank' }, url)).body['code']).toBe('payment_in_progress');
    Object.assign(rig.script, { query: WAITING, close: CLOSED });
    await rig.shop.call('POST', `/v1/payments/${String(body['id'])}/sync`);
    const again = await post(key, { channel: 'bank' }, url);
    expect(again.headers['tieout-replayed']).toBeUndefined();
    expect(again.status).toBe(201);
  });

  test('keeps a refusal that was decided', async () => {
    rig.script.pay = paid(1999);
    const { body } = await rig.shop.call('POST', '/v1/payments', order({ channel: 'wallet' }));
    const url = `/v1/payments/${String(body['id'])}/close`;
    const key = newKey();
    const first = await post(key, {}, url);
    const again = await post(key, {}, url);
    expect([first.status, again.status]).toEqual([409, 409]);
    expect(again.headers['tieout-replayed']).toBe('true');
    expect(again.headers['content-type']).toBe(first.headers['content-type']);
    expect(again.body).toEqual(first.body);
  });
});

test('a request that fails on our side lets go of its key, and nothing of the failure gets out', async () => {
  const broken = await openApi(await freshDatabase(), {
    requests: {
      create: async () => await Promise.reject(new Error('SELECT secret FROM nowhere')),
      tryChannel: async () => await Promise.reject(new Error('no')),
      refund: async () => await Promise.reject(new Error('no')),
      sync: async () => await Promise.reject(new Error('no')),
      close: async () => await Promise.reject(new Error('no')),
    },
  });
  const { status, body } = await broken.shop.call('POST', '/v1/payments', order(), {
    'idempotency-key': 'k',
  });
  expect(status).toBe(500);
  expect(body).toMatchObject({ code: 'internal_error', retryable: true });
  expect(JSON.stringify(body)).not.toMatch(/SELECT|secret|\.ts/);
  const { rows } = await broken.pool.query('SELECT * FROM idempotency_key');
  expect(rows).toEqual([]);
  expect(broken.logged.join('')).toContain('SELECT secret FROM nowhere');
  await broken.close();
});
