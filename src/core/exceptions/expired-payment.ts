/**
 * Expired payment (订单失效): money and the end of an order's life.
 *
 * Before: the remaining validity goes to the channel with each order, and nothing is closed on our
 * side before the channel was asked: query → close at the channel → query → closed.
 * After: money that arrives for a closed payment is a fact. It is returned in full, by itself, unless
 * the merchant's policy accepts it.
 */
import type { ChannelOrder, DeathEvidence } from '../channel-order.ts';
import type { Consequences, Context } from '../decision.ts';
import type { ChargeFact, Operation, Outcome } from '../outcome.ts';
import type { Payment } from '../payment.ts';
import type { KindDescription } from './kind.ts';

export const EXPIRED_PAYMENT: KindDescription = {
  kind: 'expired_payment',
  zh: '订单失效后支付',
  what: 'Money was taken for a payment that had been closed.',
  noticed: 'A charge is learned, by whatever way, while the payment is closed.',
  response:
    "Return it in full at its channel; where the merchant's policy says so and nothing else paid, accept it.",
  over: 'The money was returned in full.',
  toldToMerchant: true,
  actions: [],
  seen: 'A closed payment with surplus.received above 0, and a refund with reason late. Under the policy accept the payment goes from closed to succeeded instead, and no case opens.',
  why: 'The payer pressed pay in the last second, a bank booked late, or a channel took money for an order that it had confirmed as closed.',
  practise: ['paid_after_close'],
};

/** Until when the channel may take money for an order opened now. */
export function validUntilMs(payment: Payment, validityMsMin: number, nowMs: number): number {
  return Math.max(payment.expiresAtMs, nowMs + validityMsMin);
}

/** Starts the safe close of an open order; does nothing when it is already on its way. */
export function beginClose(order: ChannelOrder, out: Consequences, context: Context): ChannelOrder {
  if (order.closeStep !== 'none') return order;
  out.effects.push({
    type: 'ask',
    attempt: order.attempt,
    operation: 'query',
    dueAtMs: context.nowMs,
  });
  return { ...order, closeStep: 'asking', awaitsStatement: false };
}

/** What the answer to a question, asked then, proves about an order that is still open; null when it proves no end. */
export function proofOfEnd(
  order: ChannelOrder,
  outcome: Outcome,
  askedAtMs: number,
  context: Context,
): DeathEvidence | null {
  if (outcome.type === 'closed') return 'close_acknowledged';
  if (outcome.type !== 'not_found') return null;
  const rules = context.rules(order.channel, order.account);
  if (askedAtMs >= order.validUntilMs + rules.validityMarginMs) return 'not_found_after_validity';
  // A channel that has said it waits for the payer knows the order: not finding it is a copy that lags.
  const opensByLink = rules.products[order.product]?.opensByLink ?? false;
  const isKnown = order.status === 'pending' && !opensByLink;
  return order.closeStep === 'confirming' && rules.closeRefusesUnknown && !isKnown
    ? 'close_acknowledged'
    : null;
}

export type CloseProgress =
  /** The next step is asked for, now or after a pause. */
  | { readonly type: 'goes_on'; readonly order: ChannelOrder }
  /** The channel cannot close: only the end of the validity and a last question can prove it dead. */
  | { readonly type: 'waits' };

/**
 * One step of the safe close, after an outcome that did not end the order.
 * `failureCount` is how often this close was already put off; it stretches the pause.
 */
export function continueClose(
  order: ChannelOrder,
  operation: Operation,
  outcome: Outcome,
  out: Consequences,
  context: Context,
): CloseProgress {
  const rules = context.rules(order.channel, order.account);
  const step = (
    closeStep: ChannelOrder['closeStep'],
    ask: 'query' | 'close',
    pauseMs: number,
  ): CloseProgress => {
    out.effects.push({
      type: 'ask',
      attempt: order.attempt,
      operation: ask,
      dueAtMs: context.nowMs + pauseMs,
    });
    return { type: 'goes_on', order: { ...order, closeStep } };
  };
  if (operation === 'close') {
    if (outcome.type === 'closed') return step('confirming', 'query', 0);
    // Not closed: the payer is paying just now, or was quicker, or nobody knows. A question tells which.
    return step('retrying', 'query', outcome.type === 'pending' ? closePauseMs(order, context) : 0);
  }
  if (operation !== 'query' || outcome.type === 'unknown') {
    return step(order.closeStep, 'query', closePauseMs(order, context));
  }
  if (outcome.type === 'not_found' && !rules.closeRefusesUnknown) return { type: 'waits' };
  if (!rules.canClose) return { type: 'waits' };
  // A close that was tried already is given time before it is tried again.
  return step('closing', 'close', order.closeStep === 'asking' ? 0 : closePauseMs(order, context));
}

/** Pause before a close is tried again: doubles with every question asked, up to a maximum. */
function closePauseMs(order: ChannelOrder, context: Context): number {
  const { closeRetryMs, closeRetryMsMax } = context.policy;
  return Math.min(closeRetryMs * 2 ** Math.min(order.queryCount, 16), closeRetryMsMax);
}

/** Whether late money pays a closed payment after all: the merchant's policy, by the channel's time of payment. */
export function acceptsLateMoney(payment: Payment, charge: ChargeFact): boolean {
  switch (payment.latePayment) {
    case 'refund':
      return false;
    case 'accept_if_paid_before_expiry':
      return charge.paidAtMs <= payment.expiresAtMs;
    case 'accept':
      return true;
  }
}
