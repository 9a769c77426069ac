import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../test/support/database.ts';
import type { Answer, ApiRig } from './api-rig.ts';
import { inject, openApi } from './api-rig.ts';
import { documentOf } from './document-routes.ts';

const routes = await documentOf();
const posts = routes.filter((route) => route.method === 'POST' && route.access !== 'public');

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
  const made = await rig.shop.call('POST', '/v1/payments', valid({ merchant_order_no: 'SO-0' }));
  payment = String(made.body['id']);
  const hook = await rig.shop.call('POST', '/v1/webhook_endpoints', {
    url: 'https://shop.example/hook',
  });
  endpoint = String(hook.body['id']);
  before = await rowCounts();
});
afterEach(async () => {
  expect(await rowCounts()).toEqual(before);
  expect(rig.undocumented).toEqual([]);
});
afterAll(async () => await rig.close());

/** Nothing refused may leave a trace. */
let before: unknown;
const rowCounts = async (): Promise<unknown> => {
  const { rows } = await rig.pool.query(
    `SELECT (SELECT count(*) FROM payment) AS payments, (SELECT count(*) FROM channel_order) AS orders,
      (SELECT count(*) FROM history) AS history, (SELECT count(*) FROM webhook_endpoint) AS endpoints,
      (SELECT count(*) FROM notice) AS notices, (SELECT count(*) FROM idempotency_key) AS keys`,
  );
  return rows[0];
};

function valid(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return { merchant_order_no: 'SO-1', amount: 1999, currency: 'CNY', subject: 'Tea', ...fields };
}

/** Sends a body as bytes, so that it may be anything. */
const send = async (
  url: string,
  payload: string | Buffer,
  headers: Record<string, string> = {},
): Promise<Answer> =>
  await inject(rig.app, {
    method: 'POST',
    url,
    payload,
    headers: {
      authorization: `Bearer ${rig.shop.key}`,
      'content-type': 'application/json',
      'idempotency-key': 'bad',
      ...headers,
    },
  });
const pointers = ({ body }: Answer): unknown[] =>
  Array.isArray(body['errors'])
    ? body['errors'].map((one: { pointer: unknown }) => one.pointer)
    : [];

describe('an amount', () => {
  const refused: readonly (readonly [string, string])[] = [
    ['0', 'field_invalid'],
    ['-0', 'field_invalid'],
    ['-1', 'field_invalid'],
    ['0.01', 'amount_not_integer'],
    ['0.1', 'amount_not_integer'],
    ['0.005', 'amount_not_integer'],
    ['19.99', 'amount_not_integer'],
    ['19.00', 'amount_not_integer'],
    ['1999.0', 'amount_not_integer'],
    ['1e2', 'amount_not_integer'],
    ['1E400', 'amount_not_integer'],
    ['-1E400', 'amount_not_integer'],
    ['"1999"', 'amount_not_integer'],
    ['"19.99"', 'amount_not_integer'],
    ['" 1"', 'amount_not_integer'],
    ['"1 "', 'amount_not_integer'],
    ['"01"', 'amount_not_integer'],
    ['"+1"', 'amount_not_integer'],
    ['"1,000"', 'amount_not_integer'],
    ['"１２"', 'amount_not_integer'],
    ['"١٢"', 'amount_not_integer'],
    ['""', 'amount_not_integer'],
    ['null', 'amount_not_integer'],
    ['true', 'amount_not_integer'],
    ['[]', 'amount_not_integer'],
    ['[1999]', 'amount_not_integer'],
    ['{}', 'amount_not_integer'],
    ['1000000000001', 'field_invalid'],
    ['9007199254740991', 'field_invalid'],
    ['9007199254740993', 'field_invalid'],
    ['9223372036854775808', 'field_invalid'],
    ['18446744073709551616', 'field_invalid'],
    ['1000000000000000000', 'field_invalid'],
    ['1234567890123456789012345678901234567890', 'field_invalid'],
  ];
  test.each(refused)('of %s is refused as %s', async (amount, code) => {
    const text = JSON.stringify(valid()).replace('1999', amount);
    const answer = await send('/v1/payments', text);
    expect({
      status: answer.status,
      code: answer.body['code'],
      pointers: pointers(answer),
    }).toEqual({
      status: 422,
      code,
      pointers: ['/amount'],
    });
  });

  test.each(['NaN', 'Infinity', '-', '01', '+1', '.5', '1.', '0x10', '1_000'])(
    'of %s is no JSON',
    async (amount) => {
      const answer = await send('/v1/payments', JSON.stringify(valid()).replace('1999', amount));
      expect({ status: answer.status, code: answer.body['code'] }).toEqual({
        status: 400,
        code: 'malformed_json',
      });
    },
  );

  test.each([
    ['19.99', 'CNY', 'Looks like major units: send 1999 for 19.99 CNY / 金额单位是分'],
    ['"19.99"', 'CNY', 'Looks like major units: send 1999 for 19.99 CNY / 金额单位是分'],
    ['19.00', 'CNY', 'Looks like major units: send 1900 for 19.00 CNY / 金额单位是分'],
    ['1.5', 'KWD', 'Looks like major units: send 1500 for 1.5 KWD / 金额必须是最小货币单位的整数'],
    [
      '19.5',
      'JPY',
      'It must be an integer of minor units, such as 1999 for 19.99 CNY. / 金额必须是最小货币单位的整数',
    ],
    ['"1999"', 'CNY', 'It is a text: send the number 1999 without quotes. / 金额单位是分'],
    [
      'null',
      'CNY',
      'It must be an integer of minor units, such as 1999 for 19.99 CNY. / 金额单位是分',
    ],
  ])('of %s %s says what to send', async (amount, currency, detail) => {
    const answer = await send(
      '/v1/payments',
      JSON.stringify(valid({ currency })).replace('1999', amount),
    );
    expect(answer.body['errors']).toEqual([
      { pointer: '/amount', code: 'amount_not_integer', detail },
    ]);
  });
});

describe('a field of a payment', () => {
  const url = 'https://shop.example/x';
  const refused: readonly (readonly [Record<string, unknown>, string, string])[] = [
    [{ currency: 'cny' }, '/currency', 'currency_unsupported'],
    [{ currency: 'XYZ' }, '/currency', 'currency_unsupported'],
    [{ currency: 'RMB' }, '/currency', 'currency_unsupported'],
    [{ currency: '' }, '/currency', 'currency_unsupported'],
    [{ currency: '__proto__' }, '/currency', 'currency_unsupported'],
    [{ currency: 'constructor' }, '/currency', 'currency_unsupported'],
    [{ currency: 156 }, '/currency', 'field_invalid'],
    [{ currency: ['CNY'] }, '/currency', 'field_invalid'],
    [{ currency: 'USD', channel: 'wallet' }, '/currency', 'currency_unsupported'],
    [{ channel: 'paypal' }, '/channel', 'channel_unavailable'],
    [{ channel: 'constructor' }, '/channel', 'channel_unavailable'],
    [{ channel: '' }, '/channel', 'channel_unavailable'],
    [{ channel: null }, '/channel', 'field_invalid'],
    [{ channel: 'wallet', product: 'card' }, '/product', 'channel_unavailable'],
    [{ channel: 'wallet', product: 'toString' }, '/product', 'channel_unavailable'],
    [{ product: 'qr' }, '/product', 'field_invalid'],
    [{ merchant_order_no: '' }, '/merchant_order_no', 'field_invalid'],
    [{ merchant_order_no: 'x'.repeat(65) }, '/merchant_order_no', 'field_invalid'],
    [{ merchant_order_no: 'SO 1' }, '/merchant_order_no', 'field_invalid'],
    [{ merchant_order_no: 'SO/1' }, '/merchant_order_no', 'field_invalid'],
    [{ merchant_order_no: '订单1' }, '/merchant_order_no', 'field_invalid'],
    [{ merchant_order_no: "1';DROP TABLE payment--" }, '/merchant_order_no', 'field_invalid'],
    [{ merchant_order_no: 'a\nb' }, '/merchant_order_no', 'field_invalid'],
    [{ merchant_order_no: 'abc\n' }, '/merchant_order_no', 'field_invalid'],
    [{ merchant_order_no: 7 }, '/merchant_order_no', 'field_invalid'],
    [{ merchant_order_no: { $gt: '' } }, '/merchant_order_no', 'field_invalid'],
    [{ subject: '' }, '/subject', 'field_invalid'],
    [{ subject: 'x'.repeat(128) }, '/subject', 'field_invalid'],
    [{ subject: '😀'.repeat(128) }, '/subject', 'field_invalid'],
    [{ subject: 'a\nb' }, '/subject', 'field_invalid'],
    [{ subject: '\u0007' }, '/subject', 'field_invalid'],
    [{ subject: null }, '/subject', 'field_invalid'],
    [{ expires_in: 0 }, '/expires_in', 'field_invalid'],
    [{ expires_in: -5 }, '/expires_in', 'field_invalid'],
    [{ expires_in: 604_801 }, '/expires_in', 'field_invalid'],
    [{ expires_in: 1.5 }, '/expires_in', 'field_invalid'],
    [{ expires_in: '900' }, '/expires_in', 'field_invalid'],
    [{ expires_in: 1e300 }, '/expires_in', 'field_invalid'],
    [{ return_url: '' }, '/return_url', 'field_invalid'],
    [{ return_url: 'shop.example/return' }, '/return_url', 'field_invalid'],
    [{ return_url: 'javascript:alert(1)' }, '/return_url', 'field_invalid'],
    [{ return_url: `${url}${'x'.repeat(2048)}` }, '/return_url', 'field_invalid'],
    [{ return_url: [url] }, '/return_url', 'field_invalid'],
    [{ notice_url: 'ftp://shop.example' }, '/notice_url', 'field_invalid'],
    [{ notice_url: 'https://user:secret@shop.example' }, '/notice_url', 'field_invalid'],
    [{ notice_url: 'http://169.254.169.254/latest/meta-data' }, '/notice_url', 'field_invalid'],
    [{ notice_url: 'http://[fe80::1]/' }, '/notice_url', 'field_invalid'],
    [{ notice_url: 'https://shop.example\\@evil.example' }, '/notice_url', 'field_invalid'],
    [{ metadata: [] }, '/metadata', 'field_invalid'],
    [{ metadata: 'cart' }, '/metadata', 'field_invalid'],
    [{ metadata: { cart: 1 } }, '/metadata/cart', 'field_invalid'],
    [{ metadata: { cart: { id: '1' } } }, '/metadata/cart', 'field_invalid'],
    [{ metadata: { cart: 'x'.repeat(501) } }, '/metadata/cart', 'field_invalid'],
    [{ metadata: { ['k'.repeat(41)]: 'x' } }, `/metadata/${'k'.repeat(41)}`, 'field_invalid'],
    [{ metadata: { '': 'x' } }, '/metadata/', 'field_invalid'],
    [{ metadata: { 'a/b~c\n': 'x' } }, '/metadata/a~1b~0c\n', 'field_invalid'],
    [
      { metadata: Object.fromEntries(Array.from({ length: 21 }, (_, at) => [`k${at}`, 'x'])) },
      '/metadata',
      'field_invalid',
    ],
    [{ id: 'pay_01m80pjbg0f9xv59tdwh9edd1r' }, '/id', 'field_invalid'],
    [{ status: 'succeeded' }, '/status', 'field_invalid'],
    [{ amount_received: 1999 }, '/amount_received', 'field_invalid'],
    [{ merchant_number: 2 }, '/merchant_number', 'field_invalid'],
    [{ constructor: {} }, '/constructor', 'field_invalid'],
    [{ '': 1 }, '/', 'field_invalid'],
  ];
  test.each(refused)('%j is refused at %s as %s', async (fields, pointer, code) => {
    const answer = await send('/v1/payments', JSON.stringify(valid(fields)));
    expect({
      status: answer.status,
      code: answer.body['code'],
      pointers: pointers(answer),
    }).toEqual({
      status: 422,
      code,
      pointers: [pointer],
    });
  });

  test('that is unknown channel or product is answered with those there are', async () => {
    const channel = await send('/v1/payments', JSON.stringify(valid({ channel: 'paypal' })));
    expect(channel.body['detail']).toContain('wallet, bank');
    const product = await send(
      '/v1/payments',
      JSON.stringify(valid({ channel: 'wallet', product: 'card' })),
    );
    expect(product.body['detail']).toContain('qr, redirect');
  });

  test('all faults are answered at once, each with its own code', async () => {
    const answer = await send(
      '/v1/payments',
      JSON.stringify({
        amount: 19.99,
        currency: 'RMB',
        subject: '',
        channel: 'paypal',
        expires_in: 0,
        colour: 'red',
      }),
    );
    expect(answer.status).toBe(422);
    expect(answer.body['code']).toBe('field_invalid');
    expect(answer.body['errors']).toEqual([
      expect.objectContaining({ pointer: '/amount', code: 'amount_not_integer' }),
      expect.objectContaining({ pointer: '/currency', code: 'currency_unsupported' }),
      expect.objectContaining({ pointer: '/channel', code: 'channel_unavailable' }),
      expect.objectContaining({ pointer: '/expires_in', code: 'field_invalid' }),
      expect.objectContaining({ pointer: '/merchant_order_no', detail: 'It is required.' }),
      expect.objectContaining({
        pointer: '/colour',
        detail: expect.stringContaining('Unknown field'),
      }),
      expect.objectContaining({ pointer: '/subject', code: 'field_invalid' }),
    ]);
  });

  test.each(['merchant_order_no', 'amount', 'currency', 'subject'])(
    '%s is required',
    async (field) => {
      const answer = await send('/v1/payments', JSON.stringify(valid({ [field]: undefined })));
      expect(answer.status).toBe(422);
      expect(answer.body['errors']).toEqual([
        { pointer: `/${field}`, code: 'field_invalid', detail: 'It is required.' },
      ]);
    },
  );
});

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
  const url = (): string =>
    path.replace(
      '{id}',
      path.includes('webhook')
        ? endpoint
        : path.includes('events')
          ? 'evt_01m80pjbg0f9xv59tdwh9edd1r'
          : payment,
    );

  test.each(bodies)('refuses %s', async (_name, body, status, code) => {
    const answer = await send(url(), body);
    expect({ status: answer.status, code: answer.body['code'] }).toEqual({ status, code });
  });

  test('refuses a field that it does not know, and names it', async () => {
    const answer = await send(url(), JSON.stringify({ unheard_of: 1 }));
    expect(answer.status).toBe(422);
    expect(pointers(answer)).toContain('/unheard_of');
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
    const answer = await send(url(), '{}', { 'content-type': type });
    expect({ status: answer.status, code: answer.body['code'] }).toEqual({
      status: 415,
      code: 'content_type_unsupported',
    });
  });

  test('refuses a compressed body', async () => {
    const answer = await send(url(), '{}', { 'content-encoding': 'gzip' });
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
      const answer = await send(url(), JSON.stringify(body), { 'idempotency-key': key });
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
  const answer = await send('/v1/payments', JSON.stringify(valid({ merchant_order_no: 'SO-0' })), {
    'content-type': type,
    'idempotency-key': '~',
  });
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
  expect(pointers(answer)).toEqual([pointer]);
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
  expect(pointers(answer)).toEqual(['/by']);
});

test.each([
  [{ operation: 'refund' }, '/operation'],
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
  expect(pointers(answer)).toEqual([pointer]);
});
