import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TestRig } from './test-rig.ts';

let rig: TestRig;
beforeEach(async () => {
  rig = await TestRig.start();
});
afterEach(async () => {
  await rig.stop();
});

async function payByHand(changes: Record<string, unknown> = {}): Promise<string> {
  const order = rig.order(changes);
  await rig.call('pay', order);
  const paid = await rig.control('POST', '/control/pay', { out_no: order['out_no'] });
  expect(paid).toMatchObject({ status: 200, words: { state: 'PAID' } });
  return String(order['out_no']);
}

async function advance(byMs: number): Promise<number> {
  const { words } = await rig.control('GET', '/control/clock');
  const offsetMs = Number(words['offset_ms']) + byMs;
  await rig.control('POST', '/control/clock', { offset_ms: offsetMs });
  return Number((await rig.control('POST', '/control/run_due', {})).words['ran']);
}

async function spoil(effect: string): Promise<void> {
  await rig.control('POST', '/control/faults', { operation: 'notify', effect, times: 1 });
}

describe('a notification', () => {
  test('goes out by itself when the payer has paid, signed, with what the books say', async () => {
    const outNo = await payByHand();
    const [notification] = await rig.receive(1);
    const { charges } = (await rig.control('GET', '/books')).words;
    const [charge] = charges as { channel_transaction_no: string; charged_at: string }[];
    expect(notification?.isAuthentic).toBe(true);
    expect(notification?.words).toEqual({
      notify_id: expect.any(String),
      event: 'payment',
      account: 'shop-account',
      out_no: outNo,
      state: 'PAID',
      trade_no: charge?.channel_transaction_no,
      amount: 1999,
      currency: 'CNY',
      paid_at: charge?.charged_at,
      sent_at: charge?.charged_at,
    });
  });

  test('that was acknowledged is not sent again', async () => {
    await payByHand();
    await rig.receive(1);
    await advance(86_400_000);
    expect(rig.received).toHaveLength(1);
    expect((await rig.control('GET', '/control/next_due')).words).toEqual({ next_due_at_ms: null });
  });

  test.each([
    ['a refusal', { status: 401, body: 'ok' }],
    ['another word', { status: 200, body: 'OK' }],
    ['a word too many', { status: 200, body: 'ok ' }],
    ['204', { status: 204, body: '' }],
  ])('answered by %s comes again with the same body and a new signature', async (_, answer) => {
    rig.acknowledgement = answer;
    await payByHand();
    await rig.receive(1);
    await rig.control('POST', '/control/run_due', {});
    const { words } = await rig.control('GET', '/control/next_due');
    const pauseMs = Number(words['next_due_at_ms']) - (rig.received[0]?.atMs ?? 0);
    expect(pauseMs).toBeGreaterThan(14_900);
    expect(pauseMs).toBeLessThan(16_000);
    rig.acknowledgement = { status: 200, body: 'ok' };
    expect(await advance(16_000)).toBe(1);
    const [first, second] = rig.received;
    expect(second?.body).toBe(first?.body);
    expect(second?.isAuthentic).toBe(true);
    expect(second?.headers['sandbox-nonce']).not.toBe(first?.headers['sandbox-nonce']);
    expect(await advance(86_400_000)).toBe(0);
  });

  test('to nobody is kept for later', async () => {
    const order = rig.order({
      notify_url: 'http://127.0.0.1:1/away',
      product: 'quickpay_accepted',
    });
    await rig.call('pay', order);
    await advance(400);
    const { words } = await rig.control('GET', '/control/next_due');
    expect(words['next_due_at_ms']).toBeGreaterThan(Date.now() + 10_000);
  });
});

describe('the scenario', () => {
  test('forged_notification sends a wrong signature and a probe before the true word', async () => {
    await rig.call('pay', rig.order({ scenario: 'forged_notification' }));
    await rig.receive(2);
    expect((await rig.control('GET', '/books')).words['charges']).toEqual([]);
    const received = await rig.receive(3);
    expect(received.map(({ isAuthentic }) => isAuthentic)).toEqual([false, false, true]);
    const isProbe = received.map(({ headers }) =>
      String(headers['sandbox-signature']).startsWith('SANDBOX/SIGNTEST/'),
    );
    expect(isProbe.filter(Boolean)).toHaveLength(1);
    expect(isProbe[2]).toBe(false);
  });

  test('duplicate_notification sends five, and none after they were acknowledged', async () => {
    await rig.call('pay', rig.order({ scenario: 'duplicate_notification' }));
    const received = await rig.receive(5);
    expect(new Set(received.map(({ body }) => body)).size).toBe(1);
    expect(new Set(received.map(({ headers }) => headers['sandbox-nonce'])).size).toBe(5);
    await advance(86_400_000);
    expect(rig.received).toHaveLength(5);
  });
});

describe('a fault rule on notifications', () => {
  test('drop loses one send; the ladder makes good for it', async () => {
    await spoil('drop');
    await payByHand();
    await rig.control('POST', '/control/run_due', {});
    expect(rig.received).toHaveLength(0);
    await advance(15_000);
    expect(rig.received).toHaveLength(1);
  });

  test('delay makes it half a minute late', async () => {
    await spoil('delay');
    await payByHand();
    await advance(29_000);
    expect(rig.received).toHaveLength(0);
    await advance(1_100);
    expect(rig.received).toHaveLength(1);
  });

  test('duplicate makes five of it', async () => {
    await spoil('duplicate');
    await payByHand();
    await rig.receive(5);
    await advance(86_400_000);
    expect(rig.received).toHaveLength(5);
  });

  test('forge sends a wrong signature and never the true one', async () => {
    await spoil('forge');
    await payByHand();
    await rig.receive(1);
    await advance(86_400_000);
    expect(rig.received.map(({ isAuthentic }) => isAuthentic)).toEqual([false]);
  });
});

describe('running what is due', () => {
  test('waits for its sends and counts payers and notifications', async () => {
    await rig.call('pay', rig.order({ scenario: 'slow_payer' }));
    expect(await advance(8_000)).toBe(2);
    expect(rig.received).toHaveLength(1);
  });

  test('waits for a send that the clock started, until it is answered', async () => {
    rig.acknowledgeMs = 300;
    await payByHand();
    await rig.receive(1);
    await rig.control('POST', '/control/run_due', {});
    expect(Date.now() - (rig.received[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(290);
    expect((await rig.control('GET', '/control/next_due')).words).toEqual({ next_due_at_ms: null });
  });

  test('is not needed: a moved clock brings things about by itself a little later', async () => {
    await rig.call('pay', rig.order({ scenario: 'slow_payer' }));
    await rig.control('POST', '/control/clock', { offset_ms: 8_000 });
    expect(await rig.receive(1)).toMatchObject([{ words: { state: 'PAID' } }]);
  });

  test('follows the clock, which control can move', async () => {
    const before = (await rig.control('GET', '/control/clock')).words;
    expect(before['offset_ms']).toBe(0);
    const order = rig.order({ expire_at: new Date(Date.now() + 60_000).toISOString() });
    await rig.call('pay', order);
    const moved = await rig.control('POST', '/control/clock', { offset_ms: 61_000 });
    const nowMs = Date.parse(String(moved.words['now']));
    expect(Math.abs(nowMs - Date.now() - 61_000)).toBeLessThan(1_000);
    expect((await rig.call('query', order)).words['state']).toBe('CLOSED');
    const late = await rig.control('POST', '/control/pay', { out_no: order['out_no'] });
    expect(late).toMatchObject({ status: 409, words: { code: 'ORDER_EXPIRED' } });
  });
});
