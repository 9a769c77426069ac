import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../test/support/database.ts';
import type { Answer, ApiRig } from './api-rig.ts';
import { inject, openApi } from './api-rig.ts';

let rig: ApiRig;
let port = 0;
let notReady: string | null = null;
beforeAll(async () => {
  rig = await openApi(await freshDatabase(), {
    notReady: async () => await Promise.resolve(notReady),
  });
  await rig.app.listen({ host: '127.0.0.1', port: 0 });
  port = (rig.app.server.address() as AddressInfo).port;
});
afterEach(() => expect(rig.undocumented).toEqual([]));
afterAll(async () => await rig.close());

const get = async (url: string, headers: Record<string, string> = {}): Promise<Answer> =>
  await rig.shop.call('GET', url, undefined, headers);

/** Sends bytes over a bare socket and reads until the server closes it. */
const exchange = async (bytes: string): Promise<string> =>
  await new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setTimeout(5_000, () => socket.destroy(new Error('no answer')));
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('end', () => resolve(answer));
    socket.on('error', reject);
  });

describe('an answer', () => {
  test('names its request, and is not kept by caches', async () => {
    for (const url of [
      '/livez',
      '/v1/payments',
      '/v1/payments/none',
      '/nowhere',
      '/v1/payments/%zz',
    ]) {
      const { headers } = await get(url);
      expect(headers['tieout-request-id']).toMatch(/^req_[0-7][0-9a-z]{25}$/);
    }
    const { headers } = await get('/v1/payments');
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
  });

  test('to a problem has every part of it', async () => {
    const { status, body, headers } = await get('/v1/payments/none?limit=1');
    expect(status).toBe(404);
    expect(headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(body).toEqual({
      type: '/errors/not_found',
      title: 'There is no such object',
      status: 404,
      code: 'not_found',
      detail: 'There is no such payment.',
      retryable: false,
      instance: '/v1/payments/none',
      request_id: headers['tieout-request-id'],
      errors: [],
      next: 'Check the id. Objects of other merchants are never shown.',
    });
  });

  test.each([
    ['zh', 'zh-CN'],
    ['zh-CN,zh;q=0.9,en;q=0.8', 'zh-CN'],
    ['en;q=0.5, zh-Hans;q=0.7', 'zh-CN'],
    ['ZH-tw', 'zh-CN'],
    ['en-US,en;q=0.9,zh;q=0.8', 'en'],
    ['de, zh;q=0.5', 'en'],
    ['zh;q=0', 'en'],
    ['zhx', 'en'],
    ['*', 'en'],
    ['', 'en'],
    [';;;q=x,,', 'en'],
  ])('to %j is titled in %s', async (accept, language) => {
    const { body, headers } = await get('/v1/payments/none', { 'accept-language': accept });
    expect(headers['content-language']).toBe(language);
    expect(headers['vary']).toBe('accept-language');
    expect(body['title']).toBe(language === 'en' ? 'There is no such object' : '对象不存在');
  });
});

describe('a path', () => {
  test.each([
    '/nowhere',
    '/v1',
    '/v1/',
    '/v1/payments/',
    '/V1/payments',
    '/v1/checkout_sessions',
    '/v1/channel_accounts',
    '/v1/payments/a/b/c',
    '//v1/payments',
    '/v1/payments;x=1',
    '/v1/test/clock',
    '/v1/test/faults',
    '/.git/config',
  ])('%s does not exist', async (url) => {
    const { status, body } = await get(url);
    expect({ status, code: body['code'] }).toEqual({ status: 404, code: 'not_found' });
  });

  test.each([
    ['DELETE', '/v1/payments', 'GET, HEAD, POST'],
    ['PUT', '/v1/payments/pay_01m80pjbg0f9xv59tdwh9edd1r', 'GET, HEAD'],
    ['GET', '/v1/payments/pay_01m80pjbg0f9xv59tdwh9edd1r/close', 'POST'],
    ['PATCH', '/v1/webhook_endpoints/we_1', 'DELETE, GET, HEAD'],
    ['GET', '/notifications/wallet/main', 'POST'],
    ['POST', '/livez', 'GET, HEAD'],
  ] as const)('%s %s is 405, and says what it takes', async (method, url, allow) => {
    const { status, body, headers } = await rig.shop.call(method, url);
    expect({ status, code: body['code'], allow: headers['allow'] }).toEqual({
      status: 405,
      code: 'method_not_allowed',
      allow,
    });
  });

  test('that is no valid URL is 400', async () => {
    const { status, body } = await get('/v1/payments/%zz');
    expect({ status, code: body['code'] }).toEqual({ status: 400, code: 'request_malformed' });
  });

  test('with a part that is far too long is 404', async () => {
    expect((await get(`/v1/payments/${'x'.repeat(3_000)}`)).status).toBe(404);
  });
});

describe('Tieout-Deadline', () => {
  const body = { merchant_order_no: 'SO-D', amount: 1, currency: 'CNY', subject: 'Tea' };
  const create = async (deadline: string): Promise<Answer> =>
    await rig.shop.call('POST', '/v1/payments', body, { 'tieout-deadline': deadline });

  test.each([
    'soon',
    '2026-11-22',
    '1795320031',
    '2026-11-22T04:00:31',
    '2026-99-22T04:00:31Z',
    '',
    'Sun, 22 Nov 2026 04:00:31 GMT',
  ])('%j is refused at the header', async (deadline) => {
    const answer = await create(deadline);
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      code: 'field_invalid',
      errors: [{ pointer: '/headers/tieout-deadline' }],
    });
  });

  test('in the past is refused before anything is done', async () => {
    const answer = await create(new Date(Date.now() - 1).toISOString());
    expect({ status: answer.status, code: answer.body['code'] }).toEqual({
      status: 422,
      code: 'deadline_passed',
    });
    expect((await get('/v1/merchant_orders/SO-D')).status).toBe(404);
  });

  test('is the caller’s wall time, whatever the test clock says, and never longer than our own', async () => {
    const deadlines: number[] = [];
    const answered = {
      type: 'refused',
      refusal: { code: 'overloaded', detail: 'x', askFirst: [] },
      aggregate: null,
    } as const;
    const refuse = async (_: unknown, deadlineAtMs: number) => {
      deadlines.push(deadlineAtMs - watched.clock.nowMs());
      return await Promise.resolve(answered);
    };
    const watched = await openApi(await freshDatabase(), {
      requests: {
        create: refuse,
        sync: refuse,
        refund: async () => await Promise.resolve(answered),
        close: refuse,
        tryChannel: async () => await Promise.resolve(answered),
      },
    });
    watched.clock.offsetMs = 24 * 3_600_000;
    for (const leftMs of [2_000, 60_000]) {
      const deadline = new Date(Date.now() + leftMs).toISOString();
      const { status, headers } = await watched.shop.call('POST', '/v1/payments', body, {
        'tieout-deadline': deadline,
      });
      expect([status, headers['retry-after']]).toEqual([503, '1']);
    }
    await watched.close();
    const [short = 0, long = 0] = deadlines;
    expect(short).toBeGreaterThan(1_000);
    expect(short).toBeLessThanOrEqual(2_000);
    expect(long).toBeGreaterThan(4_000);
    expect(long).toBeLessThanOrEqual(5_000);
  });
});

describe('bytes that are not HTTP', () => {
  const key = (): string => `Authorization: Bearer ${rig.shop.key}`;
  test.each([
    ['nonsense', 'NONSENSE\r\n\r\n', 400],
    ['HTTP/0.9', 'GET /livez\r\n\r\n', 400],
    [
      'two lengths',
      'POST /v1/payments HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}',
      400,
    ],
    [
      'length and chunks',
      'POST /v1/payments HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['folded headers', 'GET /livez HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n', 400],
    ['a space before the colon', 'GET /livez HTTP/1.1\r\nHost : x\r\n\r\n', 400],
    ['headers of 9 kB', `GET /livez HTTP/1.1\r\nHost: x\r\nA: ${'x'.repeat(9_000)}\r\n\r\n`, 431],
    ['no host', 'GET /livez HTTP/1.1\r\n\r\n', 400],
  ])('%s: %#', async (_name, bytes, status) => {
    const answer = await exchange(bytes);
    expect(answer.split('\r\n')[0]).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).not.toMatch(/stack|node:|\.ts/);
  });

  test('are answered by a problem that names the request', async () => {
    const answer = await exchange('NONSENSE\r\n\r\n');
    expect(answer).toContain('content-type: application/problem+json');
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({
      code: 'request_malformed',
      request_id: expect.stringMatching(/^req_/),
    });
  });

  test('that claim a larger body than is allowed are answered at once', async () => {
    const answer = await exchange(
      `POST /v1/payments HTTP/1.1\r\nHost: x\r\n${key()}\r\nContent-Type: application/json\r\nContent-Length: 70000\r\n\r\n`,
    );
    expect(answer).toContain('body_too_large');
  });

  test('that break off do no harm', async () => {
    const before = rig.logged.length;
    await new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.write(
          `POST /v1/payments HTTP/1.1\r\nHost: x\r\n${key()}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a"`,
        );
        setTimeout(() => socket.destroy(), 50);
      });
      socket.on('close', () => setTimeout(resolve, 100));
    });
    expect(rig.logged.slice(before).join('')).not.toContain('"level":50');
    expect((await get('/livez')).status).toBe(200);
  });

  test('as an absolute URI reach the same path', async () => {
    const answer = await exchange(
      'GET http://elsewhere.example/livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 (200|404) /);
  });

  test.each(['TRACE', 'CONNECT', 'OPTIONS'])('with the method %s are refused', async (method) => {
    const answer = await exchange(
      `${method} /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    ).catch(() => 'closed');
    expect(answer).not.toMatch(/^HTTP\/1\.1 2/);
  });
});

describe('operations', () => {
  test('alive and ready', async () => {
    expect((await inject(rig.app, { url: '/livez' })).body).toEqual({ status: 'alive' });
    expect((await inject(rig.app, { url: '/readyz' })).body).toEqual({ status: 'ready' });
    notReady = 'The database does not answer.';
    const { status, body } = await inject(rig.app, { url: '/readyz' });
    notReady = null;
    expect(status).toBe(503);
    expect(body).toMatchObject({ code: 'unavailable', detail: 'The database does not answer.' });
  });

  test('metrics count requests by their route, never by their path', async () => {
    await get('/v1/payments/pay_01m80pjbg0f9xv59tdwh9edd1r');
    const { body, headers } = await inject(rig.app, { url: '/metrics' });
    expect(headers['content-type']).toContain('text/plain');
    expect(body['text']).toMatch(
      /tieout_http_request_seconds_count\{method="GET",route="\/v1\/payments\/:id",status="404"\} \d/,
    );
    expect(body['text']).not.toContain('01m80pjbg0f9xv59tdwh9edd1r');
  });

  test('a log line has the request and its answer, and neither bodies nor keys', async () => {
    rig.logged.length = 0;
    const { headers } = await rig.shop.call('POST', '/v1/payments', {
      merchant_order_no: 'SO-LOG',
      amount: 19.99,
      currency: 'CNY',
      subject: 'A secret present',
    });
    const [line] = rig.logged.map((one) => JSON.parse(one));
    expect(line).toMatchObject({
      request_id: headers['tieout-request-id'],
      method: 'POST',
      route: '/v1/payments',
      status: 422,
      code: 'amount_not_integer',
      ms: expect.any(Number),
    });
    expect(rig.logged.join('')).not.toMatch(/secret present|sk_test|Bearer/);
  });

  test('a database that is gone is 503, and told in general words', async () => {
    const broken = await openApi(await freshDatabase());
    const { shop } = broken;
    await shop.call('GET', '/v1/payments');
    await broken.pool.end();
    const { status, body } = await shop.call('GET', '/v1/payments');
    expect({ status, code: body['code'] }).toEqual({ status: 503, code: 'unavailable' });
    await broken.app.close();
  });
});
