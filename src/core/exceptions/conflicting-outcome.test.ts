import { describe, expect, test } from 'vitest';
import {
  AMOUNT_MINOR,
  DECLINED,
  NOT_FOUND,
  paid,
  UNKNOWN,
  WAITING,
} from '../../../test/support/scripted-payment.ts';
import { CLOSED_FOR_GOOD, balanceOf, TAKEN } from '../../../test/support/scripted-refunds.ts';
import { duplicate, processing, succeeded } from '../../../test/support/scripted-states.ts';

describe('a no after money', () => {
  test('by notification is asked about at once, and over when the channel stands by the money', () => {
    const payment = succeeded();
    payment.notified(DECLINED);
    expect(payment.status).toBe('succeeded');
    expect(payment.openCase('conflicting_outcome')?.owner).toBe('platform');
    expect(payment.questions.get(1)).toMatchObject({ operation: 'query', dueAtMs: payment.nowMs });
    payment.answerJob(paid());
    expect(payment.openCase('conflicting_outcome')).toBeNull();
    expect(payment.told()).toEqual(['payment.succeeded']);
  });

  test.each([
    ['failed', DECLINED],
    ['not found', NOT_FOUND],
  ])('by the channel itself (%s) keeps the money, and is a person’s case', (_name, answer) => {
    const payment = succeeded();
    payment.learn(answer);
    expect(payment.status).toBe('succeeded');
    expect(payment.openCase('conflicting_outcome')).toMatchObject({
      owner: 'operations',
      moneyAtRiskMinor: AMOUNT_MINOR,
    });
    expect(balanceOf(payment, 'payment', 'merchant_payable:7')).toBe(AMOUNT_MINOR);
    payment.decideCase('conflicting_outcome', 'resolve');
    expect(payment.openCase('conflicting_outcome')).toBeNull();
  });

  test('asked about in vain becomes nobody’s proof: the case stays with its person', () => {
    const payment = succeeded();
    payment.learn(DECLINED);
    payment.learn(paid());
    expect(payment.openCase('conflicting_outcome')?.owner).toBe('operations');
  });

  test.each([
    ['unknown', UNKNOWN],
    ['waiting', WAITING],
  ])('is not what "%s" says', (_name, answer) => {
    const payment = succeeded();
    payment.learn(answer);
    expect(payment.openCase('conflicting_outcome')).toBeNull();
  });

  test('of an order that was never paid is its end and no contradiction', () => {
    const payment = processing();
    payment.learn(DECLINED);
    expect(payment.openCase('conflicting_outcome')).toBeNull();
  });
});

describe('our refund number with other money', () => {
  const other = (payment: ReturnType<typeof duplicate>) => {
    const word = payment.returned();
    if (word.type !== 'succeeded') throw new Error('it was returned');
    return { ...word, refund: { ...word.refund, amountMinor: 1 } };
  };

  test('books nothing, is a person’s case, and is asked about again, less and less often', () => {
    const payment = duplicate();
    payment.answerRefund(TAKEN);
    const pausesMs = [1, 2, 3].map(() => {
      payment.answerRefund(other(payment));
      return (payment.refundJobs.get('1:1')?.dueAtMs ?? 0) - payment.nowMs;
    });
    expect(new Set(pausesMs).size).toBeGreaterThan(1);
    expect(pausesMs).toEqual(pausesMs.toSorted((a, b) => a - b));
    expect(payment.payment.refunds[0]?.status).toBe('pending');
    expect(payment.openCase('conflicting_outcome')).toMatchObject({
      subject: payment.channelRefund().channelRefundNo,
      owner: 'operations',
      moneyAtRiskMinor: 1,
    });
    expect(balanceOf(payment, 'payment', 'payer_owed:7')).toBe(AMOUNT_MINOR);
  });

  test('of a refund that is over leaves a case that a person can end', () => {
    const payment = duplicate();
    payment.answerRefund(CLOSED_FOR_GOOD);
    payment.answerRefund(payment.returned(2));
    payment.learnRefund(other(payment), { operation: 'notification' });
    expect(payment.openCase('failed_refund')).toBeNull();
    payment.decideCase('conflicting_outcome', 'resolve');
    expect(payment.aggregate.cases.every((one) => one.resolvedAtMs !== null)).toBe(true);
  });
});
