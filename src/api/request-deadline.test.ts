import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshDatabase } from '../../test/support/database.ts';
import type { ApiRig } from './api-rig.ts';
import { openApi } from './api-rig.ts';

let rig: ApiRig;

beforeAll(async () => {
  rig = await openApi(await freshDatabase(), { requestDeadlineMs: 300 });
});
afterAll(async () => {
  await rig.close();
});

test('a merchant whose payment the database holds up is told in time that nobody knows, and asks again', async () => {
  const asked = {
    merchant_order_no: 'HELD-UP',
    amount: 500,
    currency: 'CNY',
    subject: 'Tea',
    channel: 'wallet',
    product: 'qr',
  };
  const holder = await rig.pool.connect();
  try {
    await holder.query('BEGIN');
    await holder.query('LOCK TABLE payment IN EXCLUSIVE MODE');
    const startedAtMs = performance.now();
    const answer = await rig.shop.call('POST', '/v1/payments', asked);
    expect(answer).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      body: { code: 'unavailable', retryable: true },
    });
    expect(performance.now() - startedAtMs).toBeLessThan(4_000);
  } finally {
    holder.release(true);
  }
  await rig.door.drain();
  // What was under way went on: the same number finds it.
  const again = await rig.shop.call('POST', '/v1/payments', asked);
  expect(again).toMatchObject({ status: 200, body: { status: 'processing' } });
  expect(rig.undocumented).toEqual([]);
});
