import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../test/support/database.ts';
import type { RefundOutcome } from '../core/refund-outcome.ts';
import type { ApiRig } from './api-rig.ts';
import { openApi } from './api-rig.ts';
import { openPaidShop } from './paid-shop.ts';
import { pointersOf } from './refused-request.ts';
import { paid, PAYABLE } from './scripted-channels.ts';

let rig: ApiRig;
beforeAll(async () => {
  rig = await openApi(await freshDatabase());
});
beforeEach(() => {
  rig.script.pay = paid(1999);
  delete rig.script.refund;
});
afterEach(() => expect(rig.undocumented).toEqual([]));
afterAll(async () => await rig.close());

const { nextNo, paidPayment, refund, read } = openPaidShop(() => rig);

const ACCEPTED: RefundOutcome = { type: 'pending', channelCode: 'ACCEPTED' };
describe('a refund', () => {
  test('is answered with the money back, where the channel returns it at once', async () => {
    const payment = await paidPayment();
    const { status, body } = await refund(payment, 500, { reason: 'Damaged on the way' });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      object: 'refund',
      payment,
      amount: 500,
      currency: 'CNY',
      reason: 'requested',
      note: 'Damaged on the way',
      status: 'succeeded',
      channel_refunds: [{ status: 'succeeded', amount: 500 }],
    });
    expect(await read(payment)).toMatchObject({ status: 'succeeded', amount_refunded: 500 });
  });

  test('is pending where the channel only accepted it, and unknown where nobody knows', async () => {
    const payment = await paidPayment();
    rig.script.refund = ACCEPTED;
    expect((await refund(payment, 1)).body).toMatchObject({ status: 'pending' });
    rig.script.refund = { type: 'unknown', reason: 'no answer in time', channelCode: '' };
    expect(await refund(payment, 1)).toMatchObject({ status: 201, body: { status: 'unknown' } });
  });

  test('asked for again is the same one, and 200', async () => {
    const payment = await paidPayment();
    const fields = { merchant_refund_no: nextNo('RF') };
    const first = await refund(payment, 500, fields);
    const again = await refund(payment, 500, { ...fields, reason: 'Other words' });
    expect(again.status).toBe(200);
    expect(again.body).toEqual(first.body);
    expect(await read(payment)).toMatchObject({ amount_refunded: 500 });
  });

  test('may be one of several, up to what was paid, and no fen more', async () => {
    const payment = await paidPayment();
    await refund(payment, 1000);
    await refund(payment, 900);
    const over = await refund(payment, 100);
    expect(over).toMatchObject({
      status: 422,
      body: {
        code: 'refund_exceeds_payment',
        payment,
        retryable: false,
        errors: [{ pointer: '/amount', detail: 'At most 99 can be refunded.' }],
      },
    });
    expect((await refund(payment, 99)).status).toBe(201);
    expect((await refund(payment, 1)).body).toMatchObject({ code: 'refund_exceeds_payment' });
  });

  test('sixteen at once never take more than was paid', async () => {
    const payment = await paidPayment();
    const answers = await Promise.all(
      Array.from({ length: 16 }, async () => await refund(payment, 500)),
    );
    expect(answers.filter((one) => one.status === 201)).toHaveLength(3);
    expect(await read(payment)).toMatchObject({ amount_refunded: 1500 });
  });

  test('under one number, sixteen times at once, is one', async () => {
    const payment = await paidPayment();
    const fields = { merchant_refund_no: nextNo('RF') };
    const answers = await Promise.all(
      Array.from({ length: 16 }, async () => await refund(payment, 500, fields)),
    );
    expect(new Set(answers.map(({ body }) => body['id'])).size).toBe(1);
    expect(answers.filter((one) => one.status === 201)).toHaveLength(1);
  });

  test('of a payment that nobody paid is refused', async () => {
    rig.script.pay = PAYABLE;
    const payment = await paidPayment();
    expect(await refund(payment, 1)).toMatchObject({
      status: 409,
      body: { code: 'payment_not_succeeded', payment },
    });
  });

  test('of a payment that its channel reversed is refused', async () => {
    const payment = await paidPayment();
    const order = { channel: 'wallet', account: 'main' };
    await rig.door.apply(
      { merchantNumber: rig.shop.merchantNumber, paymentId: payment },
      {
        type: 'outcome_learned',
        attempt: 1,
        outcome: {
          type: 'reversed',
          transactionNo: 'T1',
          reversedAtMs: Date.now(),
          channelCode: 'REVERSED',
        },
        evidence: { via: 'query', operation: 'query', raw: 'REVERSED' },
        planned: true,
        from: order,
      },
    );
    expect(await refund(payment, 1)).toMatchObject({
      status: 409,
      body: { code: 'payment_reversed' },
    });
  });

  test('later than its channel takes refunds is refused', async () => {
    const payment = await paidPayment();
    rig.clock.offsetMs += 366 * 24 * 3_600_000;
    try {
      expect(await refund(payment, 1)).toMatchObject({
        status: 422,
        body: { code: 'refund_window_over' },
      });
    } finally {
      rig.clock.offsetMs = 0;
    }
  });

  test('number belongs to one amount of one payment', async () => {
    const payment = await paidPayment();
    const fields = { merchant_refund_no: nextNo('RF') };
    await refund(payment, 500, fields);
    const other = await refund(payment, 501, fields);
    expect(other).toMatchObject({ status: 422, body: { code: 'merchant_refund_no_reused' } });
    expect(pointersOf(other)).toEqual(['/amount']);
    const elsewhere = await refund(await paidPayment(), 500, fields);
    expect(elsewhere).toMatchObject({ status: 422, body: { code: 'merchant_refund_no_reused' } });
    expect(pointersOf(elsewhere)).toEqual(['/payment']);
  });

  test('of a payment of another merchant, or of none, is 404', async () => {
    const theirs = await rig.otherShop.call('POST', '/v1/payments', {
      merchant_order_no: 'SO-THEIRS',
      amount: 1999,
      currency: 'CNY',
      subject: 'Tea',
      channel: 'wallet',
    });
    for (const payment of [String(theirs.body['id']), 'pay_01m80pjbg0f9xv59tdwh9edd1r', 'x']) {
      expect(await refund(payment, 1)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    }
  });
});

describe('the answer to a refund under an Idempotency-Key', () => {
  test.each([
    ['a refund', 500, 201],
    ['a refusal by decision', 2000, 422],
  ])('is kept: %s', async (_name, amount, status) => {
    const payment = await paidPayment();
    const body = { payment, merchant_refund_no: nextNo('RF'), amount };
    const key = { 'idempotency-key': nextNo('k') };
    const first = await rig.shop.call('POST', '/v1/refunds', body, key);
    const copy = await rig.shop.call('POST', '/v1/refunds', body, key);
    expect([first.status, copy.status]).toEqual([status, status]);
    expect(copy.headers['tieout-replayed']).toBe('true');
    expect(copy.body['id']).toBe(first.body['id']);
  });
});

describe('reading refunds', () => {
  test('by id, by the merchant’s number, and by payment', async () => {
    const payment = await paidPayment();
    const { body: first } = await refund(payment, 100);
    const { body: second } = await refund(payment, 200);
    await refund(await paidPayment(), 300);
    expect((await rig.shop.call('GET', `/v1/refunds/${String(first['id'])}`)).body).toEqual(first);
    const byNo = `/v1/merchant_refunds/${String(second['merchant_refund_no'])}`;
    expect((await rig.shop.call('GET', byNo)).body).toEqual(second);
    const listed = await rig.shop.call('GET', `/v1/refunds?payment=${payment}`);
    expect(listed.body).toEqual({ object: 'list', data: [second, first], has_more: false });
  });

  test('by pages, the newest first', async () => {
    const payment = await paidPayment();
    const ids: unknown[] = [];
    for (const amount of [1, 2, 3]) ids.unshift((await refund(payment, amount)).body['id']);
    const page = async (after: string) =>
      (await rig.shop.call('GET', `/v1/refunds?payment=${payment}&limit=2${after}`)).body;
    const first = await page('');
    expect(first).toMatchObject({ data: [{ id: ids[0] }, { id: ids[1] }], has_more: true });
    const second = await page(`&starting_after=${String(ids[1])}`);
    expect(second).toMatchObject({ data: [{ id: ids[2] }], has_more: false });
  });

  test('shows what the platform returned by itself only when it is asked for', async () => {
    const payment = await paidPayment();
    await rig.door.apply(
      { merchantNumber: rig.shop.merchantNumber, paymentId: payment },
      {
        type: 'outcome_learned',
        attempt: 1,
        outcome: {
          type: 'succeeded',
          charges: [
            { transactionNo: 'T2', amountMinor: 1999, currency: 'CNY', paidAtMs: Date.now() },
          ],
          channelCode: 'PAID',
        },
        evidence: { via: 'query', operation: 'query', raw: 'PAID' },
        planned: true,
        from: { channel: 'wallet', account: 'main' },
      },
    );
    const list = async (more: string) =>
      (await rig.shop.call('GET', `/v1/refunds?payment=${payment}${more}`)).body['data'];
    expect(await list('')).toEqual([]);
    expect(await list('&include=surplus')).toMatchObject([
      { merchant_refund_no: null, reason: 'duplicate', amount: 1999 },
    ]);
  });

  test.each([
    ['payment=x', '/query/payment'],
    ['include=everything', '/query/include'],
    ['limit=0', '/query/limit'],
    ['starting_after=pay_01m80pjbg0f9xv59tdwh9edd1r', '/query/starting_after'],
    ['status=failed', '/query/status'],
  ])('with %s is refused at %s', async (query, pointer) => {
    const answer = await rig.shop.call('GET', `/v1/refunds?${query}`);
    expect(answer.status).toBe(422);
    expect(pointersOf(answer)).toEqual([pointer]);
  });
});

describe('a refund that is wrong', () => {
  test.each([
    [{ amount: 0 }, '/amount', 'field_invalid'],
    [{ amount: -1 }, '/amount', 'field_invalid'],
    [{ amount: 1.5 }, '/amount', 'amount_not_integer'],
    [{ amount: '500' }, '/amount', 'amount_not_integer'],
    [{ amount: null }, '/amount', 'amount_not_integer'],
    [{ amount: 1e15 }, '/amount', 'field_invalid'],
    [{ merchant_refund_no: '' }, '/merchant_refund_no', 'field_invalid'],
    [{ merchant_refund_no: 'RF 1' }, '/merchant_refund_no', 'field_invalid'],
    [{ merchant_refund_no: 'x'.repeat(65) }, '/merchant_refund_no', 'field_invalid'],
    [{ merchant_refund_no: 7 }, '/merchant_refund_no', 'field_invalid'],
    [{ reason: '' }, '/reason', 'field_invalid'],
    [{ reason: 'a\nb' }, '/reason', 'field_invalid'],
    [{ reason: 'x'.repeat(201) }, '/reason', 'field_invalid'],
    [{ payment: 7 }, '/payment', 'field_invalid'],
    [{ currency: 'CNY' }, '/currency', 'field_invalid'],
    [{ status: 'succeeded' }, '/status', 'field_invalid'],
  ])('%j is refused at %s as %s', async (fields, pointer, code) => {
    const answer = await refund('pay_01m80pjbg0f9xv59tdwh9edd1r', 500, fields);
    expect([answer.status, answer.body['code'], pointersOf(answer)]).toEqual([
      422,
      code,
      [pointer],
    ]);
  });
});
