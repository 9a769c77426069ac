import { describe, expect, test } from 'vitest';
import {
  BANK,
  createInput,
  DECLINED,
  MINUTE,
  PENDING,
  paid,
  ScriptedPayment,
  UNKNOWN,
  WALLET_QR,
} from '../../test/support/scripted-payment.ts';
import {
  duplicate,
  handedOver,
  held,
  processing,
  succeeded,
} from '../../test/support/scripted-states.ts';
import type { Aggregate } from './aggregate.ts';
import type { ChannelOrder } from './channel-order.ts';
import type { Decision } from './decision.ts';
import type { Effect } from './effect.ts';
import { checkAggregate, checkMove } from './invariants.ts';
import type { Posting } from './journal.ts';
import type { Payment } from './payment.ts';

// Each check is shown a healthy payment with one thing broken, and must name what is broken: a check
// that cannot fail would let the simulator and the property tests pass for nothing.

const withPayment = (one: Aggregate, change: Partial<Payment>): Aggregate => ({
  ...one,
  payment: { ...one.payment, ...change },
});
const withOrder = (one: Aggregate, change: Partial<ChannelOrder>): Aggregate => ({
  ...one,
  orders: one.orders.map((order, at) => (at === 0 ? { ...order, ...change } : order)),
});

describe('a payment at rest', () => {
  test.each([processing, succeeded, duplicate, held, handedOver])('%o is sound', (make) => {
    expect(checkAggregate(make().aggregate)).toEqual([]);
  });

  const WINNER = { attempt: 1, transactionNo: 'T9', amountMinor: 1999, paidAtMs: 0 };
  test.each<[string, string, () => ScriptedPayment, (one: Aggregate) => Aggregate]>([
    ['I2', 'paid without a winner', succeeded, (one) => withPayment(one, { winner: null })],
    [
      'I2',
      'a winner that nobody took',
      succeeded,
      (one) => withPayment(one, { winner: { ...WINNER, via: 'query' } }),
    ],
    ['I2', 'a winner of another sum', succeeded, (one) => withPayment(one, { amountMinor: 2000 })],
    [
      'I2',
      'a held winner',
      succeeded,
      (one) =>
        withOrder(one, {
          charges: one.orders[0]?.charges.map((charge) => ({ ...charge, held: true })) ?? [],
        }),
    ],
    ['I6', 'failed without evidence', processing, (one) => withOrder(one, { status: 'failed' })],
    [
      'I6',
      'failed because it was not found',
      processing,
      (one) => withOrder(one, { status: 'failed', deathEvidence: 'not_found_after_validity' }),
    ],
    [
      'I6',
      'closed over an open try',
      processing,
      (one) => withPayment(one, { status: 'closed', closeReason: 'expired' }),
    ],
    [
      'I7',
      'pending over an open try',
      processing,
      (one) => withPayment(one, { status: 'pending' }),
    ],
    [
      'I7',
      'processing without any try',
      processing,
      (one) => ({ ...withPayment(one, { tries: [] }), orders: [] }),
    ],
    ['I7', 'a try without its order', processing, (one) => ({ ...one, orders: [] })],
    [
      'I7',
      'books that differ about a try',
      processing,
      (one) =>
        withPayment(one, { tries: one.payment.tries.map((t) => ({ ...t, status: 'paid' })) }),
    ],
    ['I7', 'closing after success', succeeded, (one) => withPayment(one, { closing: 'expired' })],
    [
      'I7',
      'a paid order that still waits',
      succeeded,
      (one) => withOrder(one, { closeStep: 'asking' }),
    ],
    [
      'I7',
      'a reason without a closing',
      processing,
      (one) => withPayment(one, { closeReason: 'expired' }),
    ],
    [
      'I9',
      'surplus that does not add up',
      duplicate,
      (one) => withPayment(one, { surplusReceivedMinor: 0 }),
    ],
    [
      'I9',
      'held money that does not add up',
      held,
      (one) => withPayment(one, { surplusHeldMinor: 0 }),
    ],
    [
      'I13',
      'a number of another order',
      processing,
      (one) => withOrder(one, { channelOrderNo: 'X' }),
    ],
    ['I13', 'an order about other money', processing, (one) => withOrder(one, { currency: 'HKD' })],
    [
      'I13',
      'a charge known twice',
      succeeded,
      (one) => {
        const charges = one.orders[0]?.charges ?? [];
        return withOrder(one, { charges: [...charges, ...charges] });
      },
    ],
    ['I19', 'a surplus charge without a case', duplicate, (one) => ({ ...one, cases: [] })],
    ['I19', 'held money without a case', held, (one) => ({ ...one, cases: [] })],
    [
      'I19',
      'held money whose case was closed',
      held,
      (one) => ({
        ...one,
        cases: one.cases.map((c) => ({ ...c, resolvedAtMs: 1, resolution: 'gone' })),
      }),
    ],
    ['I19', 'a hand-over to nobody', handedOver, (one) => ({ ...one, cases: [] })],
    [
      'I19',
      'a drop that outlives its order',
      handedOver,
      (one) =>
        withOrder(one, {
          status: 'closed',
          awaitsStatement: false,
          deathEvidence: 'channel_closed',
        }),
    ],
    [
      'I19',
      'a case over without a proof',
      held,
      (one) => ({ ...one, cases: one.cases.map((c) => ({ ...c, resolvedAtMs: 1 })) }),
    ],
  ])('%s: %s', (id, _what, make, broken) => {
    expect(checkAggregate(broken(make().aggregate)).map((one) => one.id)).toContain(id);
  });
});

type Move = { before: Aggregate | null; after: Aggregate; postings: Posting[]; effects: Effect[] };

/** The move that one input makes of a payment. */
function moveOf(payment: ScriptedPayment, decide: () => Decision): Move {
  const before = payment.aggregate;
  const decision = decide();
  if (decision.type !== 'changed') throw new Error(`the input was ${decision.type}`);
  const { aggregate, postings, effects } = decision;
  return { before, after: aggregate, postings: [...postings], effects: [...effects] };
}

function success(): Move {
  const payment = processing();
  return moveOf(payment, () => payment.notified(paid()));
}

function closeBegun(): Move {
  const payment = processing();
  return moveOf(payment, () => payment.decide({ type: 'close_payment' }));
}

function secondTry(): Move {
  const payment = new ScriptedPayment();
  payment.learn(DECLINED, { operation: 'pay' });
  return moveOf(payment, () => payment.decide({ type: 'request_try', try: WALLET_QR }));
}

function overlap(): Move {
  const payment = new ScriptedPayment({ try: BANK });
  payment.learn(PENDING, { operation: 'pay' });
  const way = { ...WALLET_QR, allowOverlap: true };
  return moveOf(payment, () => payment.decide({ type: 'request_try', try: way }));
}

function closed(): Move {
  const payment = new ScriptedPayment({ try: null });
  return moveOf(payment, () => payment.decide({ type: 'close_payment' }));
}

function lastQuestion(): Move {
  const payment = processing();
  payment.learn(UNKNOWN, { planned: true });
  for (;;) {
    const move = moveOf(payment, () => payment.answerJob(UNKNOWN));
    if (payment.order().awaitsStatement) return move;
  }
}

function holding(): Move {
  const payment = processing();
  return moveOf(payment, () => payment.learn(paid({ amountMinor: 1 })));
}

function reopened(): Move {
  const payment = new ScriptedPayment({ try: null });
  payment.pass(30 * MINUTE).decide({ type: 'validity_ended' });
  return moveOf(payment, () => payment.decide(createInput({ try: null })));
}

const violationsOf = ({ before, after, postings, effects }: Move): string[] =>
  checkMove(before, after, postings, effects).map((one) => one.id);

describe('a move', () => {
  test.each([success, closeBegun, secondTry, overlap, closed, lastQuestion, holding, reopened])(
    '%o is sound',
    (make) => {
      expect(violationsOf(make())).toEqual([]);
    },
  );

  const without = (type: Effect['type']) => (move: Move) => ({
    ...move,
    effects: move.effects.filter((one) => one.type !== type),
  });
  const back = (move: Move): Move => ({
    before: move.after,
    after: move.before ?? move.after,
    postings: [],
    effects: [],
  });
  test.each<[string, string, () => Move, (move: Move) => Move]>([
    ['I3', 'a winner that is not booked', success, (move) => ({ ...move, postings: [] })],
    [
      'I3',
      'a winner that changes',
      success,
      (move) => {
        const winner = move.after.payment.winner;
        if (!winner) throw new Error('no winner');
        const other = { ...winner, transactionNo: 'T2' };
        const version = move.after.payment.version + 1;
        return {
          before: move.after,
          after: withPayment(move.after, { winner: other, version }),
          postings: [],
          effects: [],
        };
      },
    ],
    ['I7', 'back from succeeded', success, back],
    [
      'I7',
      'a version that stands still',
      closeBegun,
      (move) => ({
        ...move,
        after: withPayment(move.after, { version: move.before?.payment.version ?? 0 }),
      }),
    ],
    [
      'I7',
      'a validity that changes',
      closeBegun,
      (move) => ({ ...move, after: withPayment(move.after, { expiresAtMs: 1 }) }),
    ],
    [
      'I7',
      'a merchant’s closing undone',
      reopened,
      (move) => ({
        ...move,
        before: move.before && withPayment(move.before, { closeReason: 'merchant' }),
      }),
    ],
    [
      'I8',
      'an entry within one account',
      success,
      (move) => ({
        ...move,
        postings: move.postings.map((one) => ({ ...one, debit: one.credit })),
      }),
    ],
    [
      'I8',
      'an entry of nothing',
      success,
      (move) => ({ ...move, postings: move.postings.map((one) => ({ ...one, amountMinor: 0 })) }),
    ],
    [
      'I8',
      'money left between the books',
      success,
      (move) => ({ ...move, postings: move.postings.slice(0, 1) }),
    ],
    [
      'I9',
      'a charge booked twice',
      success,
      (move) => ({ ...move, postings: [...move.postings, ...move.postings] }),
    ],
    ['I9', 'a charge booked never', holding, (move) => ({ ...move, postings: [] })],
    [
      'I11',
      'a charge forgotten',
      success,
      (move) => {
        const version = move.after.payment.version + 1;
        const after = withOrder(withPayment(move.after, { version }), { charges: [] });
        return { before: move.after, after, postings: [], effects: [] };
      },
    ],
    [
      'I11',
      'a case forgotten',
      lastQuestion,
      (move) => ({ ...move, after: { ...move.after, cases: [] } }),
    ],
    [
      'I11',
      'an order forgotten',
      closeBegun,
      (move) => ({ ...move, after: { ...move.after, orders: [] } }),
    ],
    [
      'I13',
      'a number that changes',
      closeBegun,
      (move) => ({ ...move, after: withOrder(move.after, { channelOrderNo: 'X' }) }),
    ],
    [
      'I13',
      'an amount that changes',
      closeBegun,
      (move) => ({ ...move, after: withPayment(move.after, { amountMinor: 1 }) }),
    ],
    ['I14', 'a closing without its question', closeBegun, without('ask')],
    ['I14', 'a later try without its question', secondTry, without('ask')],
    ['I14', 'an overlapping try without its question', overlap, without('ask')],
    ['I14', 'a try that nobody submits', secondTry, without('submit')],
    ['I14', 'a hand-over that keeps its job', lastQuestion, without('ask_done')],
    ['I14', 'a reopening without an end', reopened, without('expire')],
    ['I15', 'a success told to nobody', success, without('event')],
    ['I15', 'a closing told to nobody', closed, without('event')],
    ['I15', 'held money told to nobody', holding, without('event')],
    [
      'I15',
      'a success told twice',
      success,
      (move) => ({ ...move, effects: [...move.effects, ...move.effects] }),
    ],
    [
      'I15',
      'something told that is not so',
      success,
      (move) => ({
        ...move,
        effects: move.effects.map((one) =>
          one.type === 'event' ? { ...one, snapshot: { ...one.snapshot, isPaid: false } } : one,
        ),
      }),
    ],
  ])('%s: %s', (id, _what, make, broken) => {
    expect(violationsOf(broken(make()))).toContain(id);
  });
});
