import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TestRig } from './test-rig.ts';

let rig: TestRig;
beforeEach(async () => {
  rig = await TestRig.start({ timeScale: 0.04 });
});
afterEach(async () => {
  await rig.stop();
});

type Words = Readonly<Record<string, unknown>>;

/** Pays one order and answers what a refund of its whole charge asks for. */
async function paidOrder(changes: Words = {}): Promise<Words> {
  const order = rig.order(changes);
  await rig.call('pay', order);
  const { out_no } = order;
  await rig.control('POST', '/control/pay', { out_no });
  const { words } = await rig.call('query', { out_no });
  const [trade] = words['trades'] as { trade_no: string }[];
  const refund_no = `${String(out_no)}R1`;
  return { out_no, refund_no, trade_no: trade?.trade_no, amount: 1999, currency: 'CNY' };
}

const books = async () => (await rig.control('GET', '/books')).words;

describe('a refund over the wire', () => {
  test('is accepted, told of, found by question, and stands in the books', async () => {
    const asked = await paidOrder();
    const { currency: _, ...named } = asked;
    const accepted = await rig.call('refund', asked);
    expect(accepted).toMatchObject({ status: 200, isAuthentic: true });
    expect(accepted.words).toEqual({
      result: 'OK',
      ...asked,
      refund_id: expect.stringMatching(/^R\d{28}$/),
      state: 'PROCESSING',
    });
    const [, told] = await rig.receive(2);
    expect(told).toMatchObject({ isAuthentic: true, words: { event: 'refund', ...named } });
    const { out_no, refund_no } = asked;
    const answer = await rig.call('refund_query', { out_no, refund_no });
    expect(answer.words).toEqual({
      ...accepted.words,
      state: 'SUCCESS',
      refunded_at: told?.words['refunded_at'],
    });
    expect((await books())['refunds']).toEqual([
      {
        channel_order_no: out_no,
        channel_transaction_no: asked['trade_no'],
        channel_refund_no: refund_no,
        amount: 1999,
        refunded_at: told?.words['refunded_at'],
      },
    ]);
    const { result: _result, out_no: _outNo, ...listed } = answer.words;
    expect((await rig.call('query', { out_no })).words['refunds']).toEqual([listed]);
  });

  test('that is refused says so in one word, and leaves the books alone', async () => {
    const asked = await paidOrder();
    const over = await rig.call('refund', { ...asked, amount: 2000 });
    expect(over).toMatchObject({ status: 400, words: { result: 'ERROR', code: 'REFUND_EXCEEDS' } });
    const { out_no, refund_no } = asked;
    expect((await rig.call('refund_query', { out_no, refund_no })).words).toMatchObject({
      state: 'CLOSED',
      code: 'REFUND_EXCEEDS',
    });
    const reused = await rig.call('refund', asked);
    expect(reused.words).toMatchObject({ code: 'REFUND_NO_REUSED' });
    const strange = await rig.call('refund', {
      ...asked,
      refund_no: 'R0000002',
      trade_no: 'another',
    });
    expect(strange.words).toMatchObject({ code: 'TRADE_NOT_EXIST' });
    expect((await books())['refunds']).toEqual([]);
  });

  test('that nobody asked for does not exist', async () => {
    const asked = { out_no: 'A0000001', refund_no: 'A0000001R1' };
    expect((await rig.call('refund_query', asked)).words).toEqual({
      result: 'OK',
      ...asked,
      state: 'NOT_EXIST',
    });
    const answer = await rig.call('refund_query', { out_no: 'A0000001' });
    expect(answer).toMatchObject({ status: 400, words: { code: 'PARAM_ERROR' } });
  });

  test.each([
    ['amount', { amount: 0 }],
    ['amount', { amount: '5' }],
    ['currency', { currency: 'cny' }],
    ['trade_no', { trade_no: 5 }],
    ['refund_no', { refund_no: 'R 1' }],
    ['out_no', { out_no: 'short' }],
  ])('with a wrong %s is no refund', async (field, change) => {
    const asked = { out_no: 'A0000001', refund_no: 'A0000001R1', trade_no: 't', amount: 1 };
    const answer = await rig.call('refund', { ...asked, currency: 'CNY', ...change });
    expect(answer).toMatchObject({ status: 400, words: { code: 'PARAM_ERROR' } });
    expect(String(answer.words['message'])).toContain(field);
  });

  test.each(['refund', 'refund_query'] as const)('%s falls to fault rules', async (operation) => {
    const asked = await paidOrder();
    const rule = { operation, effect: 'http_500', times: 1 };
    await rig.control('POST', '/control/faults', rule);
    expect((await rig.call(operation, asked)).status).toBe(500);
    expect((await rig.call(operation, asked)).status).toBe(200);
  });

  test('a lost answer is a refund all the same: the same number moves the money once', async () => {
    const asked = await paidOrder({ scenario: 'refund_timeout_accepted' });
    await expect(rig.call('refund', asked, { timeoutMs: 200 })).rejects.toThrow();
    expect((await rig.call('refund', asked)).words).toMatchObject({ result: 'OK' });
    await new Promise((resolve) => setTimeout(resolve, 310));
    expect((await books())['refunds']).toHaveLength(1);
  });
});

describe('control', () => {
  test('lets another payer pay the same code, and a payer pay what is over', async () => {
    const { out_no } = await paidOrder();
    const again = { out_no, another_payer: true };
    expect(await rig.control('POST', '/control/pay', again)).toMatchObject({ status: 200 });
    expect((await rig.call('query', { out_no })).words['trades']).toHaveLength(2);
    const order = rig.order();
    await rig.call('pay', order);
    const late = { out_no: order['out_no'] };
    await rig.call('close', late);
    expect((await rig.control('POST', '/control/pay', late)).status).toBe(409);
    const over = { ...late, although_over: true };
    expect((await rig.control('POST', '/control/pay', over)).words).toEqual({ state: 'PAID' });
    expect((await books())['charges']).toHaveLength(3);
  });

  test('refunds at the console, in part and then the rest', async () => {
    const { out_no } = await paidOrder();
    const part = await rig.control('POST', '/control/console_refund', { out_no, amount: 5 });
    expect(part).toMatchObject({ status: 200, words: { amount: 5, state: 'SUCCESS' } });
    const rest = await rig.control('POST', '/control/console_refund', { out_no });
    expect(rest).toMatchObject({ status: 200, words: { amount: 1994 } });
    const none = await rig.control('POST', '/control/console_refund', { out_no });
    expect(none).toMatchObject({ status: 409, words: { code: 'REFUND_EXCEEDS' } });
    expect((await books())['refunds']).toMatchObject([
      { channel_refund_no: part.words['refund_id'], amount: 5 },
      { channel_refund_no: rest.words['refund_id'], amount: 1994 },
    ]);
    // Two messages on their way may overtake each other.
    const all = await rig.receive(3);
    const told = all.find(({ words }) => words['refund_id'] === part.words['refund_id']);
    expect(told?.words).toMatchObject({ event: 'refund' });
    expect(told?.words).not.toHaveProperty('refund_no');
  });

  test('takes a charge back, which query, notification and books then say', async () => {
    const { out_no, trade_no } = await paidOrder();
    const answer = await rig.control('POST', '/control/reverse', { out_no });
    expect(answer).toMatchObject({ status: 200, words: { trade_no } });
    const [, told] = await rig.receive(2);
    expect(told?.words).toMatchObject({ event: 'reversal', state: 'REVERSED', trade_no });
    const reversed_at = told?.words['reversed_at'];
    const { words } = await rig.call('query', { out_no });
    const trade = { trade_no, state: 'REVERSED', reversed_at };
    expect(words).toMatchObject({ state: 'REVERSED', trades: [trade] });
    expect((await books())['charges']).toMatchObject([{ reversed_at }]);
    const again = await rig.control('POST', '/control/reverse', { out_no, trade_no });
    expect(again).toMatchObject({ status: 409, words: { code: 'ALREADY_REVERSED' } });
    const unpaid = rig.order();
    await rig.call('pay', unpaid);
    const { status } = await rig.control('POST', '/control/reverse', { out_no: unpaid['out_no'] });
    expect(status).toBe(409);
  });

  test.each([
    ['/control/pay', { another_payer: 'yes' }],
    ['/control/console_refund', { amount: 0 }],
    ['/control/reverse', { trade_no: 7 }],
  ])('%s refuses what it does not understand', async (path, words) => {
    const asked = { out_no: 'A0000001', ...words };
    expect((await rig.control('POST', path, asked)).status).toBe(400);
    expect((await rig.control('POST', path, {})).status).toBe(400);
  });
});
