import { describe, expect, test } from 'vitest';
import {
  AMOUNT_MINOR,
  BANK,
  CLOSED,
  MINUTE,
  PENDING,
  paid,
  ScriptedPayment,
  UNKNOWN,
  WAITING,
  WALLET_QR,
} from '../../../test/support/scripted-payment.ts';
import { needsAnswer } from '../../runtime/perform.ts';
import type { Outcome } from '../outcome.ts';

const LESS = { amountMinor: AMOUNT_MINOR - 1 };

function waiting(): ScriptedPayment {
  const payment = new ScriptedPayment();
  payment.learn(PENDING, { operation: 'pay' });
  return payment;
}

/** How many answers it takes until nothing is doubted any more. */
function answersUntilSettled(payment: ScriptedPayment, outcome: Outcome): number {
  let count = 0;
  for (; payment.openCase('amount_mismatch') && count < 10; count++) payment.answerJob(outcome);
  expect(payment.openCase('amount_mismatch')).toBeNull();
  return count;
}

describe('a notification with another amount', () => {
  test('settles nothing: the channel is asked at once, and the doubt is visible', () => {
    const payment = waiting();
    payment.notified(paid(LESS));
    expect(payment.order()).toMatchObject({ status: 'pending', charges: [] });
    expect(payment.status).toBe('processing');
    expect(payment.questions.get(1)).toEqual({ operation: 'query', dueAtMs: payment.nowMs });
    expect(payment.openCase('amount_mismatch')).toMatchObject({ owner: 'platform' });
  });

  test.each([{ amountMinor: AMOUNT_MINOR + 1 }, { currency: 'HKD' }, { amountMinor: 1 }])(
    'is doubted: %j',
    (change) => {
      const payment = waiting();
      payment.notified(paid(change));
      expect(payment.order().charges).toEqual([]);
      expect(payment.openCase('amount_mismatch')).not.toBeNull();
    },
  );

  test('the channel disagrees: the payment succeeds with the ordered amount', () => {
    const payment = waiting();
    payment.notified(paid(LESS));
    payment.answerJob(paid());
    expect(payment.status).toBe('succeeded');
    expect(payment.openCase('amount_mismatch')).toBeNull();
    expect(payment.told()).toEqual(['payment.succeeded']);
    expect(payment.payment.winner?.amountMinor).toBe(AMOUNT_MINOR);
  });

  test('the channel says closed: the order is, and the doubt when the margin for late bookings is over', () => {
    const payment = waiting();
    payment.notified(paid(LESS));
    payment.answerJob(CLOSED);
    expect(payment.order().status).toBe('closed');
    expect(payment.openCase('amount_mismatch')).not.toBeNull();
    expect(answersUntilSettled(payment, CLOSED)).toBeGreaterThan(1);
  });

  test('a copy that lags behind says closed: the money that comes to light afterwards is held', () => {
    const payment = waiting();
    payment.learn(CLOSED, { operation: 'query' });
    payment.notified(paid(LESS));
    payment.answerJob(CLOSED);
    payment.answerJob(paid(LESS));
    expect(payment.order().status).toBe('held');
    expect(payment.payment.surplusHeldMinor).toBe(AMOUNT_MINOR - 1);
  });

  test('further money on an order that is held is asked about as well', () => {
    const payment = waiting();
    payment.notified(paid(LESS));
    payment.answerJob(paid(LESS));
    payment.notified(paid({ ...LESS, transactionNo: 'T2' }));
    expect(needsAnswer(payment.aggregate, 1)).toBe(true);
    payment.answerJob(paid(LESS, { ...LESS, transactionNo: 'T2' }));
    expect(needsAnswer(payment.aggregate, 1)).toBe(false);
    expect(payment.order().charges).toHaveLength(2);
    expect(payment.openCase('amount_mismatch')).toMatchObject({ owner: 'operations' });
  });

  test('an answer that is older than further money is no answer about it', () => {
    const payment = waiting();
    payment.notified(paid(LESS));
    payment.notified(paid({ ...LESS, transactionNo: 'T2' }));
    payment.answerJob(paid(LESS));
    expect(needsAnswer(payment.aggregate, 1)).toBe(true);
    payment.answerJob(paid(LESS, { ...LESS, transactionNo: 'T2' }));
    expect(needsAnswer(payment.aggregate, 1)).toBe(false);
    expect(payment.order().charges).toHaveLength(2);
  });

  test('nobody answers: the doubt stays, and so does the question', () => {
    const payment = waiting();
    payment.notified(paid(LESS));
    payment.answerJob(UNKNOWN);
    expect(payment.openCase('amount_mismatch')).not.toBeNull();
    expect(payment.questions.has(1)).toBe(true);
  });

  test('doubts a payment that already succeeded without touching it', () => {
    const payment = waiting();
    payment.notified(paid());
    payment.notified(paid({ ...LESS, transactionNo: 'T2' }));
    expect(payment.status).toBe('succeeded');
    expect(payment.questions.has(1)).toBe(true);
    answersUntilSettled(payment, paid());
    expect(payment.payment.surplusHeldMinor).toBe(0);
  });

  test('leaves the drop of an order open that is still unknown', () => {
    const payment = waiting();
    payment.learn(UNKNOWN, { planned: true });
    payment.notified(paid(LESS));
    expect(payment.openCase('external_drop')).not.toBeNull();
  });

  test('is not cleared by a copy of an earlier notification', () => {
    const payment = waiting();
    payment.notified(paid());
    payment.notified(paid({ ...LESS, transactionNo: 'T2' }));
    payment.notified(paid());
    expect(payment.openCase('amount_mismatch')).not.toBeNull();
  });

  test('beside good money in one message: the good money counts, the other is doubted', () => {
    const payment = waiting();
    payment.learn(UNKNOWN, { planned: true });
    payment.notified(paid({}, { ...LESS, transactionNo: 'T2' }));
    expect(payment.status).toBe('succeeded');
    expect(payment.openCase('external_drop')).toBeNull();
    answersUntilSettled(payment, paid());
  });

  test('makes an order askable again that was handed over to reconciliation', () => {
    const payment = waiting();
    payment.learn(UNKNOWN, { planned: true });
    while (!payment.order().awaitsStatement) payment.answerJob(UNKNOWN);
    payment.notified(paid(LESS));
    expect(payment.order().awaitsStatement).toBe(false);
    expect(payment.questions.has(1)).toBe(true);
    payment.answerJob(UNKNOWN);
    expect(payment.order().awaitsStatement).toBe(true);
    expect(payment.openCase('amount_mismatch')).toMatchObject({ owner: 'reconciliation' });
  });
});

describe('another amount that the channel confirms', () => {
  function held(): ScriptedPayment {
    const payment = waiting();
    payment.notified(paid(LESS));
    payment.answerJob(paid(LESS));
    return payment;
  }

  test('is held: no winner, money in suspense, a case for a person', () => {
    const payment = held();
    expect(payment.order().status).toBe('held');
    expect([payment.status, payment.payment.winner]).toEqual(['processing', null]);
    expect(payment.payment.surplusHeldMinor).toBe(AMOUNT_MINOR - 1);
    expect(payment.postings).toEqual([
      expect.objectContaining({
        entry: 'charge:1:T1',
        credit: 'suspense:wallet/main',
        amountMinor: AMOUNT_MINOR - 1,
      }),
    ]);
    expect(payment.openCase('amount_mismatch')).toMatchObject({
      owner: 'operations',
      moneyAtRiskMinor: AMOUNT_MINOR - 1,
    });
    expect(payment.questions.size).toBe(0);
    expect(payment.told()).toEqual(['exception.opened']);
  });

  test('is held without any notification, too', () => {
    const payment = waiting();
    payment.learn(paid(LESS));
    expect(payment.order().status).toBe('held');
    expect(payment.openCase('amount_mismatch')).toMatchObject({ owner: 'operations' });
  });

  test.each([
    ['the same answer again', paid(LESS)],
    ['an answer that says waiting', WAITING],
    ['an answer that says closed', CLOSED],
    ['no answer', UNKNOWN],
  ])('stays with its person after %s', (_what, outcome) => {
    const payment = held();
    payment.learn(outcome);
    expect(payment.order().status).toBe('held');
    expect(payment.openCase('amount_mismatch')).toMatchObject({ owner: 'operations' });
  });

  test('allows no further try, no closing and no end by expiry until a person decides', () => {
    const payment = held();
    const held409 = { type: 'refused', refusal: { code: 'payment_held' } };
    expect(payment.decide({ type: 'request_try', try: WALLET_QR })).toMatchObject(held409);
    expect(payment.decide({ type: 'close_payment' })).toMatchObject(held409);
    payment.pass(60 * MINUTE);
    expect(payment.decide({ type: 'validity_ended' }).type).toBe('unchanged');
  });

  test('stops a closing that was under way', () => {
    const payment = waiting();
    payment.decide({ type: 'close_payment' });
    payment.answerJob(paid(LESS));
    expect([payment.status, payment.payment.closing]).toEqual(['processing', null]);
  });

  test('keeps the payment processing when an overlapping try ends', () => {
    const payment = new ScriptedPayment({ try: BANK });
    payment.learn(PENDING, { operation: 'pay' });
    payment.decide({ type: 'request_try', try: { ...WALLET_QR, allowOverlap: true } });
    payment.learn(paid(LESS));
    payment.learn(CLOSED, { attempt: 2 });
    expect(payment.status).toBe('processing');
  });

  test('takes more money of that order along, also the ordered sum', () => {
    const payment = held();
    payment.notified(paid({ transactionNo: 'T2' }));
    expect([payment.status, payment.payment.winner]).toEqual(['processing', null]);
    expect(payment.payment.surplusHeldMinor).toBe(2 * AMOUNT_MINOR - 1);
  });

  test('beside a winner is held without disturbing it', () => {
    const payment = waiting();
    payment.notified(paid());
    payment.learn(paid({}, { ...LESS, transactionNo: 'T2' }));
    expect([payment.status, payment.order().status]).toEqual(['succeeded', 'succeeded']);
    expect(payment.payment.surplusHeldMinor).toBe(AMOUNT_MINOR - 1);
    // The same answer again ends nothing: the money still lies there.
    payment.learn(paid({}, { ...LESS, transactionNo: 'T2' }));
    expect(payment.openCase('amount_mismatch')).toMatchObject({ owner: 'operations' });
  });
});
