/**
 * Amount mismatch (金额不符): an authentic word about our order names another amount or currency.
 *
 * A notification alone proves nothing here: the channel is asked. When it confirms the other amount
 * the order is held: never a winner, its money in suspense, a case with an owner, and no further
 * try and no closing until a person decides. The amount compared is the order's, never what the
 * payer paid after coupons.
 */
import type { ChannelOrder } from '../channel-order.ts';
import type { Consequences, Context } from '../decision.ts';
import { openCase, reassignCase, resolveCase } from '../decision.ts';
import { sameMoney } from '../money.ts';
import type { ChargeFact } from '../outcome.ts';
import { isHeldNow } from '../charge.ts';
import type { KindDescription } from './kind.ts';

export const AMOUNT_MISMATCH: KindDescription = {
  kind: 'amount_mismatch',
  zh: '金额不符',
  what: 'The channel took another amount or currency than the order names.',
  noticed:
    'A notification, an answer or a statement carries an amount that differs from the order and the payment.',
  response:
    'Ask the channel; if it confirms the other amount, hold the order and its money for a person.',
  over: 'The channel answers with the right amount, or a person decides.',
  toldToMerchant: true,
  actions: ['return_money'],
  seen: 'The channel order is held, surplus.held is above 0, and further tries answer 409 payment_held. A doubt that the channel does not confirm goes away by itself.',
  why: "A channel or its operator changed the amount, two accounts were mixed up, or a message was tampered with on the channel's side.",
  practise: ['tampered_amount', 'tampered_notification'],
};

/** Whether a charge is the money that the order asked for. */
export function isOrderedMoney(order: ChannelOrder, charge: ChargeFact): boolean {
  return sameMoney(order, charge);
}

/** A notification named other money: ask now, also an order that only awaited its statement, and keep the doubt visible until the answer. */
export function doubtAmount(
  order: ChannelOrder,
  out: Consequences,
  context: Context,
): ChannelOrder {
  openMismatch(order, order.amountMinor, out, context);
  out.effects.push({
    type: 'ask',
    attempt: order.attempt,
    operation: 'query',
    dueAtMs: context.nowMs,
  });
  return order.awaitsStatement ? { ...order, awaitsStatement: false } : order;
}

/** The channel confirmed other money: the case now belongs to a person. */
export function holdAmount(
  order: ChannelOrder,
  charge: ChargeFact,
  out: Consequences,
  context: Context,
): void {
  openMismatch(order, charge.amountMinor, out, context);
  reassignCase(out, 'amount_mismatch', String(order.attempt), {
    owner: 'operations',
    nextAction:
      'Decide what to do with the held money: accept it, return it, or correct it with the channel.',
  });
}

/** The channel answered with the ordered money: the doubt is over. What is held stays with its person. */
export function resolveDoubt(
  order: ChannelOrder,
  out: Consequences,
  context: Context,
  words = 'The channel confirmed the ordered amount.',
): void {
  if (order.charges.some(isHeldNow)) return;
  const isGone = order.charges.some((charge) => charge.held && charge.reversedAtMs !== null);
  const proof = isGone ? 'The channel took the money back.' : words;
  resolveCase(out, context, 'amount_mismatch', String(order.attempt), proof, false);
}

function openMismatch(
  order: ChannelOrder,
  riskMinor: number,
  out: Consequences,
  context: Context,
): void {
  openCase(out, context, {
    kind: 'amount_mismatch',
    subject: String(order.attempt),
    attempt: order.attempt,
    owner: 'platform',
    nextAction: 'The platform asks the channel which amount it took.',
    moneyAtRiskMinor: riskMinor,
    // A doubt that heals moved no money; merchants are told by the payment book once it is held.
    toldToMerchant: false,
  });
}

/** How merchants are told of money that is held, and of its end: by the payment book, when it learns of it. */
export function tellHeld(
  event: 'exception.opened' | 'exception.resolved',
  attempt: number,
  out: Consequences,
): void {
  out.events.push({ event, subjectKey: `amount_mismatch:${attempt}` });
}
