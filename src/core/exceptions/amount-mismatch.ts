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
import type { Charge } from '../charge.ts';
import { chargeKey, isHeldNow } from '../charge.ts';
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

/**
 * A notification named other money: ask now, also an order that only awaited its statement, and keep the
 * doubt visible until the answer. Each transaction is a doubt of its own, as an answer may bring one of them
 * and have been given before the other one was heard of.
 */
export function doubtAmount(
  order: ChannelOrder,
  transactionNo: string,
  out: Consequences,
  context: Context,
): ChannelOrder {
  const { attempt } = order;
  openCase(out, context, {
    kind: 'amount_mismatch',
    subject: chargeKey(attempt, transactionNo),
    attempt,
    owner: 'platform',
    nextAction: 'The platform asks the channel which amount it took.',
    moneyAtRiskMinor: order.amountMinor,
    // A doubt that heals moved no money; merchants are told once it is held.
    toldToMerchant: false,
  });
  out.effects.push({ type: 'ask', attempt, operation: 'query', dueAtMs: context.nowMs });
  return order.awaitsStatement ? { ...order, awaitsStatement: false } : order;
}

/** The channel confirmed other money: a person has to decide about all that is held of the order. */
export function holdAmount(
  order: ChannelOrder,
  charge: ChargeFact,
  out: Consequences,
  context: Context,
): void {
  openCase(out, context, {
    kind: 'amount_mismatch',
    subject: holdSubject(order),
    attempt: order.attempt,
    owner: 'operations',
    nextAction:
      'Decide what to do with the held money: accept it, return it, or correct it with the channel.',
    moneyAtRiskMinor: charge.amountMinor,
    // The payment book tells the merchant, when it learns of it.
    toldToMerchant: false,
  });
}

function holdSubject({ attempt }: ChannelOrder): string {
  return String(attempt);
}

function isDoubtAbout(order: ChannelOrder, one: Case): boolean {
  return (
    one.kind === 'amount_mismatch' &&
    one.attempt === order.attempt &&
    one.subject !== holdSubject(order) &&
    one.resolvedAtMs === null
  );
}

/** Whether a notification named other money and the channel has still to be asked about it. */
export function isDoubted(order: ChannelOrder, out: Consequences): boolean {
  return out.cases.some((one) => isDoubtAbout(order, one) && one.owner === 'platform');
}

/** All planned questions were asked: a doubted amount waits for the statement as well. */
export function handOverDoubts(
  order: ChannelOrder,
  change: Pick<Case, 'owner' | 'nextAction'>,
  out: Consequences,
): void {
  for (const { kind, subject } of out.cases.filter((one) => isDoubtAbout(order, one))) {
    reassignCase(out, kind, subject, change);
  }
}

/**
 * What an answer from the channel itself means for doubts. A charge that is known now is doubted no more. An
 * answer without it may come from a copy that lags behind the message, or be older than that: it counts once
 * the channel's margin for late bookings has passed, and until then the channel is asked again.
 */
export function settleDoubts(
  order: ChannelOrder,
  askedAtMs: number,
  out: Consequences,
  context: Context,
): void {
  const { attempt } = order;
  const { validityMarginMs } = context.rules(order.channel, order.account);
  for (const doubt of out.cases.filter((one) => isDoubtAbout(order, one))) {
    const { kind, subject } = doubt;
    const charge = order.charges.find((one) => chargeKey(attempt, one.transactionNo) === subject);
    if (charge) resolveCase(out, context, kind, subject, wordsFor(charge), false);
    else if (askedAtMs >= doubt.openedAtMs + validityMarginMs && doubt.owner === 'platform') {
      const words = 'Asked, the channel named all that it took.';
      resolveCase(out, context, kind, subject, words, false);
    }
  }
  if (!isDoubted(order, out)) return;
  const dueAtMs = context.nowMs + Math.ceil(validityMarginMs / QUESTIONS_IN_MARGIN);
  out.effects.push({ type: 'ask', attempt, operation: 'query', dueAtMs });
}

function wordsFor({ held, reversedAtMs }: Charge): string {
  if (reversedAtMs !== null) return 'The channel took the money back.';
  return held
    ? 'The channel confirmed other money, which is held.'
    : 'The channel confirmed the ordered amount.';
}

/** Nothing of an order is held any more: its case is over. */
export function endHold(
  order: ChannelOrder,
  out: Consequences,
  context: Context,
  words: string,
): void {
  if (order.charges.some(isHeldNow)) return;
  resolveCase(out, context, 'amount_mismatch', holdSubject(order), words, false);
}

/** How merchants are told of money that is held, and of its end: by the payment book, when it learns of it. */
export function tellHeld(
  event: 'exception.opened' | 'exception.resolved',
  attempt: number,
  out: Consequences,
): void {
  out.events.push({ event, subjectKey: `amount_mismatch:${attempt}` });
}
