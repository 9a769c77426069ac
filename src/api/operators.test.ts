import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../test/support/database.ts';
import { uuidToId } from '../core/id.ts';
import type { Outcome } from '../core/outcome.ts';
import { storeNotification } from '../store/postgres/notifications.ts';
import { spend } from '../store/postgres/refund-brake.ts';
import type { Answer, ApiRig, Method } from './api-rig.ts';
import { inject, openApi } from './api-rig.ts';
import { pointersOf } from './refused-request.ts';
import { paid, PAYABLE } from './scripted-channels.ts';

let rig: ApiRig;
beforeAll(async () => {
  rig = await openApi(await freshDatabase());
});
beforeEach(() => {
  rig.script.pay = PAYABLE;
  delete rig.script.notification;
});
afterEach(() => expect(rig.undocumented).toEqual([]));
afterAll(async () => await rig.close());

const operator = async (method: Method, url: string, payload?: object): Promise<Answer> =>
  await inject(rig.app, {
    method,
    url,
    headers: { authorization: `Bearer ${rig.operatorKey}` },
    ...(payload && { payload }),
  });

let count = 0;
const pay = async (fields: Record<string, unknown> = {}): Promise<Answer['body']> =>
  (
    await rig.shop.call('POST', '/v1/payments', {
      merchant_order_no: `SO-${++count}`,
      amount: 1999,
      currency: 'CNY',
      subject: 'Tea',
      channel: 'wallet',
      ...fields,
    })
  ).body;

const learned = (outcome: Outcome) =>
  ({
    type: 'outcome_learned',
    attempt: 1,
    outcome,
    evidence: { via: 'query', operation: 'query', raw: 'PAID' },
    planned: true,
    from: { channel: 'wallet', account: 'main' },
  }) as const;

/** A payment with its winner, and a second charge that is owed back. */
async function paidTwice(): Promise<string> {
  rig.script.pay = paid(1999);
  const payment = String((await pay())['id']);
  const second = { transactionNo: 'T2', amountMinor: 1999, currency: 'CNY', paidAtMs: Date.now() };
  const key = { merchantNumber: rig.shop.merchantNumber, paymentId: payment };
  await rig.door.apply(key, learned({ type: 'succeeded', charges: [second], channelCode: 'PAID' }));
  return payment;
}

const brakeOf = async (channel: string): Promise<Record<string, unknown>> => {
  const { body } = await operator('GET', '/v1/refund_brake');
  const accounts = body['accounts'] as Record<string, unknown>[];
  return accounts.find((one) => one['channel'] === channel) ?? {};
};

describe('the brake on automatic refunds', () => {
  test('is off, with its limits, until somebody puts it on', async () => {
    const { status, body } = await operator('GET', '/v1/refund_brake');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      object: 'refund_brake',
      limits: { count_per_hour: 200, amount_per_hour: 20_000_000 },
    });
    expect(await brakeOf('bank')).toMatchObject({ held: false, held_back: 0, acts: [] });
  });

  test('is put on by a named person with a reason, and says so', async () => {
    const held = await operator('POST', '/v1/refund_brake', {
      channel: 'bank',
      action: 'hold',
      reason: 'A wave of duplicates',
    });
    expect(held).toMatchObject({ status: 200, body: { action: 'hold', account: 'main' } });
    expect(await brakeOf('bank')).toMatchObject({
      held: true,
      held_by: held.body['by'],
      held_reason: 'A wave of duplicates',
      acts: [{ act: 'brake.hold', by: held.body['by'], reason: 'A wave of duplicates' }],
    });
    await operator('POST', '/v1/refund_brake', {
      channel: 'bank',
      action: 'release',
      reason: 'It was a test of ours',
    });
    expect(await brakeOf('bank')).toMatchObject({ held: false, held_by: null });
  });

  test('lets go of what it holds back when it is released, in the name of who did', async () => {
    const payment = await paidTwice();
    const key = { merchantNumber: rig.shop.merchantNumber, paymentId: payment };
    await rig.door.apply(key, {
      type: 'refund_held_back',
      attempt: 1,
      number: 1,
      by: 'brake',
      reason: 'the switch is on',
    });
    expect(await brakeOf('wallet')).toMatchObject({ held_back: 1 });
    const refunds = `/v1/refunds?payment=${payment}&include=surplus`;
    const waiting = await rig.shop.call('GET', refunds);
    expect(waiting.body['data']).toMatchObject([{ channel_refunds: [{ status: 'held_back' }] }]);
    const released = await operator('POST', '/v1/refund_brake', {
      channel: 'wallet',
      action: 'release',
      reason: 'They are real',
    });
    expect(released.body).toMatchObject({ released: 1 });
    expect(await brakeOf('wallet')).toMatchObject({ held_back: 0 });
    const after = await rig.shop.call('GET', refunds);
    expect(after.body['data']).toMatchObject([{ channel_refunds: [{ status: 'owed' }] }]);
    const timeline = await rig.shop.call('GET', `/v1/payments/${payment}/timeline`);
    expect(JSON.stringify(timeline.body)).toContain(
      `${String(released.body['by'])}: They are real`,
    );
  });

  test('gives a new quota with a release, or its limit would hold the same refunds again', async () => {
    const spending = {
      channel: 'sandbox',
      account: 'main',
      currency: 'CNY',
      amountMinor: 1,
      nowMs: rig.clock.nowMs(),
      isReleased: false,
    };
    const limits = { countPerHourMax: 1, minorPerHourMax: 1000 };
    expect(await spend(rig.pool, spending, limits)).toBe('allowed');
    expect(await spend(rig.pool, spending, limits)).toBe('limit_reached');
    await operator('POST', '/v1/refund_brake', {
      channel: 'sandbox',
      action: 'release',
      reason: 'They are real',
    });
    expect(await spend(rig.pool, spending, limits)).toBe('allowed');
  });

  test('a refund above the whole limit of the hour leaves once a person released it, and counts', async () => {
    const place = { channel: 'large', account: 'main', currency: 'CNY' };
    const nowMs = rig.clock.nowMs();
    const limits = { countPerHourMax: 3, minorPerHourMax: 1000 };
    const ask = async (amountMinor: number, isReleased: boolean) =>
      await spend(rig.pool, { ...place, amountMinor, nowMs, isReleased }, limits);
    expect(await ask(1001, false)).toBe('limit_reached');
    expect(await ask(1001, true)).toBe('allowed');
    expect(await ask(1, false)).toBe('limit_reached');
    // What would fit into an hour of its own waits for one, also when it was released.
    expect(await ask(1, true)).toBe('limit_reached');
    expect(await ask(1001, true)).toBe('allowed');
    expect(await ask(1001, true)).toBe('allowed');
    expect(await ask(1001, true)).toBe('limit_reached');
  });

  test.each([
    [{ channel: 'paypal' }, '/channel'],
    [{ channel: 'constructor' }, '/channel'],
    [{ account: 'other' }, '/account'],
    [{ action: 'stop' }, '/action'],
    [{ reason: '' }, '/reason'],
    [{ reason: undefined }, '/reason'],
    [{ by: 'Somebody' }, '/by'],
  ])('%j is refused at %s', async (fields, pointer) => {
    const answer = await operator('POST', '/v1/refund_brake', {
      channel: 'bank',
      action: 'hold',
      reason: 'x',
      ...fields,
    });
    expect(answer.status).toBe(422);
    expect(pointersOf(answer)).toEqual([pointer]);
    expect(await brakeOf('bank')).toMatchObject({ held: false });
  });
});

describe('a merchant’s policy of late money', () => {
  const mine = async (): Promise<string> => {
    const { body } = await operator('GET', '/v1/merchants');
    const shops = body['data'] as { id: string; late_payment: string }[];
    expect(shops[0]).toMatchObject({ late_payment: 'refund' });
    return shops[1]?.id ?? '';
  };

  test('is changed by an operator, and who did it and why is kept', async () => {
    const id = await mine();
    const changed = await operator('POST', `/v1/merchants/${id}`, {
      late_payment: 'accept',
      reason: 'They sell vouchers',
    });
    expect(changed).toMatchObject({ status: 200, body: { id, late_payment: 'accept' } });
    expect((await operator('GET', `/v1/merchants/${id}`)).body).toEqual(changed.body);
    const { rows } = await rig.pool.query('SELECT act, subject, reason FROM operator_act');
    expect(rows).toContainEqual({
      act: 'merchant.late_payment=accept',
      subject: id,
      reason: 'They sell vouchers',
    });
  });

  test.each([
    [{ late_payment: 'keep' }, '/late_payment'],
    [{ late_payment: undefined }, '/late_payment'],
    [{ reason: undefined }, '/reason'],
    [{ name: 'x' }, '/name'],
  ])('%j is refused at %s', async (fields, pointer) => {
    const answer = await operator('POST', '/v1/merchants/mch_01m80pjbg0f9xv59tdwh9edd1r', {
      late_payment: 'accept',
      reason: 'x',
      ...fields,
    });
    expect([answer.status, pointersOf(answer)]).toEqual([422, [pointer]]);
  });

  test.each(['mch_01m80pjbg0f9xv59tdwh9edd1r', 'x', '%00', 'mch_'])(
    'of %s, who does not exist, is 404',
    async (id) => {
      const body = { late_payment: 'accept', reason: 'x' };
      expect((await operator('POST', `/v1/merchants/${id}`, body)).status).toBe(404);
      expect((await operator('GET', `/v1/merchants/${id}`)).status).toBe(404);
    },
  );
});

describe('a notification that nobody could place', () => {
  const keep = async (account = 'main'): Promise<string> => {
    const uuid = randomUUID();
    const message = {
      uuid,
      channel: 'wallet',
      account,
      receivedAtMs: rig.clock.nowMs(),
      headers: { signature: 'right' },
      body: Buffer.from('{"out_no":"SOMEBODY0001"}'),
    };
    const reason = 'The order number is none of ours.';
    await storeNotification(rig.pool, message, 'unmatched', reason);
    return uuidToId('ntf', uuid);
  };
  const says = (outcome: Outcome): void => {
    rig.script.notification = {
      type: 'authentic',
      channelOrderNo: 'SOMEBODY0001',
      account: 'main',
      outcome,
      raw: 'PAID',
    };
  };
  const orderNoOf = (payment: Answer['body']): string => {
    const orders = payment['channel_orders'] as { channel_order_no: string }[];
    return orders[0]?.channel_order_no ?? '';
  };
  const act = async (id: string, body: object): Promise<Answer> =>
    await operator('POST', `/v1/notifications/${id}/actions`, { reason: 'By telephone', ...body });

  test('is listed for operators, with what it says, and for nobody else', async () => {
    const id = await keep();
    const { body } = await operator('GET', '/v1/notifications');
    expect(body['data']).toMatchObject([
      {
        id,
        object: 'notification',
        channel: 'wallet',
        verdict: 'unmatched',
        reason: 'The order number is none of ours.',
        body: '{"out_no":"SOMEBODY0001"}',
      },
    ]);
    expect((await operator('GET', `/v1/notifications/${id}`)).body).toMatchObject({ id });
    await act(id, { action: 'dismiss' });
  });

  test('is adopted for the order that it is about, and pays it', async () => {
    const payment = await pay();
    const id = await keep();
    says(paid(1999));
    const fields = { action: 'adopt', channel_order_no: orderNoOf(payment) };
    const first = await act(id, { ...fields, dry_run: true });
    expect(first.body).toMatchObject({ dry_run: true, payment: payment['id'] });
    expect(String(first.body['changes'])).toContain('processing → succeeded');
    const url = `/v1/payments/${String(payment['id'])}`;
    expect((await rig.shop.call('GET', url)).body).toMatchObject({ status: 'processing' });
    const adopted = await act(id, fields);
    expect(adopted.body).toMatchObject({ dry_run: false, payment: payment['id'] });
    const after = await rig.shop.call('GET', url);
    expect(after.body).toMatchObject({ status: 'succeeded', confirmed_by: 'operator' });
    const timeline = await rig.shop.call('GET', `${url}/timeline`);
    const name = String(adopted.body['by']);
    expect(JSON.stringify(timeline.body)).toContain(`${name}: By telephone; ${id}`);
    expect((await operator('GET', `/v1/notifications/${id}`)).body).toMatchObject({
      verdict: 'adopted',
      reason: `${name}: By telephone`,
    });
    expect(await act(id, fields)).toMatchObject({ status: 409, body: { code: 'case_resolved' } });
  });

  test.each<[string, Outcome, string]>([
    ['of another amount', paid(1998), 'The message says 19.98 CNY, the order is of 19.99 CNY.'],
    ['in another currency', paid(1999, 'JPY'), 'The message says 1999 JPY'],
    ['that says no', { type: 'closed', channelCode: 'CLOSED' }, 'only money that was taken'],
  ])('and %s is not adopted', async (_name, outcome, words) => {
    const payment = await pay();
    const id = await keep();
    says(outcome);
    const answer = await act(id, { action: 'adopt', channel_order_no: orderNoOf(payment) });
    expect(answer).toMatchObject({ status: 409, body: { code: 'action_not_possible' } });
    expect(answer.body['detail']).toContain(words);
    const read = await rig.shop.call('GET', `/v1/payments/${String(payment['id'])}`);
    expect(read.body).toMatchObject({ status: 'processing' });
    await act(id, { action: 'dismiss' });
  });

  test('is not adopted for an order of another channel', async () => {
    const payment = await pay({ channel: 'bank' });
    const id = await keep();
    says(paid(1999));
    const answer = await act(id, { action: 'adopt', channel_order_no: orderNoOf(payment) });
    expect(answer.body).toMatchObject({ code: 'action_not_possible' });
    expect(answer.body['detail']).toContain('wallet/main');
    await act(id, { action: 'dismiss' });
  });

  test('is not adopted when it cannot be verified again', async () => {
    const payment = await pay();
    const id = await keep();
    const answer = await act(id, { action: 'adopt', channel_order_no: orderNoOf(payment) });
    expect(answer.body).toMatchObject({ code: 'action_not_possible' });
    await act(id, { action: 'dismiss' });
  });

  test('is put aside for good', async () => {
    const id = await keep();
    expect((await act(id, { action: 'dismiss', dry_run: true })).status).toBe(200);
    expect((await operator('GET', '/v1/notifications')).body['data']).toHaveLength(1);
    expect((await act(id, { action: 'dismiss' })).status).toBe(200);
    expect((await operator('GET', '/v1/notifications')).body['data']).toEqual([]);
    const dismissed = await operator('GET', '/v1/notifications?verdict=dismissed&limit=1');
    expect(dismissed.body).toMatchObject({ data: [{ id }], has_more: true });
    const older = await operator('GET', `/v1/notifications?verdict=dismissed&starting_after=${id}`);
    expect(JSON.stringify(older.body)).not.toContain(id);
  });

  test.each([
    [{ action: 'adopt' }, '/channel_order_no'],
    [{ action: 'adopt', channel_order_no: 'nowhere' }, '/channel_order_no'],
    [{ action: 'dismiss', channel_order_no: 'x' }, '/channel_order_no'],
    [{ action: 'burn' }, '/action'],
    [{ action: 'dismiss', reason: '' }, '/reason'],
    [{ action: 'dismiss', dry_run: 1 }, '/dry_run'],
  ])('%j is refused at %s', async (body, pointer) => {
    const id = await keep();
    const answer = await act(id, body);
    expect([answer.status, pointersOf(answer)]).toEqual([422, [pointer]]);
    await act(id, { action: 'dismiss' });
  });
});
