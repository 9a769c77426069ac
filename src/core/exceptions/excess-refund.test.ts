import { expect, test } from 'vitest';
import { AMOUNT_MINOR, paid, ScriptedPayment } from '../../../test/support/scripted-payment.ts';
import type { RefundOutcome } from '../refund-outcome.ts';

/** Paid, and the whole of it returned under one number. */
function refunded(): ScriptedPayment {
  const payment = new ScriptedPayment();
  payment.notified(paid());
  payment.refund();
  payment.answerRefund(payment.returned());
  return payment;
}

/** The same number once more, by another number of the channel's own. */
function paidTwice(payment: ScriptedPayment): RefundOutcome {
  const first = payment.returned();
  if (first.type !== 'succeeded') throw new Error('it was not returned');
  return { ...first, refund: { ...first.refund, refundId: 'SECOND' } };
}

test('a channel that pays one refund number twice is found out: booked once more, and a person is asked', () => {
  const payment = refunded();
  payment.learnRefund(paidTwice(payment));
  expect(payment.order().foreignReturns).toMatchObject([{ refundId: 'SECOND' }]);
  expect(payment.aggregate.payment.foreignReturnedMinor).toBe(AMOUNT_MINOR);
  expect(payment.openCase('excess_refund')).toMatchObject({ owner: 'operations' });
});

test('copies of either word change nothing', () => {
  const payment = refunded();
  expect(payment.learnRefund(payment.returned()).type).toBe('unchanged');
  payment.learnRefund(paidTwice(payment));
  expect(payment.learnRefund(paidTwice(payment)).type).toBe('unchanged');
});
