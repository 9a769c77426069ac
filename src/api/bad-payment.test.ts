import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../test/support/database.ts';
import type { Answer, ApiRig } from './api-rig.ts';
import { openApi } from './api-rig.ts';
import { pointersOf, rowCounts, sendBytes, validFields } from './refused-request.ts';

let rig: ApiRig;
/** Nothing refused may leave a trace. */
let before: unknown;
beforeAll(async () => {
  rig = await openApi(await freshDatabase());
  before = await rowCounts(rig);
});
afterEach(async () => {
  expect(await rowCounts(rig)).toEqual(before);
  expect(rig.undocumented).toEqual([]);
});
afterAll(async () => await rig.close());

const send = async (url: string, text: string): Promise<Answer> => await sendBytes(rig, url, text);

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
    const text = JSON.stringify(validFields()).replace('1999', amount);
    const answer = await send('/v1/payments', text);
    expect({
      status: answer.status,
      code: answer.body['code'],
      pointers: pointersOf(answer),
    }).toEqual({
      status: 422,
      code,
      pointers: ['/amount'],
    });
  });

  test.each(['NaN', 'Infinity', '-', '01', '+1', '.5', '1.', '0x10', '1_000'])(
    'of %s is no JSON',
    async (amount) => {
      const answer = await send(
        '/v1/payments',
        JSON.stringify(validFields()).replace('1999', amount),
      );
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
      JSON.stringify(validFields({ currency })).replace('1999', amount),
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
    const answer = await send('/v1/payments', JSON.stringify(validFields(fields)));
    expect({
      status: answer.status,
      code: answer.body['code'],
      pointers: pointersOf(answer),
    }).toEqual({
      status: 422,
      code,
      pointers: [pointer],
    });
  });

  test('that is unknown channel or product is answered with those there are', async () => {
    const channel = await send('/v1/payments', JSON.stringify(validFields({ channel: 'paypal' })));
    expect(channel.body['detail']).toContain('wallet, bank');
    const product = await send(
      '/v1/payments',
      JSON.stringify(validFields({ channel: 'wallet', product: 'card' })),
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
      const answer = await send(
        '/v1/payments',
        JSON.stringify(validFields({ [field]: undefined })),
      );
      expect(answer.status).toBe(422);
      expect(answer.body['errors']).toEqual([
        { pointer: `/${field}`, code: 'field_invalid', detail: 'It is required.' },
      ]);
    },
  );
});
