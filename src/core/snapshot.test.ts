import fc from 'fast-check';
import { expect, test } from 'vitest';
import { playSteps, steps } from '../../test/support/payment-steps.ts';
import {
  DECLINED,
  PENDING,
  paid,
  ScriptedPayment,
  WALLET_QR,
} from '../../test/support/scripted-payment.ts';
import { paymentObject } from '../runtime/payment-object.ts';
import { refundObject } from '../runtime/refund-object.ts';
import type { Aggregate } from './aggregate.ts';
import type { Snapshot } from './snapshot.ts';
import { restoreSnapshot, snapshotOf } from './snapshot.ts';

/** As it comes back from the database. */
function stored(snapshot: Snapshot): Snapshot {
  return JSON.parse(JSON.stringify(snapshot)) as Snapshot;
}

function rendered(aggregate: Aggregate): unknown {
  return paymentObject(aggregate, () => null);
}

test('an earlier snapshot over a later payment renders what was told then', () => {
  const payment = new ScriptedPayment();
  payment.learn(DECLINED, { operation: 'pay' });
  const then = payment.aggregate;
  const snapshot = snapshotOf(then);
  payment.decide({ type: 'request_try', try: WALLET_QR });
  payment.learn(PENDING, { operation: 'pay', attempt: 2 });
  payment.notified(paid({ transactionNo: 'T1' }, { transactionNo: 'T2' }), 2);
  expect(rendered(restoreSnapshot(payment.aggregate, stored(snapshot)))).toEqual(rendered(then));
});

test('a refund is told as it stood then: whether it had left for its channel is not a matter of now', () => {
  const payment = new ScriptedPayment();
  payment.notified(paid());
  payment.refund();
  const then = payment.aggregate;
  const told = (one: Aggregate) => one.payment.refunds.map((refund) => refundObject(one, refund));
  const snapshot = stored(snapshotOf(then));
  payment.answerRefund(payment.returned());
  expect(told(restoreSnapshot(payment.aggregate, snapshot))).toEqual(told(then));
});

test('so does every snapshot of every history', () => {
  fc.assert(
    fc.property(steps(), (played) => {
      const states: Aggregate[] = [];
      const payment = playSteps(played, (aggregate) => states.push(aggregate));
      for (const state of states) {
        const restored = restoreSnapshot(payment.aggregate, stored(snapshotOf(state)));
        expect(rendered(restored)).toEqual(rendered(state));
      }
    }),
    { numRuns: 200 },
  );
});

test('what every event told is the state at its version', () => {
  fc.assert(
    fc.property(steps(), (played) => {
      const stateAt = new Map<number, Aggregate>();
      const payment = playSteps(played, (one) => stateAt.set(one.payment.version, one));
      for (const { snapshot } of payment.events) {
        const state = stateAt.get(snapshot.version);
        const told = rendered(restoreSnapshot(payment.aggregate, stored(snapshot)));
        expect(told).toEqual(state && rendered(state));
      }
    }),
    { numRuns: 200 },
  );
});
