import { describe, expect, test } from 'vitest';
import {
  AMOUNT_MINOR,
  BANK,
  DECLINED,
  MINUTE,
  PENDING,
  paid,
  ScriptedPayment,
  WAITING,
  WALLET_QR,
} from '../../../test/support/scripted-payment.ts';
import { balanceOf, NO_ANSWER } from '../../../test/support/scripted-refunds.ts';
import { duplicate } from '../../../test/support/scripted-states.ts';

describe('a second charge', () => {
  test('of the same order is owed to its payer, with an open case', () => {
    const payment = new ScriptedPayment();
    payment.notified(paid());
    payment.notified(paid({ transactionNo: 'T2' }));
    expect(payment.payment.winner).toMatchObject({ attempt: 1, transactionNo: 'T1' });
    expect(payment.payment.surplusReceivedMinor).toBe(AMOUNT_MINOR);
    expect(payment.openCase('duplicate_payment')).toMatchObject({
      subject: '1:T2',
      owner: 'platform',
      moneyAtRiskMinor: AMOUNT_MINOR,
    });
    expect(payment.told()).toEqual(['payment.succeeded', 'exception.opened']);
    expect(payment.postings.map((one) => [one.entry, one.credit])).toEqual([
      ['charge:1:T1', 'between_books'],
      ['winner', 'merchant_payable:7'],
      ['charge:1:T2', 'between_books'],
      ['surplus:1:T2', 'payer_owed:7'],
    ]);
  });

  test('in the same answer: whoever paid first is the winner', () => {
    const payment = new ScriptedPayment();
    const late = { transactionNo: 'A-late', paidAtMs: payment.nowMs + 2 };
    const early = { transactionNo: 'B-early', paidAtMs: payment.nowMs + 1 };
    payment.learn(paid(late, early));
    expect(payment.payment.winner?.transactionNo).toBe('B-early');
    expect(payment.openCase('duplicate_payment')?.subject).toBe('1:A-late');
  });

  test('of another try: one winner, for ever', () => {
    const payment = new ScriptedPayment({ try: BANK });
    payment.learn(PENDING, { operation: 'pay' });
    payment.decide({ type: 'request_try', try: { ...WALLET_QR, allowOverlap: true } });
    payment.learn(PENDING, { operation: 'pay', attempt: 2 });
    payment.notified(paid({ transactionNo: 'W' }), 2);
    expect(payment.payment.winner?.attempt).toBe(2);
    payment.notified(paid({ transactionNo: 'B' }), 1);
    expect(payment.payment.winner?.attempt).toBe(2);
    expect(payment.openCase('duplicate_payment')?.subject).toBe('1:B');
  });

  test('is looked for: a winner has every other open order asked about and closed', () => {
    const payment = new ScriptedPayment({ try: BANK });
    payment.learn(PENDING, { operation: 'pay' });
    payment.decide({ type: 'request_try', try: { ...WALLET_QR, allowOverlap: true } });
    payment.learn(PENDING, { operation: 'pay', attempt: 2 });
    payment.notified(paid(), 1);
    expect(payment.order(2).closeStep).toBe('asking');
    payment.answerJob(WAITING, 2);
    expect(payment.questions.get(2)?.operation).toBe('close');
    expect(payment.status).toBe('succeeded');
  });
});

describe('money after a no', () => {
  test('on a try that failed is money: the payment succeeds', () => {
    const payment = new ScriptedPayment();
    payment.learn(DECLINED, { operation: 'pay' });
    expect(payment.status).toBe('pending');
    payment.pass(MINUTE).notified(paid());
    expect([payment.status, payment.order().status]).toEqual(['succeeded', 'succeeded']);
    expect(payment.openCase('expired_payment')).toBeNull();
  });

  test('after a later try was paid is a duplicate', () => {
    const payment = new ScriptedPayment();
    payment.learn(DECLINED, { operation: 'pay' });
    payment.decide({ type: 'request_try', try: WALLET_QR });
    payment.notified(paid({ transactionNo: 'second' }), 2);
    payment.notified(paid({ transactionNo: 'first' }), 1);
    expect(payment.payment.winner?.attempt).toBe(2);
    expect(payment.openCase('duplicate_payment')?.subject).toBe('1:first');
  });

  test('a no after money changes no state', () => {
    const payment = new ScriptedPayment();
    payment.notified(paid());
    for (const operation of ['pay', 'query', 'close', 'notification'] as const) {
      payment.learn(DECLINED, { operation });
    }
    expect([payment.status, payment.order().status]).toEqual(['succeeded', 'succeeded']);
  });
});

describe('the return of a second charge', () => {
  const surplusEvents = (payment: ScriptedPayment): number =>
    payment.told().filter((one) => one === 'payment.surplus_refunded').length;

  test('is opened without anybody asking, in full, bound to its charge', () => {
    const payment = duplicate();
    expect(payment.payment.refunds).toMatchObject([
      {
        key: 'surplus:1:T2',
        reason: 'duplicate',
        transactionNo: 'T2',
        amountMinor: AMOUNT_MINOR,
        merchantRefundNo: null,
      },
    ]);
    expect(payment.channelRefund()).toMatchObject({ transactionNo: 'T2', isAutomatic: true });
    expect(payment.refundJobs.get('1:1')?.operation).toBe('send');
  });

  test('is one, whoever notices the charge and however often', () => {
    const payment = duplicate();
    expect(payment.notified(paid({ transactionNo: 'T2' })).type).toBe('unchanged');
    expect(payment.learn(paid({}, { transactionNo: 'T2' })).type).toBe('unchanged');
    payment.answerRefund(NO_ANSWER);
    payment.learn(paid({}, { transactionNo: 'T2' }));
    expect(payment.order().refunds).toHaveLength(1);
    expect(payment.payment.refunds).toHaveLength(1);
  });

  test('ends the case, is told once, and leaves the winner alone', () => {
    const payment = duplicate();
    payment.answerRefund(payment.returned());
    payment.learnRefund(payment.returned(), { operation: 'notification' });
    expect(payment.openCase('duplicate_payment')).toBeNull();
    expect(surplusEvents(payment)).toBe(1);
    expect(payment.told()).toEqual([
      'payment.succeeded',
      'exception.opened',
      'payment.surplus_refunded',
      'exception.resolved',
    ]);
    expect(balanceOf(payment, 'payment', 'payer_owed:7')).toBe(0);
    expect(balanceOf(payment, 'payment', 'merchant_payable:7')).toBe(AMOUNT_MINOR);
    expect(balanceOf(payment, 'channel', 'channel_receivable:wallet/main')).toBe(-AMOUNT_MINOR);
    expect(payment.payment.winner?.transactionNo).toBe('T1');
  });

  test('is one for each charge: three payers, two returns', () => {
    const payment = duplicate();
    payment.notified(paid({ transactionNo: 'T3' }));
    expect(payment.payment.refunds.map((one) => one.key)).toEqual(['surplus:1:T2', 'surplus:1:T3']);
    // The second one waits for the channel's gap.
    const [first, second] = payment.order().refunds;
    expect(second?.sendAtMs).toBeGreaterThan(first?.sendAtMs ?? Number.POSITIVE_INFINITY);
    payment.answerRefund(payment.returned(1));
    payment.answerRefund(payment.returned(2));
    expect(surplusEvents(payment)).toBe(2);
    expect(payment.aggregate.cases.every((one) => one.resolvedAtMs !== null)).toBe(true);
  });
});
