/** Late money and reopening: what becomes of a payment after its validity has ended. */
import { describe, expect, test } from 'vitest';
import {
  CLOSED,
  createInput,
  MINUTE,
  PENDING,
  paid,
  ScriptedPayment,
} from '../../../test/support/scripted-payment.ts';
import { balanceOf } from '../../../test/support/scripted-refunds.ts';
import { processing as waiting } from '../../../test/support/scripted-states.ts';

describe("late money by the merchant's policy", () => {
  type LatePayment = ScriptedPayment['payment']['latePayment'];

  /** Closed by the end of its validity, half an hour after it began. */
  function expired(latePayment: LatePayment): ScriptedPayment {
    const payment = new ScriptedPayment({ latePayment });
    payment.learn(PENDING, { operation: 'pay' });
    payment.pass(30 * MINUTE).decide({ type: 'validity_ended' });
    payment.answerJob(CLOSED);
    expect(payment.status).toBe('closed');
    return payment;
  }

  test.each<[LatePayment, 'before' | 'at' | 'after', 'succeeded' | 'closed']>([
    ['refund', 'before', 'closed'],
    ['refund', 'after', 'closed'],
    ['accept_if_paid_before_expiry', 'before', 'succeeded'],
    ['accept_if_paid_before_expiry', 'at', 'succeeded'],
    ['accept_if_paid_before_expiry', 'after', 'closed'],
    ['accept', 'before', 'succeeded'],
    ['accept', 'after', 'succeeded'],
  ])('%s, paid %s the expiry by the clock of the channel: %s', (policy, when, end) => {
    const payment = expired(policy);
    const shiftMs = { before: -1, at: 0, after: 1 }[when];
    // When we learn of it is no matter.
    payment.pass(24 * 60 * MINUTE);
    payment.notified(paid({ paidAtMs: payment.payment.expiresAtMs + shiftMs }));
    expect(payment.status).toBe(end);
    const owed = payment.payment.refunds.map((one) => [one.key, one.reason]);
    expect(owed).toEqual(end === 'closed' ? [['surplus:1:T1', 'late']] : []);
    const told = payment.told().filter((one) => one === 'payment.succeeded');
    expect(told).toHaveLength(end === 'closed' ? 0 : 1);
    const account = end === 'closed' ? 'payer_owed:7' : 'merchant_payable:7';
    expect(balanceOf(payment, 'payment', account)).toBe(1999);
  });

  test('is accepted once: a second charge is a duplicate', () => {
    const payment = expired('accept');
    payment.notified(paid());
    payment.notified(paid({ transactionNo: 'T2' }));
    expect(payment.payment.winner?.transactionNo).toBe('T1');
    expect(payment.payment.refunds).toMatchObject([{ key: 'surplus:1:T2', reason: 'duplicate' }]);
  });

  test('that is returned ends its case; the payment stays closed', () => {
    const payment = expired('refund');
    payment.notified(paid());
    expect(payment.openCase('expired_payment')).not.toBeNull();
    payment.answerRefund(payment.returned());
    expect(payment.openCase('expired_payment')).toBeNull();
    expect(payment.status).toBe('closed');
    expect(balanceOf(payment, 'payment', 'payer_owed:7')).toBe(0);
    expect(balanceOf(payment, 'channel', 'channel_receivable:wallet/main')).toBe(0);
  });

  test('in several charges is returned one by one', () => {
    const payment = expired('refund');
    payment.learn(paid({}, { transactionNo: 'T2' }));
    expect(payment.payment.refunds.map((one) => one.key)).toEqual(['surplus:1:T1', 'surplus:1:T2']);
  });
});

describe('a payment closed by expiry that is asked for again', () => {
  function expiredInTry(): ScriptedPayment {
    const payment = waiting();
    payment.pass(30 * MINUTE).decide({ type: 'validity_ended' });
    payment.answerJob(CLOSED);
    return payment;
  }

  test('is open again, with a fresh validity, and is told so', () => {
    const payment = expiredInTry();
    payment.decide(createInput());
    expect(payment.status).toBe('processing');
    expect(payment.payment.expiresAtMs).toBe(payment.nowMs + 30 * MINUTE);
    expect(payment.expiresDueAtMs).toBe(payment.payment.expiresAtMs);
    expect(payment.told()).toEqual(['payment.closed', 'payment.reopened']);
    expect(payment.aggregate.orders).toHaveLength(2);
  });

  test('may be paid by its first order after all: it has its winner, and the second one is closed', () => {
    const payment = expiredInTry();
    payment.decide(createInput());
    payment.notified(paid(), 1);
    expect(payment.payment.winner?.attempt).toBe(1);
    expect(payment.order(2).closeStep).toBe('asking');
    expect(payment.payment.refunds).toEqual([]);
  });

  test('is not reopened when the merchant had closed it', () => {
    const payment = waiting();
    payment.decide({ type: 'close_payment' });
    payment.answerJob(CLOSED);
    expect(payment.decide(createInput())).toMatchObject({ refusal: { code: 'payment_closed' } });
  });
});
