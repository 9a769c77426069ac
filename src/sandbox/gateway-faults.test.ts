import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TestRig } from './test-rig.ts';

let rig: TestRig;
beforeEach(async () => {
  rig = await TestRig.start();
});
afterEach(async () => {
  await rig.stop();
});

/** How long a caller waits in these tests before it calls an answer missing. */
const PATIENCE_MS = 250;

/** What a caller sees who gets no answer: its own patience ended, or the socket was reset. */
const UNANSWERED = /timeout|fetch failed/;

async function chargeCount(): Promise<number> {
  const { charges } = (await rig.control('GET', '/books')).words;
  return (charges as unknown[]).length;
}

async function spoil(operation: string, effect: string): Promise<void> {
  const rule = await rig.control('POST', '/control/faults', { operation, effect, times: 1 });
  expect(rule.status).toBe(201);
}

describe('a fault rule on the order call', () => {
  test.each([
    ['timeout_before', 0],
    ['timeout_after', 1],
    ['reset_before', 0],
    ['reset_after', 1],
  ])('%s leaves the caller without an answer, and %i charges', async (effect, charges) => {
    await spoil('pay', effect);
    const order = rig.order({ product: 'quickpay' });
    const unanswered = effect.startsWith('timeout') ? /timeout/ : /fetch failed/;
    const call = rig.call('pay', order, { timeoutMs: PATIENCE_MS });
    await expect(call).rejects.toThrow(unanswered);
    expect(await chargeCount()).toBe(charges);
    expect((await rig.call('pay', order)).words['result']).toBe('PAID');
    expect(await chargeCount()).toBe(1);
  });

  test.each([
    ['http_500', 500, 'SYSTEM_ERROR'],
    ['http_429', 429, 'BUSY'],
  ])('%s answers %i and does nothing', async (effect, status, code) => {
    await spoil('pay', effect);
    const answer = await rig.call('pay', rig.order({ product: 'quickpay' }));
    expect(answer).toMatchObject({ status, isAuthentic: true, words: { result: 'ERROR', code } });
    expect(await chargeCount()).toBe(0);
  });

  test('garbage charges and answers what is no JSON', async () => {
    await spoil('pay', 'garbage');
    const answer = await rig.call('pay', rig.order({ product: 'quickpay' }));
    expect(answer.status).toBe(200);
    expect(() => JSON.parse(answer.text) as unknown).toThrow(SyntaxError);
    expect(await chargeCount()).toBe(1);
  });

  test('bad_signature charges and signs the answer wrongly', async () => {
    await spoil('pay', 'bad_signature');
    const answer = await rig.call('pay', rig.order({ product: 'quickpay' }));
    expect(answer).toMatchObject({ status: 200, isAuthentic: false, words: { result: 'PAID' } });
    expect(await chargeCount()).toBe(1);
  });

  test('slow charges at once and answers a second and a half later', async () => {
    await spoil('pay', 'slow');
    const startedAtMs = Date.now();
    const answering = rig.call('pay', rig.order({ product: 'quickpay' }));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await chargeCount()).toBe(1);
    expect((await answering).words['result']).toBe('PAID');
    expect(Date.now() - startedAtMs).toBeGreaterThanOrEqual(1_490);
  });
});

describe('a fault rule on another call', () => {
  test('lost closes are carried out or not, as the rule says', async () => {
    const order = rig.order();
    await rig.call('pay', order);
    await spoil('close', 'timeout_before');
    const lost = rig.call('close', order, { timeoutMs: PATIENCE_MS });
    await expect(lost).rejects.toThrow(UNANSWERED);
    expect((await rig.call('query', order)).words['state']).toBe('WAITING');
    await spoil('close', 'reset_after');
    await expect(rig.call('close', order)).rejects.toThrow(UNANSWERED);
    expect((await rig.call('query', order)).words['state']).toBe('CLOSED');
  });

  test('a query can be refused while the order stays as it is', async () => {
    await spoil('query', 'http_429');
    const order = rig.order();
    await rig.call('pay', order);
    expect((await rig.call('query', order)).status).toBe(429);
    expect((await rig.call('query', order)).words['state']).toBe('WAITING');
  });
});

describe('a scenario on the wire', () => {
  test('timeout_accepted is never answered and paid all the same', async () => {
    const order = rig.order({ product: 'quickpay', amount: 8_800_009 });
    await expect(rig.call('pay', order, { timeoutMs: PATIENCE_MS })).rejects.toThrow(UNANSWERED);
    expect((await rig.call('query', order)).words['state']).toBe('PAID');
  });

  test('timeout_rejected is never answered and never recorded', async () => {
    const order = rig.order({ product: 'redirect', amount: 8_800_010 });
    await expect(rig.call('pay', order, { timeoutMs: PATIENCE_MS })).rejects.toThrow(UNANSWERED);
    expect((await rig.call('query', order)).words['state']).toBe('NOT_EXIST');
  });

  test('query_down answers 500 or 429 once the money is taken', async () => {
    const order = rig.order({ product: 'quickpay', amount: 8_800_011 });
    expect((await rig.call('pay', order)).words['result']).toBe('PAID');
    expect([429, 500]).toContain((await rig.call('query', order)).status);
  });

  test('close_race lets the payer in and the close says so', async () => {
    const order = rig.order({ amount: 8_800_013 });
    await rig.call('pay', order);
    expect((await rig.call('query', order)).words['state']).toBe('WAITING');
    expect((await rig.call('close', order)).words['result']).toBe('PAID');
    const [notification] = await rig.receive(1);
    expect(notification).toMatchObject({ isAuthentic: true, words: { state: 'PAID' } });
  });

  test('many unanswered calls do not keep others from being answered', async () => {
    const lost = Array.from({ length: 50 }, () =>
      rig.call('pay', rig.order({ amount: 8_800_010 }), { timeoutMs: 1_000 }).catch(() => 'lost'),
    );
    expect((await rig.call('pay', rig.order())).words['result']).toBe('ACCEPTED');
    expect(new Set(await Promise.all(lost))).toEqual(new Set(['lost']));
  });
});
