import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TestRig } from './test-rig.ts';

let rig: TestRig;
beforeEach(async () => {
  rig = await TestRig.start();
});
afterEach(async () => {
  await rig.stop();
});

/** A GET with headers that `fetch` does not let a test choose. */
function getWith(path: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const call = request(rig.sandbox.url + path, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    call.on('error', reject);
    call.end();
  });
}

describe('the payer', () => {
  test('pays once, however often control says so', async () => {
    const order = rig.order();
    await rig.call('pay', order);
    const outNo = { out_no: order['out_no'] };
    for (const words of [outNo, outNo, { ...outNo, channel: 'sandbox' }]) {
      const answer = await rig.control('POST', '/control/pay', words);
      expect(answer).toMatchObject({ status: 200, words: { state: 'PAID' } });
    }
    const { charges } = (await rig.control('GET', '/books')).words;
    expect(charges).toHaveLength(1);
    const declined = await rig.control('POST', '/control/decline', outNo);
    expect(declined).toMatchObject({ status: 409, words: { code: 'ORDER_PAID' } });
  });

  test('is found at either channel, and not at a wrong one', async () => {
    const order = rig.order();
    await rig.call('pay', order, { channel: 'query_only' });
    const wrong = { out_no: order['out_no'], channel: 'sandbox' };
    const refused = await rig.control('POST', '/control/pay', wrong);
    expect(refused).toMatchObject({ status: 409, words: { code: 'NOT_EXIST' } });
    const right = await rig.control('POST', '/control/pay', { out_no: order['out_no'] });
    expect(right.status).toBe(200);
    const { charges } = (await rig.control('GET', '/books')).words;
    expect(charges).toMatchObject([{ channel: 'query_only' }]);
  });

  test('declines for good', async () => {
    const order = rig.order();
    await rig.call('pay', order);
    const declined = await rig.control('POST', '/control/decline', { out_no: order['out_no'] });
    expect(declined).toMatchObject({ status: 200, words: { state: 'DECLINED' } });
    const paid = await rig.control('POST', '/control/pay', { out_no: order['out_no'] });
    expect(paid).toMatchObject({ status: 409, words: { code: 'ORDER_DECLINED' } });
    const [notification] = await rig.receive(1);
    expect(notification?.words).toMatchObject({ state: 'DECLINED', code: 'PAYER_CANCELLED' });
  });
});

describe('fault rules', () => {
  test('are made, listed with their hits, and removed', async () => {
    const rule = { channel: 'sandbox', operation: 'query', effect: 'http_500', seed: 7, times: 3 };
    const made = await rig.control('POST', '/control/faults', rule);
    expect(made).toMatchObject({ status: 201, words: { ...rule, probability: 1, hits: 0 } });
    await rig.call('query', { out_no: 'A0000001' });
    const listed = await rig.control('GET', '/control/faults');
    expect(listed.words['data']).toMatchObject([{ id: made.words['id'], hits: 1 }]);
    const path = `/control/faults?id=${String(made.words['id'])}`;
    expect((await rig.control('DELETE', path)).words).toEqual({ deleted: 1 });
    expect((await rig.call('query', { out_no: 'A0000001' })).status).toBe(200);
  });

  test('that make no sense are refused by the field', async () => {
    const rule = { operation: 'query', effect: 'explode' };
    const answer = await rig.control('POST', '/control/faults', rule);
    expect(answer).toMatchObject({ status: 400, words: { field: 'effect' } });
  });
});

describe('control', () => {
  test.each([
    ['POST', '/control/pay', {}],
    ['POST', '/control/clock', { offset_ms: '1h' }],
    ['POST', '/control/merchant', { secret: 'not a secret' }],
    ['POST', '/control/merchant_faults', { status: 99, times: 1 }],
  ])('%s %s refuses what it does not understand', async (method, path, words) => {
    expect((await rig.control(method, path, words)).status).toBe(400);
  });

  test('knows no other address', async () => {
    expect((await rig.control('POST', '/control/explode', {})).status).toBe(404);
    expect((await rig.control('GET', '/nowhere')).status).toBe(404);
  });

  test('is closed to web pages of others, which can reach this port through a browser', async () => {
    expect(await getWith('/books', {})).toBe(200);
    expect(await getWith('/books', { host: 'evil.example' })).toBe(403);
    expect(await getWith('/books', { origin: 'https://evil.example' })).toBe(403);
  });
});
