import type { InjectOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../test/support/database.ts';
import type { ApiRig } from './api-rig.ts';
import { inject, openApi } from './api-rig.ts';
import { documentOf, prefixOf } from './document-routes.ts';
import { paid, PAYABLE } from './scripted-channels.ts';

const SANDBOX_URL = 'http://127.0.0.1:9';
const routes = await documentOf();
const guarded = routes.filter((route) => route.access !== 'public');
const below = guarded.filter((route) => route.path.includes('{') && route.access !== 'operator');

let rig: ApiRig;
/** Ids of objects of the other shop, by their prefix. */
const foreign: Record<string, string> = {};
beforeAll(async () => {
  rig = await openApi(await freshDatabase(), {
    sandboxUrl: SANDBOX_URL,
    testClock: {
      now: () => ({ nowMs: 0, offsetMs: 0 }),
      advance: async () => await Promise.reject(new Error('not here')),
    },
  });
  rig.script.pay = paid(1999);
  const { otherShop } = rig;
  const payment = await otherShop.call('POST', '/v1/payments', {
    merchant_order_no: 'FOREIGN-1',
    amount: 1999,
    currency: 'CNY',
    subject: 'Secret tea',
    channel: 'wallet',
  });
  const refund = await otherShop.call('POST', '/v1/refunds', {
    payment: payment.body['id'],
    merchant_refund_no: 'FOREIGN-R1',
    amount: 1,
  });
  foreign['ref'] = String(refund.body['id']);
  foreign['exc'] = await openedCase(String(payment.body['id']));
  rig.script.pay = PAYABLE;
  const endpoint = await otherShop.call('POST', '/v1/webhook_endpoints', {
    url: 'https://shop.example/hook',
  });
  const events = await otherShop.call('GET', '/v1/events');
  foreign['pay'] = String(payment.body['id']);
  foreign['we'] = String(endpoint.body['id']);
  foreign['evt'] = String((events.body['data'] as { id: string }[])[0]?.id);
});
afterAll(async () => await rig.close());

/** The id of an open case of a payment of the other shop. */
async function openedCase(paymentId: string): Promise<string> {
  const { merchantNumber } = rig.otherShop;
  const exhausted = { type: 'notice_exhausted', eventId: 'evt_x', endpoint: 'we_x' } as const;
  const { aggregate } = await rig.door.apply({ merchantNumber, paymentId }, exhausted);
  return aggregate?.cases[0]?.id ?? '';
}

const request = (
  route: (typeof routes)[number],
  key: string | null,
  path = route.path,
): InjectOptions => ({
  method: route.method,
  url: path
    .replace('{merchant_order_no}', 'FOREIGN-1')
    .replace('{merchant_refund_no}', 'FOREIGN-R1')
    .replaceAll(/\{(\w+)\}/g, 'pay_01m80pjbg0f9xv59tdwh9edd1r'),
  headers: key === null ? {} : { authorization: `Bearer ${key}` },
  ...(route.method === 'POST' && { payload: route.body }),
});

test('the document has routes of every kind', () => {
  expect(new Set(routes.map((route) => route.access))).toEqual(
    new Set(['merchant', 'operator', 'any_key', 'public']),
  );
  expect(guarded.length).toBeGreaterThan(25);
});

describe.each(guarded.map((route) => [`${route.method} ${route.path}`, route] as const))(
  '%s',
  (_name, route) => {
    test('without a key is 401, and says how to authenticate', async () => {
      const { status, body, headers } = await inject(rig.app, request(route, null));
      expect(status).toBe(401);
      expect(body['code']).toBe('key_missing');
      expect(headers['www-authenticate']).toMatch(/^Bearer /);
    });

    test('with a key that nobody has is 401', async () => {
      const { status, body } = await inject(rig.app, request(route, `sk_test_${'x'.repeat(43)}`));
      expect(status).toBe(401);
      expect(body['code']).toBe('key_invalid');
    });

    test('with the other kind of key is 403, unless it is for both', async () => {
      const key = route.access === 'operator' ? rig.shop.key : rig.operatorKey;
      const { status, body } = await inject(rig.app, request(route, key));
      if (route.access === 'any_key') expect(status).not.toBe(403);
      else
        expect({ status, code: body['code'] }).toEqual({ status: 403, code: 'permission_missing' });
    });
  },
);

describe.each(below.map((route) => [`${route.method} ${route.path}`, route] as const))(
  '%s',
  (_name, route) => {
    const prefix = prefixOf(route.path);

    test('of another merchant is 404, with the same words as one that does not exist', async () => {
      const theirs = route.path.replace('{id}', foreign[prefix] ?? '');
      const answer = await inject(rig.app, request(route, rig.shop.key, theirs));
      expect({ status: answer.status, code: answer.body['code'] }).toEqual({
        status: 404,
        code: 'not_found',
      });
      const nobodys = route.path
        .replace('{id}', `${prefix}_01m80pjbg0f9xv59tdwh9edd1r`)
        .replace('{merchant_order_no}', 'NOBODY-1')
        .replace('{merchant_refund_no}', 'NOBODY-R1');
      const absent = await inject(rig.app, { ...request(route, rig.shop.key, nobodys) });
      expect(answer.body['detail']).toBe(absent.body['detail']);
      expect(JSON.stringify(answer.body)).not.toContain('Secret tea');
    });

    test('with an id of another kind, or with none, is 404', async () => {
      for (const id of [
        'x',
        'pay_',
        'we_01m80pjbg0f9xv59tdwh9edd1',
        "';--",
        '%00',
        '..%2F',
        'evt_ZZZZZZZZZZZZZZZZZZZZZZZZZZ',
      ]) {
        const path = route.path.replaceAll(/\{\w+\}/g, id);
        const { status } = await inject(rig.app, request(route, rig.shop.key, path));
        expect([id, status]).toEqual([id, 404]);
      }
    });
  },
);

test('lists show nothing of another merchant', async () => {
  for (const path of [
    '/v1/payments',
    '/v1/events',
    '/v1/webhook_endpoints',
    '/v1/webhook_deliveries',
    '/v1/exceptions',
    '/v1/refunds?include=surplus',
    `/v1/refunds?payment=${foreign['pay']}`,
    `/v1/events?payment=${foreign['pay']}`,
    `/v1/webhook_deliveries?event=${foreign['evt']}`,
  ]) {
    const { status, body } = await rig.shop.call('GET', path);
    expect({ path, status, data: body['data'] }).toEqual({ path, status: 200, data: [] });
  }
});

test('a key works as the user of Basic, and the scheme may be written in any case', async () => {
  const basic = Buffer.from(`${rig.shop.key}:`).toString('base64');
  for (const authorization of [
    `Basic ${basic}`,
    `basic ${basic}`,
    `bearer ${rig.shop.key}`,
    `BEARER  ${rig.shop.key}`,
  ]) {
    const { status } = await inject(rig.app, {
      method: 'GET',
      url: '/v1/payments',
      headers: { authorization },
    });
    expect(status).toBe(200);
  }
});

test.each(['', 'Bearer', 'Bearer ', 'Basic ', 'Basic !!!', 'Digest x', 'sk_test_x', `Token x`])(
  'the header %j is no key',
  async (authorization) => {
    const { status } = await inject(rig.app, {
      method: 'GET',
      url: '/v1/payments',
      headers: { authorization },
    });
    expect(status).toBe(401);
  },
);

test('a key that was revoked stops working within five seconds', async () => {
  const { randomBytes } = await import('node:crypto');
  const { createKey, keyHash, revokeKey } = await import('../store/postgres/merchants.ts');
  const { key } = await createKey(rig.pool, {
    merchantNumber: rig.shop.merchantNumber,
    nowMs: 0,
    random: randomBytes(32),
  });
  const read = async (): Promise<number> =>
    (
      await inject(rig.app, {
        method: 'GET',
        url: '/v1/payments',
        headers: { authorization: `Bearer ${key}` },
      })
    ).status;
  expect(await read()).toBe(200);
  await revokeKey(rig.pool, keyHash(key), Date.now());
  rig.clock.offsetMs += 5_001;
  expect(await read()).toBe(401);
});
