import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../test/support/database.ts';
import type { Answer, ApiRig } from './api-rig.ts';
import { openApi } from './api-rig.ts';
import { CLOSED, DECLINED, PAYABLE, paid, UNKNOWN, WAITING } from './scripted-channels.ts';

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
const numberOf = (): string => `SO-${++count}`;
const create = async (fields: Record<string, unknown> = {}): Promise<Answer> =>
  await rig.shop.call('POST', '/v1/payments', {
    merchant_order_no: numberOf(),
    amount: 1999,
    currency: 'CNY',
    subject: 'Coffee beans 1 kg',
    ...fields,
  });

describe('a new payment', () => {
  test('without a channel is pending, and nothing is under way', async () => {
    const { status, body } = await create({ expires_in: 900, metadata: { cart: 'c_91' } });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      object: 'payment',
      status: 'pending',
      amount: 1999,
      next_action: { type: 'none' },
      channel_orders: [],
      metadata: { cart: 'c_91' },
      ignored: [],
    });
    const validMs = Date.parse(String(body['expires_at'])) - Date.parse(String(body['created_at']));
    expect(validMs).toBe(900_000);
  });

  test('with a channel is sent there, with its first product, and says what the payer does next', async () => {
    const { status, body } = await create({ channel: 'wallet' });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      status: 'processing',
      next_action: { type: 'display_qr', qr_content: 'https://bank.example/qr' },
      channel_orders: [{ channel: 'wallet', product: 'qr', status: 'pending' }],
    });
  });

  test('is 201 and processing when the channel does not answer', async () => {
    rig.script.pay = UNKNOWN;
    const { status, body } = await create({ channel: 'wallet' });
    expect(status).toBe(201);
    expect(body).toMatchObject({ status: 'processing', channel_orders: [{ status: 'unknown' }] });
  });

  test('is 201 and succeeded when the channel answers with the result', async () => {
    rig.script.pay = paid(1999);
    const { status, body } = await create({ channel: 'wallet', product: 'redirect' });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      status: 'succeeded',
      amount_received: 1999,
      confirmed_by: 'response',
    });
  });

  test('is 201 and pending again when the channel says no', async () => {
    rig.script.pay = DECLINED;
    const { status, body } = await create({ channel: 'wallet' });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      status: 'pending',
      channel_orders: [{ status: 'failed', failure: { channel_code: 'NOT_ENOUGH' } }],
    });
  });

  test('takes the longest and the oddest values that are allowed', async () => {
    const metadata = Object.fromEntries(
      Array.from({ length: 20 }, (_, at) => [`${'键'.repeat(38)}${10 + at}`, '😀'.repeat(500)]),
    );
    const { status, body } = await create({
      merchant_order_no: `${'a_-|*9Z'.repeat(9)}x`,
      amount: 1_000_000_000_000,
      currency: 'JPY',
      subject: '咖'.repeat(127),
      metadata,
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({ amount: 1_000_000_000_000, subject: '咖'.repeat(127), metadata });
  });
});

describe('a create that is repeated', () => {
  test('answers the same payment, with 200', async () => {
    const fields = { merchant_order_no: numberOf(), channel: 'wallet' };
    const first = await create(fields);
    const again = await create(fields);
    expect(again.status).toBe(200);
    expect(again.body).toEqual(first.body);
  });

  test('with other fields lists them as ignored, and changes nothing', async () => {
    const fields = { merchant_order_no: numberOf(), expires_in: 900, metadata: { a: '1' } };
    const first = await create(fields);
    const again = await create({
      ...fields,
      subject: 'Tea',
      expires_in: 600,
      return_url: 'https://shop.example/return',
      notice_url: 'https://shop.example/notices',
      metadata: { a: '2' },
    });
    expect(again.status).toBe(200);
    expect(again.body).toEqual({
      ...first.body,
      ignored: ['subject', 'expires_in', 'return_url', 'notice_url', 'metadata'],
    });
  });

  test('with another amount or currency is refused, and names what differs', async () => {
    const fields = { merchant_order_no: numberOf() };
    const { body } = await create(fields);
    const other = await create({ ...fields, amount: 2000, currency: 'JPY' });
    expect(other.status).toBe(422);
    expect(other.body).toMatchObject({
      code: 'merchant_order_no_reused',
      payment: body['id'],
      errors: [
        { pointer: '/amount', code: 'differs', detail: 'It is 1999, not 2000.' },
        { pointer: '/currency', code: 'differs', detail: 'It is CNY, not JPY.' },
      ],
    });
  });

  test('with a channel uses the open channel order again', async () => {
    const fields = { merchant_order_no: numberOf(), channel: 'wallet' };
    const first = await create(fields);
    const again = await create(fields);
    expect(again.body['channel_orders']).toEqual(first.body['channel_orders']);
  });

  test('opens a new channel order, with 201, when every try is dead', async () => {
    const fields = { merchant_order_no: numberOf(), channel: 'wallet' };
    rig.script.pay = DECLINED;
    await create(fields);
    rig.script.pay = PAYABLE;
    const again = await create(fields);
    expect(again.status).toBe(201);
    expect(again.body).toMatchObject({
      channel_orders: [{ status: 'failed' }, { status: 'pending' }],
    });
  });

  test('is 200 and itself once it has succeeded', async () => {
    const fields = { merchant_order_no: numberOf(), channel: 'wallet' };
    rig.script.pay = paid(1999);
    await create(fields);
    const again = await create({ ...fields, channel: 'bank' });
    expect(again.status).toBe(200);
    expect(again.body).toMatchObject({
      status: 'succeeded',
      channel_orders: [{ channel: 'wallet' }],
    });
  });

  test('is refused once the merchant has closed it', async () => {
    const fields = { merchant_order_no: numberOf() };
    const { body } = await create(fields);
    await rig.shop.call('POST', `/v1/payments/${String(body['id'])}/close`);
    const again = await create(fields);
    expect(again.status).toBe(409);
    expect(again.body).toMatchObject({
      code: 'payment_closed',
      payment: body['id'],
      retryable: false,
    });
  });

  test('reopens a payment that was closed by expiry, with a fresh expiry', async () => {
    const fields = { merchant_order_no: numberOf(), expires_in: 60 };
    const { body } = await create(fields);
    const key = { merchantNumber: rig.shop.merchantNumber, paymentId: String(body['id']) };
    rig.clock.offsetMs += 61_000;
    await rig.door.apply(key, { type: 'validity_ended' });
    const read = await rig.shop.call('GET', `/v1/payments/${key.paymentId}`);
    expect(read.body).toMatchObject({ status: 'closed', close_reason: 'never_opened' });
    const again = await create({ ...fields, expires_in: 600 });
    expect(again.status).toBe(200);
    expect(again.body).toMatchObject({ id: body['id'], status: 'pending', ignored: [] });
    const leftMs = Date.parse(String(again.body['expires_at'])) - rig.clock.nowMs();
    expect(leftMs).toBeGreaterThan(590_000);
  });

  test('by another merchant is another payment', async () => {
    const fields = { merchant_order_no: numberOf(), amount: 1, currency: 'CNY', subject: 'Tea' };
    const mine = await rig.shop.call('POST', '/v1/payments', fields);
    const theirs = await rig.otherShop.call('POST', '/v1/payments', { ...fields, amount: 2 });
    expect([mine.status, theirs.status]).toEqual([201, 201]);
    expect(theirs.body['id']).not.toBe(mine.body['id']);
  });

  test('sixteen times at once makes one payment and one channel order', async () => {
    const fields = { merchant_order_no: numberOf(), channel: 'wallet' };
    const answers = await Promise.all(Array.from({ length: 16 }, async () => await create(fields)));
    expect(new Set(answers.map((one) => one.body['id'])).size).toBe(1);
    expect(answers.filter((one) => one.status === 201).length).toBe(1);
    const { body } = await rig.shop.call('GET', `/v1/merchant_orders/${fields.merchant_order_no}`);
    expect(body['channel_orders']).toHaveLength(1);
  });
});

describe('what a merchant does with a payment', () => {
  const opened = async (fields: Record<string, unknown> = {}): Promise<string> =>
    `/v1/payments/${String((await create(fields)).body['id'])}`;

  test('it tries a channel', async () => {
    const url = await opened();
    const first = await rig.shop.call('POST', `${url}/channel_orders`, {
      channel: 'wallet',
      product: 'qr',
    });
    expect(first.status).toBe(201);
    expect(first.body).toMatchObject({ status: 'processing', channel_orders: [{ product: 'qr' }] });
    const again = await rig.shop.call('POST', `${url}/channel_orders`, {
      channel: 'wallet',
      product: 'qr',
    });
    expect(again.status).toBe(200);
    expect(again.body['channel_orders']).toHaveLength(1);
  });

  test('it switches channels after the open one was closed at its channel', async () => {
    const url = await opened({ channel: 'wallet' });
    rig.script.query = WAITING;
    rig.script.close = CLOSED;
    const { status, body } = await rig.shop.call('POST', `${url}/channel_orders`, {
      channel: 'bank',
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      channel_orders: [
        { channel: 'wallet', status: 'closed' },
        { channel: 'bank', status: 'pending' },
      ],
    });
  });

  test('it is told 409 when the open one turns out to be paid', async () => {
    const url = await opened({ channel: 'wallet' });
    rig.script.query = paid(1999);
    const { status, body } = await rig.shop.call('POST', `${url}/channel_orders`, {
      channel: 'bank',
    });
    expect(status).toBe(409);
    expect(body).toMatchObject({ code: 'payment_succeeded', retryable: false });
  });

  test('it is told to come back when nobody knows about the open one', async () => {
    const url = await opened({ channel: 'wallet' });
    Object.assign(rig.script, { query: UNKNOWN, close: UNKNOWN });
    const { status, body, headers } = await rig.shop.call('POST', `${url}/channel_orders`, {
      channel: 'bank',
    });
    expect(status).toBe(409);
    expect(body).toMatchObject({ code: 'payment_in_progress', retryable: true });
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  });

  test('it is told that the channel does not take the payment’s currency', async () => {
    const url = await opened({ currency: 'USD', channel: undefined });
    const { status, body } = await rig.shop.call('POST', `${url}/channel_orders`, {
      channel: 'bank',
    });
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: 'currency_unsupported', errors: [{ pointer: '/channel' }] });
  });

  test('it asks the channel now', async () => {
    const url = await opened({ channel: 'wallet' });
    rig.script.query = paid(1999);
    const { status, body } = await rig.shop.call('POST', `${url}/sync`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'succeeded', confirmed_by: 'query' });
  });

  test('it closes a payment that nobody paid', async () => {
    const url = await opened({ channel: 'wallet' });
    rig.script.query = WAITING;
    const { status, body } = await rig.shop.call('POST', `${url}/close`, {});
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'closed', close_reason: 'merchant', closing: false });
    expect((await rig.shop.call('POST', `${url}/close`)).status).toBe(200);
  });

  test('it is told 202 while a channel cannot prove the end', async () => {
    const url = await opened({ channel: 'wallet' });
    Object.assign(rig.script, { query: UNKNOWN, close: UNKNOWN });
    const { status, body } = await rig.shop.call('POST', `${url}/close`);
    expect(status).toBe(202);
    expect(body).toMatchObject({
      status: 'processing',
      closing: true,
      next_action: { type: 'none' },
    });
  });

  test('it is told 409 when the payment it closes was paid', async () => {
    const url = await opened({ channel: 'wallet' });
    rig.script.query = paid(1999);
    const { status, body } = await rig.shop.call('POST', `${url}/close`);
    expect(status).toBe(409);
    expect(body['code']).toBe('payment_succeeded');
  });
});
