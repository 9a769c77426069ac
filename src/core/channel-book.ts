/**
 * The channel book (渠道账本): what we sent to channels and what they proved. It decides about one
 * channel order at a time and tells the payment book in messages.
 */
import type { Charge } from './charge.ts';
import type { ChannelOrder, DeathEvidence } from './channel-order.ts';
import { isOpen, moved } from './channel-order.ts';
import type { Consequences, Context } from './decision.ts';
import {
  doubtAmount,
  holdAmount,
  isOrderedMoney,
  resolveDoubt,
} from './exceptions/amount-mismatch.ts';
import { continueClose, proofOfEnd } from './exceptions/expired-payment.ts';
import {
  firstQueryAtMs,
  handOverIfUsedUp,
  noteQuestion,
  planNextQuestion,
  resolveDrop,
} from './exceptions/external-drop.ts';
import { channelOrderNo } from './id.ts';
import type { Fact } from './input.ts';
import { postChargeLearned } from './journal.ts';
import type { ToChannelBook } from './message.ts';
import type { ChargeFact, Outcome } from './outcome.ts';
import type { Payment } from './payment.ts';

type OutcomeLearned = Extract<Fact, { type: 'outcome_learned' }>;
type OpenTry = Extract<ToChannelBook, { type: 'open_try' }>;

/** Inserts the channel order that the payment book allowed; the call to the channel follows the commit. */
export function openChannelOrder(
  payment: Payment,
  message: OpenTry,
  out: Consequences,
  context: Context,
): ChannelOrder {
  const { products } = context.rules(message.channel, message.account);
  const opensByLink = products[message.product]?.opensByLink ?? false;
  if (!opensByLink) out.effects.push({ type: 'submit', attempt: message.attempt });
  out.toPaymentBook.push({ type: 'try_opened', attempt: message.attempt });
  const order: ChannelOrder = {
    attempt: message.attempt,
    channel: message.channel,
    account: message.account,
    product: message.product,
    channelOrderNo: channelOrderNo(payment.id, message.attempt),
    amountMinor: payment.amountMinor,
    currency: payment.currency,
    validUntilMs: message.validUntilMs,
    createdAtMs: context.nowMs,
    status: opensByLink ? 'pending' : 'created',
    closeStep: 'none',
    queryCount: 0,
    awaitsStatement: false,
    notifiedAtMs: null,
    confirmedBy: null,
    deathEvidence: null,
    failure: null,
    nextAction: null,
    charges: [],
  };
  // The orders of a new payment are found by its age. The sweep does not come back for one that is
  // added later, so its first question is committed with it.
  if (payment.version > 0) planFirstQuestion(order, out, context);
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
    return learnCharges(order, fact, outcome.charges, out, context);
  }
  if (!isOpen(order)) {
    // An answer from the channel itself that names no other money ends a doubt raised by a notification.
    if (evidence.via === 'query' && outcome.type !== 'unknown') resolveDoubt(order, out, context);
    return order;
  }
  if (outcome.type === 'failed') {
    const { code, message, channelCode } = outcome;
    const failed = moved(order, 'failed', { failure: { code, message, channelCode } });
    return die(failed, 'channel_failed', fact, out, context);
  }
  if (outcome.type === 'closed' && order.closeStep === 'none') {
    return die(moved(order, 'closed'), 'channel_closed', fact, out, context);
  }
  const proof = evidence.operation === 'query' ? proofOfEnd(order, outcome, context) : null;
  if (proof) return die(moved(order, 'closed'), proof, fact, out, context);
  return stayOpen(takeAnswer(order, outcome, fact), fact, out, context);
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

/** The order has ended unpaid, with evidence; the payment book learns of it. */
function die(
  order: ChannelOrder,
  evidence: DeathEvidence,
  fact: OutcomeLearned,
  out: Consequences,
  context: Context,
): ChannelOrder {
  const neverOpened = evidence === 'not_found_after_validity';
  const dead: ChannelOrder = {
    ...order,
    closeStep: 'none',
    awaitsStatement: false,
    deathEvidence: evidence,
    confirmedBy: fact.evidence.via,
    nextAction: null,
  };
  out.toPaymentBook.push({ type: 'try_dead', attempt: dead.attempt, evidence, neverOpened });
  out.effects.push({ type: 'ask_done', attempt: dead.attempt });
  resolveDrop(
    dead,
    out,
    context,
    `The order is ${dead.status}: ${evidence}, by ${fact.evidence.via}.`,
  );
  resolveDoubt(dead, out, context);
  return dead;
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
      order = doubtAmount(order, out, context);
      doubted = true;
      continue;
    }
    // Money on a held order joins what is held: a person decides about all of it.
    const held = !ordered || order.status === 'held';
    order = addCharge(order, { ...one, learnedAtMs: context.nowMs, via, held }, out, context);
  }
  resolveDrop(order, out, context, `The order is ${order.status}, by ${via}.`);
  if (doubted) return order;
  if (order !== before && wasAsked(before)) {
    out.effects.push({ type: 'ask_done', attempt: order.attempt });
  }
  // A copy of what a notification said proves nothing about the sum that was doubted.
  if (order !== before || via !== 'notification') resolveDoubt(order, out, context);
  return order;
}

function addCharge(
  order: ChannelOrder,
  charge: Charge,
  out: Consequences,
  context: Context,
): ChannelOrder {
  const { learnedAtMs: _learned, via, held, ...fact } = charge;
  const charges = [...order.charges, charge];
  const end = { charges, closeStep: 'none', awaitsStatement: false, nextAction: null } as const;
  out.postings.push(postChargeLearned(order, charge));
  if (held) {
    holdAmount(order, charge, out, context);
    out.toPaymentBook.push({ type: 'charge_held', attempt: order.attempt, charge: fact });
    const staysAsItIs =
      order.status === 'held' || order.status === 'succeeded' || order.status === 'reversed';
    return staysAsItIs ? { ...order, ...end } : moved(order, 'held', { ...end, confirmedBy: via });
  }
  out.toPaymentBook.push({ type: 'charge', attempt: order.attempt, charge: fact, via });
  const alreadyPaid = order.status === 'succeeded' || order.status === 'reversed';
  return alreadyPaid
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
