import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../test/support/database.ts';
import type { Answer, ApiRig } from './api-rig.ts';
import { openApi } from './api-rig.ts';
import { documentOf, prefixOf } from './document-routes.ts';
import { pointersOf, rowCounts, sendBytes, validFields } from './refused-request.ts';

const routes = await documentOf();
// The body of an upload is a file, and no JSON.
const posts = routes.filter(
  ({ method, access, path }) =>
    method === 'POST' && access !== 'public' && path !== '/v1/statements',
);

let rig: ApiRig;
let endpoint = '';
let payment = '';
beforeAll(async () => {
  rig = await openApi(await freshDatabase(), {
    sandboxUrl: 'http://127.0.0.1:9',
    testClock: {
      now: () => ({ nowMs: 0, offsetMs: 0 }),
      advance: async () => await Promise.reject(new Error('the clock must not move')),
    },
  });
  const made = await rig.shop.call(
    'POST',
    '/v1/payments',
    validFields({ merchant_order_no: 'SO-0' }),
  );
  payment = String(made.body['id']);
  const hook = await rig.shop.call('POST', '/v1/webhook_endpoints', {
    url: 'https://shop.example/hook',
  });
  endpoint = String(hook.body['id']);
  before = await rowCounts(rig);
});
afterEach(async () => {
  expect(await rowCounts(rig)).toEqual(before);
  expect(rig.undocumented).toEqual([]);
});
afterAll(async () => await rig.close());

/** Nothing refused may leave a trace. */
let before: unknown;
const send = async (
  url: string,
  payload: string | Buffer,
  headers: Record<string, string> = {},
): Promise<Answer> => await sendBytes(rig, url, payload, headers);

/** Every route that takes a body, with bodies that are wrong for any of them. */
const bodies: readonly (readonly [string, string | Buffer, number, string])[] = [
  ['a trailing comma', '{"a":1,}', 400, 'malformed_json'],
  ['a comment', '{/* */}', 400, 'malformed_json'],
  ['two values', '{}{}', 400, 'malformed_json'],
  ['half a value', '{"a":', 400, 'malformed_json'],
  ['a byte order mark', '\ufeff{}', 400, 'malformed_json'],
  ['UTF-16', Buffer.from('{}', 'utf16le'), 400, 'malformed_json'],
  [
    'bytes that are not UTF-8',
    Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    400,
    'malformed_json',
  ],
  ['a key twice', '{"amount":1,"amount":2}', 400, 'malformed_json'],
  ['a key twice, once escaped', '{"amount":1,"\\u0061mount":2}', 400, 'malformed_json'],
  ['a key twice further down', '{"metadata":{"a":"1","a":"2"}}', 400, 'malformed_json'],
  ['__proto__', '{"__proto__":{"isAdmin":true}}', 400, 'malformed_json'],
  ['__proto__ further down', '{"metadata":{"__proto__":"x"}}', 400, 'malformed_json'],
  ['__proto__ escaped', '{"\\u005f_proto__":1}', 400, 'malformed_json'],
  ['a NUL', '{"subject":"a\\u0000b"}', 400, 'malformed_json'],
  ['half a character', '{"subject":"\\ud83d"}', 400, 'malformed_json'],
  ['half a character in a key', '{"\\udc00":"x"}', 400, 'malformed_json'],
  ['a raw control character', '{"subject":"a\u0000b"}', 400, 'malformed_json'],
  ['deep nesting', `${'['.repeat(10_000)}${']'.repeat(10_000)}`, 400, 'malformed_json'],
  ['nine levels', '{"a":'.repeat(9) + '1' + '}'.repeat(9), 400, 'malformed_json'],
  [
    'many keys',
    `{${Array.from({ length: 5_000 }, (_, at) => `"k${at}":1`).join(',')}}`,
    422,
    'field_invalid',
  ],
  ['a list', '[]', 422, 'field_invalid'],
  ['a text', '"x"', 422, 'field_invalid'],
  ['a number', '7', 422, 'field_invalid'],
  ['more than 64 kB', JSON.stringify({ subject: 'x'.repeat(70_000) }), 413, 'body_too_large'],
];

describe.each(posts.map((route) => [route.path] as const))('POST %s', (path) => {
  const prefix = prefixOf(path);
  const url = (): string =>
    path.replace(
      '{id}',
      { we: endpoint, pay: payment }[prefix] ?? `${prefix}_01m80pjbg0f9xv59tdwh9edd1r`,
    );
  const isOperators = posts.some((one) => one.path === path && one.access === 'operator');
  const sendHere = async (
    to: string,
    payload: string | Buffer,
    headers: Record<string, string> = {},
  ): Promise<Answer> =>
    await sendBytes(rig, to, payload, {
      ...(isOperators && { authorization: `Bearer ${rig.operatorKey}` }),
      ...headers,
    });

  test.each(bodies)('refuses %s', async (_name, body, status, code) => {
    const answer = await sendHere(url(), body);
    expect({ status: answer.status, code: answer.body['code'] }).toEqual({ status, code });
  });

  test('refuses a field that it does not know, and names it', async () => {
    const answer = await sendHere(url(), JSON.stringify({ unheard_of: 1 }));
    expect(answer.status).toBe(422);
    expect(pointersOf(answer)).toContain('/unheard_of');
  });

  test.each([
    'text/plain',
    'application/xml',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json; charset=gbk',
    'application/json5',
    'json',
    'garbage garbage',
  ])('refuses the content type %s', async (type) => {
    const answer = await sendHere(url(), '{}', { 'content-type': type });
    expect({ status: answer.status, code: answer.body['code'] }).toEqual({
      status: 415,
      code: 'content_type_unsupported',
    });
  });

  test('refuses a compressed body', async () => {
    const answer = await sendHere(url(), '{}', { 'content-encoding': 'gzip' });
    expect(answer.status).toBe(415);
  });

  test.each(['', 'two words', 'ключ', 'x'.repeat(256), 'a\tb'])(
    'refuses the Idempotency-Key %j',
    async (key) => {
      const route = posts.find((one) => one.path === path);
      const body = {
        ...route?.body,
        ...(path.includes('channel_orders') && { channel: 'wallet' }),
      };
      const answer = await sendHere(url(), JSON.stringify(body), { 'idempotency-key': key });
      expect({ status: answer.status, code: answer.body['code'] }).toEqual({
        status: 400,
        code: 'idempotency_key_invalid',
      });
    },
  );
});

test.each([
  'application/json',
  'application/json; charset=utf-8',
  'application/json;charset="UTF-8"',
  'Application/JSON',
])('the content type %s is taken', async (type) => {
  const answer = await send(
    '/v1/payments',
    JSON.stringify(validFields({ merchant_order_no: 'SO-0' })),
    {
      'content-type': type,
      'idempotency-key': '~',
    },
  );
  expect(answer.status).toBe(200);
  await rig.pool.query(`DELETE FROM idempotency_key`);
});

test.each([
  [{}, '/since'],
  [{ since: 'yesterday' }, '/since'],
  [{ since: '2026-11-22T04:00:00Z', until: '2026-11-21T04:00:00Z' }, '/until'],
  [{ since: '2026-11-22T04:00:00Z', dry_run: 'yes' }, '/dry_run'],
])('recovering %j is refused at %s', async (body, pointer) => {
  const answer = await send(`/v1/webhook_endpoints/${endpoint}/recover`, JSON.stringify(body), {
    'idempotency-key': `k${pointer}`,
  });
  expect(answer.status).toBe(422);
  expect(pointersOf(answer)).toEqual([pointer]);
});

test.each([
  'PT0S',
  'P',
  'PT',
  '20',
  'P1Y',
  'P1M',
  '-PT5S',
  'PT1H1H',
  'P401D',
  'P9999D',
  'pt20s',
  ' PT20S',
  '',
])('the clock does not advance by %j', async (by) => {
  const answer = await send('/v1/test/clock/advance', JSON.stringify({ by }));
  expect(answer.status).toBe(422);
  expect(pointersOf(answer)).toEqual(['/by']);
});

test.each([
  [{ operation: 'capture' }, '/operation'],
  [{ effect: 'explode' }, '/effect'],
  [{ operation: 'notify', effect: 'timeout_after' }, '/effect'],
  [{ operation: 'query', effect: 'drop' }, '/effect'],
  [{ probability: 1.01 }, '/probability'],
  [{ probability: '1' }, '/probability'],
  [{ times: 0 }, '/times'],
  [{ seed: -1 }, '/seed'],
  [{ channel: 'a b' }, '/channel'],
])('the fault %j is refused at %s', async (fields, pointer) => {
  const answer = await send(
    '/v1/test/faults',
    JSON.stringify({ operation: 'query', effect: 'http_500', ...fields }),
  );
  expect(answer.status).toBe(422);
  expect(pointersOf(answer)).toEqual([pointer]);
});
