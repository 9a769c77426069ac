/**
 * What a channel said about refunds: about ours, and about those that were made without us. Every answer
 * is taken in whatever the refund's state is; only proof ends one. 渠道退款结果的处理。
 */
import type { ChannelOrder } from './channel-order.ts';
import type { ChannelRefund, ForeignReturn } from './channel-refund.ts';
import { isInFlight, isLive, movedRefund, takenBackOf } from './channel-refund.ts';
import {
  giveUpReturn,
  isGivenUp,
  letGo,
  openRefund,
  planQuery,
  planSend,
  refundOf,
  refundRules,
  stuck,
  refuse,
  withChannelRefund,
} from './channel-refunds.ts';
import type { Consequences, Context } from './decision.ts';
import { doubtAmount } from './exceptions/amount-mismatch.ts';
import { openOtherMoney } from './exceptions/conflicting-outcome.ts';
import { openFailed, resolveFailed } from './exceptions/failed-refund.ts';
import {
  handOverIfUsedUp,
  openUnknown,
  resolveUnknown,
  takeBackUnknown,
} from './exceptions/unknown-refund.ts';
import type { Fact } from './input.ts';
import { postForeignAtChannel, postRefundedAtChannel } from './journal.ts';
import type { Via } from './outcome.ts';
import type { RefundFact } from './refund-outcome.ts';

type RefundLearned = Extract<Fact, { type: 'refund_outcome_learned' }>;
type Failure = NonNullable<ChannelRefund['failure']>;

/** Takes in what a channel said about a refund of ours. Accepted in every state. */
export function learnRefund(
  order: ChannelOrder,
  fact: RefundLearned,
  out: Consequences,
  context: Context,
): ChannelOrder {
  const { outcome, evidence, planned, number } = fact;
  let refund = refundOf(order, number);
  const isPlannedQuestion = planned && evidence.operation === 'refund_query';
  if (outcome.type === 'succeeded' && isOurs(refund, outcome.refund)) {
    return succeed(order, refund, outcome.refund, evidence.via, out, context);
  }
  if (outcome.type === 'succeeded')
    openOtherMoney(order.attempt, refund, outcome.refund, out, context);
  if (!isLive(refund)) return order;
  if (isPlannedQuestion) refund = { ...refund, queryCount: refund.queryCount + 1 };
  if (isGivenUp(refund) && endsNumber(refund, outcome, isPlannedQuestion)) {
    return letGo(order, refund, out, context);
  }
  switch (outcome.type) {
    case 'failed':
      return die(order, refund, failureOf(outcome), out, context);
    case 'requires_action':
      return stuck(order, refund, failureOf(outcome), out, context);
    case 'refused_for_now':
      return putOff(order, refund, failureOf(outcome), out, context);
    case 'pending': {
      const known = takeBackUnknown(refund, out);
      const accepted = known.status === 'pending' ? known : moveIfLegal(known, 'pending');
      // An answer that is older than what stuck the refund leaves its person's case with that person.
      if (accepted.status === 'pending') {
        resolveFailed(refund.refundKey, 'The channel accepted the refund.', out, context);
      }
      return askAgain(order, accepted, isPlannedQuestion, out, context);
    }
    case 'not_found':
      return notFound(order, refund, isPlannedQuestion, out, context);
    // Our number with other money: nothing is booked from it, a person looks at it, and it is asked about again.
    case 'succeeded':
    case 'unknown': {
      const unknown = refund.status === 'sending' ? movedRefund(refund, 'unknown') : refund;
      return askAgain(order, unknown, isPlannedQuestion, out, context);
    }
  }
}

/** Whether nothing is under way any more by these words, so that only another sending could move money. */
function endsNumber(
  refund: ChannelRefund,
  { type }: RefundLearned['outcome'],
  isPlannedQuestion: boolean,
): boolean {
  if (type === 'failed' || type === 'requires_action') return true;
  // What the channel has accepted is not ended by a word about its arrival.
  if (refund.status === 'pending') return false;
  return type === 'refused_for_now' || (type === 'not_found' && isPlannedQuestion);
}

function failureOf({ code, message, channelCode }: Failure): Failure {
  return { code, message, channelCode };
}

/** An answer that came late may find the refund further on; then only the answer counts, not the state. */
function moveIfLegal(refund: ChannelRefund, status: 'pending'): ChannelRefund {
  return refund.status === 'requires_action' ? refund : movedRefund(refund, status);
}

/** Whether the money that went back under our number is the money that we asked for. */
function isOurs(refund: ChannelRefund, fact: RefundFact): boolean {
  return (
    fact.amountMinor === refund.amountMinor &&
    fact.currency === refund.currency &&
    fact.transactionNo === refund.transactionNo
  );
}

function succeed(
  order: ChannelOrder,
  refund: ChannelRefund,
  fact: RefundFact,
  via: Via,
  out: Consequences,
  context: Context,
): ChannelOrder {
  // One number may be one refund for us and two for a channel that knows it badly: that is money beside.
  if (refund.status === 'succeeded') {
    return fact.refundId === refund.refundId ? order : learnForeign(order, fact, via, out, context);
  }
  const { refundId, refundedAtMs } = fact;
  const { attempt } = order;
  const { refundKey, number } = refund;
  // A number that was called dead has returned the money after all, beside another one.
  const isExtra = order.refunds.some(
    (one) => one.refundKey === refundKey && one.status === 'succeeded',
  );
  const change = { refundId, refundedAtMs, confirmedBy: via, isExtra, failure: null };
  const done = movedRefund(refund, 'succeeded', change);
  out.postings.push(postRefundedAtChannel(order, done));
  out.effects.push({ type: 'refund_job_done', attempt, number });
  if (isExtra) {
    const { transactionNo, amountMinor, currency } = refund;
    const foreign = { refundId, transactionNo, amountMinor, currency, refundedAtMs, via };
    const takenBackMinor = foreign.amountMinor;
    out.toPaymentBook.push({ type: 'foreign_return', attempt, foreign, takenBackMinor });
  } else out.toPaymentBook.push({ type: 'return_result', refundKey, attempt, refundedAtMs });
  resolveUnknown(done, out, context);
  resolveFailed(refundKey, `The channel returned the money (${via}).`, out, context);
  // Whatever other number was going to be sent for it may stop.
  return giveUpReturn(withChannelRefund(order, done), refundKey, out, context);
}

/** The number is dead for good. Only now may another one be tried for the same refund. */
function die(
  order: ChannelOrder,
  refund: ChannelRefund,
  failure: Failure,
  out: Consequences,
  context: Context,
): ChannelOrder {
  const dead = movedRefund(refund, 'failed', { failure });
  const after = withChannelRefund(order, dead);
  out.effects.push({ type: 'refund_job_done', attempt: order.attempt, number: refund.number });
  resolveUnknown(dead, out, context);
  const mayHelp =
    failure.code !== 'exceeds_charge' && refund.round < refundRules(order, context).roundsMax;
  if (mayHelp) return openRefund(after, { ...dead, round: refund.round + 1 }, out, context);
  return refuse(after, dead, 'dead', failure, out, context);
}

/** "Not now": the same number again, after a pause. */
function putOff(
  order: ChannelOrder,
  refund: ChannelRefund,
  failure: Failure,
  out: Consequences,
  context: Context,
): ChannelOrder {
  // Where the word comes to a refund that is under way already, it says nothing about it.
  if (refund.status !== 'sending' && refund.status !== 'unknown') return order;
  const rules = refundRules(order, context);
  const pauseMs = failure.code === 'too_soon' ? Math.max(rules.gapMs, 1_000) : rules.retryMs;
  const sendAtMs = context.nowMs + pauseMs;
  const owed = movedRefund(refund, 'owed', { failure, sendAtMs });
  planSend(order.attempt, owed, out);
  resolveUnknown(owed, out, context);
  if (failure.code === 'not_enough_funds') {
    const next =
      'The channel account lacks funds: top it up. The same refund is sent again by itself.';
    openFailed(order.attempt, owed, next, out, context);
  }
  return withChannelRefund(order, owed);
}

/** The channel does not know the number: sent again where that is safe, else only asked about. */
function notFound(
  order: ChannelOrder,
  refund: ChannelRefund,
  isPlannedQuestion: boolean,
  out: Consequences,
  context: Context,
): ChannelOrder {
  const mayResend = refund.status === 'sending' || refund.status === 'unknown';
  if (!isPlannedQuestion || !mayResend) {
    return askAgain(order, refund, isPlannedQuestion, out, context);
  }
  if (!refundRules(order, context).resendsSafely) {
    const unknown = refund.status === 'sending' ? movedRefund(refund, 'unknown') : refund;
    return askAgain(order, unknown, isPlannedQuestion, out, context);
  }
  openUnknown(order.attempt, refund, out, context);
  const owed = movedRefund(refund, 'owed', { sendAtMs: context.nowMs });
  planSend(order.attempt, owed, out);
  return withChannelRefund(order, owed);
}

function askAgain(
  order: ChannelOrder,
  refund: ChannelRefund,
  isPlannedQuestion: boolean,
  out: Consequences,
  context: Context,
): ChannelOrder {
  if (!isPlannedQuestion) return withChannelRefund(order, refund);
  if (isInFlight(refund)) planQuery(order, refund, out, context);
  if (refund.status === 'pending') return withChannelRefund(order, refund);
  openUnknown(order.attempt, refund, out, context);
  if (isGivenUp(refund)) return withChannelRefund(order, refund);
  const rules = refundRules(order, context);
  return withChannelRefund(order, handOverIfUsedUp(order.attempt, refund, rules, out));
}

/** Refunds that the channel lists of an order: ours by their numbers, others made at its console. */
export function learnListedRefunds(
  before: ChannelOrder,
  facts: readonly RefundFact[],
  via: Via,
  out: Consequences,
  context: Context,
): ChannelOrder {
  let order = before;
  for (const fact of facts) {
    const ours = order.refunds.find((one) => one.channelRefundNo === fact.channelRefundNo);
    if (!ours) order = learnForeign(order, fact, via, out, context);
    else if (isOurs(ours, fact)) order = succeed(order, ours, fact, via, out, context);
    else openOtherMoney(order.attempt, ours, fact, out, context);
  }
  return order;
}

/** Money returned without us. It is booked once, by the channel's own number of it. */
export function learnForeign(
  order: ChannelOrder,
  fact: RefundFact,
  via: Via,
  out: Consequences,
  context: Context,
): ChannelOrder {
  const { refundId, transactionNo, amountMinor, currency, refundedAtMs } = fact;
  const isKnown =
    order.foreignReturns.some((one) => one.refundId === refundId) ||
    order.refunds.some((one) => one.refundId === refundId);
  const charge = order.charges.find((one) => one.transactionNo === transactionNo);
  if (isKnown) return order;
  // Without its charge it cannot be booked. The channel is asked, and its answer lists both.
  if (!charge)
    return via === 'notification' ? doubtAmount(order, transactionNo, out, context) : order;
  const foreign: ForeignReturn = {
    refundId,
    transactionNo,
    amountMinor,
    currency,
    refundedAtMs,
    via,
  };
  // Held money never reached the payment book.
  const isHeld = charge.held && charge.releasedAtMs === null;
  out.postings.push(postForeignAtChannel(order, foreign, isHeld));
  const foreignReturns = [...order.foreignReturns, foreign];
  if (!isHeld) {
    const takenBackMinor = takenBackOf(foreignReturns, transactionNo);
    const { attempt } = order;
    out.toPaymentBook.push({ type: 'foreign_return', attempt, foreign, takenBackMinor });
  }
  return { ...order, foreignReturns };
}
