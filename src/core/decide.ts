/**
 * The one decision: state and input in, new state and what must follow out. Pure. It composes the
 * payment book, the channel book and the exception kinds, and passes the books' messages until
 * both are silent.
 */
import type { Aggregate } from './aggregate.ts';
import { describeChanges } from './changes.ts';
import { learnOutcome, openChannelOrder } from './channel-book.ts';
import type { ChannelOrder } from './channel-order.ts';
import { isOpen } from './channel-order.ts';
import type { Consequences, Context, Decision, Refusal } from './decision.ts';
import { newConsequences } from './decision.ts';
import type { Effect, HistoryEntry } from './effect.ts';
import { beginClose } from './exceptions/expired-payment.ts';
import { openUndelivered, resolveUndelivered } from './exceptions/undelivered-notice.ts';
import type { CreatePayment, Fact, Input, RequestedTry } from './input.ts';
import {
  acceptCharge,
  acceptHeld,
  allowTry,
  beginClosing,
  canReopen,
  newPayment,
  reopen,
  tryDead,
  tryOpened,
} from './payment-book.ts';
import type { Payment } from './payment.ts';
import { snapshotOf } from './snapshot.ts';
import { judgeTry } from './try-request.ts';

/** Both books while one decision is being made. */
type Draft = { payment: Payment; orders: ChannelOrder[]; readonly out: Consequences };

/**
 * Decides one input. `before` is null only for a `create_payment` whose number is new.
 * Throws only for our own mistakes; what a merchant may not do comes back as `refused`.
 */
export function decide(before: Aggregate | null, input: Input, context: Context): Decision {
  if (before === null) {
    if (input.type !== 'create_payment') throw new Error(`${input.type} needs a payment`);
    return create(input, context);
  }
  const draft: Draft = {
    payment: before.payment,
    orders: [...before.orders],
    out: newConsequences(before.cases),
  };
  const answer = takeInput(draft, before, input, context);
  if (answer.type === 'refused') return answer;
  passMessages(draft, context);
  return finish(before, draft, input, answer.attempt, context);
}

type Answer = { type: 'taken'; attempt: number | null } | { type: 'refused'; refusal: Refusal };
const TAKEN: Answer = { type: 'taken', attempt: null };

function create(input: CreatePayment, context: Context): Decision {
  const out = newConsequences([]);
  const draft: Draft = { payment: newPayment(input, out, context), orders: [], out };
  if (input.try) draft.payment = allowTry(draft.payment, input.try, out, context);
  passMessages(draft, context);
  return finish(null, draft, input, input.try ? 1 : null, context);
}

function takeInput(draft: Draft, before: Aggregate, input: Input, context: Context): Answer {
  switch (input.type) {
    case 'create_payment':
      return takeRepeat(draft, before, input, context);
    case 'request_try':
      return takeTry(draft, before, input.try, context);
    case 'close_payment':
      return takeClose(draft);
    case 'outcome_learned':
      if (!concernsOrder(before, input)) {
        return refused('not_found', 'This channel account has no such order.');
      }
      takeFact(draft, input, context);
      return TAKEN;
    case 'validity_ended':
    case 'notice_exhausted':
    case 'notice_delivered':
      takeFact(draft, input, context);
      return TAKEN;
  }
}

/** The same merchant order number again: the same payment, if it is about the same money. */
function takeRepeat(
  draft: Draft,
  before: Aggregate,
  input: CreatePayment,
  context: Context,
): Answer {
  const { payment } = draft;
  if (payment.amountMinor !== input.amountMinor || payment.currency !== input.currency) {
    return refused(
      'merchant_order_no_reused',
      `${payment.merchantOrderNo} is a payment of ${payment.amountMinor} ${payment.currency}, not ${input.amountMinor} ${input.currency}.`,
    );
  }
  // Our own create: it was committed, and only the database's answer to us was lost.
  if (payment.id === input.paymentId) return { type: 'taken', attempt: input.try ? 1 : null };
  if (payment.status === 'succeeded') return TAKEN;
  if (payment.status === 'closed') {
    if (!canReopen(payment))
      return refused('payment_closed', `It was closed (${payment.closeReason}).`);
    draft.payment = reopen(payment, input.expiresInMs, draft.out, context);
  }
  return input.try ? takeTry(draft, before, input.try, context) : TAKEN;
}

function takeTry(
  draft: Draft,
  before: Aggregate,
  requested: RequestedTry,
  context: Context,
): Answer {
  const { payment } = draft;
  if (payment.status === 'succeeded') return refused('payment_succeeded', 'It has its winner.');
  if (payment.status === 'closed')
    return refused('payment_closed', `It was closed (${payment.closeReason}).`);
  if (payment.closing === 'merchant')
    return refused('payment_closed', 'The merchant is closing it.');
  const answer = judgeTry({ ...before, payment }, requested, context);
  switch (answer.type) {
    case 'refuse':
      return { type: 'refused', refusal: answer.refusal };
    case 'reuse':
      return { type: 'taken', attempt: answer.attempt };
    case 'close_first':
      for (const attempt of answer.attempts)
        draft.out.toChannelBook.push({ type: 'close_try', attempt });
      return TAKEN;
    case 'allow':
      draft.payment = allowTry(payment, requested, draft.out, context);
      return { type: 'taken', attempt: draft.payment.tries.length };
  }
}

function takeClose(draft: Draft): Answer {
  const { payment } = draft;
  if (payment.status === 'succeeded') return refused('payment_succeeded', 'It has its winner.');
  if (payment.status === 'closed' || payment.closing === 'merchant') return TAKEN;
  if (payment.tries.some((one) => one.status === 'held'))
    return refused('payment_held', 'Its money is held.');
  draft.payment = beginClosing(payment, 'merchant', draft.out);
  return TAKEN;
}

function takeFact(draft: Draft, fact: Fact, context: Context): void {
  const { payment, out } = draft;
  switch (fact.type) {
    case 'outcome_learned':
      changeOrder(draft, fact.attempt, (order) => learnOutcome(order, fact, out, context));
      return;
    case 'validity_ended': {
      const isOver =
        payment.status === 'succeeded' || payment.status === 'closed' || payment.closing !== null;
      const isHeld = payment.tries.some((one) => one.status === 'held');
      if (isOver || isHeld || context.nowMs < payment.expiresAtMs) return;
      draft.payment = beginClosing(payment, 'expired', out);
      return;
    }
    case 'notice_exhausted':
      openUndelivered(fact.eventId, fact.endpoint, out, context);
      return;
    case 'notice_delivered':
      resolveUndelivered(fact.eventId, fact.endpoint, out, context);
      return;
  }
}

/** Whether a fact is about an order that we really sent to the account that speaks. */
function concernsOrder(
  before: Aggregate,
  fact: Extract<Fact, { type: 'outcome_learned' }>,
): boolean {
  const order = before.orders.find((one) => one.attempt === fact.attempt);
  return order?.channel === fact.from.channel && order.account === fact.from.account;
}

/** Passes messages between the books until neither has anything left to say. */
function passMessages(draft: Draft, context: Context): void {
  const { out } = draft;
  for (;;) {
    const toChannel = out.toChannelBook.shift();
    if (toChannel?.type === 'open_try') {
      draft.orders.push(openChannelOrder(draft.payment, toChannel, out, context));
    } else if (toChannel) {
      changeOrder(draft, toChannel.attempt, (order) =>
        isOpen(order) ? beginClose(order, out, context) : order,
      );
    }
    const toPayment = out.toPaymentBook.shift();
    if (toPayment) {
      switch (toPayment.type) {
        case 'try_opened':
          draft.payment = tryOpened(draft.payment, toPayment.attempt);
          break;
        case 'try_dead':
          draft.payment = tryDead(draft.payment, toPayment, out);
          break;
        case 'charge':
          draft.payment = acceptCharge(draft.payment, toPayment, out, context);
          break;
        case 'charge_held':
          draft.payment = acceptHeld(draft.payment, toPayment);
          break;
      }
    }
    if (!toChannel && !toPayment) return;
  }
}

function changeOrder(
  draft: Draft,
  attempt: number,
  change: (order: ChannelOrder) => ChannelOrder,
): void {
  const at = draft.orders.findIndex((order) => order.attempt === attempt);
  const order = draft.orders[at];
  if (!order) throw new Error(`payment ${draft.payment.id} has no channel order ${attempt}`);
  draft.orders[at] = change(order);
}

function finish(
  before: Aggregate | null,
  draft: Draft,
  input: Input,
  attempt: number | null,
  context: Context,
): Decision {
  const { out } = draft;
  const payment = { ...draft.payment, version: draft.payment.version + 1 };
  const aggregate: Aggregate = { payment, orders: draft.orders, cases: out.cases };
  const changes = describeChanges(before, aggregate);
  const isSilent = out.effects.length + out.events.length + out.postings.length === 0;
  if (before !== null && changes.length === 0 && isSilent && sameOrders(before, draft)) {
    return { type: 'unchanged', attempt };
  }
  const snapshot = out.events.length > 0 ? snapshotOf(aggregate) : null;
  const events: Effect[] = [];
  for (const pending of out.events) {
    if (snapshot) events.push({ type: 'event', id: context.newId('evt'), ...pending, snapshot });
  }
  return {
    type: 'changed',
    aggregate,
    effects: [...out.effects, ...events],
    postings: out.postings,
    history: historyEntry(input, changes),
    attempt,
  };
}

function sameOrders(before: Aggregate, draft: Draft): boolean {
  return (
    before.payment === draft.payment &&
    before.orders.length === draft.orders.length &&
    before.orders.every((order, at) => order === draft.orders[at])
  );
}

function historyEntry(input: Input, changes: readonly string[]): HistoryEntry {
  if (input.type === 'outcome_learned') {
    const { attempt, evidence, outcome } = input;
    return { input: input.type, attempt, evidence, outcome: outcome.type, changes };
  }
  return { input: input.type, attempt: null, evidence: null, outcome: null, changes };
}

function refused(code: Refusal['code'], detail: string): Answer {
  return { type: 'refused', refusal: { code, detail, askFirst: [] } };
}
