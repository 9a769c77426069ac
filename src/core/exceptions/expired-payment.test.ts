import { describe, expect, test } from 'vitest';
import {
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
} from '../../../test/support/scripted-payment.ts';
import { WALLET_RULES } from '../../../test/support/scripted-rules.ts';

function waiting(): ScriptedPayment {
  const payment = new ScriptedPayment();
  payment.learn(PENDING, { operation: 'pay' });
  return payment;
}

describe('the safe close', () => {
  test('asks, closes, asks again, and only then the payment is closed', () => {
    const payment = waiting();
    payment.decide({ type: 'close_payment' });
    expect(payment.questions.get(1)).toEqual({ operation: 'query', dueAtMs: payment.nowMs });
    expect([payment.status, payment.payment.closing]).toEqual(['processing', 'merchant']);

    payment.answerJob(WAITING);
    expect(payment.questions.get(1)?.operation).toBe('close');
    payment.answerJob(CLOSED);
    expect(payment.questions.get(1)?.operation).toBe('query');
    expect(payment.order().status).toBe('pending');
    payment.answerJob(CLOSED);

    expect([payment.status, payment.payment.closeReason]).toEqual(['closed', 'merchant']);
    expect(payment.order()).toMatchObject({
      status: 'closed',
      deathEvidence: 'close_acknowledged',
      confirmedBy: 'query',
    });
    expect(payment.questions.size).toBe(0);
    expect(payment.told()).toEqual(['payment.closed']);
  });

  test('is not done by the word of the close call alone', () => {
    const payment = waiting();
    payment.decide({ type: 'close_payment' });
    payment.answerJob(WAITING);
    payment.answerJob(CLOSED);
    expect(payment.status).toBe('processing');
    // The channel does not show it yet: it is closed once more, after a pause.
    payment.answerJob(WAITING);
    expect(payment.status).toBe('processing');
    expect(payment.questions.get(1)?.operation).toBe('close');
    expect(payment.questions.get(1)?.dueAtMs).toBeGreaterThan(payment.nowMs);
  });

  test('finds money at its first question: the payment has succeeded', () => {
    const payment = waiting();
    payment.decide({ type: 'close_payment' });
    payment.answerJob(paid());
    expect([payment.status, payment.payment.closing]).toEqual(['succeeded', null]);
    expect(payment.questions.size).toBe(0);
  });

  test('finds money at its last question, after an acknowledged close', () => {
    const payment = waiting();
    payment.decide({ type: 'close_payment' });
    payment.answerJob(WAITING);
    payment.answerJob(CLOSED);
    payment.answerJob(paid());
    expect(payment.status).toBe('succeeded');
  });

  test('a lost close answer is no evidence: it asks, and closes again', () => {
    const payment = waiting();
    payment.decide({ type: 'close_payment' });
    payment.answerJob(WAITING);
    payment.answerJob(UNKNOWN);
    expect(payment.order()).toMatchObject({ status: 'pending', closeStep: 'retrying' });
    expect(payment.questions.get(1)).toMatchObject({ operation: 'query', dueAtMs: payment.nowMs });
    payment.answerJob(WAITING);
    payment.answerJob(CLOSED);
    payment.answerJob(CLOSED);
    expect(payment.status).toBe('closed');
  });

  test('a channel that cannot close now, because the payer is paying, is not asked in a loop', () => {
    const payment = waiting();
    payment.decide({ type: 'close_payment' });
    payment.answerJob(WAITING);
    const startedAtMs = payment.nowMs;
    for (let round = 0; round < 3; round++) {
      payment.answerJob(WAITING); // the close: "paying"
      payment.answerJob(WAITING); // the question after it: still paying
    }
    expect(payment.questions.get(1)?.operation).toBe('close');
    expect(payment.nowMs - startedAtMs).toBeGreaterThan(3 * 1_000);
  });

  test('an unknown answer puts the same question off, longer each time', () => {
    const payment = waiting();
    payment.decide({ type: 'close_payment' });
    const pausesMs = [1, 2, 3].map(() => {
      payment.answerJob(UNKNOWN);
      return (payment.questions.get(1)?.dueAtMs ?? 0) - payment.nowMs;
    });
    expect(pausesMs).toEqual(pausesMs.toSorted((a, b) => a - b));
    expect(pausesMs[2]).toBeGreaterThan(pausesMs[0] ?? 0);
    expect(payment.order().closeStep).toBe('asking');
  });

  test('a channel that knows the order and then does not find it has shown a copy that lags, and no end', () => {
    const payment = waiting();
    payment.decide({ type: 'close_payment' });
    payment.answerJob(WAITING);
    payment.answerJob(CLOSED);
    payment.answerJob(NOT_FOUND);
    expect(payment.order().deathEvidence).toBeNull();
    payment.answerJob(CLOSED);
    payment.answerJob(CLOSED);
    expect(payment.order().deathEvidence).toBe('close_acknowledged');
  });

  test('a number closed before it came is dead where the channel refuses it from then on', () => {
    const payment = new ScriptedPayment();
    payment.learn(UNKNOWN, { operation: 'pay' });
    payment.decide({ type: 'close_payment' });
    payment.answerJob(NOT_FOUND);
    expect(payment.questions.get(1)?.operation).toBe('close');
    payment.answerJob(CLOSED);
    payment.answerJob(NOT_FOUND);
    expect(payment.order()).toMatchObject({
      status: 'closed',
      deathEvidence: 'close_acknowledged',
    });
    expect(payment.status).toBe('closed');
  });

  test('an answer that was asked for before the validity and its margin were over proves no end, however late it is decided', () => {
    const payment = new ScriptedPayment({ try: PAGE, expiresInMs: 5 * MINUTE });
    const lastWordAtMs = payment.order().validUntilMs + WALLET_RULES.validityMarginMs;
    payment.nowMs = lastWordAtMs + MINUTE;
    payment.learn(NOT_FOUND, { askedAtMs: lastWordAtMs - 1 });
    expect(payment.order().deathEvidence).toBeNull();
    payment.learn(NOT_FOUND, { askedAtMs: lastWordAtMs });
    expect(payment.order().deathEvidence).toBe('not_found_after_validity');
  });

  test('where the channel does not know the number and may meet it later, only the end of the validity proves it dead', () => {
    const payment = new ScriptedPayment({ try: PAGE, expiresInMs: 5 * MINUTE });
    payment.decide({ type: 'close_payment' });
    const lastWordAtMs = payment.order().validUntilMs + WALLET_RULES.validityMarginMs;
    for (let asked = 0; asked < 50 && payment.status === 'processing'; asked++) {
      expect(payment.questions.get(1)?.operation).toBe('query');
      expect(payment.order().status).not.toBe('closed');
      payment.answerJob(NOT_FOUND);
    }
    expect(payment.nowMs).toBeGreaterThanOrEqual(lastWordAtMs);
    expect(payment.order().deathEvidence).toBe('not_found_after_validity');
    expect(payment.payment.closeReason).toBe('merchant');
  });

  test('where the channel cannot close, the order is never closed by us before its validity', () => {
    const payment = new ScriptedPayment({ try: BANK, expiresInMs: 5 * MINUTE });
    payment.learn(PENDING, { operation: 'pay' });
    payment.decide({ type: 'close_payment' });
    payment.answerJob(WAITING);
    expect(payment.questions.get(1)?.operation).toBe('query');
    expect(payment.status).toBe('processing');
    payment.answerJob(CLOSED);
    expect(payment.status).toBe('closed');
  });

  test('the last planned question ends the order when the channel says closed', () => {
    const payment = new ScriptedPayment({ expiresInMs: 2 * MINUTE });
    payment.learn(PENDING, { operation: 'pay' });
    payment.pass(2 * MINUTE).decide({ type: 'validity_ended' });
    // Nobody answers until the plan is used up and the margin is over.
    while (payment.order().queryCount < WALLET_RULES.queryCountMax) payment.answerJob(UNKNOWN);
    payment.nowMs = payment.order().validUntilMs + WALLET_RULES.validityMarginMs;
    payment.answerJob(CLOSED);
    expect(payment.order().status).toBe('closed');
    expect([payment.status, payment.payment.closeReason]).toEqual(['closed', 'expired']);
  });

  test('an acknowledged close is confirmed by a question even when the plan is used up', () => {
    const payment = new ScriptedPayment({ expiresInMs: 30 * SECOND });
    payment.learn(PENDING, { operation: 'pay' });
    payment.pass(30 * SECOND).decide({ type: 'validity_ended' });
    while (payment.order().queryCount < WALLET_RULES.queryCountMax - 1) payment.answerJob(UNKNOWN);
    payment.answerJob(WAITING);
    expect(payment.questions.get(1)?.operation).toBe('close');
    payment.nowMs = payment.order().validUntilMs + WALLET_RULES.validityMarginMs;
    payment.answerJob(CLOSED);
    expect(payment.order()).toMatchObject({ awaitsStatement: false, closeStep: 'confirming' });
    payment.answerJob(CLOSED);
    expect(payment.status).toBe('closed');
  });

  test('an acknowledged close of a number that the channel forgot proves nothing where it may come later', () => {
    const payment = new ScriptedPayment({ try: PAGE });
    payment.decide({ type: 'close_payment' });
    payment.answerJob(WAITING);
    payment.answerJob(CLOSED);
    payment.answerJob(NOT_FOUND);
    expect(payment.order().status).toBe('pending');
    expect(payment.questions.get(1)?.operation).toBe('query');
  });

  test('a notification that settles nothing neither hurries nor delays it', () => {
    const payment = waiting();
    payment.decide({ type: 'close_payment' });
    payment.answerJob(WAITING);
    const planned = payment.questions.get(1);
    expect(payment.notified(WAITING).type).toBe('changed');
    expect(payment.notified(WAITING).type).toBe('unchanged');
    expect(payment.questions.get(1)).toEqual(planned);
  });

  test('goes on where it stands when it is asked for again', () => {
    const payment = waiting();
    payment.pass(30 * MINUTE).decide({ type: 'validity_ended' });
    payment.answerJob(WAITING);
    payment.decide({ type: 'close_payment' });
    expect(payment.order().closeStep).toBe('closing');
    expect(payment.questions.get(1)?.operation).toBe('close');
  });

  test('waits for every open try, not only for the first', () => {
    const payment = new ScriptedPayment({ try: BANK });
    payment.learn(PENDING, { operation: 'pay' });
    payment.decide({ type: 'request_try', try: { ...PAGE, allowOverlap: true } });
    payment.decide({ type: 'close_payment' });
    payment.answerJob(CLOSED, 1);
    expect(payment.status).toBe('processing');
    payment.answerJob(CLOSED, 2);
    expect(payment.status).toBe('closed');
  });
});

describe('the end of a validity', () => {
  test('closes a payment that nobody tried, at once', () => {
    const payment = new ScriptedPayment({ try: null, expiresInMs: MINUTE });
    expect(payment.expiresDueAtMs).toBe(payment.nowMs + MINUTE);
    payment.pass(MINUTE).decide({ type: 'validity_ended' });
    expect([payment.status, payment.payment.closeReason]).toEqual(['closed', 'never_opened']);
  });

  test('does nothing before its time', () => {
    const payment = waiting();
    payment.pass(MINUTE);
    expect(payment.decide({ type: 'validity_ended' }).type).toBe('unchanged');
  });

  test('does not touch a payment that succeeded', () => {
    const payment = waiting();
    payment.notified(paid());
    payment.pass(60 * MINUTE);
    expect(payment.decide({ type: 'validity_ended' }).type).toBe('unchanged');
  });

  test('closes one whose last try failed', () => {
    const payment = waiting();
    payment.learn(DECLINED);
    payment.pass(30 * MINUTE).decide({ type: 'validity_ended' });
    expect([payment.status, payment.payment.closeReason]).toEqual(['closed', 'expired']);
  });

  test('asks the channel first, and takes the money it finds', () => {
    const payment = waiting();
    payment.pass(30 * MINUTE).decide({ type: 'validity_ended' });
    expect(payment.payment.closing).toBe('expired');
    payment.answerJob(paid());
    expect(payment.status).toBe('succeeded');
    expect(payment.told()).toEqual(['payment.succeeded']);
  });

  test('asks anew about an order that was handed over to reconciliation', () => {
    const payment = waiting();
    payment.learn(UNKNOWN, { planned: true });
    while (!payment.order().awaitsStatement) payment.answerJob(UNKNOWN);
    expect(payment.questions.size).toBe(0);
    payment.nowMs = Math.max(payment.nowMs, payment.payment.expiresAtMs);
    payment.decide({ type: 'validity_ended' });
    expect(payment.questions.get(1)).toMatchObject({ operation: 'query' });
    expect(payment.order().awaitsStatement).toBe(false);
    payment.answerJob(CLOSED);
    expect(payment.status).toBe('closed');
  });
});

describe('money for a closed payment', () => {
  function closed(): ScriptedPayment {
    const payment = waiting();
    payment.decide({ type: 'close_payment' });
    payment.answerJob(CLOSED);
    expect(payment.status).toBe('closed');
    return payment;
  }

  test('is owed to its payer, and an open case until it is returned', () => {
    const payment = closed();
    payment.pass(MINUTE).notified(paid());
    expect(payment.status).toBe('closed');
    expect(payment.payment.winner).toBeNull();
    expect(payment.payment.surplusReceivedMinor).toBe(1999);
    expect(payment.openCase('expired_payment')).toMatchObject({
      subject: '1:T1',
      owner: 'platform',
      moneyAtRiskMinor: 1999,
    });
    expect(payment.postings.map((one) => one.entry)).toEqual(['charge:1:T1', 'surplus:1:T1']);
    expect(payment.told()).toEqual(['payment.closed', 'exception.opened']);
    expect(payment.order().status).toBe('succeeded');
  });

  test('is learned once, whoever says it again', () => {
    const payment = closed();
    payment.notified(paid());
    expect(payment.notified(paid()).type).toBe('unchanged');
    expect(payment.learn(paid()).type).toBe('unchanged');
    expect(payment.payment.surplusReceivedMinor).toBe(1999);
  });

  test('keeps the payment closed for ever', () => {
    const payment = new ScriptedPayment();
    payment.learn(PENDING, { operation: 'pay' });
    payment.pass(30 * MINUTE).decide({ type: 'validity_ended' });
    payment.answerJob(CLOSED);
    payment.notified(paid());
    const again = payment.decide(createInput());
    expect(again).toMatchObject({ type: 'refused', refusal: { code: 'payment_closed' } });
  });

  test('keeps it closed when the money is of another currency, too', () => {
    const payment = new ScriptedPayment();
    payment.learn(PENDING, { operation: 'pay' });
    payment.pass(30 * MINUTE).decide({ type: 'validity_ended' });
    payment.answerJob(CLOSED);
    payment.learn(paid({ currency: 'HKD' }));
    expect(payment.order().status).toBe('held');
    const again = payment.decide(createInput({ try: null }));
    expect(again).toMatchObject({ type: 'refused', refusal: { code: 'payment_closed' } });
  });
});
