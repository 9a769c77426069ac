import { expect, test } from 'vitest';
import { AMOUNT_MINOR, paid, ScriptedPayment } from '../../../test/support/scripted-payment.ts';
import { needsAnswer } from '../../runtime/perform.ts';
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

test('a refund at the console of a charge that we do not know is asked about, and booked with it', () => {
  const payment = new ScriptedPayment();
  payment.notified(paid({ transactionNo: 'T2' }));
  payment.refundedAtConsole({ transactionNo: 'T1' });
  expect(needsAnswer(payment.aggregate, 1)).toBe(true);
  const refundedAtMs = payment.nowMs;
  const answer = paid({ transactionNo: 'T1' }, { transactionNo: 'T2' });
  if (answer.type !== 'succeeded') throw new Error('it is not paid');
  const [charge] = answer.charges;
  if (!charge) throw new Error('there is no charge');
  const { transactionNo, amountMinor, currency } = charge;
  const refund = { transactionNo, amountMinor, currency, refundId: 'C1', channelRefundNo: null };
  payment.answerJob({ ...answer, refunds: [{ ...refund, refundedAtMs }] });
  expect(payment.order().foreignReturns).toMatchObject([{ refundId: 'C1', transactionNo: 'T1' }]);
  expect(needsAnswer(payment.aggregate, 1)).toBe(false);
});
