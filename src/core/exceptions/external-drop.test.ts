import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CLOSED,
  DECLINED,
  MINUTE,
  NOT_FOUND,
  PENDING,
  paid,
  SECOND,
  START_MS,
  ScriptedPayment,
  UNKNOWN,
  WAITING,
  WALLET_QR,
} from '../../../test/support/scripted-payment.ts';
import { WALLET_RULES } from '../../../test/support/scripted-rules.ts';
import type { Outcome } from '../outcome.ts';

describe('an order whose answer was lost', () => {
  test('is unknown, and asked about when the channel advises', () => {
    const payment = new ScriptedPayment();
    payment.learn(UNKNOWN, { operation: 'pay' });
    expect(payment.order().status).toBe('unknown');
    expect(payment.status).toBe('processing');
    expect(payment.questions.get(1)).toEqual({
      operation: 'query',
      dueAtMs: START_MS + 15 * SECOND,
    });
  });

  test.each<[string, Outcome, string, string]>([
    ['paid', paid(), 'succeeded', 'succeeded'],
    ['declined', DECLINED, 'failed', 'pending'],
    ['closed', CLOSED, 'closed', 'pending'],
  ])('is settled by a question answered %s', (_answer, outcome, order, status) => {
    const payment = new ScriptedPayment();
    payment.learn(UNKNOWN, { operation: 'pay' });
    payment.answerJob(outcome);
    expect([payment.order().status, payment.status]).toEqual([order, status]);
    expect(payment.questions.size).toBe(0);
    expect(payment.openCase('external_drop')).toBeNull();
    expect(payment.aggregate.cases[0]).toMatchObject({ kind: 'external_drop' });
    expect(payment.order().confirmedBy).toBe('query');
  });

  test('is asked again, less and less often, and stays visible meanwhile', () => {
    const payment = new ScriptedPayment();
    payment.learn(UNKNOWN, { operation: 'pay' });
    const pausesMs: number[] = [];
    for (let asked = 0; asked < 3; asked++) {
      payment.answerJob(asked === 1 ? WAITING : UNKNOWN);
      pausesMs.push((payment.questions.get(1)?.dueAtMs ?? 0) - payment.nowMs);
      expect(payment.openCase('external_drop')).toMatchObject({ owner: 'platform' });
    }
    for (const [at, plannedMs] of [30 * SECOND, MINUTE, 2 * MINUTE].entries()) {
      expect(Math.abs((pausesMs[at] ?? 0) - plannedMs)).toBeLessThanOrEqual(plannedMs / 10);
    }
    expect(payment.order().queryCount).toBe(3);
  });
});

describe('used-up questions', () => {
  test('never come before the validity and its margin are over, and never end in failed', () => {
    const payment = new ScriptedPayment();
    payment.learn(UNKNOWN, { operation: 'pay' });
    const lastWordAtMs = payment.order().validUntilMs + WALLET_RULES.validityMarginMs;
    while (!payment.order().awaitsStatement) {
      expect(payment.questions.has(1)).toBe(true);
      payment.answerJob(UNKNOWN);
      if (payment.nowMs < lastWordAtMs) expect(payment.order().awaitsStatement).toBe(false);
    }
    expect(payment.nowMs).toBeGreaterThanOrEqual(lastWordAtMs);
    expect(payment.order()).toMatchObject({ status: 'unknown', deathEvidence: null });
    expect(payment.openCase('external_drop')).toMatchObject({ owner: 'reconciliation' });
    expect(payment.questions.size).toBe(0);
    expect(payment.status).toBe('processing');
  });

  test('are as many as the channel’s rules say, and one last at the end of validity and margin', () => {
    const payment = new ScriptedPayment();
    payment.learn(UNKNOWN, { operation: 'pay' });
    const lastWordAtMs = payment.order().validUntilMs + WALLET_RULES.validityMarginMs;
    while (!payment.order().awaitsStatement) payment.answerJob(UNKNOWN);
    expect(payment.order().queryCount).toBe(WALLET_RULES.queryCountMax + 1);
    expect(payment.nowMs).toBe(lastWordAtMs);
  });

  test('are all asked, also when the validity is over before', () => {
    const payment = new ScriptedPayment({ expiresInMs: SECOND });
    payment.learn(UNKNOWN, { operation: 'pay' });
    payment.nowMs = payment.order().validUntilMs + WALLET_RULES.validityMarginMs;
    for (let asked = 1; asked <= WALLET_RULES.queryCountMax; asked++) {
      expect(payment.order().awaitsStatement).toBe(false);
      payment.answerJob(UNKNOWN);
    }
    expect(payment.order().awaitsStatement).toBe(true);
  });

  test('leave the order open to every later fact', () => {
    const payment = new ScriptedPayment();
    payment.learn(UNKNOWN, { operation: 'pay' });
    while (!payment.order().awaitsStatement) payment.answerJob(UNKNOWN);
    payment.pass(24 * 60 * MINUTE).notified(paid());
    expect(payment.status).toBe('succeeded');
    expect(payment.openCase('external_drop')).toBeNull();
    expect(payment.order().awaitsStatement).toBe(false);
  });

  test('a merchant who syncs neither counts as a planned question nor uses the plan up', () => {
    const payment = new ScriptedPayment();
    payment.learn(UNKNOWN, { operation: 'pay' });
    for (let asked = 0; asked < 20; asked++) payment.pass(MINUTE).learn(UNKNOWN);
    expect(payment.order()).toMatchObject({ queryCount: 0, awaitsStatement: false });
    expect(payment.questions.get(1)?.dueAtMs).toBe(START_MS + 15 * SECOND);
  });

  test('whatever is answered and whenever, an order is handed over only after validity and margin', () => {
    const silence = fc.constantFrom(UNKNOWN, WAITING, NOT_FOUND);
    fc.assert(
      fc.property(fc.array(silence, { maxLength: 30 }), (answers) => {
        const payment = new ScriptedPayment();
        payment.learn(UNKNOWN, { operation: 'pay' });
        const lastWordAtMs = payment.order().validUntilMs + WALLET_RULES.validityMarginMs;
        for (const answer of answers) {
          if (!payment.questions.has(1)) break;
          payment.answerJob(answer);
          const { awaitsStatement, status } = payment.order();
          if (payment.nowMs < lastWordAtMs) {
            expect([awaitsStatement, status === 'closed']).toEqual([false, false]);
          }
          expect(status).not.toBe('failed');
        }
      }),
    );
  });
});

describe('an order that the channel does not know', () => {
  test('is not dead while it may still be paid', () => {
    const payment = new ScriptedPayment();
    payment.learn(UNKNOWN, { operation: 'pay' });
    payment.answerJob(NOT_FOUND);
    expect(payment.order().status).toBe('unknown');
    expect(payment.questions.has(1)).toBe(true);
    payment.notified(paid());
    expect(payment.status).toBe('succeeded');
  });

  test('is dead once its validity and the margin are over', () => {
    const payment = new ScriptedPayment();
    payment.learn(UNKNOWN, { operation: 'pay' });
    payment.nowMs = payment.order().validUntilMs + WALLET_RULES.validityMarginMs - 1;
    payment.learn(NOT_FOUND);
    expect(payment.order().status).toBe('unknown');
    payment.pass(1).learn(NOT_FOUND);
    expect(payment.order()).toMatchObject({
      status: 'closed',
      deathEvidence: 'not_found_after_validity',
    });
  });

  test('is not killed by a notification or an answer to another call that says so', () => {
    const payment = new ScriptedPayment();
    payment.learn(UNKNOWN, { operation: 'pay' });
    payment.nowMs = payment.order().validUntilMs + WALLET_RULES.validityMarginMs;
    payment.learn(NOT_FOUND, { operation: 'close' });
    payment.learn(NOT_FOUND, { operation: 'pay' });
    payment.notified(NOT_FOUND);
    expect(payment.order().status).toBe('unknown');
  });
});

describe('a try that is made later', () => {
  test('has its first question planned in the commit that allows it', () => {
    const payment = new ScriptedPayment();
    payment.learn(DECLINED, { operation: 'pay' });
    payment.pass(10 * MINUTE).decide({ type: 'request_try', try: WALLET_QR });
    expect(payment.order(2).status).toBe('created');
    expect(payment.questions.get(2)).toEqual({
      operation: 'query',
      dueAtMs: payment.nowMs + 15 * SECOND,
    });
  });

  test('loses it when the answer is final', () => {
    const payment = new ScriptedPayment();
    payment.learn(DECLINED, { operation: 'pay' });
    payment.pass(10 * MINUTE).decide({ type: 'request_try', try: WALLET_QR });
    payment.learn(PENDING, { operation: 'pay', attempt: 2 });
    expect(payment.questions.has(2)).toBe(true);
    payment.notified(paid(), 2);
    expect(payment.questions.size).toBe(0);
  });
});
