/**
 * May this payment be tried (again, or elsewhere)? The rules against paying twice, before anything
 * is sent: reuse the open order, or ask about it and close it at its channel first. 重复支付之前的规则。
 */
import type { Aggregate } from './aggregate.ts';
import type { ChannelOrder } from './channel-order.ts';
import { isOpen } from './channel-order.ts';
import type { Context, Refusal } from './decision.ts';
import { ATTEMPT_MAX } from './id.ts';
import type { RequestedTry } from './input.ts';

export type TryAnswer =
  | { readonly type: 'allow' }
  /** An open order of the same channel and product can still be paid: the payer goes on with it. */
  | { readonly type: 'reuse'; readonly attempt: number }
  /** These attempts have to be closed at their channels first. */
  | { readonly type: 'close_first'; readonly attempts: readonly number[] }
  | { readonly type: 'refuse'; readonly refusal: Refusal };

/** Judges a request for a try of a payment that is open (neither succeeded nor closed). */
export function judgeTry(
  aggregate: Aggregate,
  requested: RequestedTry,
  context: Context,
): TryAnswer {
  const { payment, orders } = aggregate;
  if (payment.tries.some((one) => one.status === 'held'))
    return refuse('payment_held', 'Its money is held.');
  if (payment.tries.length >= ATTEMPT_MAX)
    return refuse('tries_exhausted', `${ATTEMPT_MAX} tries were made.`);
  const unheard = payment.tries.find(
    (one) => one.status === 'allowed' && !orders.some((order) => order.attempt === one.attempt),
  );
  if (unheard) return refuse('payment_in_progress', `Try ${unheard.attempt} is on its way.`);
  const open = orders.filter(isOpen);
  const usable = open.find((order) => isUsable(order, requested, context));
  if (usable) return { type: 'reuse', attempt: usable.attempt };
  if (payment.closing) return refuse('payment_in_progress', 'The payment is being closed.');
  const inTheWay = open.filter((order) => !mayOverlap(order, requested, context));
  const blocked = inTheWay
    .map((order) => blocking(order, context))
    .find((refusal) => refusal !== null);
  if (blocked) return { type: 'refuse', refusal: blocked };
  if (inTheWay.length > 0)
    return { type: 'close_first', attempts: inTheWay.map((order) => order.attempt) };
  return { type: 'allow' };
}

function isUsable(order: ChannelOrder, requested: RequestedTry, context: Context): boolean {
  const sameWay =
    order.channel === requested.channel &&
    order.account === requested.account &&
    order.product === requested.product;
  // An order whose answer was lost is not one that a payer can go on with: it is asked about first.
  const underWay = order.status === 'created' || order.status === 'pending';
  return sameWay && underWay && order.closeStep === 'none' && context.nowMs < order.validUntilMs;
}

/** An order that its channel cannot close may only be overlapped when the payer said "not paid". */
function mayOverlap(order: ChannelOrder, requested: RequestedTry, context: Context): boolean {
  const rules = context.rules(order.channel, order.account);
  return requested.allowOverlap && !rules.canClose && order.status === 'pending';
}

function blocking(order: ChannelOrder, context: Context): Refusal | null {
  const rules = context.rules(order.channel, order.account);
  const where = `Channel order ${order.channelOrderNo} at ${order.channel}`;
  if (rules.products[order.product]?.chargesWithoutPayer) {
    return refusalOf(
      'payment_in_progress',
      `${where} charges without the payer and has no result yet.`,
    );
  }
  if (!rules.canClose) {
    return order.status === 'pending'
      ? refusalOf('overlap_not_allowed', `${where} cannot be closed.`)
      : refusalOf('payment_in_progress', `${where} has no known result.`);
  }
  if (order.closeStep !== 'none') {
    return {
      ...refusalOf('payment_in_progress', `${where} is being asked about and closed.`),
      askFirst: [order.attempt],
    };
  }
  return null;
}

function refuse(code: Refusal['code'], detail: string): TryAnswer {
  return { type: 'refuse', refusal: refusalOf(code, detail) };
}

function refusalOf(code: Refusal['code'], detail: string): Refusal {
  return { code, detail, askFirst: [] };
}
