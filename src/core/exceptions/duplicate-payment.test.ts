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
