import { describe, expect, test } from 'vitest';
import {
  AMOUNT_MINOR,
  MINUTE,
  paid,
  ScriptedPayment,
} from '../../../test/support/scripted-payment.ts';
import { duplicate, succeeded } from '../../../test/support/scripted-states.ts';
import {
  CLOSED_FOR_GOOD,
  NO_ANSWER,
  NO_SUCH_REFUND,
  balanceOf,
  TAKEN,
} from '../../../test/support/scripted-refunds.ts';
import { needsAnswer } from '../../runtime/perform.ts';
import type { RefundOutcome } from '../refund-outcome.ts';

/** How much money the channel was asked to return, and how often, since the start. */
function numbersSent(payment: ScriptedPayment): number {
  return payment.order().refunds.filter((one) => one.sentAtMs !== null).length;
}

describe("money returned at the channel's own console", () => {
  test('counts once, is taken off what may still be refunded, and a person finds out why', () => {
    const payment = succeeded();
    payment.refundedAtConsole({ amountMinor: 500 });
    expect(payment.refundedAtConsole({ amountMinor: 500 }).type).toBe('unchanged');
    expect(payment.payment.foreignReturnedMinor).toBe(500);
    expect(payment.openCase('excess_refund')).toMatchObject({
      subject: '1:C1',
      owner: 'operations',
      moneyAtRiskMinor: 500,
      nextAction: 'Find out who refunded it at the channel, then resolve the case.',
    });
    expect(balanceOf(payment, 'payment', 'merchant_payable:7')).toBe(AMOUNT_MINOR - 500);
    expect(balanceOf(payment, 'channel', 'channel_receivable:wallet/main')).toBe(
      -(AMOUNT_MINOR - 500),
    );
    expect(payment.refund(AMOUNT_MINOR - 499, 'over')).toMatchObject({
      type: 'refused',
      refusal: { code: 'refund_exceeds_payment' },
    });
    expect(payment.told()).toEqual(['payment.succeeded', 'exception.opened']);
  });

  test('while a merchant refund is under way is more than was charged: the case says so', () => {
    const payment = succeeded();
    payment.refund();
    payment.answerRefund(TAKEN);
    payment.refundedAtConsole();
    payment.answerRefund(payment.returned());
    expect(payment.payment.refunds[0]?.status).toBe('succeeded');
    payment.refundedAtConsole({ refundId: 'C2', amountMinor: 1 });
    const risks = payment.aggregate.cases.filter((one) => one.kind === 'excess_refund');
    expect(risks.map((one) => one.moneyAtRiskMinor)).toEqual([AMOUNT_MINOR, 1]);
    expect(risks[1]?.nextAction).toContain('More was returned than was charged');
  });

  test('before a merchant refund is sent lets the channel refuse it, and what was set aside is free', () => {
    const payment = succeeded();
    payment.refund();
    payment.refundedAtConsole();
    payment.answerRefund({
      type: 'failed',
      code: 'exceeds_charge',
      message: 'nothing left',
      channelCode: 'EXCEEDS',
    });
    expect(payment.payment.refunds[0]?.status).toBe('failed');
    expect(payment.openCase('failed_refund')).toBeNull();
    expect(payment.refundJobs.size).toBe(0);
    expect(balanceOf(payment, 'payment', 'payer_owed:7')).toBe(0);
    expect(payment.told().filter((one) => one === 'refund.failed')).toHaveLength(1);
  });

  test('of a surplus, whole, ends what is owed: nothing is sent any more', () => {
    const payment = duplicate();
    payment.refundedAtConsole({ transactionNo: 'T2' });
    expect(payment.payment.refunds[0]).toMatchObject({
      status: 'failed',
      failure: { code: 'returned_elsewhere' },
    });
    expect(payment.openCase('duplicate_payment')).toBeNull();
    expect(payment.refundJobs.size).toBe(0);
    expect(balanceOf(payment, 'payment', 'payer_owed:7')).toBe(0);
  });

  test('of a surplus, in parts, ends what is owed with the last part', () => {
    const payment = duplicate();
    payment.refundedAtConsole({ transactionNo: 'T2', refundId: 'C1', amountMinor: 400 });
    payment.answerRefund({ ...CLOSED_FOR_GOOD, code: 'exceeds_charge' });
    expect(payment.openCase('failed_refund')?.owner).toBe('operations');
    expect(balanceOf(payment, 'payment', 'payer_owed:7')).toBe(AMOUNT_MINOR - 400);
    const rest = { transactionNo: 'T2', refundId: 'C2', amountMinor: AMOUNT_MINOR - 400 };
    payment.refundedAtConsole(rest);
    expect(payment.payment.refunds[0]?.failure?.code).toBe('returned_elsewhere');
    expect(payment.openCase('failed_refund')).toBeNull();
    expect(payment.openCase('duplicate_payment')).toBeNull();
    expect(balanceOf(payment, 'payment', 'payer_owed:7')).toBe(0);
  });
});

describe('a surplus that went back without us while our own return was under way', () => {
  function racing(): ScriptedPayment {
    const payment = duplicate();
    payment.answerRefund(NO_ANSWER);
    payment.refundedAtConsole({ transactionNo: 'T2' });
    return payment;
  }

  test('stays watched: nobody knows yet what became of the number', () => {
    const payment = racing();
    expect(payment.channelRefund().status).toBe('unknown');
    expect(payment.nextRefundJob()?.operation).toBe('query');
  });

  test('is not sent again when the channel does not know the number', () => {
    const payment = racing();
    payment.answerRefund(NO_SUCH_REFUND);
    expect(payment.channelRefund()).toMatchObject({ status: 'failed' });
    expect(payment.refundJobs.size).toBe(0);
    expect(payment.openCase('unknown_refund')).toBeNull();
  });

  test('is tried under no other number when the first one is dead', () => {
    const payment = racing();
    payment.answerRefund(CLOSED_FOR_GOOD);
    expect(payment.order().refunds).toHaveLength(1);
    expect(payment.refundJobs.size).toBe(0);
  });

  test('leaves nobody with a case that nobody can end', () => {
    const payment = racing();
    payment.answerRefund({ ...CLOSED_FOR_GOOD, code: 'exceeds_charge' });
    expect(payment.openCase('failed_refund')).toBeNull();
    expect(payment.openCase('unknown_refund')).toBeNull();
    // That of the console refund is a person's.
    expect(payment.openCase('excess_refund')?.owner).toBe('operations');
  });

  test('and back once more by our number is money returned twice, with a case of its own', () => {
    const payment = racing();
    payment.answerRefund(payment.returned());
    expect(payment.payment.refunds[0]?.status).toBe('succeeded');
    const subjects = payment.aggregate.cases
      .filter((one) => one.kind === 'excess_refund')
      .map((one) => one.subject);
    expect(subjects).toEqual(['1:C1', 'surplus:1:T2']);
    expect(balanceOf(payment, 'channel', 'channel_receivable:wallet/main')).toBe(0);
  });
});

describe('a number that was called dead and returned the money after all', () => {
  function revived(): ScriptedPayment {
    const payment = duplicate();
    payment.answerRefund(CLOSED_FOR_GOOD);
    payment.answerRefund(TAKEN);
    payment.learnRefund(payment.returned(1), { number: 1, operation: 'notification' });
    return payment;
  }

  test('has returned it: the refund is done', () => {
    const payment = revived();
    expect(payment.payment.refunds[0]?.status).toBe('succeeded');
    expect(payment.channelRefund(1)).toMatchObject({ status: 'succeeded', isExtra: false });
    expect(payment.told().filter((one) => one === 'payment.surplus_refunded')).toHaveLength(1);
  });

  test('has the other number watched, and no third one opened when that one dies', () => {
    const payment = revived();
    expect(payment.nextRefundJob()).toMatchObject({ number: 2, operation: 'query' });
    payment.answerRefund(CLOSED_FOR_GOOD);
    expect(payment.order().refunds).toHaveLength(2);
    expect(payment.refundJobs.size).toBe(0);
    expect(payment.aggregate.cases.filter((one) => one.resolvedAtMs === null)).toEqual([]);
  });

  test('has the other number counted as extra when it returns the money too', () => {
    const payment = revived();
    payment.answerRefund(payment.returned(2));
    expect(payment.channelRefund(2)).toMatchObject({ status: 'succeeded', isExtra: true });
    expect(payment.openCase('excess_refund')).toMatchObject({
      owner: 'operations',
      moneyAtRiskMinor: AMOUNT_MINOR,
    });
    expect(balanceOf(payment, 'payment', 'payer_owed:7')).toBe(-AMOUNT_MINOR);
    expect(numbersSent(payment)).toBe(2);
    expect(payment.told().filter((one) => one === 'payment.surplus_refunded')).toHaveLength(1);
  });
});

test('a surplus that was returned and then revoked by the channel went back twice: a person knows', () => {
  const payment = duplicate();
  payment.answerRefund(payment.returned());
  payment.pass(MINUTE).learn({
    type: 'reversed',
    transactionNo: 'T2',
    reversedAtMs: payment.nowMs,
    channelCode: 'REVERSED',
  });
  expect(payment.openCase('excess_refund')).toMatchObject({
    owner: 'operations',
    moneyAtRiskMinor: AMOUNT_MINOR,
  });
  expect(payment.learn(paid({ transactionNo: 'T2' })).type).toBe('unchanged');
});

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
