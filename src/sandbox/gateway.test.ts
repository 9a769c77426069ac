import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SANDBOX_CHANNELS } from './channel-catalogue.ts';
import { TestRig } from './test-rig.ts';

let rig: TestRig;
beforeEach(async () => {
  rig = await TestRig.start();
});
afterEach(async () => {
  await rig.stop();
});

const EXPIRED = new Date(Date.now() - 1).toISOString();

describe('an order call', () => {
  test('for a code or a page is accepted with the address where the payer pays', async () => {
    const qr = rig.order();
    const answer = await rig.call('pay', qr);
    expect(answer).toMatchObject({ status: 200, isAuthentic: true });
    expect(answer.words).toEqual({
      result: 'ACCEPTED',
      out_no: qr['out_no'],
      code_url: `${rig.sandbox.url}/pay/sandbox/${String(qr['out_no'])}`,
    });
    const redirect = await rig.call('pay', rig.order({ product: 'redirect' }));
    expect(redirect.words).toHaveProperty('pay_url');
    expect(redirect.words).not.toHaveProperty('code_url');
  });

  test('for a quick payment is answered with the result', async () => {
    const order = rig.order({ product: 'quickpay' });
    const { words } = await rig.call('pay', order);
    expect(words).toEqual({
      result: 'PAID',
      out_no: order['out_no'],
      trade_no: expect.stringMatching(/^\d{28}$/),
      amount: 1999,
      currency: 'CNY',
      paid_at: expect.stringMatching(/^2\d{3}-.*Z$/),
    });
    const declined = rig.order({ product: 'quickpay', amount: 8_800_012 });
    expect((await rig.call('pay', declined)).words).toEqual({
      result: 'DECLINED',
      out_no: declined['out_no'],
      code: 'INSUFFICIENT_BALANCE',
      message: '余额不足',
    });
    const accepted = rig.order({ product: 'quickpay_accepted' });
    expect((await rig.call('pay', accepted)).words).toEqual({
      result: 'ACCEPTED',
      out_no: accepted['out_no'],
    });
  });

  test('sent again says the same; with another amount it is refused', async () => {
    const order = rig.order({ product: 'quickpay' });
    const first = await rig.call('pay', order);
    expect((await rig.call('pay', order)).words).toEqual(first.words);
    const other = await rig.call('pay', { ...order, amount: 1 });
    expect(other).toMatchObject({ status: 400, words: { result: 'ERROR', code: 'OUT_NO_REUSED' } });
  });

  test.each([
    ['out_no', { out_no: 'short' }],
    ['out_no', { out_no: 'LOWERcase01' }],
    ['product', { product: 'cash' }],
    ['amount', { amount: 0 }],
    ['amount', { amount: 19.99 }],
    ['amount', { amount: '1999' }],
    ['currency', { currency: 'yuan' }],
    ['subject', { subject: '' }],
    ['notify_url', { notify_url: 'file:///etc/passwd' }],
    ['return_url', { return_url: 'javascript:alert(1)' }],
    ['expire_at', { expire_at: 'tomorrow' }],
    ['expire_at', { expire_at: EXPIRED }],
    ['scenario', { scenario: 'no_such_scenario' }],
  ])('with a wrong %s is refused by name and leaves nothing behind', async (field, change) => {
    const order = rig.order(change);
    const { status, words } = await rig.call('pay', order);
    expect(status).toBe(400);
    expect(words).toMatchObject({ result: 'ERROR', code: 'PARAM_ERROR' });
    expect(words['message']).toContain(field);
    expect((await rig.control('GET', '/books')).words['charges']).toEqual([]);
  });

  test('at the channel that never notifies takes codes only', async () => {
    const order = rig.order();
    const changes = { channel: 'query_only' };
    expect((await rig.call('pay', order, changes)).words['result']).toBe('ACCEPTED');
    const page = rig.order({ product: 'redirect' });
    expect((await rig.call('pay', page, changes)).words['code']).toBe('PARAM_ERROR');
    expect(Object.keys(SANDBOX_CHANNELS)).toEqual(['sandbox', 'query_only']);
  });
});

describe('a query', () => {
  test('tells the life of an order', async () => {
    const order = rig.order();
    const outNo = { out_no: order['out_no'] };
    expect((await rig.call('query', outNo)).words).toEqual({
      result: 'OK',
      ...outNo,
      state: 'NOT_EXIST',
      trades: [],
      refunds: [],
    });
    await rig.call('pay', order);
    expect((await rig.call('query', outNo)).words).toEqual({
      result: 'OK',
      ...outNo,
      state: 'WAITING',
      amount: 1999,
      currency: 'CNY',
      trades: [],
      refunds: [],
    });
    await rig.control('POST', '/control/pay', outNo);
    const { words } = await rig.call('query', outNo);
    expect(words).toMatchObject({ state: 'PAID', amount: 1999, currency: 'CNY' });
    const { charges } = (await rig.control('GET', '/books')).words;
    expect(charges).toMatchObject([{ amount: 1999, channel_order_no: order['out_no'] }]);
    const [trade] = words['trades'] as { trade_no: string; paid_at: string }[];
    expect(charges).toMatchObject([
      { channel_transaction_no: trade?.trade_no, charged_at: trade?.paid_at },
    ]);
  });

  test('says why an order was declined', async () => {
    const order = rig.order({ product: 'quickpay', scenario: 'declined' });
    await rig.call('pay', order);
    const { words } = await rig.call('query', { out_no: order['out_no'] });
    expect(words).toMatchObject({ state: 'DECLINED', code: 'INSUFFICIENT_BALANCE', trades: [] });
  });
});

describe('a close', () => {
  test('shuts an order, and a number that has none yet', async () => {
    const order = rig.order();
    await rig.call('pay', order);
    const closed = await rig.call('close', { out_no: order['out_no'] });
    expect(closed.words).toEqual({ result: 'CLOSED', out_no: order['out_no'] });
    const unknown = rig.order();
    await rig.call('close', { out_no: unknown['out_no'] });
    for (const late of [order, unknown]) {
      expect((await rig.call('pay', late)).words).toMatchObject({ code: 'ORDER_CLOSED' });
      const { words } = await rig.call('query', { out_no: late['out_no'] });
      expect(words['state']).toBe('CLOSED');
    }
  });

  test('of a paid order says so, and of one under way that it cannot be closed', async () => {
    const paid = rig.order({ product: 'quickpay' });
    await rig.call('pay', paid);
    expect((await rig.call('close', { out_no: paid['out_no'] })).words['result']).toBe('PAID');
    const paying = rig.order({ product: 'quickpay_accepted', scenario: 'slow_payer' });
    await rig.call('pay', paying);
    expect((await rig.call('close', { out_no: paying['out_no'] })).words['result']).toBe('PAYING');
  });
});

describe('a signature', () => {
  test.each([
    ['made with another secret', { 'sandbox-signature': Buffer.alloc(32).toString('base64') }],
    ['of a probe', { 'sandbox-signature': 'SANDBOX/SIGNTEST/x' }],
    ['of an unknown account', { 'sandbox-account': 'nobody' }],
    ['of an account named like a built-in', { 'sandbox-account': 'constructor' }],
    ['of another time', { 'sandbox-timestamp': '1' }],
    ['with a malformed nonce', { 'sandbox-nonce': 'x' }],
  ])('%s is refused and nothing happens', async (_, headers) => {
    const order = rig.order({ product: 'quickpay' });
    const answer = await rig.call('pay', order, { headers });
    expect(answer).toMatchObject({ status: 401, words: { result: 'ERROR', code: 'SIGN_ERROR' } });
    expect((await rig.control('GET', '/books')).words['charges']).toEqual([]);
  });

  test('is good for one message, one path and five minutes of the channel’s clock', async () => {
    const order = rig.order();
    const headers = rig.headersFor('/gateway/sandbox/pay', JSON.stringify(order));
    const first = await rig.call('pay', order, { headers });
    const replayed = await rig.call('pay', order, { headers });
    expect([first.status, replayed.status]).toEqual([200, 401]);
    const elsewhere = await rig.call('pay', order, { headers, channel: 'query_only' });
    expect(elsewhere.status).toBe(401);
    await rig.control('POST', '/control/clock', { offset_ms: 299_000 });
    expect((await rig.call('query', order)).status).toBe(200);
    await rig.control('POST', '/control/clock', { offset_ms: 301_000 });
    expect((await rig.call('query', order)).status).toBe(401);
  });
});

describe('a call that is no call', () => {
  test.each([
    ['broken JSON', '{"out_no":'],
    ['an array', '[]'],
    ['a bare text', '"A0000001"'],
  ])('with %s as its body is refused', async (_, rawBody) => {
    const answer = await rig.call('query', {}, { rawBody });
    expect(answer).toMatchObject({ status: 400, isAuthentic: true });
    expect(answer.words['code']).toBe('PARAM_ERROR');
  });

  test('with more than 64 kB is refused', async () => {
    const rawBody = JSON.stringify({ out_no: 'A0000001', padding: 'x'.repeat(64 * 1024) });
    expect((await rig.call('query', {}, { rawBody })).status).toBe(413);
  });

  test('to a channel or operation that does not exist is not found', async () => {
    expect((await rig.call('pay', rig.order(), { channel: 'no_channel' })).status).toBe(404);
    expect((await rig.control('POST', '/gateway/sandbox/payout', {})).status).toBe(404);
    expect((await rig.control('GET', '/gateway/sandbox/pay')).status).toBe(404);
  });
});
