import { describe, expect, test } from 'vitest';
import {
  AMOUNT_MINOR,
  BANK,
  CLOSED,
  createInput,
  DECLINED,
  MINUTE,
  NOT_FOUND,
  PAGE,
  PENDING,
  paid,
  SECOND,
  ScriptedPayment,
  UNKNOWN,
  WAITING,
  WALLET_QR,
} from '../../test/support/scripted-payment.ts';
import { decide } from './decide.ts';
import { channelOrderNo } from './id.ts';

describe('a new payment', () => {
  test('with a channel is processing, its order committed and submitted', () => {
    const payment = new ScriptedPayment();
    expect([payment.status, payment.payment.version]).toEqual(['processing', 1]);
    expect(payment.order()).toMatchObject({
      status: 'created',
      channelOrderNo: channelOrderNo(payment.payment.id, 1),
      amountMinor: AMOUNT_MINOR,
      validUntilMs: payment.payment.expiresAtMs,
    });
  });

  test('without a channel waits for one', () => {
    const payment = new ScriptedPayment({ try: null });
    expect([payment.status, payment.aggregate.orders]).toEqual(['pending', []]);
  });

  test('whose page opens by a link needs no call', () => {
    const decision = decide(null, createInput({ try: PAGE }), new ScriptedPayment().context());
    expect(decision).toMatchObject({ type: 'changed', effects: [] });
    expect(decision.type === 'changed' && decision.aggregate.orders[0]?.status).toBe('pending');
  });

  test('writes no job on the happy path: it is found by its age', () => {
    const payment = new ScriptedPayment();
    payment.learn(PENDING, { operation: 'pay' });
    expect([payment.questions.size, payment.expiresDueAtMs]).toEqual([0, null]);
  });

  test('of a short validity has its end planned at once', () => {
    const payment = new ScriptedPayment({ expiresInMs: MINUTE });
    expect(payment.expiresDueAtMs).toBe(payment.nowMs + MINUTE);
  });

  test('is the only thing that can be decided about nothing', () => {
    const context = new ScriptedPayment().context();
    expect(() => decide(null, { type: 'close_payment' }, context)).toThrow('needs a payment');
  });
});

describe('the same merchant order number again', () => {
  test('is the same payment, and nothing is done twice', () => {
    const payment = new ScriptedPayment();
    payment.learn(PENDING, { operation: 'pay' });
    const again = payment.decide(createInput({ subject: 'another name', metadata: { a: 'b' } }));
    expect(again).toEqual({ type: 'unchanged', attempt: 1 });
  });

  test.each([{ amountMinor: AMOUNT_MINOR + 1 }, { currency: 'HKD' }])(
    'about other money is refused, in every state: %j',
    (change) => {
      const payment = new ScriptedPayment();
      const refused = { type: 'refused', refusal: { code: 'merchant_order_no_reused' } };
      expect(payment.decide(createInput(change))).toMatchObject(refused);
      payment.notified(paid());
      expect(payment.decide(createInput(change))).toMatchObject(refused);
    },
  );

  test('after a success is that success', () => {
    const payment = new ScriptedPayment();
    payment.notified(paid());
    expect(payment.decide(createInput()).type).toBe('unchanged');
  });

  test('by our own repeat, after the answer of a commit was lost, finds its own order', () => {
    const input = createInput();
    const payment = new ScriptedPayment(input);
    expect(payment.decide(input)).toEqual({ type: 'unchanged', attempt: 1 });
    payment.learn(DECLINED, { operation: 'pay' });
    expect(payment.decide(input)).toEqual({ type: 'unchanged', attempt: 1 });
  });

  test('after its merchant closed it is refused', () => {
    const payment = new ScriptedPayment({ try: null });
    payment.decide({ type: 'close_payment' });
    expect(payment.decide(createInput())).toMatchObject({
      type: 'refused',
      refusal: { code: 'payment_closed' },
    });
  });

  test('after its expiry opens it again, with a fresh validity and the end planned', () => {
    const payment = new ScriptedPayment();
    payment.learn(PENDING, { operation: 'pay' });
    payment.pass(30 * MINUTE).decide({ type: 'validity_ended' });
    payment.answerJob(CLOSED);
    expect(payment.payment.closeReason).toBe('expired');

    payment.pass(60 * MINUTE).decide(createInput({ expiresInMs: 10 * MINUTE }));
    expect(payment.status).toBe('processing');
    expect(payment.payment).toMatchObject({
      closeReason: null,
      expiresAtMs: payment.nowMs + 10 * MINUTE,
    });
    expect(payment.expiresDueAtMs).toBe(payment.nowMs + 10 * MINUTE);
    expect(payment.order(2).validUntilMs).toBe(payment.nowMs + 10 * MINUTE);
    expect(payment.told()).toEqual(['payment.closed', 'payment.reopened']);
    payment.notified(paid(), 2);
    expect(payment.status).toBe('succeeded');
  });

  test('late money of an old try pays a payment that was opened again', () => {
    const payment = new ScriptedPayment();
    payment.learn(PENDING, { operation: 'pay' });
    payment.pass(30 * MINUTE).decide({ type: 'validity_ended' });
    payment.answerJob(CLOSED);
    payment.decide(createInput({ try: null }));
    payment.notified(paid());
    expect([payment.status, payment.payment.winner?.attempt]).toEqual(['succeeded', 1]);
  });

  test('an end that was planned for the former validity closes nothing', () => {
    const payment = new ScriptedPayment({ try: null });
    payment.pass(30 * MINUTE).decide({ type: 'validity_ended' });
    payment.decide(createInput({ try: null }));
    expect(payment.pass(MINUTE).decide({ type: 'validity_ended' }).type).toBe('unchanged');
    expect(payment.status).toBe('pending');
  });
});

describe('closing', () => {
  test('is refused when the payment was paid', () => {
    const payment = new ScriptedPayment();
    payment.notified(paid());
    expect(payment.decide({ type: 'close_payment' })).toMatchObject({
      refusal: { code: 'payment_succeeded' },
    });
  });

  test('asked for twice is done once', () => {
    const payment = new ScriptedPayment();
    payment.decide({ type: 'close_payment' });
    expect(payment.decide({ type: 'close_payment' }).type).toBe('unchanged');
    payment.answerJob(CLOSED);
    expect(payment.decide({ type: 'close_payment' }).type).toBe('unchanged');
    expect(payment.told()).toEqual(['payment.closed']);
  });

  test('by the merchant while it expires is the merchant’s: it is never opened again', () => {
    const payment = new ScriptedPayment();
    payment.learn(PENDING, { operation: 'pay' });
    payment.pass(30 * MINUTE).decide({ type: 'validity_ended' });
    payment.decide({ type: 'close_payment' });
    payment.answerJob(CLOSED);
    expect(payment.payment.closeReason).toBe('merchant');
  });

  test('by expiry of an order that its payer never opened says so', () => {
    const payment = new ScriptedPayment({ try: PAGE, expiresInMs: MINUTE });
    payment.pass(MINUTE).decide({ type: 'validity_ended' });
    while (payment.status === 'processing') payment.answerJob(NOT_FOUND);
    expect(payment.payment.closeReason).toBe('never_opened');
  });
});

describe('copies and older words', () => {
  test('after a success change nothing, as long as they do not deny the money', () => {
    const payment = new ScriptedPayment();
    payment.learn(PENDING, { operation: 'pay' });
    payment.notified(paid());
    for (const outcome of [paid(), PENDING, WAITING, UNKNOWN]) {
      for (const operation of ['pay', 'query', 'close', 'notification'] as const) {
        for (const planned of [false, true]) {
          expect(payment.learn(outcome, { operation, planned }).type).toBe('unchanged');
        }
      }
    }
    expect(payment.postings).toHaveLength(2);
  });

  test('of a failure tell it once', () => {
    const payment = new ScriptedPayment();
    payment.learn(DECLINED, { operation: 'pay' });
    payment.notified(DECLINED);
    payment.learn(DECLINED);
    expect(payment.told()).toEqual(['payment.channel_order_failed']);
    expect(payment.order().failure?.code).toBe('insufficient_balance');
  });

  test('an older “waiting” after a lost answer is known as waiting, and a lost answer after it changes nothing', () => {
    const payment = new ScriptedPayment();
    payment.notified(WAITING);
    expect(payment.order().status).toBe('pending');
    payment.learn(UNKNOWN, { operation: 'pay' });
    expect(payment.order().status).toBe('pending');
    expect(payment.questions.get(1)?.dueAtMs).toBe(payment.nowMs + 15 * SECOND);
  });

  test('a word of another account about this order is refused', () => {
    const payment = new ScriptedPayment();
    const { channel } = WALLET_QR;
    for (const from of [
      { channel, account: 'other' },
      { channel: 'bank', account: 'main' },
    ]) {
      const decision = payment.decide({
        type: 'outcome_learned',
        attempt: 1,
        outcome: paid(),
        evidence: { via: 'notification', operation: 'notification', raw: '' },
        planned: false,
        from,
      });
      expect(decision).toMatchObject({ type: 'refused', refusal: { code: 'not_found' } });
    }
  });

  test('a word about an attempt that was never made is refused', () => {
    const payment = new ScriptedPayment();
    const { channel, account } = WALLET_QR;
    const decision = payment.decide({
      type: 'outcome_learned',
      attempt: 2,
      outcome: paid(),
      evidence: { via: 'notification', operation: 'notification', raw: '' },
      planned: false,
      from: { channel, account },
    });
    expect(decision).toMatchObject({ type: 'refused', refusal: { code: 'not_found' } });
  });
});

describe('a channel that shut an order by itself', () => {
  test.each(['pay', 'query', 'notification'] as const)('is believed by %s', (operation) => {
    const payment = new ScriptedPayment();
    payment.learn(CLOSED, { operation });
    expect(payment.order()).toMatchObject({ status: 'closed', deathEvidence: 'channel_closed' });
    expect(payment.status).toBe('pending');
  });
});

describe('a success that names no charge', () => {
  test('settles nothing, and is asked about again', () => {
    const payment = new ScriptedPayment();
    payment.learn(UNKNOWN, { operation: 'pay' });
    payment.answerJob({ type: 'succeeded', charges: [], channelCode: 'PAID' });
    expect(payment.order().status).toBe('unknown');
    expect(payment.questions.get(1)?.dueAtMs).toBeGreaterThan(payment.nowMs);
  });
});

describe('an undelivered notice', () => {
  const NOTICE = { eventId: 'evt_1', endpoint: 'we_1' };

  test('is a case of the merchant until a replay is taken', () => {
    const payment = new ScriptedPayment();
    payment.decide({ type: 'notice_exhausted', ...NOTICE });
    expect(payment.openCase('undelivered_notice')).toMatchObject({ owner: 'merchant' });
    expect(payment.decide({ type: 'notice_exhausted', ...NOTICE }).type).toBe('unchanged');
    payment.decide({ type: 'notice_delivered', ...NOTICE });
    expect(payment.openCase('undelivered_notice')).toBeNull();
    expect(payment.decide({ type: 'notice_delivered', ...NOTICE }).type).toBe('unchanged');
  });
});

test('the history tells each input and what it changed', () => {
  const payment = new ScriptedPayment({ try: BANK });
  const decision = payment.learn(PENDING, { operation: 'pay' });
  expect(decision).toMatchObject({
    history: {
      input: 'outcome_learned',
      attempt: 1,
      outcome: 'pending',
      evidence: { via: 'response', operation: 'pay', raw: 'ACCEPTED' },
      changes: ['channel order 1: created → pending'],
    },
  });
});
