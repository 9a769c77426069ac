import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../test/support/database.ts';
import { disableEndpoint } from '../store/postgres/webhook-endpoints.ts';
import type { Answer, ApiRig } from './api-rig.ts';
import { openApi } from './api-rig.ts';
import { DECLINED, paid } from './scripted-channels.ts';

let rig: ApiRig;
let receiver: Server;
let receiverUrl = '';
let answerWith = 204;
const received: { headers: Record<string, string>; body: string }[] = [];
beforeAll(async () => {
  rig = await openApi(await freshDatabase());
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    received.push({ headers: request.headers as Record<string, string>, body });
    response.writeHead(answerWith).end();
  };
  receiver = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  receiverUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
});
afterEach(() => expect(rig.undocumented).toEqual([]));
afterAll(async () => {
  await rig.close();
  await new Promise((resolve) => receiver.close(resolve));
});

let count = 0;
const register = async (url = receiverUrl): Promise<Answer['body']> =>
  (await rig.shop.call('POST', '/v1/webhook_endpoints', { url })).body;
const pay = async (): Promise<string> => {
  const { body } = await rig.shop.call('POST', '/v1/payments', {
    merchant_order_no: `SO-${++count}`,
    amount: 1999,
    currency: 'CNY',
    subject: 'Tea',
    channel: 'wallet',
  });
  return String(body['id']);
};
const data = ({ body }: Answer): Record<string, unknown>[] =>
  body['data'] as Record<string, unknown>[];

describe('a webhook endpoint', () => {
  test('shows its secret once, when it is made', async () => {
    const made = await register();
    expect(made).toMatchObject({ object: 'webhook_endpoint', url: receiverUrl, disabled_at: null });
    expect(made['secret']).toMatch(/^whsec_/);
    const { secret, ...rest } = made;
    expect(secret).toBeDefined();
    expect(
      (await rig.shop.call('GET', `/v1/webhook_endpoints/${String(made['id'])}`)).body,
    ).toEqual(rest);
    expect(JSON.stringify(await rig.shop.call('GET', '/v1/webhook_endpoints'))).not.toContain(
      'whsec_',
    );
  });

  test('is gone once it is deleted', async () => {
    const url = `/v1/webhook_endpoints/${String((await register())['id'])}`;
    expect((await rig.otherShop.call('DELETE', url)).status).toBe(404);
    expect((await rig.shop.call('DELETE', url)).body).toMatchObject({ deleted: true });
    expect((await rig.shop.call('DELETE', url)).status).toBe(404);
    expect((await rig.shop.call('GET', url)).status).toBe(404);
  });

  test('gets a test notice that Standard Webhooks verifies', async () => {
    const { id, secret } = await register();
    const { status, body } = await rig.shop.call(
      'POST',
      `/v1/webhook_endpoints/${String(id)}/test`,
    );
    expect(status).toBe(200);
    expect(body).toMatchObject({ delivered: true, response_status: 204, error: null });
    const last = received.at(-1);
    const told = new Webhook(String(secret)).verify(last?.body ?? '', last?.headers ?? {});
    expect(told).toMatchObject({ id: body['event'], type: 'webhook_endpoint.test' });
  });

  test('is told how a test notice failed', async () => {
    answerWith = 500;
    const { id } = await register();
    const refused = await rig.shop.call('POST', `/v1/webhook_endpoints/${String(id)}/test`);
    expect(refused.body).toMatchObject({ delivered: false, response_status: 500 });
    answerWith = 204;
    const { id: nowhere } = await register('http://127.0.0.1:9/hook');
    const lost = await rig.shop.call('POST', `/v1/webhook_endpoints/${String(nowhere)}/test`);
    expect(lost.body).toMatchObject({
      delivered: false,
      response_status: 0,
      error: expect.any(String),
    });
  });

  test('gets a new secret, and the former one is not shown again', async () => {
    const { id, secret } = await register();
    const { body } = await rig.shop.call(
      'POST',
      `/v1/webhook_endpoints/${String(id)}/rotate_secret`,
    );
    expect(body['secret']).toMatch(/^whsec_/);
    expect(body['secret']).not.toBe(secret);
  });

  test('is sent what it missed, or only told how much that is', async () => {
    rig.script.pay = paid(1999);
    await pay();
    const { id } = await register();
    const url = `/v1/webhook_endpoints/${String(id)}/recover`;
    const since = '2026-01-01T00:00:00Z';
    const dry = await rig.shop.call('POST', url, { since, dry_run: true });
    expect(dry.body).toMatchObject({
      object: 'webhook_recovery',
      dry_run: true,
      count: expect.any(Number),
    });
    expect(Number(dry.body['count'])).toBeGreaterThan(0);
    const pending = async (): Promise<number> =>
      data(await rig.shop.call('GET', `/v1/webhook_deliveries?endpoint=${String(id)}`)).length;
    expect(await pending()).toBe(0);
    expect((await rig.shop.call('POST', url, { since })).body['count']).toBe(dry.body['count']);
    expect(await pending()).toBe(dry.body['count']);
    const past = await rig.shop.call('POST', url, { since, until: '2026-01-02T00:00:00+08:00' });
    expect(past.body['count']).toBe(0);
  });

  test('that is disabled is not recovered before it is enabled', async () => {
    const { id } = await register();
    const key = { merchantNumber: rig.shop.merchantNumber, endpointId: String(id) };
    await disableEndpoint(rig.pool, key, Date.now());
    const url = `/v1/webhook_endpoints/${String(id)}`;
    const since = '2026-01-01T00:00:00Z';
    const refused = await rig.shop.call('POST', `${url}/recover`, { since });
    expect({ status: refused.status, code: refused.body['code'] }).toEqual({
      status: 409,
      code: 'endpoint_disabled',
    });
    expect((await rig.shop.call('POST', `${url}/enable`)).body).toMatchObject({
      id,
      disabled_at: null,
    });
    expect((await rig.shop.call('POST', `${url}/recover`, { since })).status).toBe(200);
  });
});

describe('events', () => {
  test('tell of the payment as it stood then', async () => {
    rig.script.pay = DECLINED;
    const payment = await pay();
    rig.script.pay = paid(1999);
    await rig.shop.call('POST', `/v1/payments/${payment}/channel_orders`, { channel: 'wallet' });
    const events = data(await rig.shop.call('GET', `/v1/events?payment=${payment}`));
    expect(events).toMatchObject([
      {
        type: 'payment.succeeded',
        data: { object: { id: payment, status: 'succeeded', confirmed_by: 'response' } },
      },
      {
        type: 'payment.channel_order_failed',
        data: { object: { id: payment, status: 'pending', amount_received: 0 } },
      },
    ]);
    const [newest] = events;
    const one = await rig.shop.call('GET', `/v1/events/${String(newest?.['id'])}`);
    expect(one.body).toEqual(newest);
    const ofType = data(
      await rig.shop.call('GET', `/v1/events?type=payment.channel_order_failed&payment=${payment}`),
    );
    expect(ofType).toEqual([events[1]]);
  });

  test('are walked in pages', async () => {
    const walked: unknown[] = [];
    for (;;) {
      const after = walked.length === 0 ? '' : `&starting_after=${String(walked.at(-1))}`;
      const answer = await rig.shop.call('GET', `/v1/events?limit=2${after}`);
      walked.push(...data(answer).map((one) => one['id']));
      if (answer.body['has_more'] !== true) break;
    }
    const all = data(await rig.shop.call('GET', '/v1/events?limit=100')).map((one) => one['id']);
    expect(walked).toEqual(all);
  });

  test('are sent again, to every endpoint or to one', async () => {
    const [event] = data(await rig.shop.call('GET', '/v1/events?limit=1'));
    const url = `/v1/events/${String(event?.['id'])}/resend`;
    const { id } = await register();
    expect((await rig.shop.call('POST', url, { endpoint: id })).body).toMatchObject({ count: 1 });
    const everywhere = await rig.shop.call('POST', url);
    expect(Number(everywhere.body['count'])).toBeGreaterThan(1);
    const unknown = await rig.shop.call('POST', url, { endpoint: 'we_01m80pjbg0f9xv59tdwh9edd1r' });
    expect(unknown.body).toMatchObject({
      code: 'field_invalid',
      errors: [{ pointer: '/endpoint' }],
    });
  });

  test.each([
    ['?type=payment.exploded', '/query/type'],
    ['?payment=7', '/query/payment'],
    ['?starting_after=pay_01m80pjbg0f9xv59tdwh9edd1r', '/query/starting_after'],
  ])('%s is refused at %s', async (query, pointer) => {
    const { status, body } = await rig.shop.call('GET', `/v1/events${query}`);
    expect(status).toBe(422);
    expect(body).toMatchObject({ errors: [{ pointer }] });
  });
});

describe('deliveries', () => {
  test('are listed by event, with what is still to come', async () => {
    const [event] = data(await rig.shop.call('GET', '/v1/events?limit=1'));
    const found = data(
      await rig.shop.call('GET', `/v1/webhook_deliveries?event=${String(event?.['id'])}`),
    );
    expect(found.length).toBeGreaterThan(0);
    expect(found[0]).toMatchObject({
      object: 'webhook_delivery',
      event: event?.['id'],
      event_type: event?.['type'],
      delivered: false,
      tries: [],
      next_try_at: expect.any(String),
    });
  });

  test('are walked in pages of events', async () => {
    const first = await rig.shop.call('GET', '/v1/webhook_deliveries?limit=1');
    expect(first.body).toMatchObject({
      has_more: true,
      next_starting_after: expect.stringMatching(/^evt_/),
    });
    const next = String(first.body['next_starting_after']);
    const second = await rig.shop.call(
      'GET',
      `/v1/webhook_deliveries?limit=1&starting_after=${next}`,
    );
    expect(data(second).map((one) => one['event'])).not.toContain(next);
  });

  test.each([
    ['?event=x', '/query/event'],
    ['?endpoint=evt_01m80pjbg0f9xv59tdwh9edd1r', '/query/endpoint'],
  ])('%s is refused at %s', async (query, pointer) => {
    const { status, body } = await rig.shop.call('GET', `/v1/webhook_deliveries${query}`);
    expect(status).toBe(422);
    expect(body).toMatchObject({ errors: [{ pointer }] });
  });
});

describe('exceptions', () => {
  test('show a merchant its own open ones, and an operator those of all', async () => {
    rig.script.pay = paid(2000);
    const payment = await pay();
    const own = await rig.shop.call('GET', '/v1/exceptions');
    expect(data(own)).toMatchObject([
      {
        object: 'exception',
        kind: 'amount_mismatch',
        status: 'open',
        payment,
        owner: expect.any(String),
      },
    ]);
    expect(data(await rig.otherShop.call('GET', '/v1/exceptions'))).toEqual([]);
    const all = await rig.otherShop.call('GET', '/v1/exceptions', undefined, {
      authorization: `Bearer ${rig.operatorKey}`,
    });
    expect(all.body).toEqual(own.body);
    const read = await rig.shop.call('GET', `/v1/payments/${payment}`);
    expect(data(own)).toMatchObject(Object(read.body['exceptions']));
  });
});

test('merchants are listed for operators, without their secrets', async () => {
  const answer = await rig.shop.call('GET', '/v1/merchants', undefined, {
    authorization: `Bearer ${rig.operatorKey}`,
  });
  expect(data(answer).map((one) => one['name'])).toEqual(['Tea shop', 'Book shop']);
  expect(JSON.stringify(answer.body)).not.toContain('whsec_');
});
