import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../test/support/database.ts';
import type { Answer, ApiRig } from './api-rig.ts';
import { openApi } from './api-rig.ts';
import { paid } from './scripted-channels.ts';

const COUNT = 45;
let rig: ApiRig;
/** The newest first, as lists have them. */
const made: Answer['body'][] = [];
beforeAll(async () => {
  rig = await openApi(await freshDatabase());
  rig.script.pay = paid(1999);
  for (let at = 1; at <= COUNT; at++) {
    const { body } = await rig.shop.call('POST', '/v1/payments', {
      merchant_order_no: `SO-${at}`,
      amount: 1999,
      currency: 'CNY',
      subject: 'Tea',
      ...(at % 9 === 0 && { channel: 'wallet' }),
    });
    made.unshift(body);
  }
  await rig.otherShop.call('POST', '/v1/payments', {
    merchant_order_no: 'SO-1',
    amount: 1,
    currency: 'CNY',
    subject: 'Book',
  });
});
afterEach(() => expect(rig.undocumented).toEqual([]));
afterAll(async () => await rig.close());

const list = async (query: string): Promise<Answer> =>
  await rig.shop.call('GET', `/v1/payments${query}`);
const idsOf = ({ body }: Answer): unknown[] =>
  Array.isArray(body['data']) ? body['data'].map((one: { id: unknown }) => one.id) : [];
const madeIds = (): unknown[] => made.map((one) => one['id']);

describe('one payment', () => {
  test('is read by its id', async () => {
    const { status, body } = await rig.shop.call('GET', `/v1/payments/${String(made[0]?.['id'])}`);
    expect(status).toBe(200);
    expect({ ...body, ignored: [] }).toEqual(made[0]);
  });

  test('is read by the merchant’s own number', async () => {
    const { status, body } = await rig.shop.call('GET', '/v1/merchant_orders/SO-45');
    expect(status).toBe(200);
    expect(body['id']).toBe(made[0]?.['id']);
  });

  test('shows each merchant its own under the same number', async () => {
    const { body } = await rig.otherShop.call('GET', '/v1/merchant_orders/SO-1');
    expect(body).toMatchObject({ subject: 'Book', amount: 1 });
  });

  test.each([
    '/v1/payments/pay_01m80pjbg0f9xv59tdwh9edd1r',
    '/v1/payments/pay_1',
    '/v1/payments/..%2f..%2fetc',
    '/v1/payments/%00',
    `/v1/payments/${'x'.repeat(90)}`,
    '/v1/merchant_orders/SO-999',
    '/v1/merchant_orders/%27%20OR%201=1--',
    '/v1/merchant_orders/%00',
    '/v1/payments/pay_01m80pjbg0f9xv59tdwh9edd1r/timeline',
  ])('%s is 404', async (url) => {
    const { status, body } = await rig.shop.call('GET', url);
    expect(status).toBe(404);
    expect(body['code']).toBe('not_found');
  });
});

describe('the list of payments', () => {
  test('shows twenty, the newest first, and says that there are more', async () => {
    const answer = await list('');
    expect(answer.status).toBe(200);
    expect(idsOf(answer)).toEqual(madeIds().slice(0, 20));
    expect(answer.body['has_more']).toBe(true);
  });

  test.each([1, 7, 44, 45, 100])(
    'is walked in pages of %i, without a gap or a repetition',
    async (limit) => {
      const walked: unknown[] = [];
      for (;;) {
        const after = walked.length === 0 ? '' : `&starting_after=${String(walked.at(-1))}`;
        const answer = await list(`?limit=${limit}${after}`);
        walked.push(...idsOf(answer));
        if (answer.body['has_more'] !== true) break;
      }
      expect(walked).toEqual(madeIds());
    },
  );

  test('can be cut down to a status', async () => {
    const succeeded = await list('?status=succeeded');
    expect(idsOf(succeeded)).toEqual(
      made.filter((one) => one['status'] === 'succeeded').map((one) => one['id']),
    );
    expect(idsOf(succeeded)).toHaveLength(5);
  });

  test('can be cut down to a time', async () => {
    const [newest, , third] = made;
    const from = String(third?.['created_at']);
    const to = String(newest?.['created_at']);
    const within = made.filter(
      (one) => String(one['created_at']) >= from && String(one['created_at']) < to,
    );
    expect(idsOf(await list(`?created_gte=${from}&created_lt=${to}`))).toEqual(
      within.map((one) => one['id']),
    );
  });

  test('finds the one payment that any of its three numbers stands for', async () => {
    const wanted = made.find((one) => one['merchant_order_no'] === 'SO-18');
    const orders = wanted?.['channel_orders'] as { channel_order_no: string }[];
    for (const number of ['SO-18', String(wanted?.['id']), orders[0]?.channel_order_no ?? '']) {
      expect(idsOf(await list(`?q=${number}`))).toEqual([wanted?.['id']]);
      expect(idsOf(await rig.otherShop.call('GET', `/v1/payments?q=${number}`))).toEqual([]);
    }
    expect(idsOf(await list('?q=nothing'))).toEqual([]);
  });

  test.each([
    ['?limit=0', '/query/limit'],
    ['?limit=101', '/query/limit'],
    ['?limit=-1', '/query/limit'],
    ['?limit=1.5', '/query/limit'],
    ['?limit=abc', '/query/limit'],
    ['?limit=', '/query/limit'],
    ['?limit=0x10', '/query/limit'],
    ['?limit=1e1', '/query/limit'],
    ['?limit=%2B5', '/query/limit'],
    ['?limit=5&limit=6', '/query/limit'],
    ['?limit=99999999999999999999', '/query/limit'],
    ['?starting_after=evt_01m80pjbg0f9xv59tdwh9edd1r', '/query/starting_after'],
    ['?starting_after=SO-1', '/query/starting_after'],
    [`?starting_after=${'x'.repeat(5000)}`, '/query/starting_after'],
    ['?status=paid', '/query/status'],
    ['?status=succeeded&status=closed', '/query/status'],
    ['?created_gte=yesterday', '/query/created_gte'],
    ['?created_gte=2026-11-22', '/query/created_gte'],
    ['?created_gte=2026-11-22T04:00:00', '/query/created_gte'],
    ['?created_lt=2026-13-01T00:00:00Z', '/query/created_lt'],
    ['?created_lt=2026-11-22T24:00:00Z', '/query/created_lt'],
    ['?q=', '/query/q'],
    ['?page=2', '/query/page'],
    ['?__proto__=1', '/query/__proto__'],
  ])('%s is refused, and the answer names %s', async (query, pointer) => {
    const { status, body } = await list(query);
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: 'field_invalid', errors: [{ pointer }] });
  });
});

describe('the timeline of a payment', () => {
  test('has every input and event in order, with the evidence', async () => {
    const wanted = made.find((one) => one['merchant_order_no'] === 'SO-9');
    const { status, body } = await rig.shop.call(
      'GET',
      `/v1/payments/${String(wanted?.['id'])}/timeline`,
    );
    expect(status).toBe(200);
    expect(body).toMatchObject({
      object: 'timeline',
      payment: wanted?.['id'],
      data: [
        { type: 'input', version: 1, input: 'create_payment', channel_order: null },
        {
          type: 'input',
          version: 2,
          input: 'outcome_learned',
          outcome: 'succeeded',
          via: 'response',
          operation: 'pay',
          evidence: expect.stringContaining('"transactionNo":"T1"'),
        },
        { type: 'event', version: 2, event_type: 'payment.succeeded' },
      ],
    });
  });
});
