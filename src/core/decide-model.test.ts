import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { playSteps, steps } from '../../test/support/payment-steps.ts';
import { CLOSED, MINUTE, UNKNOWN } from '../../test/support/scripted-payment.ts';
import { isOpen } from './channel-order.ts';

// `ScriptedPayment` asks every invariant after each decision, so each of these lives is a proof of
// them all; the tests below add what only a whole life can show.
const RUNS = { numRuns: 1_000 };

describe('whatever comes, in whatever order', () => {
  test('every invariant holds after every decision', () => {
    fc.assert(
      fc.property(steps(), (life) => {
        playSteps(life, () => {});
      }),
      RUNS,
    );
  });

  test('a payment succeeds once, with one winner for ever, told once', () => {
    fc.assert(
      fc.property(steps(), (life) => {
        const winners = new Set<string>();
        const payment = playSteps(life, ({ payment: { winner } }) => {
          if (winner) winners.add(`${winner.attempt}:${winner.transactionNo}`);
        });
        expect(winners.size).toBeLessThanOrEqual(1);
        const told = payment.told().filter((event) => event === 'payment.succeeded');
        expect(told.length).toBe(winners.size);
      }),
      RUNS,
    );
  });

  test('both books balance, and nothing is left between them', () => {
    fc.assert(
      fc.property(steps(), (life) => {
        const payment = playSteps(life, () => {});
        const betweenMinor = new Map<string, number>();
        for (const { debit, credit, amountMinor, currency } of payment.postings) {
          const sign = Number(debit === 'between_books') - Number(credit === 'between_books');
          betweenMinor.set(currency, (betweenMinor.get(currency) ?? 0) + sign * amountMinor);
        }
        expect([...betweenMinor.values()].filter((sumMinor) => sumMinor !== 0)).toEqual([]);
      }),
      RUNS,
    );
  });

  test('every order that was added later and is still open has a question planned, or awaits its statement', () => {
    fc.assert(
      fc.property(steps(), (life) => {
        const payment = playSteps(life, () => {});
        for (const order of payment.aggregate.orders) {
          if (!isOpen(order) || order.attempt === 1) continue;
          expect(payment.questions.has(order.attempt) || order.awaitsStatement).toBe(true);
        }
      }),
      RUNS,
    );
  });

  test('silence for ever ends with nobody failed: each order is closed by proof, or awaits its statement', () => {
    fc.assert(
      fc.property(steps(), fc.constantFrom(UNKNOWN, CLOSED), (life, answer) => {
        const payment = playSteps(life, () => {});
        const failed = payment.aggregate.orders.filter((order) => order.status === 'failed');
        // What the sweep over young orders would do for the first order.
        for (const order of payment.aggregate.orders) {
          const isAsked = payment.questions.has(order.attempt) || order.awaitsStatement;
          if (isOpen(order) && !isAsked)
            payment.learn(UNKNOWN, { attempt: order.attempt, planned: true });
        }
        payment.nowMs = Math.max(payment.nowMs, payment.payment.expiresAtMs);
        payment.decide({ type: 'validity_ended' });
        for (let asked = 0; asked < 500; asked++) {
          // All orders get their answers: a doubt about one that has ended must not hide one that is open.
          const attempts = [...payment.questions.keys()];
          const attempt = attempts[asked % attempts.length];
          if (attempt === undefined || payment.pass(MINUTE).questions.size === 0) break;
          payment.answerJob(answer, attempt);
          const settled = payment.aggregate.orders.every(
            (order) => !isOpen(order) || order.awaitsStatement,
          );
          if (settled) break;
        }
        for (const order of payment.aggregate.orders) {
          expect(!isOpen(order) || order.awaitsStatement).toBe(true);
        }
        const failedNow = payment.aggregate.orders.filter((order) => order.status === 'failed');
        expect(failedNow.length).toBe(failed.length);
      }),
      { numRuns: 300 },
    );
  });
});
