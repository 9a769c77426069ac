import { describe, expect, test } from 'vitest';
import {
  AMOUNT_MINOR,
  CARELESS,
  MINUTE,
  paid,
  ScriptedPayment,
} from '../../test/support/scripted-payment.ts';
import { WALLET_RULES } from '../../test/support/scripted-rules.ts';
import {
  ABNORMAL,
  CLOSED_FOR_GOOD,
  NO_ANSWER,
  NO_SUCH_REFUND,
  TAKEN,
} from '../../test/support/scripted-refunds.ts';
import { duplicate, succeeded } from '../../test/support/scripted-states.ts';
import { returnMoney } from './channel-refunds.ts';
import { newConsequences } from './decision.ts';

describe("the channel's gap between two refunds of one order", () => {
  test('is waited for: the merchant is not refused', () => {
    const payment = succeeded();
    payment.refund(100, 'R-1');
    payment.refund(100, 'R-2');
    payment.refund(100, 'R-3');
    const { gapMs } = WALLET_RULES.refund;
    expect(payment.order().refunds.map((one) => one.sendAtMs - payment.nowMs)).toEqual([
      0,
      gapMs,
      2 * gapMs,
    ]);
    expect([...payment.refundJobs.values()].map((job) => job.dueAtMs - payment.nowMs)).toEqual([
      0,
      gapMs,
      2 * gapMs,
    ]);
  });

  test('counts from the last sending, also from one that failed', () => {
    const payment = succeeded();
    payment.refund(100, 'R-1');
    payment.answerRefund({ ...CLOSED_FOR_GOOD, code: 'exceeds_charge' });
    payment.refund(100, 'R-2');
    expect(payment.channelRefund(2).sendAtMs).toBe(payment.nowMs + WALLET_RULES.refund.gapMs);
  });

  test('is over after a pause as long', () => {
    const payment = succeeded();
    payment.refund(100, 'R-1');
    payment.answerRefund(TAKEN);
    payment.pass(WALLET_RULES.refund.gapMs).refund(100, 'R-2');
    expect(payment.channelRefund(2).sendAtMs).toBe(payment.nowMs);
  });

  test('does not let a refund leave before its time, whoever tries', () => {
    const payment = succeeded();
    payment.refund(100, 'R-1');
    payment.refund(100, 'R-2');
    const early = payment.decide({ type: 'refund_sending', attempt: 1, number: 2 });
    expect(early.type).toBe('unchanged');
    payment.pass(MINUTE);
    const inTime = payment.decide({ type: 'refund_sending', attempt: 1, number: 2 });
    expect(inTime.type).toBe('changed');
  });
});

describe("the channel's greatest number of refunds of one order", () => {
  function twoParts(): ScriptedPayment {
    const payment = new ScriptedPayment({ try: CARELESS });
    payment.notified(paid());
    payment.refund(100, 'R-1');
    payment.refund(100, 'R-2');
    return payment;
  }

  test('passed needs a person, and the merchant is told that it waits', () => {
    const payment = twoParts();
    payment.refund(100, 'R-3');
    expect(payment.channelRefund(3)).toMatchObject({
      status: 'requires_action',
      failure: { code: 'too_many' },
    });
    expect(payment.payment.refunds[2]?.status).toBe('requires_action');
    expect(payment.told().at(-1)).toBe('refund.requires_action');
    expect(payment.openCase('failed_refund')).toMatchObject({ subject: 'merchant:R-3' });
    expect(payment.refundJobs.has('1:3')).toBe(false);
  });

  test('does not count the ones that are proven dead', () => {
    const payment = twoParts();
    payment.answerRefund({ ...CLOSED_FOR_GOOD, code: 'exceeds_charge' });
    payment.refund(100, 'R-3');
    expect(payment.channelRefund(3).status).toBe('owed');
  });
});

describe('one number, one meaning, for life', () => {
  test('a message of the payment book that comes twice opens one number and plans one sending', () => {
    const payment = duplicate();
    const out = newConsequences([]);
    const { refundKey, transactionNo, amountMinor, currency, isAutomatic } =
      payment.channelRefund();
    const asked = { refundKey, transactionNo, amountMinor, currency, isAutomatic };
    const message = { type: 'return_money', attempt: 1, ...asked } as const;
    expect(returnMoney(payment.order(), message, out, payment.context())).toBe(payment.order());
    expect(out).toEqual(newConsequences([]));
  });

  test('what is asked for twice is opened once', () => {
    const payment = succeeded();
    expect(payment.refund(100).type).toBe('changed');
    expect(payment.refund(100).type).toBe('unchanged');
    expect(payment.order().refunds).toHaveLength(1);
  });

  test('each number is another one, and says whose it is', () => {
    const payment = duplicate();
    payment.refund(1);
    const numbers = payment.order().refunds.map((one) => one.channelRefundNo);
    expect(new Set(numbers).size).toBe(2);
    for (const number of numbers) expect(number).toContain(payment.order().channelOrderNo);
  });

  test('a number stays the same through every answer and sending', () => {
    const payment = duplicate();
    const { channelRefundNo } = payment.channelRefund();
    for (const word of [NO_ANSWER, NO_SUCH_REFUND, NO_ANSWER, NO_SUCH_REFUND, TAKEN, ABNORMAL]) {
      payment.answerRefund(word);
      expect(payment.channelRefund().channelRefundNo).toBe(channelRefundNo);
    }
    payment.decideCase('failed_refund', 'retry_refund');
    payment.answerRefund(payment.returned());
    expect(payment.order().refunds).toHaveLength(1);
  });

  test('no more than the allowed rounds are tried without a person', () => {
    const payment = duplicate();
    while (payment.nextRefundJob()) payment.answerRefund(CLOSED_FOR_GOOD);
    expect(payment.order().refunds).toHaveLength(WALLET_RULES.refund.roundsMax);
    payment.decideCase('failed_refund', 'retry_refund');
    expect(payment.order().refunds).toHaveLength(WALLET_RULES.refund.roundsMax + 1);
    payment.answerRefund(payment.returned(WALLET_RULES.refund.roundsMax + 1));
    expect(payment.payment.refunds[0]?.status).toBe('succeeded');
    expect(payment.openCase('failed_refund')).toBeNull();
  });

  test('at most one number of a refund is alive at any time', () => {
    const payment = duplicate();
    for (const word of [NO_ANSWER, CLOSED_FOR_GOOD, TAKEN, CLOSED_FOR_GOOD, NO_ANSWER]) {
      payment.answerRefund(word);
      const alive = payment.order().refunds.filter((one) => one.status !== 'failed');
      expect(alive).toHaveLength(1);
    }
  });
});

test('a refund of one try never names the number of another', () => {
  const payment = new ScriptedPayment();
  payment.learn(
    { type: 'failed', code: 'no', message: 'no', channelCode: 'NO' },
    { operation: 'pay' },
  );
  payment.decide({ type: 'request_try', try: { ...CARELESS, channel: 'wallet' } });
  payment.notified(paid({ transactionNo: 'second' }), 2);
  payment.notified(paid({ transactionNo: 'first' }), 1);
  expect(payment.order(1).refunds).toMatchObject([
    { transactionNo: 'first', amountMinor: AMOUNT_MINOR, isAutomatic: true },
  ]);
  expect(payment.order(2).refunds).toEqual([]);
});
