/**
 * The one decision: state and input in, new state and what must follow out. Pure. It composes the
 * payment book, the channel book and the exception kinds, and passes the books' messages until
 * both are silent.
 */
import type { Aggregate } from './aggregate.ts';
import { nextApart, touchedBooks } from './apart.ts';
import { describeChanges } from './changes.ts';
import { learnOutcome, releaseHeld, takeSilence } from './channel-book.ts';
import { beginSending, holdBack, release } from './channel-refunds.ts';
import type { Context, Decision, Refusal } from './decision.ts';
import { newConsequences } from './decision.ts';
import type { Draft } from './draft.ts';
import { changeOrder, passMessages, takeMessage } from './draft.ts';
import type { Effect, HistoryEntry } from './effect.ts';
import { recordHealedDrop } from './exceptions/internal-drop.ts';
import { inCaseOrder } from './exceptions/kind.ts';
import { openDifference, resolveDifference } from './exceptions/statement-difference.ts';
import { openUndelivered, resolveUndelivered } from './exceptions/undelivered-notice.ts';
import type {
  CreatePayment,
  Fact,
  Input,
  OperatorDecision,
  RequestedTry,
  RequestRefund,
} from './input.ts';
import { isToChannelBook } from './message.ts';
import { decideByOperator } from './operator-decision.ts';
import { allowTry, beginClosing, canReopen, newPayment, reopen } from './payment-book.ts';
import { judgeRefund, reserveRefund } from './payment-refunds.ts';
import { learnForeign, learnRefund } from './refund-answers.ts';
import { merchantRefundKey } from './refund.ts';
import { snapshotOf } from './snapshot.ts';
import { judgeTry } from './try-request.ts';

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
    case 'request_refund':
      return takeRefund(draft, input, context);
    case 'operator_decision':
      return takeDecision(draft, before, input, context);
    case 'outcome_learned':
    case 'refund_outcome_learned':
    case 'foreign_refund_learned':
    case 'statement_silent':
      if (!concernsOrder(before, input)) {
        return refused('not_found', 'This channel account has no such order.');
      }
      takeFact(draft, input, context);
      return TAKEN;
    case 'message':
      return takeOnce(draft, before, input, context);
    case 'refund_sending':
    case 'refund_held_back':
    case 'refund_released':
    case 'difference_found':
    case 'difference_over':
    case 'internal_drop_healed':
    case 'validity_ended':
    case 'notice_exhausted':
    case 'notice_delivered':
      takeFact(draft, input, context);
      return TAKEN;
  }
}

/** A message of the other book counts once, however often and by whatever way it comes. */
function takeOnce(
  draft: Draft,
  { apart }: Aggregate,
  { key, message }: Extract<Input, { type: 'message' }>,
  context: Context,
): Answer {
  const received = isToChannelBook(message)
    ? apart?.receivedByChannelBook
    : apart?.receivedByPaymentBook;
  if (!received?.includes(key)) takeMessage(draft, message, context);
  return TAKEN;
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

/** The same refund number again: the same refund, if it is about the same money. */
function takeRefund(draft: Draft, input: RequestRefund, context: Context): Answer {
  const { payment } = draft;
  const key = merchantRefundKey(input.merchantRefundNo);
  const known = payment.refunds.find((one) => one.key === key);
  if (known) {
    return known.amountMinor === input.amountMinor
      ? TAKEN
      : refused(
          'merchant_refund_no_reused',
          `${input.merchantRefundNo} is a refund of ${known.amountMinor} ${known.currency}, not ${input.amountMinor}.`,
        );
  }
  const order = draft.orders.find((one) => one.attempt === payment.winner?.attempt);
  const windowMs = order ? context.rules(order.channel, order.account).refund.windowMs : 0;
  const refusal = judgeRefund(payment, input, windowMs, context.nowMs);
  if (refusal) return { type: 'refused', refusal };
  draft.payment = reserveRefund(payment, input, draft.out, context);
  return TAKEN;
}

function takeDecision(
  draft: Draft,
  before: Aggregate,
  input: OperatorDecision,
  context: Context,
): Answer {
  const decided = decideByOperator(before, input, draft.out, context);
  if (decided.type === 'refused') return decided;
  draft.payment = decided.payment;
  const { releaseAttempt } = decided;
  if (releaseAttempt !== null) {
    changeOrder(draft, releaseAttempt, (order) => releaseHeld(order, input.by, draft.out, context));
  }
  return TAKEN;
}

function takeFact(draft: Draft, fact: Fact, context: Context): void {
  const { payment, out } = draft;
  switch (fact.type) {
    case 'outcome_learned':
      changeOrder(draft, fact.attempt, (order) => learnOutcome(order, fact, out, context));
      return;
    case 'refund_sending':
      changeOrder(draft, fact.attempt, (order) => beginSending(order, fact.number, out, context));
      return;
    case 'refund_held_back':
      changeOrder(draft, fact.attempt, (order) =>
        holdBack(order, fact.number, fact.reason, out, context),
      );
      return;
    case 'refund_released':
      changeOrder(draft, fact.attempt, (order) =>
        release(order, fact.number, fact.by, out, context),
      );
      return;
    case 'refund_outcome_learned':
      changeOrder(draft, fact.attempt, (order) => learnRefund(order, fact, out, context));
      return;
    case 'foreign_refund_learned':
      changeOrder(draft, fact.attempt, (order) =>
        learnForeign(order, fact.refund, fact.evidence.via, out, context),
      );
      return;
    case 'validity_ended': {
      const isOver =
        payment.status === 'succeeded' || payment.status === 'closed' || payment.closing !== null;
      const isHeld = payment.tries.some((one) => one.status === 'held');
      if (isOver || isHeld || context.nowMs < payment.expiresAtMs) return;
      draft.payment = beginClosing(payment, 'expired', out);
      return;
    }
    case 'statement_silent':
      changeOrder(draft, fact.attempt, (order) => takeSilence(order, fact, out, context));
      return;
    case 'difference_found':
      openDifference(fact, out, context);
      return;
    case 'difference_over':
      resolveDifference(fact, out, context);
      return;
    case 'message':
      throw new Error('a message is taken in by takeOnce');
    case 'internal_drop_healed':
      recordHealedDrop(fact.key, payment.amountMinor, out, context);
      return;
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
  fact: Extract<
    Fact,
    {
      type:
        | 'outcome_learned'
        | 'refund_outcome_learned'
        | 'foreign_refund_learned'
        | 'statement_silent';
    }
  >,
): boolean {
  const order = before.orders.find((one) => one.attempt === fact.attempt);
  if (order?.channel !== fact.from.channel || order.account !== fact.from.account) return false;
  return (
    fact.type !== 'refund_outcome_learned' ||
    order.refunds.some((one) => one.number === fact.number)
  );
}

function finish(
  before: Aggregate | null,
  draft: Draft,
  input: Input,
  attempt: number | null,
  context: Context,
): Decision {
  const { out } = draft;
  const touches = touchedBooks(before, draft, context);
  const version = draft.payment.version + (touches.payment ? 1 : 0);
  const aggregate: Aggregate = {
    payment: { ...draft.payment, version },
    orders: draft.orders,
    cases: out.cases.toSorted(inCaseOrder),
    apart: context.isApart ? nextApart(before, out, touches.channel) : null,
  };
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
    touches,
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
  switch (input.type) {
    case 'outcome_learned':
    case 'refund_outcome_learned': {
      const { attempt, evidence, outcome } = input;
      return { input: input.type, attempt, evidence, outcome: outcome.type, changes };
    }
    case 'message':
      return {
        input: `message: ${input.message.type}`,
        attempt: input.message.attempt,
        evidence: null,
        outcome: null,
        changes,
      };
    case 'foreign_refund_learned': {
      const { attempt, evidence } = input;
      return { input: input.type, attempt, evidence, outcome: 'succeeded', changes };
    }
    case 'statement_silent': {
      const { attempt, words } = input;
      const evidence = { via: 'statement', operation: null, raw: words } as const;
      return { input: input.type, attempt, evidence, outcome: 'failed', changes };
    }
    case 'operator_decision': {
      const { by, reason, action } = input;
      const evidence = { via: 'operator', operation: null, raw: `${by}: ${reason}` } as const;
      return { input: `${input.type}: ${action}`, attempt: null, evidence, outcome: null, changes };
    }
    case 'refund_held_back':
    case 'refund_released': {
      const { attempt, by, reason } = input;
      const evidence = { via: 'operator', operation: null, raw: `${by}: ${reason}` } as const;
      return { input: input.type, attempt, evidence, outcome: null, changes };
    }
    default:
  }
  return { input: input.type, attempt: null, evidence: null, outcome: null, changes };
}

function refused(code: Refusal['code'], detail: string): Answer {
  return { type: 'refused', refusal: { code, detail, askFirst: [] } };
}
