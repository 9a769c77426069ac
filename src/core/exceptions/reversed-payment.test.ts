import { describe, expect, test } from 'vitest';
import type { Outcome } from '../outcome.ts';
import {
  AMOUNT_MINOR,
  DECLINED,
  paid,
  type ScriptedPayment,
} from '../../../test/support/scripted-payment.ts';
import {
  balanceOf,
  CLOSED_FOR_GOOD,
  NO_ANSWER,
  TAKEN,
} from '../../../test/support/scripted-refunds.ts';
import { duplicate, held, processing, succeeded } from '../../../test/support/scripted-states.ts';

const reversed = (
  payment: ScriptedPayment,
  transactionNo = 'T1',
): Extract<Outcome, { type: 'reversed' }> => ({
  type: 'reversed',
  transactionNo,
  reversedAtMs: payment.nowMs,
  channelCode: 'REVERSED',
});

describe('a success that the channel revokes', () => {
  test('keeps its winner, is told once, and its money is gone from both books', () => {
    const payment = succeeded();
    payment.notified(reversed(payment));
    expect(payment.learn(reversed(payment)).type).toBe('unchanged');
    expect(payment.status).toBe('succeeded');
    expect(payment.payment.winner?.transactionNo).toBe('T1');
    expect(payment.payment.reversedAtMs).toBe(payment.nowMs);
    expect(payment.order().status).toBe('reversed');
    expect(payment.told()).toEqual(['payment.succeeded', 'payment.reversed', 'exception.opened']);
    expect(payment.openCase('reversed_payment')).toMatchObject({
      owner: 'operations',
      moneyAtRiskMinor: AMOUNT_MINOR,
    });
    expect(balanceOf(payment, 'payment', 'merchant_payable:7')).toBe(0);
    expect(balanceOf(payment, 'channel', 'channel_receivable:wallet/main')).toBe(0);
  });

  test('takes no refund any more', () => {
    const payment = succeeded();
    payment.notified(reversed(payment));
    expect(payment.refund(1)).toMatchObject({
      type: 'refused',
      refusal: { code: 'payment_reversed' },
    });
  });

  test('while a refund is under way: the case says that the payer may be paid back twice', () => {
    const payment = succeeded();
    payment.refund();
    payment.answerRefund(NO_ANSWER);
    payment.notified(reversed(payment));
    expect(payment.openCase('reversed_payment')?.nextAction).toContain('not paid back twice');
    payment.answerRefund({ ...CLOSED_FOR_GOOD, code: 'exceeds_charge' });
    expect(payment.payment.refunds[0]?.status).toBe('failed');
    expect(balanceOf(payment, 'payment', 'merchant_payable:7')).toBe(0);
  });

  test('while a refund is under way that is returned as well: both are facts', () => {
    const payment = succeeded();
    payment.refund();
    payment.answerRefund(TAKEN);
    payment.notified(reversed(payment));
    payment.answerRefund(payment.returned());
    expect(payment.payment.refunds[0]?.status).toBe('succeeded');
    expect(balanceOf(payment, 'payment', 'merchant_payable:7')).toBe(-AMOUNT_MINOR);
    expect(payment.openCase('reversed_payment')).not.toBeNull();
  });

  test('is over when a person says so, and the merchant is told', () => {
    const payment = succeeded();
    payment.notified(reversed(payment));
    payment.decideCase('reversed_payment', 'resolve');
    expect(payment.openCase('reversed_payment')).toBeNull();
    expect(payment.told().at(-1)).toBe('exception.resolved');
  });

  test('before we heard of it at all: the try has ended unpaid', () => {
    const payment = processing();
    payment.learn(reversed(payment));
    expect(payment.order()).toMatchObject({ status: 'closed', deathEvidence: 'channel_reversed' });
    expect(payment.status).toBe('pending');
    expect(payment.postings).toEqual([]);
  });
});

describe('a reversal of a charge that nobody has heard of', () => {
  test('beside another charge has the channel asked, which then names both', () => {
    const payment = succeeded();
    payment.notified(reversed(payment, 'T2'));
    expect(payment.questions.get(1)).toMatchObject({ operation: 'query', dueAtMs: payment.nowMs });
    expect(payment.openCase('amount_mismatch')?.owner).toBe('platform');
    payment.answerJob(paid({}, { transactionNo: 'T2' }));
    expect(payment.openCase('amount_mismatch')).toBeNull();
    expect(payment.order().charges).toHaveLength(2);
    payment.notified(reversed(payment, 'T2'));
    expect(payment.payment.refunds[0]?.failure?.code).toBe('returned_elsewhere');
  });

  test('on an order that has ended unpaid has the channel asked, until its margin has passed', () => {
    const payment = processing();
    payment.learn(DECLINED);
    payment.notified(reversed(payment));
    expect(payment.openCase('amount_mismatch')?.owner).toBe('platform');
    for (let asked = 0; asked < 10 && payment.openCase('amount_mismatch'); asked++) {
      payment.answerJob(reversed(payment));
    }
    expect(payment.openCase('amount_mismatch')).toBeNull();
    expect(payment.postings).toEqual([]);
  });

  test('in the answer to a question raises no further one', () => {
    const payment = succeeded();
    expect(payment.learn(reversed(payment, 'T2')).type).toBe('unchanged');
  });
});

describe('a surplus that the channel revokes', () => {
  test('is not owed any more: nothing is sent', () => {
    const payment = duplicate();
    payment.notified(reversed(payment, 'T2'));
    expect(payment.payment.refunds[0]?.failure?.code).toBe('returned_elsewhere');
    expect(payment.refundJobs.size).toBe(0);
    expect(payment.openCase('duplicate_payment')).toBeNull();
    expect(payment.payment.reversedAtMs).toBeNull();
    expect(balanceOf(payment, 'payment', 'payer_owed:7')).toBe(0);
    expect(balanceOf(payment, 'payment', 'merchant_payable:7')).toBe(AMOUNT_MINOR);
  });

  test('is learned from a question as well, which lists it beside the winner', () => {
    const payment = duplicate();
    const { transactionNo } = payment.payment.winner ?? { transactionNo: '' };
    const listed = { reversals: [{ transactionNo: 'T2', reversedAtMs: payment.nowMs }] };
    payment.learn({ ...paid({ transactionNo }), ...listed }, { attempt: payment.order().attempt });
    expect(payment.payment.refunds[0]?.failure?.code).toBe('returned_elsewhere');
    expect(payment.openCase('duplicate_payment')).toBeNull();
    expect(payment.payment.reversedAtMs).toBeNull();
  });

  test('together with the winner takes both away, from one answer', () => {
    const payment = duplicate();
    const further = [{ transactionNo: 'T2', reversedAtMs: payment.nowMs }];
    payment.learn({ ...reversed(payment), further });
    expect(payment.payment.reversedAtMs).toBe(payment.nowMs);
    expect(payment.order().status).toBe('reversed');
    expect(balanceOf(payment, 'channel', 'channel_receivable:wallet/main')).toBe(0);
  });

  test('leaves the winner alone, also on the same order', () => {
    const payment = duplicate();
    payment.notified(reversed(payment, 'T2'));
    expect(payment.order().status).toBe('succeeded');
    expect(payment.refund().type).toBe('changed');
  });
});

test('held money that the channel takes back ends the hold, and the payment may be tried again', () => {
  const payment = held();
  payment.learn(reversed(payment));
  expect(payment.order().status).toBe('reversed');
  expect(payment.openCase('amount_mismatch')).toBeNull();
  expect(payment.payment.surplusHeldMinor).toBe(0);
  expect(balanceOf(payment, 'channel', 'suspense:wallet/main')).toBe(0);
  payment.learn(paid({ transactionNo: 'T9' }));
  expect(payment.status).toBe('succeeded');
});
