/**
 * The channel book's side of returning money: which number is sent when, what the channel said about it,
 * and what was returned without us. It decides about one channel order at a time.
 */
import type { ChannelOrder } from './channel-order.ts';
import type { ChannelRefund } from './channel-refund.ts';
import { isInFlight, isLive, movedRefund } from './channel-refund.ts';
import type { Consequences, Context } from './decision.ts';
import { openFailed, resolveFailed } from './exceptions/failed-refund.ts';
import {
  isHandedOver,
  nextRefundQueryAtMs,
  resolveUnknown,
  takeBackUnknown,
} from './exceptions/unknown-refund.ts';
import { CHANNEL_REFUND_MAX, channelRefundNo } from './id.ts';
import type { ToChannelBook } from './message.ts';
import { refusalMark } from './message.ts';
import type { RefundRules } from './policy.ts';

type ReturnMoney = Extract<ToChannelBook, { type: 'return_money' }>;
type Failure = NonNullable<ChannelRefund['failure']>;

/** The refund rules of the order's account. */
export function refundRules(order: ChannelOrder, context: Context): RefundRules {
  return context.rules(order.channel, order.account).refund;
}

/** The payment book owes a payer money: the first channel refund for it, once, whatever comes twice. */
export function returnMoney(
  order: ChannelOrder,
  message: ReturnMoney,
  out: Consequences,
  context: Context,
): ChannelOrder {
  if (order.refunds.some((one) => one.refundKey === message.refundKey)) return order;
  return openRefund(order, { ...message, round: 1 }, out, context);
}

type Asked = Pick<
  ChannelRefund,
  'refundKey' | 'round' | 'transactionNo' | 'amountMinor' | 'currency' | 'isAutomatic'
>;

/** A new number for a refund that is owed: planned at the time that the channel's gap allows. */
export function openRefund(
  order: ChannelOrder,
  asked: Asked,
  out: Consequences,
  context: Context,
): ChannelOrder {
  const rules = refundRules(order, context);
  const number = order.refunds.length + 1;
  const { refundKey, round, transactionNo, amountMinor, currency, isAutomatic } = asked;
  const refund: ChannelRefund = {
    number,
    refundKey,
    round,
    channelRefundNo: channelRefundNo(order.channelOrderNo, number),
    transactionNo,
    amountMinor,
    currency,
    isAutomatic,
    createdAtMs: context.nowMs,
    status: 'owed',
    sendAtMs: afterGap(order, rules, context.nowMs),
    sentAtMs: null,
    queryCount: 0,
    refundId: null,
    refundedAtMs: null,
    confirmedBy: null,
    isExtra: false,
    failure: null,
  };
  const after = { ...order, refunds: [...order.refunds, refund] };
  const partCount = order.refunds.filter((one) => one.status !== 'failed').length;
  if (partCount >= rules.partsMax || number > CHANNEL_REFUND_MAX) {
    const message = `The channel takes ${rules.partsMax} refunds of one order.`;
    return stuck(after, refund, { code: 'too_many', message, channelCode: 'none' }, out, context);
  }
  planSend(order.attempt, refund, out);
  return after;
}

/** The channel wants some time between two refunds of one order; we wait for it, the merchant does not. */
function afterGap(order: ChannelOrder, rules: RefundRules, nowMs: number): number {
  const last = Math.max(
    0,
    ...order.refunds
      .filter((one) => one.status !== 'failed' || one.sentAtMs !== null)
      .map((one) => Math.max(one.sendAtMs, one.sentAtMs ?? 0) + rules.gapMs),
  );
  return Math.max(nowMs, last);
}

/** Plans the sending of a channel refund at its time. */
export function planSend(
  attempt: number,
  { number, sendAtMs }: ChannelRefund,
  out: Consequences,
): void {
  out.effects.push({ type: 'refund_job', attempt, number, operation: 'send', dueAtMs: sendAtMs });
}

/** Plans the next question about a channel refund. */
export function planQuery(
  order: ChannelOrder,
  refund: ChannelRefund,
  out: Consequences,
  context: Context,
): void {
  const { attempt } = order;
  const { number, queryCount } = refund;
  const dueAtMs = nextRefundQueryAtMs(refundRules(order, context), queryCount, context.nowMs);
  out.effects.push({ type: 'refund_job', attempt, number, operation: 'query', dueAtMs });
}

/** The guard before the call leaves; unchanged when it may not leave (any more). */
export function beginSending(
  order: ChannelOrder,
  number: number,
  out: Consequences,
  context: Context,
): ChannelOrder {
  const refund = refundOf(order, number);
  if (refund.status !== 'owed' || context.nowMs < refund.sendAtMs) return order;
  // The questions go on counting: a number that is sent again and again is not asked about in a hurry.
  const failure = isReleased(refund) ? null : refund.failure;
  const sending = movedRefund(refund, 'sending', { sentAtMs: context.nowMs, failure });
  planQuery(order, sending, out, context);
  return withChannelRefund(order, sending);
}

/** No money moves until a person acts; the number may still be alive, so no other one is tried. */
export function stuck(
  order: ChannelOrder,
  refund: ChannelRefund,
  failure: Failure,
  out: Consequences,
  context: Context,
): ChannelOrder {
  const waiting = movedRefund(refund, 'requires_action', { failure });
  out.effects.push({ type: 'refund_job_done', attempt: order.attempt, number: refund.number });
  resolveUnknown(waiting, out, context);
  return refuse(withChannelRefund(order, waiting), waiting, 'stuck', failure, out, context);
}

/** Tells the payment book that the channel does not return the money, and opens what a person has to do. */
export function refuse(
  order: ChannelOrder,
  refund: ChannelRefund,
  end: 'dead' | 'stuck',
  { code, message }: Failure,
  out: Consequences,
  context: Context,
): ChannelOrder {
  const { attempt } = order;
  const { refundKey } = refund;
  const of = refusalMark(refund);
  out.toPaymentBook.push({ type: 'return_refused', refundKey, attempt, end, of, code, message });
  // A merchant's refund that is dead is over; a surplus stays owed, and so does what is stuck.
  if (end === 'dead' && !refund.isAutomatic) {
    resolveFailed(refundKey, 'The channel refused the refund for good.', out, context);
    return order;
  }
  const next = `The channel does not return it (${code}): clear it up with the channel, then retry or give up.`;
  openFailed(attempt, refund, next, out, context);
  return order;
}

/** The brake keeps a refund that was not sent: it stays owed, in the open, for a person. */
export function holdBack(
  order: ChannelOrder,
  number: number,
  reason: string,
  out: Consequences,
  context: Context,
): ChannelOrder {
  const refund = refundOf(order, number);
  if (refund.status !== 'owed') return order;
  const held = movedRefund(refund, 'held_back', { failure: null });
  const { attempt } = order;
  const dueAtMs = Number.MAX_SAFE_INTEGER;
  out.effects.push({ type: 'refund_job', attempt, number, operation: 'held', dueAtMs });
  const next = `Held back by the brake on money out (${reason}): release it with "tieout refunds release".`;
  openFailed(order.attempt, held, next, out, context);
  return withChannelRefund(order, held);
}

const RELEASED = 'released';

/** Whether a person released it from the brake, and it has not left since: it may be larger than the hour's limit. */
export function isReleased({ status, failure }: ChannelRefund): boolean {
  return status === 'owed' && failure?.code === RELEASED;
}

/** The brake lets go of a refund, and knows until it leaves that a person said so. */
export function release(
  order: ChannelOrder,
  number: number,
  by: string,
  out: Consequences,
  context: Context,
): ChannelOrder {
  const refund = refundOf(order, number);
  if (refund.status !== 'held_back') return order;
  const words = `${by} released it.`;
  const failure: Failure = { code: RELEASED, message: words, channelCode: 'none' };
  return sendAgain(order, { ...refund, failure }, words, out, context);
}

/** A person has the channel asked once more: the same number while it may live, another one when all are dead. */
export function retryReturn(
  order: ChannelOrder,
  refundKey: string,
  out: Consequences,
  context: Context,
): ChannelOrder {
  const last = order.refunds.findLast((one) => one.refundKey === refundKey);
  if (!last) return order;
  if (last.status === 'failed') {
    resolveFailed(refundKey, 'A person had another number tried.', out, context);
    return openRefund(order, { ...last, round: last.round + 1 }, out, context);
  }
  const isStopped = last.status === 'requires_action' || last.status === 'held_back';
  // What nobody knows is sent again under its number, and a person took the risk.
  if (!isStopped && !isHandedOver(last)) return order;
  return sendAgain(order, takeBackUnknown(last, out), 'A person had it sent again.', out, context);
}

function sendAgain(
  order: ChannelOrder,
  refund: ChannelRefund,
  words: string,
  out: Consequences,
  context: Context,
): ChannelOrder {
  const owed = movedRefund(refund, 'owed', { sendAtMs: context.nowMs });
  planSend(order.attempt, owed, out);
  resolveFailed(refund.refundKey, words, out, context);
  return withChannelRefund(order, owed);
}

const GIVEN_UP: Failure = {
  code: 'given_up',
  message: 'Not owed any more.',
  channelCode: 'none',
};

/** Whether the payment book has let go of it while it was under way: watched to its end, never sent again. */
export function isGivenUp(refund: ChannelRefund): boolean {
  return refund.failure?.code === GIVEN_UP.code;
}

/** The payment book does not owe it any more. What may be under way at the channel stays watched. */
export function giveUpReturn(
  order: ChannelOrder,
  refundKey: string,
  out: Consequences,
  context: Context,
): ChannelOrder {
  resolveFailed(refundKey, 'It is not owed any more.', out, context);
  const live = order.refunds.find((one) => one.refundKey === refundKey && isLive(one));
  if (!live) return order;
  if (isInFlight(live)) {
    const watched = takeBackUnknown(live, out);
    return withChannelRefund(order, { ...watched, failure: GIVEN_UP });
  }
  return letGo(order, live, out, context);
}

/** Ends a number that nobody owes anything under any more. Should the channel return money all the same, it counts. */
export function letGo(
  order: ChannelOrder,
  refund: ChannelRefund,
  out: Consequences,
  context: Context,
): ChannelOrder {
  const ended = movedRefund(refund, 'failed', { failure: GIVEN_UP });
  out.effects.push({ type: 'refund_job_done', attempt: order.attempt, number: refund.number });
  resolveUnknown(ended, out, context);
  return withChannelRefund(order, ended);
}

/** The channel refund of this place. */
export function refundOf(order: ChannelOrder, number: number): ChannelRefund {
  const refund = order.refunds.find((one) => one.number === number);
  if (!refund) throw new Error(`channel order ${order.channelOrderNo} has no refund ${number}`);
  return refund;
}

/** The order with one of its channel refunds changed. */
export function withChannelRefund(order: ChannelOrder, changed: ChannelRefund): ChannelOrder {
  const refunds = order.refunds.map((one) => (one.number === changed.number ? changed : one));
  return { ...order, refunds };
}
