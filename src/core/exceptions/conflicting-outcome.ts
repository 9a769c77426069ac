/**
 * Conflicting outcome (渠道结果矛盾): a channel that took the money says afterwards that it did not. Money
 * that was proven stays proven; the contradiction is asked about, and then it is a person's.
 */
import type { ChannelOrder } from '../channel-order.ts';
import type { Consequences, Context } from '../decision.ts';
import { openCase, reassignCase, resolveCase } from '../decision.ts';
import type { ChannelRefund } from '../channel-refund.ts';
import type { Outcome } from '../outcome.ts';
import type { RefundFact } from '../refund-outcome.ts';
import type { CaseOwner, KindDescription } from './kind.ts';

export const CONFLICTING_OUTCOME: KindDescription = {
  kind: 'conflicting_outcome',
  zh: '渠道结果矛盾',
  what: 'The channel proved a charge, and answered a later question as if there were none; or it returned other money under our refund number than we asked for.',
  noticed:
    'A query about an order whose charge we know says failed, closed or not found; a refund of ours comes back with another amount or charge.',
  response: 'Keep the charge, since a fact is not taken back by a "no"; ask a person.',
  over: 'A person has cleared it up with the channel.',
  toldToMerchant: false,
  actions: ['resolve'],
  seen: 'Nothing changes for the merchant: the payment stays succeeded. The case names what the channel said first and what it says now.',
  why: "The channel's query reads a lagging copy, its accounts were restored from a backup, or an order number was used by two systems.",
  practise: ['contradicting_notification'],
};

/** Whether an answer denies the money that the order is known to have. */
export function deniesMoney(outcome: Outcome): boolean {
  return outcome.type === 'failed' || outcome.type === 'closed' || outcome.type === 'not_found';
}

/** A notification denies what is known. It may simply be old: the channel itself is asked. */
export function doubtMoney(
  order: ChannelOrder,
  outcome: Outcome,
  out: Consequences,
  context: Context,
): void {
  const { attempt } = order;
  open(
    order,
    'platform',
    `A notification says "${outcome.type}": the platform asks.`,
    out,
    context,
  );
  out.effects.push({ type: 'ask', attempt, operation: 'query', dueAtMs: context.nowMs });
}

/** Asked, the channel stands by the money: the notification was old. A person's case stays with its person. */
export function resolveConflictDoubt(
  order: ChannelOrder,
  out: Consequences,
  context: Context,
): void {
  const subject = String(order.attempt);
  const isDoubted = out.cases.some(
    (one) =>
      one.kind === 'conflicting_outcome' &&
      one.subject === subject &&
      one.resolvedAtMs === null &&
      one.owner === 'platform',
  );
  if (!isDoubted) return;
  const words = 'Asked, the channel confirmed the charge.';
  const { toldToMerchant } = CONFLICTING_OUTCOME;
  resolveCase(out, context, 'conflicting_outcome', subject, words, toldToMerchant);
}

/** The channel returned other money under our number than we had asked for: nothing is booked from it. */
export function openOtherMoney(
  attempt: number,
  { channelRefundNo, amountMinor }: Pick<ChannelRefund, 'channelRefundNo' | 'amountMinor'>,
  fact: RefundFact,
  out: Consequences,
  context: Context,
): void {
  openCase(out, context, {
    kind: 'conflicting_outcome',
    subject: channelRefundNo,
    attempt,
    owner: 'operations',
    nextAction: `The channel says that it returned ${fact.amountMinor} ${fact.currency} of ${fact.transactionNo} under ${channelRefundNo}, not ${amountMinor}: clear it up with the channel.`,
    moneyAtRiskMinor: fact.amountMinor,
    toldToMerchant: CONFLICTING_OUTCOME.toldToMerchant,
  });
}

/** The channel itself denies, when asked, what it proved before. */
export function openConflict(
  order: ChannelOrder,
  outcome: Outcome,
  out: Consequences,
  context: Context,
): void {
  const nextAction = `The channel proved a charge and now answers "${outcome.type}": clear it up with the channel.`;
  open(order, 'operations', nextAction, out, context);
  const change = { owner: 'operations', nextAction } as const;
  reassignCase(out, 'conflicting_outcome', String(order.attempt), change);
}

function open(
  order: ChannelOrder,
  owner: CaseOwner,
  nextAction: string,
  out: Consequences,
  context: Context,
): void {
  openCase(out, context, {
    kind: 'conflicting_outcome',
    subject: String(order.attempt),
    attempt: order.attempt,
    owner,
    nextAction,
    moneyAtRiskMinor: order.amountMinor,
    toldToMerchant: CONFLICTING_OUTCOME.toldToMerchant,
  });
}
