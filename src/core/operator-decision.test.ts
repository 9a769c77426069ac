import { describe, expect, test } from 'vitest';
import { AMOUNT_MINOR, paid } from '../../test/support/scripted-payment.ts';
import {
  ABNORMAL,
  balanceOf,
  CLOSED_FOR_GOOD,
  NO_ANSWER,
} from '../../test/support/scripted-refunds.ts';
import { duplicate, held, processing, succeeded } from '../../test/support/scripted-states.ts';

describe('held money that a person returns', () => {
  test('leaves suspense, is owed to its payer, and goes back once', () => {
    const payment = held();
    expect(balanceOf(payment, 'channel', 'suspense:wallet/main')).toBe(1);
    payment.decideCase('amount_mismatch', 'return_money');
    expect(payment.openCase('amount_mismatch')).toBeNull();
    expect(payment.order()).toMatchObject({
      status: 'closed',
      deathEvidence: 'held_money_returned',
    });
    expect(payment.payment.refunds).toMatchObject([
      { key: 'surplus:1:T1', reason: 'mismatch', amountMinor: 1 },
    ]);
    expect(balanceOf(payment, 'channel', 'suspense:wallet/main')).toBe(0);
    expect(balanceOf(payment, 'payment', 'payer_owed:7')).toBe(1);
    payment.answerRefund(payment.returned());
    expect(payment.payment.refunds[0]?.status).toBe('succeeded');
    expect(balanceOf(payment, 'payment', 'payer_owed:7')).toBe(0);
    expect(balanceOf(payment, 'channel', 'channel_receivable:wallet/main')).toBe(0);
  });

  test('lets the payment be tried again', () => {
    const payment = held();
    expect(payment.status).toBe('processing');
    payment.decideCase('amount_mismatch', 'return_money');
    expect(payment.status).toBe('pending');
    expect(payment.told().filter((one) => one === 'exception.resolved')).toHaveLength(1);
  });

  test('is decided once: a second click finds the case resolved', () => {
    const payment = held();
    const caseId = payment.openCase('amount_mismatch')?.id ?? '';
    const decision = {
      type: 'operator_decision',
      caseId,
      action: 'return_money',
      by: 'Li Na',
      reason: 'agreed',
    } as const;
    expect(payment.decide(decision).type).toBe('changed');
    expect(payment.decide(decision)).toMatchObject({
      type: 'refused',
      refusal: { code: 'case_resolved', detail: 'It ended: Li Na decided to return the money.' },
    });
    expect(payment.payment.refunds).toHaveLength(1);
  });

  test('is not decided before the channel has confirmed the other amount', () => {
    const payment = processing();
    payment.notified(paid({ amountMinor: 1 }));
    expect(payment.openCase('amount_mismatch')?.owner).toBe('platform');
    expect(payment.decideCase('amount_mismatch', 'return_money')).toMatchObject({
      type: 'refused',
      refusal: { code: 'action_not_possible' },
    });
  });

  test('is not returned when a part of it went back at the console already', () => {
    const payment = held();
    payment.refundedAtConsole({ amountMinor: 1 });
    expect(payment.decideCase('amount_mismatch', 'return_money')).toMatchObject({
      type: 'refused',
      refusal: { detail: 'Some of it went back at the channel already.' },
    });
    expect(balanceOf(payment, 'channel', 'suspense:wallet/main')).toBe(0);
  });

  test('beside a winner returns only what is held', () => {
    const payment = succeeded();
    payment.learn(paid({ transactionNo: 'T2', amountMinor: 5 }));
    payment.decideCase('amount_mismatch', 'return_money');
    expect(payment.payment.refunds).toMatchObject([{ key: 'surplus:1:T2', amountMinor: 5 }]);
    expect(payment.status).toBe('succeeded');
    expect(balanceOf(payment, 'payment', 'merchant_payable:7')).toBe(AMOUNT_MINOR);
  });
});

describe('a decision that does not fit', () => {
  test('is refused with what would fit', () => {
    const payment = duplicate();
    expect(payment.decideCase('duplicate_payment', 'resolve')).toMatchObject({
      refusal: {
        code: 'action_not_possible',
        detail: 'A case of duplicate_payment takes these: none: it heals by itself.',
      },
    });
    payment.answerRefund(ABNORMAL);
    expect(payment.decideCase('failed_refund', 'resolve')).toMatchObject({
      refusal: { detail: 'A case of failed_refund takes these: retry_refund, give_up_refund.' },
    });
  });

  test('about a case that is not there is refused', () => {
    expect(succeeded().decideCase('failed_refund', 'retry_refund')).toMatchObject({
      refusal: { code: 'not_found' },
    });
  });

  test('changes nothing', () => {
    const payment = duplicate();
    const before = payment.aggregate;
    payment.decideCase('duplicate_payment', 'give_up_refund');
    expect(payment.aggregate).toBe(before);
  });
});

test('a surplus that cannot be returned is given up only by a person, whose name stays', () => {
  const payment = duplicate();
  while (payment.nextRefundJob()) payment.answerRefund(CLOSED_FOR_GOOD);
  const decision = payment.decideCase('failed_refund', 'give_up_refund');
  if (decision.type !== 'changed') throw new Error('it was possible');
  expect(decision.history.evidence).toEqual({
    via: 'operator',
    operation: null,
    raw: 'Li Na: agreed',
  });
  expect(payment.payment.refunds[0]?.status).toBe('failed');
  expect(payment.aggregate.cases.every((one) => one.resolvedAtMs !== null)).toBe(true);
  expect(balanceOf(payment, 'payment', 'merchant_payable:7')).toBe(2 * AMOUNT_MINOR);
});

test('a surplus of which a part went back at the console is not given up: the books would pay that part twice', () => {
  const payment = duplicate();
  payment.refundedAtConsole({ transactionNo: 'T2', amountMinor: 500 });
  while (payment.nextRefundJob()) payment.answerRefund(CLOSED_FOR_GOOD);
  expect(payment.decideCase('failed_refund', 'give_up_refund')).toMatchObject({
    refusal: { code: 'action_not_possible' },
  });
  expect(balanceOf(payment, 'payment', 'payer_owed:7')).toBe(AMOUNT_MINOR - 500);
  expect(payment.decideCase('failed_refund', 'retry_refund').type).toBe('changed');
});

test('a refund that is under way is no person’s to retry', () => {
  const payment = duplicate();
  payment.answerRefund(ABNORMAL);
  payment.decideCase('failed_refund', 'retry_refund');
  payment.answerRefund(NO_ANSWER);
  expect(payment.openCase('failed_refund')).toBeNull();
});
