/**
 * What a named person decided about an open case. Which decisions a case allows stands with its kind;
 * what each of them does to the two books stands here. 人工处理。
 */
import type { Aggregate } from './aggregate.ts';
import type { ChannelRefund, ForeignReturn } from './channel-refund.ts';
import type { Consequences, Context, Refusal } from './decision.ts';
import { resolveCase } from './decision.ts';
import { CATALOGUE } from './exceptions/catalogue.ts';
import type { Case } from './exceptions/kind.ts';
import { isHandedOver } from './exceptions/unknown-refund.ts';
import type { OperatorAction, OperatorDecision } from './input.ts';
import { OPERATOR_ACTIONS } from './input.ts';
import { giveUpRefund, retryRefund } from './payment-refunds.ts';
import type { Payment } from './payment.ts';
import type { Refund } from './refund.ts';
import { isSurplus } from './refund.ts';

export type DecidedByOperator =
  | { readonly type: 'refused'; readonly refusal: Refusal }
  | {
      readonly type: 'taken';
      readonly payment: Payment;
      /** The channel order whose held money goes back, if that was decided. */
      readonly releaseAttempt: number | null;
    };

/** Takes in a person's decision, or says why it does not fit the case. */
export function decideByOperator(
  before: Aggregate,
  decision: OperatorDecision,
  out: Consequences,
  context: Context,
): DecidedByOperator {
  const { payment } = before;
  const found = before.cases.find((one) => one.id === decision.caseId);
  if (!found) return refuse('not_found', 'This payment has no such case.');
  if (found.resolvedAtMs !== null) return refuse('case_resolved', `It ended: ${found.resolution}`);
  const obstacle = obstacleTo(before, found, decision.action);
  if (obstacle !== null) return refuse('action_not_possible', obstacle);
  switch (decision.action) {
    case 'resolve':
      return resolve(payment, found, decision, out, context);
    case 'return_money':
      return { type: 'taken', payment, releaseAttempt: found.attempt };
    case 'retry_refund':
    case 'give_up_refund':
      return decideRefund(before, found, decision, out, context);
  }
}

/** What a person can decide about a case as things stand; empty for one that is over or heals by itself. */
export function possibleActions(aggregate: Aggregate, found: Case): OperatorAction[] {
  if (found.resolvedAtMs !== null) return [];
  return actionsOf(found).filter((action) => obstacleTo(aggregate, found, action) === null);
}

function actionsOf({ kind }: Case): OperatorAction[] {
  const known = CATALOGUE.find((one) => one.kind === kind)?.actions ?? [];
  return OPERATOR_ACTIONS.filter((action) => known.includes(action));
}

/** Why an open case does not take an action now, in one sentence; null when it does. */
function obstacleTo(before: Aggregate, found: Case, action: OperatorAction): string | null {
  const actions = actionsOf(found);
  if (!actions.includes(action)) {
    const fitting = actions.length > 0 ? actions.join(', ') : 'none: it heals by itself';
    return `A case of ${found.kind} takes these: ${fitting}.`;
  }
  switch (action) {
    case 'resolve':
      return null;
    case 'return_money':
      return obstacleToReturn(before, found);
    case 'retry_refund':
    case 'give_up_refund':
      return obstacleToRefund(before, found, action);
  }
}

function resolve(
  payment: Payment,
  found: Case,
  { by, reason }: OperatorDecision,
  out: Consequences,
  context: Context,
): DecidedByOperator {
  const isTold = CATALOGUE.some((one) => one.kind === found.kind && one.toldToMerchant);
  resolveCase(out, context, found.kind, found.subject, `${by}: ${reason}`, isTold);
  return { type: 'taken', payment, releaseAttempt: null };
}

function obstacleToReturn({ orders }: Aggregate, found: Case): string | null {
  const order = orders.find((one) => one.attempt === found.attempt);
  const isHeld = order?.charges.some((one) => one.held && one.releasedAtMs === null);
  if (!order || !isHeld) return 'The channel has not confirmed any money yet.';
  const heldNos = order.charges.filter((one) => one.held).map((one) => one.transactionNo);
  return order.foreignReturns.some((one) => heldNos.includes(one.transactionNo))
    ? 'Some of it went back at the channel already.'
    : null;
}

function obstacleToRefund(before: Aggregate, found: Case, action: OperatorAction): string | null {
  const unknown = unknownOf(before, found);
  if (unknown && !isHandedOver(unknown)) return 'The platform still asks the channel by itself.';
  const refund = refundOf(before, found);
  if (refund && action === 'give_up_refund' && wentBackInPart(before, refund)) {
    return 'A part of this surplus went back at the channel already: return the rest there as well.';
  }
  // What a merchant's refund set aside could be asked back again, under a second number beside the unknown one.
  if (unknown && refund && !isSurplus(refund) && action === 'give_up_refund') {
    return 'The payer may have it already: what is set aside for it stays set aside.';
  }
  if (refund?.status === 'requires_action') return null;
  return refund?.status === 'pending'
    ? 'The refund is still under way at its channel, or held back by the brake.'
    : 'There is nothing to decide about this refund any more.';
}

/** The channel refund that a case of an unknown one is about; undefined for any other case. */
function unknownOf({ orders }: Aggregate, { kind, subject }: Case): ChannelRefund | undefined {
  if (kind !== 'unknown_refund') return undefined;
  return orders.flatMap((one) => one.refunds).find((one) => one.channelRefundNo === subject);
}

/** The refund that a case is about: an unknown one is named by its number, any other by its key. */
function refundOf(before: Aggregate, found: Case): Refund | undefined {
  const key = unknownOf(before, found)?.refundKey ?? found.subject;
  return before.payment.refunds.find((one) => one.key === key);
}

/** Whether a part of a surplus went back without us. Giving it up books it whole, so the part would be paid twice. */
function wentBackInPart({ orders }: Aggregate, refund: Refund): boolean {
  const order = orders.find((one) => one.attempt === refund.attempt);
  const isOf = (one: ForeignReturn): boolean => one.transactionNo === refund.transactionNo;
  return isSurplus(refund) && order !== undefined && order.foreignReturns.some(isOf);
}

function decideRefund(
  before: Aggregate,
  found: Case,
  { action, by }: OperatorDecision,
  out: Consequences,
  context: Context,
): DecidedByOperator {
  const { payment } = before;
  const refund = refundOf(before, found);
  if (!refund) throw new Error(`case ${found.id} is about no refund of payment ${payment.id}`);
  const after =
    action === 'retry_refund'
      ? retryRefund(payment, refund, out)
      : giveUpRefund(payment, refund, by, out, context);
  return { type: 'taken', payment: after, releaseAttempt: null };
}

function refuse(code: Refusal['code'], detail: string): DecidedByOperator {
  return { type: 'refused', refusal: { code, detail, askFirst: [] } };
}
