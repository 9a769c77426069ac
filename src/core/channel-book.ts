/**
 * The channel book (渠道账本): what we sent to channels and what they proved. It decides about one
 * channel order at a time and tells the payment book in messages.
 */
import type { Charge } from './charge.ts';
import { chargeFact, isHeldNow } from './charge.ts';
import type { ChannelOrder } from './channel-order.ts';
import { isOpen, moved } from './channel-order.ts';
import type { Consequences, Context } from './decision.ts';
import {
  doubtAmount,
  holdAmount,
  endHold,
  isDoubted,
  isOrderedMoney,
  settleDoubts,
} from './exceptions/amount-mismatch.ts';
import {
  deniesMoney,
  doubtMoney,
  openConflict,
  resolveConflictDoubt,
} from './exceptions/conflicting-outcome.ts';
import { continueClose, proofOfEnd } from './exceptions/expired-payment.ts';
import {
  firstQueryAtMs,
  handOverIfUsedUp,
  noteQuestion,
  planNextQuestion,
  resolveDrop,
} from './exceptions/external-drop.ts';
import { channelOrderNo } from './id.ts';
import type { Fact, OutcomeLearned } from './input.ts';
import { askedAt } from './input.ts';
import { postChargeLearned, postReleasedFromHold } from './journal.ts';
import type { ToChannelBook } from './message.ts';
import type { ChargeFact, Outcome } from './outcome.ts';
import { die, endUnpaid, tellDeath } from './order-end.ts';
import { learnListedRefunds } from './refund-answers.ts';
import { learnReversals } from './charge-reversal.ts';

type OpenTry = Extract<ToChannelBook, { type: 'open_try' }>;

/** Inserts the channel order that the payment book allowed; the call to the channel follows the commit. */
export function openChannelOrder(
  paymentId: string,
  message: OpenTry,
  out: Consequences,
  context: Context,
): ChannelOrder {
  const { products } = context.rules(message.channel, message.account);
  const opensByLink = products[message.product]?.opensByLink ?? false;
  const { attempt } = message;
  // Where the books lie apart, the order may come late: a stale one is refused, and never sent.
  const isStale = context.isApart && context.nowMs >= message.validUntilMs;
  const order: ChannelOrder = {
    attempt,
    channel: message.channel,
    account: message.account,
    product: message.product,
    channelOrderNo: channelOrderNo(paymentId, attempt),
    amountMinor: message.amountMinor,
    currency: message.currency,
    validUntilMs: message.validUntilMs,
    createdAtMs: context.nowMs,
    status: isStale ? 'closed' : opensByLink ? 'pending' : 'created',
    closeStep: 'none',
    queryCount: 0,
    awaitsStatement: false,
    notifiedAtMs: null,
    confirmedBy: null,
    deathEvidence: isStale ? 'never_sent' : null,
    failure: null,
    nextAction: null,
    charges: [],
    refunds: [],
    foreignReturns: [],
  };
  if (isStale) {
    tellDeath(order, 'never_sent', out);
    return order;
  }
  if (!opensByLink) out.effects.push({ type: 'submit', attempt });
  out.toPaymentBook.push({ type: 'try_opened', attempt });
  // The orders of a new payment are found by its age. The sweep does not come back for one that is
  // added later, so its first question is committed with it.
  if (!message.isFirst) planFirstQuestion(order, out, context);
  return order;
}

function planFirstQuestion(order: ChannelOrder, out: Consequences, context: Context): void {
  const dueAtMs = firstQueryAtMs(order, context);
  out.effects.push({ type: 'ask', attempt: order.attempt, operation: 'query', dueAtMs });
}

/**
 * Takes in what a channel said about an order. Accepted in every state: what is already known
 * changes nothing, money after a negative end is money, and "no" after money changes no state.
 */
export function learnOutcome(
  before: ChannelOrder,
  fact: OutcomeLearned,
  out: Consequences,
  context: Context,
): ChannelOrder {
  const { outcome, evidence, planned } = fact;
  let order = before;
  if (evidence.via === 'notification' && order.notifiedAtMs === null) {
    order = { ...order, notifiedAtMs: context.nowMs };
  }
  if (planned && evidence.operation === 'query' && isOpen(order)) {
    order = noteQuestion(order, out, context);
  }
  // A success that names no charge cannot be booked: it is asked about like any answer that settles nothing.
  if (outcome.type === 'succeeded' && outcome.charges.length > 0) {
    const taken = learnCharges(order, fact, outcome.charges, out, context);
    const charged = learnReversals(taken, outcome.reversals ?? [], fact, out, context);
    return learnListedRefunds(charged, outcome.refunds ?? [], evidence.via, out, context);
  }
  if (outcome.type === 'reversed') {
    return learnReversals(order, [outcome, ...(outcome.further ?? [])], fact, out, context);
  }
  if (!isOpen(order)) return takeContradiction(order, fact, out, context);
  if (outcome.type === 'failed') {
    const { code, message, channelCode } = outcome;
    const failed = moved(order, 'failed', { failure: { code, message, channelCode } });
    return die(failed, 'channel_failed', fact, out, context);
  }
  if (outcome.type === 'closed' && order.closeStep === 'none') {
    return die(moved(order, 'closed'), 'channel_closed', fact, out, context);
  }
  const proof =
    evidence.operation === 'query'
      ? proofOfEnd(order, outcome, askedAt(fact, context.nowMs), context)
      : null;
  if (proof) return die(moved(order, 'closed'), proof, fact, out, context);
  return stayOpen(takeAnswer(order, outcome, fact), fact, out, context);
}

/**
 * The channel's own books of every day lack the order: it has failed. Only what nobody knows or what
 * waits for its payer can end so, never what was proven; and never while its channel may still be paid.
 */
export function takeSilence(
  order: ChannelOrder,
  fact: Extract<Fact, { type: 'statement_silent' }>,
  out: Consequences,
  context: Context,
): ChannelOrder {
  const rules = context.rules(order.channel, order.account);
  const mayStillBePaid = context.nowMs < order.validUntilMs + rules.validityMarginMs;
  if (!isOpen(order) || mayStillBePaid) return order;
  const failure = { code: 'statement_silent', message: fact.words, channelCode: 'none' };
  const failed = moved(order, 'failed', { failure });
  return endUnpaid(failed, 'statement_silent', 'statement', context.nowMs, out, context);
}

/** An answer about an order that has its end, and that names no money. */
function takeContradiction(
  order: ChannelOrder,
  fact: OutcomeLearned,
  out: Consequences,
  context: Context,
): ChannelOrder {
  const { outcome, evidence, planned } = fact;
  const isPaid = order.charges.some((charge) => charge.reversedAtMs === null);
  if (isPaid && deniesMoney(outcome)) {
    if (evidence.via === 'query') openConflict(order, outcome, out, context);
    else if (evidence.via === 'notification') doubtMoney(order, outcome, out, context);
  }
  // An answer from the channel itself that names no other money ends a doubt raised by a notification.
  if (evidence.via === 'query' && outcome.type !== 'unknown') {
    settleDoubts(order, askedAt(fact, context.nowMs), out, context);
  }
  const gotNoAnswer = planned && evidence.operation === 'query' && outcome.type === 'unknown';
  if (!gotNoAnswer || !isDoubted(order, out)) return order;
  // A doubt that got no answer is asked about again with growing pauses, like an order that is open.
  return planNextQuestion({ ...order, queryCount: order.queryCount + 1 }, out, context);
}

/** A person decided that held money goes back to its payer: the payment book owes it from here on. */
export function releaseHeld(
  order: ChannelOrder,
  by: string,
  out: Consequences,
  context: Context,
): ChannelOrder {
  const { attempt } = order;
  const last = order.charges.findLast(isHeldNow);
  const charges = order.charges.map((charge) => {
    if (!isHeldNow(charge)) return charge;
    out.postings.push(postReleasedFromHold(order, charge, context.nowMs));
    out.toPaymentBook.push({
      type: 'charge',
      attempt,
      charge: chargeFact(charge),
      via: 'operator',
      wasHeld: true,
      endsHold: charge === last,
    });
    return { ...charge, releasedAtMs: context.nowMs };
  });
  const after: ChannelOrder = { ...order, charges };
  endHold(after, out, context, `${by} decided to return the money.`);
  if (order.status !== 'held') return after;
  const evidence = 'held_money_returned';
  tellDeath(after, evidence, out);
  return moved(after, 'closed', { deathEvidence: evidence });
}

/** The status after an answer that is not an end: accepted, or nobody knows. */
function takeAnswer(order: ChannelOrder, outcome: Outcome, fact: OutcomeLearned): ChannelOrder {
  if (outcome.type === 'pending') {
    const nextAction = outcome.nextAction ?? order.nextAction;
    if (order.status !== 'pending') return moved(order, 'pending', { nextAction });
    return nextAction === order.nextAction ? order : { ...order, nextAction };
  }
  const lostAnswer = fact.evidence.operation === 'pay' && order.status === 'created';
  const askedInVain = fact.evidence.operation === 'query' && order.status === 'created';
  return lostAnswer || askedInVain ? moved(order, 'unknown') : order;
}

/** What comes next for an order that is still open: the close goes on, or the next question is planned. */
function stayOpen(
  order: ChannelOrder,
  fact: OutcomeLearned,
  out: Consequences,
  context: Context,
): ChannelOrder {
  const { operation } = fact.evidence;
  if (operation === 'notification') return order;
  if (fact.planned && operation === 'query') {
    const handedOver = handOverIfUsedUp(order, out, context);
    if (handedOver) return handedOver;
  }
  if (order.closeStep !== 'none') {
    const progress = continueClose(order, operation, fact.outcome, out, context);
    if (progress.type === 'goes_on') return progress.order;
    return planNextQuestion(order, out, context);
  }
  if (operation === 'query' && fact.planned) return planNextQuestion(order, out, context);
  if (operation === 'pay' && fact.outcome.type !== 'pending') {
    // Nobody knows whether the order arrived: its first question is due as the channel advises.
    planFirstQuestion(order, out, context);
  }
  return order;
}

function learnCharges(
  before: ChannelOrder,
  fact: OutcomeLearned,
  facts: readonly ChargeFact[],
  out: Consequences,
  context: Context,
): ChannelOrder {
  const { via } = fact.evidence;
  let order = before;
  let doubted = false;
  // Whoever paid first is the winner, in whatever order the channel lists them.
  const inOrder = facts.toSorted(
    (a, b) => a.paidAtMs - b.paidAtMs || (a.transactionNo < b.transactionNo ? -1 : 1),
  );
  for (const one of inOrder) {
    if (order.charges.some((known) => known.transactionNo === one.transactionNo)) continue;
    const ordered = isOrderedMoney(order, one);
    if (!ordered && via === 'notification') {
      order = doubtAmount(order, one.transactionNo, out, context);
      doubted = true;
      continue;
    }
    // Money on a held order joins what is held: a person decides about all of it.
    const held = !ordered || order.status === 'held';
    const learned = {
      learnedAtMs: context.nowMs,
      via,
      held,
      releasedAtMs: null,
      reversedAtMs: null,
    };
    order = addCharge(order, { ...one, ...learned }, out, context);
  }
  resolveDrop(order, out, context, `The order is ${order.status}, by ${via}.`);
  if (via === 'query') resolveConflictDoubt(order, out, context);
  if (doubted) return order;
  // What one notification said proves nothing about another sum that was doubted: that is still asked about.
  const isAnswer = via !== 'notification';
  if (
    order !== before &&
    (context.isApart || wasAsked(before)) &&
    (isAnswer || !isDoubted(order, out))
  ) {
    out.effects.push({ type: 'ask_done', attempt: order.attempt });
  }
  if (isAnswer) settleDoubts(order, askedAt(fact, context.nowMs), out, context);
  return order;
}

function addCharge(
  order: ChannelOrder,
  charge: Charge,
  out: Consequences,
  context: Context,
): ChannelOrder {
  const { via, held } = charge;
  const fact = chargeFact(charge);
  const charges = [...order.charges, charge];
  const end = { charges, closeStep: 'none', awaitsStatement: false, nextAction: null } as const;
  out.postings.push(postChargeLearned(order, charge));
  if (held) {
    holdAmount(order, charge, out, context);
    const beginsHold = !order.charges.some(isHeldNow);
    out.toPaymentBook.push({
      type: 'charge_held',
      attempt: order.attempt,
      charge: fact,
      beginsHold,
    });
    const staysAsItIs = order.status === 'held' || order.status === 'succeeded';
    return staysAsItIs ? { ...order, ...end } : moved(order, 'held', { ...end, confirmedBy: via });
  }
  const { attempt } = order;
  const good = { wasHeld: false, endsHold: false };
  out.toPaymentBook.push({ type: 'charge', attempt, charge: fact, via, ...good });
  return order.status === 'succeeded'
    ? { ...order, ...end }
    : moved(order, 'succeeded', { ...end, confirmedBy: via });
}

/** Whether the order may stand in the dropped-order table because of a decision made here. */
function wasAsked(order: ChannelOrder): boolean {
  return (
    order.attempt > 1 ||
    order.queryCount > 0 ||
    order.closeStep !== 'none' ||
    order.status === 'unknown'
  );
}
