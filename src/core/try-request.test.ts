import { describe, expect, test } from 'vitest';
import {
  BANK,
  CLOSED,
  DECLINED,
  MINUTE,
  PENDING,
  paid,
  ScriptedPayment,
  UNKNOWN,
  WAITING,
  WALLET_QR,
  WALLET_QUICKPAY,
} from '../../test/support/scripted-payment.ts';
import type { Decision } from './decision.ts';
import { ATTEMPT_MAX } from './id.ts';
import type { RequestedTry } from './input.ts';
import type { Payment } from './payment.ts';
import { judgeTry } from './try-request.ts';

function tried(first: RequestedTry, answer = PENDING): ScriptedPayment {
  const payment = new ScriptedPayment({ try: first });
  payment.learn(answer, { operation: 'pay' });
  return payment;
}

function request(payment: ScriptedPayment, requested: RequestedTry): Decision {
  return payment.decide({ type: 'request_try', try: requested });
}

function refusedAs(code: string, askFirst: number[] = []): object {
  return { type: 'refused', refusal: { code, askFirst } };
}

describe('the same way again', () => {
  test('reuses an order that can still be paid', () => {
    const payment = tried(WALLET_QR);
    expect(request(payment, WALLET_QR)).toEqual({ type: 'unchanged', attempt: 1 });
    expect(payment.aggregate.orders).toHaveLength(1);
  });

  test('reuses one that was only just created, so that a resend carries the same number', () => {
    const payment = new ScriptedPayment();
    expect(request(payment, WALLET_QR)).toEqual({ type: 'unchanged', attempt: 1 });
  });

  test('opens a new order when the first one failed', () => {
    const payment = tried(WALLET_QR, DECLINED);
    expect(payment.status).toBe('pending');
    expect(request(payment, WALLET_QR)).toMatchObject({ type: 'changed', attempt: 2 });
    expect([payment.status, payment.order(2).status]).toEqual(['processing', 'created']);
    expect(payment.order(1).status).toBe('failed');
  });

  test('asks about an order whose answer was lost before it makes another', () => {
    const payment = tried(WALLET_QR, UNKNOWN);
    expect(request(payment, WALLET_QR)).toMatchObject({ type: 'changed', attempt: null });
    expect(payment.order().closeStep).toBe('asking');
    expect(payment.questions.get(1)).toEqual({ operation: 'query', dueAtMs: payment.nowMs });
    payment.answerJob(CLOSED);
    expect(request(payment, WALLET_QR)).toMatchObject({ type: 'changed', attempt: 2 });
  });

  test('does not reuse one whose validity is over', () => {
    const payment = tried(WALLET_QR);
    payment.nowMs = payment.order().validUntilMs;
    expect(request(payment, WALLET_QR)).toMatchObject({ attempt: null });
    expect(payment.order().closeStep).toBe('asking');
  });
});

describe('another way', () => {
  test('has the open order asked about and closed at its channel first', () => {
    const payment = tried(WALLET_QR);
    expect(request(payment, BANK)).toMatchObject({ type: 'changed', attempt: null });
    expect(request(payment, BANK)).toMatchObject(refusedAs('payment_in_progress', [1]));
    payment.answerJob(WAITING);
    payment.answerJob(CLOSED);
    payment.answerJob(CLOSED);
    expect(payment.status).toBe('pending');
    expect(request(payment, BANK)).toMatchObject({ type: 'changed', attempt: 2 });
  });

  test('and the first way again: the order that is being closed is not reused', () => {
    const payment = tried(WALLET_QR);
    request(payment, BANK);
    expect(request(payment, WALLET_QR)).toMatchObject(refusedAs('payment_in_progress', [1]));
  });

  test('finds that the first was paid: the payment has succeeded', () => {
    const payment = tried(WALLET_QR);
    request(payment, BANK);
    payment.answerJob(paid());
    expect(request(payment, BANK)).toMatchObject(refusedAs('payment_succeeded'));
  });

  test.each(['created', 'pending', 'unknown'] as const)(
    'waits while a charge without the payer is %s',
    (status) => {
      const payment = new ScriptedPayment({ try: WALLET_QUICKPAY });
      if (status === 'pending') payment.learn(WAITING, { operation: 'pay' });
      if (status === 'unknown') payment.learn(UNKNOWN, { operation: 'pay' });
      expect(payment.order().status).toBe(status);
      expect(request(payment, WALLET_QR)).toMatchObject(refusedAs('payment_in_progress'));
      const overlap = { ...WALLET_QR, allowOverlap: true };
      expect(request(payment, overlap)).toMatchObject(refusedAs('payment_in_progress'));
    },
  );

  test('goes on beside an order that cannot be closed only when the payer says so, and both are watched', () => {
    const payment = tried(BANK);
    expect(request(payment, WALLET_QR)).toMatchObject(refusedAs('overlap_not_allowed'));
    const overlap = { ...WALLET_QR, allowOverlap: true };
    expect(request(payment, overlap)).toMatchObject({ type: 'changed', attempt: 2 });
    expect(payment.order(1).status).toBe('pending');
  });

  test('does not overlap an order that nobody knows anything about', () => {
    const payment = tried(BANK, UNKNOWN);
    const overlap = { ...WALLET_QR, allowOverlap: true };
    expect(request(payment, overlap)).toMatchObject(refusedAs('payment_in_progress'));
  });

  test('overlap does not spare an order that can be closed', () => {
    const payment = tried(WALLET_QR);
    const overlap = { ...BANK, allowOverlap: true };
    expect(request(payment, overlap)).toMatchObject({ type: 'changed', attempt: null });
    expect(payment.order().closeStep).toBe('asking');
  });
});

describe('no way any more', () => {
  test('when the payment was paid', () => {
    const payment = tried(WALLET_QR);
    payment.notified(paid());
    expect(request(payment, WALLET_QR)).toMatchObject(refusedAs('payment_succeeded'));
  });

  test('when it is closed, or its merchant is closing it', () => {
    const payment = tried(WALLET_QR);
    payment.decide({ type: 'close_payment' });
    expect(request(payment, WALLET_QR)).toMatchObject(refusedAs('payment_closed'));
    payment.answerJob(CLOSED);
    expect(request(payment, WALLET_QR)).toMatchObject(refusedAs('payment_closed'));
  });

  test('while its end by expiry is being proven', () => {
    const payment = tried(WALLET_QR);
    payment.pass(30 * MINUTE).decide({ type: 'validity_ended' });
    expect(request(payment, WALLET_QR)).toMatchObject(refusedAs('payment_in_progress'));
  });

  test('after as many tries as a number can count', () => {
    const scripted = tried(WALLET_QR, DECLINED);
    const [dead] = scripted.payment.tries;
    const tries = Array.from({ length: ATTEMPT_MAX }, (_, at) => ({ ...dead, attempt: at + 1 }));
    const exhausted = { ...scripted.aggregate, payment: { ...scripted.payment, tries } as Payment };
    expect(judgeTry(exhausted, WALLET_QR, scripted.context())).toMatchObject({
      type: 'refuse',
      refusal: { code: 'tries_exhausted' },
    });
  });
});
