import { describe, expect, test } from 'vitest';
import { isReleased } from '../channel-refunds.ts';
import { MINUTE, paid, ScriptedPayment, SECOND } from '../../../test/support/scripted-payment.ts';
import {
  ABNORMAL,
  balanceOf,
  CLOSED_FOR_GOOD,
  NO_ANSWER,
  NO_FUNDS,
  NO_SUCH_REFUND,
  TAKEN,
  TOO_SOON,
} from '../../../test/support/scripted-refunds.ts';
import { duplicate, succeeded } from '../../../test/support/scripted-states.ts';

const count = (payment: ScriptedPayment, event: string): number =>
  payment.told().filter((one) => one === event).length;

describe('a refund that the channel accepted and that came to nothing', () => {
  test('is tried under another number, for the same money', () => {
    const payment = duplicate();
    payment.answerRefund(TAKEN);
    payment.answerRefund(CLOSED_FOR_GOOD);
    const [first, second] = payment.order().refunds;
    expect(second).toMatchObject({ round: 2, status: 'owed', amountMinor: first?.amountMinor });
    expect(second?.channelRefundNo).not.toBe(first?.channelRefundNo);
    payment.answerRefund(payment.returned(2));
    expect(payment.payment.refunds[0]?.status).toBe('succeeded');
    expect(count(payment, 'payment.surplus_refunded')).toBe(1);
    expect(balanceOf(payment, 'payment', 'payer_owed:7')).toBe(0);
  });

  test('of a surplus stays owed when every number is dead, and a person is asked', () => {
    const payment = duplicate();
    for (let round = 0; round < 3; round++) payment.answerRefund(CLOSED_FOR_GOOD);
    expect(payment.order().refunds.map((one) => one.status)).toEqual([
      'failed',
      'failed',
      'failed',
    ]);
    expect(payment.payment.refunds[0]?.status).toBe('requires_action');
    expect(payment.openCase('failed_refund')).toMatchObject({
      subject: 'surplus:1:T2',
      owner: 'operations',
      moneyAtRiskMinor: 1_999,
    });
    expect(payment.openCase('duplicate_payment')).not.toBeNull();
    expect(balanceOf(payment, 'payment', 'payer_owed:7')).toBe(1_999);
  });

  test('of a merchant’s is over when every number is dead, and what was set aside is free again', () => {
    const payment = succeeded();
    payment.refund(700);
    for (let round = 0; round < 3; round++) payment.answerRefund(CLOSED_FOR_GOOD);
    expect(payment.payment.refunds[0]).toMatchObject({
      status: 'failed',
      failure: { code: 'refund_closed' },
    });
    expect(count(payment, 'refund.failed')).toBe(1);
    expect(payment.openCase('failed_refund')).toBeNull();
    expect(balanceOf(payment, 'payment', 'merchant_payable:7')).toBe(1_999);
    expect(payment.refund(1_999, 'R-2').type).toBe('changed');
  });

  test('that asks for more than is there is not tried under another number', () => {
    const payment = succeeded();
    payment.refund();
    payment.answerRefund({ ...CLOSED_FOR_GOOD, code: 'exceeds_charge' });
    expect(payment.order().refunds).toHaveLength(1);
    expect(payment.payment.refunds[0]?.status).toBe('failed');
  });
});

describe('a refund that is stuck at the channel', () => {
  function stuck(): ScriptedPayment {
    const payment = succeeded();
    payment.refund();
    payment.answerRefund(TAKEN);
    payment.answerRefund(ABNORMAL);
    return payment;
  }

  test('keeps what was set aside, tells the merchant once, and is a person’s case', () => {
    const payment = stuck();
    payment.learnRefund(ABNORMAL, { operation: 'notification' });
    expect(payment.payment.refunds[0]?.status).toBe('requires_action');
    expect(count(payment, 'refund.requires_action')).toBe(1);
    expect(payment.openCase('failed_refund')).toMatchObject({ subject: 'merchant:R-1' });
    expect(payment.refundJobs.size).toBe(0);
    expect(payment.refund(1, 'R-2').type).toBe('refused');
  });

  test('is sent again under the same number when a person says so', () => {
    const payment = stuck();
    payment.decideCase('failed_refund', 'retry_refund');
    expect(payment.payment.refunds[0]?.status).toBe('pending');
    expect(payment.openCase('failed_refund')).toBeNull();
    payment.answerRefund(payment.returned());
    expect(payment.order().refunds).toHaveLength(1);
    expect(payment.payment.refunds[0]?.status).toBe('succeeded');
  });

  test('is given up by a named person: the merchant keeps the money and is told', () => {
    const payment = stuck();
    payment.decideCase('failed_refund', 'give_up_refund');
    expect(payment.payment.refunds[0]?.failure).toEqual({
      code: 'given_up',
      message: 'Li Na gave it up.',
    });
    expect(balanceOf(payment, 'payment', 'merchant_payable:7')).toBe(1_999);
    expect(count(payment, 'refund.failed')).toBe(1);
    expect(payment.openCase('failed_refund')).toBeNull();
  });

  test('is done when the channel returns the money after it was given up, and a person learns of it', () => {
    const payment = stuck();
    payment.decideCase('failed_refund', 'give_up_refund');
    payment.learnRefund(payment.returned(), { operation: 'notification' });
    expect(payment.payment.refunds[0]?.status).toBe('succeeded');
    expect(payment.openCase('excess_refund')).toMatchObject({ owner: 'operations' });
    expect(balanceOf(payment, 'payment', 'merchant_payable:7')).toBe(0);
    expect(balanceOf(payment, 'payment', 'payer_owed:7')).toBe(0);
  });

  test('is done when the channel returns the money by itself', () => {
    const payment = stuck();
    payment.learnRefund(payment.returned(), { operation: 'notification' });
    expect(payment.payment.refunds[0]?.status).toBe('succeeded');
    expect(payment.openCase('failed_refund')).toBeNull();
  });
});

describe('"not now"', () => {
  test('for want of funds sends the same number again after a pause, with a case meanwhile', () => {
    const payment = duplicate();
    payment.answerRefund(NO_FUNDS);
    expect(payment.openCase('failed_refund')?.nextAction).toContain('top it up');
    expect(payment.refundJobs.get('1:1')).toMatchObject({
      operation: 'send',
      dueAtMs: payment.nowMs + 10 * MINUTE,
    });
    payment.answerRefund(TAKEN);
    expect(payment.order().refunds).toHaveLength(1);
    expect(payment.openCase('failed_refund')).toBeNull();
  });

  test('because it is too soon waits for the channel’s gap, without a case', () => {
    const payment = duplicate();
    payment.answerRefund(TOO_SOON);
    expect(payment.openCase('failed_refund')).toBeNull();
    const dueAtMs = payment.refundJobs.get('1:1')?.dueAtMs ?? 0;
    expect(dueAtMs - payment.nowMs).toBeGreaterThanOrEqual(SECOND);
  });

  test('does not take back what the channel has accepted', () => {
    const payment = duplicate();
    payment.answerRefund(TAKEN);
    expect(payment.learnRefund(NO_FUNDS).type).toBe('unchanged');
    expect(payment.channelRefund().status).toBe('pending');
  });
});

describe('the brake on automatic money out', () => {
  const place = { attempt: 1, number: 1 } as const;
  const hold = {
    type: 'refund_held_back',
    ...place,
    by: 'brake',
    reason: 'the switch is on',
  } as const;
  const release = { type: 'refund_released', ...place, by: 'Li Na', reason: 'checked' } as const;

  test('holds a surplus back: it stays owed, in the open, and is due never', () => {
    const payment = duplicate();
    payment.decide(hold);
    expect(payment.channelRefund().status).toBe('held_back');
    expect(payment.refundJobs.get('1:1')?.operation).toBe('held');
    expect(payment.nextRefundJob()).toBeNull();
    expect(payment.openCase('failed_refund')).toMatchObject({ owner: 'operations' });
    expect(payment.openCase('failed_refund')?.nextAction).toContain('the switch is on');
    expect(balanceOf(payment, 'payment', 'payer_owed:7')).toBe(1_999);
  });

  test('lets go of it once a person says so, and then it is returned', () => {
    const payment = duplicate();
    payment.decide(hold);
    expect(payment.decide(release).type).toBe('changed');
    expect(payment.decide(release).type).toBe('unchanged');
    expect(payment.openCase('failed_refund')).toBeNull();
    payment.answerRefund(payment.returned());
    expect(payment.payment.refunds[0]?.status).toBe('succeeded');
  });

  test('knows what a person released until it leaves, or is held back again', () => {
    const payment = duplicate();
    expect(isReleased(payment.channelRefund())).toBe(false);
    payment.decide(hold);
    payment.decide(release);
    expect(isReleased(payment.channelRefund())).toBe(true);
    payment.decide(hold);
    expect(isReleased(payment.channelRefund())).toBe(false);
    payment.decide(release);
    payment.answerRefund(TAKEN);
    expect(payment.channelRefund()).toMatchObject({ status: 'pending', failure: null });
  });

  test('stops nothing that is under way', () => {
    const payment = duplicate();
    payment.answerRefund(NO_ANSWER);
    expect(payment.decide(hold).type).toBe('unchanged');
    expect(payment.channelRefund().status).toBe('unknown');
  });

  test('is no decision about the refund: a person cannot give up what is only held back', () => {
    const payment = duplicate();
    payment.decide(hold);
    expect(payment.decideCase('failed_refund', 'give_up_refund')).toMatchObject({
      type: 'refused',
      refusal: { code: 'action_not_possible' },
    });
  });

  test('does not keep money in the books that went back meanwhile', () => {
    const payment = duplicate();
    payment.decide(hold);
    payment.refundedAtConsole({ transactionNo: 'T2' });
    expect(payment.refundJobs.size).toBe(0);
    expect(payment.openCase('failed_refund')).toBeNull();
    expect(payment.decide(release).type).toBe('unchanged');
  });
});

test('a refund that is sent again and given up meanwhile leaves no case of its unknown result', () => {
  const payment = duplicate();
  payment.answerRefund(NO_ANSWER);
  payment.answerRefund(NO_SUCH_REFUND);
  expect(payment.openCase('unknown_refund')).not.toBeNull();
  payment.refundedAtConsole({ transactionNo: 'T2' });
  expect(payment.openCase('unknown_refund')).toBeNull();
});

const STUCK_ACCOUNT = {
  type: 'requires_action',
  code: 'account_abnormal',
  message: '',
  channelCode: 'ABNORMAL',
} as const;

test('a refund that is stuck keeps its case when an older "accepted" arrives after it', () => {
  const payment = new ScriptedPayment();
  payment.notified(paid());
  payment.refund();
  payment.answerRefund({ type: 'unknown', reason: 'timeout', channelCode: 'no_answer' });
  payment.learnRefund(STUCK_ACCOUNT);
  payment.learnRefund({ type: 'pending', channelCode: 'PROCESSING' });
  expect(payment.channelRefund().status).toBe('requires_action');
  expect(payment.openCase('failed_refund')).toMatchObject({ owner: 'operations' });
});
