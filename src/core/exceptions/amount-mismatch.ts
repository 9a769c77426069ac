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
import type { Case, KindDescription } from './kind.ts';

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

/** How often a doubt is asked about before an answer without money counts. */
const QUESTIONS_IN_MARGIN = 3;

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
  openMismatch(order, doubtSubject(order), order.amountMinor, out, context);
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
  openMismatch(order, String(order.attempt), charge.amountMinor, out, context);
  reassignCase(out, 'amount_mismatch', String(order.attempt), {
    owner: 'operations',
    nextAction:
      'Decide what to do with the held money: accept it, return it, or correct it with the channel.',
  });
}

/**
 * The case of what is held is a person's, and stays theirs: a word of still other money on the same order
 * is the platform's to ask about, under a case of its own.
 */
function doubtSubject(order: ChannelOrder): string {
  return order.charges.some(isHeldNow) ? furtherSubject(order) : String(order.attempt);
}

function furtherSubject({ attempt }: ChannelOrder): string {
  return `${attempt}:further`;
}

/** Whether a notification named other money and the channel has not been heard about it yet. */
export function isDoubted(order: ChannelOrder, out: Consequences): boolean {
  return out.cases.some((one) => isDoubtAbout(order, one));
}

function isDoubtAbout(order: ChannelOrder, one: Case): boolean {
  return (
    one.kind === 'amount_mismatch' &&
    one.attempt === order.attempt &&
    one.owner === 'platform' &&
    one.resolvedAtMs === null
  );
}

/**
 * What an answer from the channel itself means for such a doubt. One that brought money has named it. One
 * that did not may come from a copy that lags behind the message: it counts once the channel's margin for
 * late bookings has passed, and until then the channel is asked again.
 */
export function settleDoubt(
  order: ChannelOrder,
  broughtMoney: boolean,
  out: Consequences,
  context: Context,
): void {
  const doubt = out.cases.find((one) => isDoubtAbout(order, one));
  if (!doubt) return;
  const { attempt } = order;
  const { validityMarginMs } = context.rules(order.channel, order.account);
  if (broughtMoney || context.nowMs >= doubt.openedAtMs + validityMarginMs) {
    const words = 'Asked, the channel named all that it took.';
    resolveCase(out, context, 'amount_mismatch', furtherSubject(order), words, false);
    resolveDoubt(order, out, context);
    return;
  }
  const dueAtMs = context.nowMs + Math.ceil(validityMarginMs / QUESTIONS_IN_MARGIN);
  out.effects.push({ type: 'ask', attempt, operation: 'query', dueAtMs });
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
  subject: string,
  riskMinor: number,
  out: Consequences,
  context: Context,
): void {
  openCase(out, context, {
    kind: 'amount_mismatch',
    subject,
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
