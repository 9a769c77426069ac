/**
 * What a named person decided about an open case. Which decisions a case allows stands with its kind;
 * what each of them does to the two books stands here. 人工处理。
 */
import type { Aggregate } from './aggregate.ts';
import type { Consequences, Context, Refusal } from './decision.ts';
import { resolveCase } from './decision.ts';
import { CATALOGUE } from './exceptions/catalogue.ts';
import type { Case } from './exceptions/kind.ts';
import type { OperatorDecision } from './input.ts';
import { giveUpRefund, retryRefund } from './payment-refunds.ts';
import type { Payment } from './payment.ts';

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
  const kind = CATALOGUE.find((one) => one.kind === found.kind);
  if (!kind?.actions.includes(decision.action)) {
    const fitting = kind?.actions.length ? kind.actions.join(', ') : 'none: it heals by itself';
    return refuse('action_not_possible', `A case of ${found.kind} takes these: ${fitting}.`);
  }
  switch (decision.action) {
    case 'resolve':
      return resolve(payment, found, decision, kind.toldToMerchant, out, context);
    case 'return_money':
      return returnMoneyHeld(before, found);
    case 'retry_refund':
    case 'give_up_refund':
      return decideRefund(payment, found, decision, out, context);
  }
}

function resolve(
  payment: Payment,
  found: Case,
  { by, reason }: OperatorDecision,
  toldToMerchant: boolean,
  out: Consequences,
  context: Context,
): DecidedByOperator {
  const words = `${by}: ${reason}`;
  resolveCase(out, context, found.kind, found.subject, words, toldToMerchant);
  return { type: 'taken', payment, releaseAttempt: null };
}

function returnMoneyHeld({ payment, orders }: Aggregate, found: Case): DecidedByOperator {
  const order = orders.find((one) => one.attempt === found.attempt);
  const isHeld = order?.charges.some((one) => one.held && one.releasedAtMs === null);
  if (!order || !isHeld) {
    return refuse('action_not_possible', 'The channel has not confirmed any money yet.');
  }
  const heldNos = order.charges.filter((one) => one.held).map((one) => one.transactionNo);
  if (order.foreignReturns.some((one) => heldNos.includes(one.transactionNo))) {
    return refuse('action_not_possible', 'Some of it went back at the channel already.');
  }
  return { type: 'taken', payment, releaseAttempt: order.attempt };
}

function decideRefund(
  payment: Payment,
  found: Case,
  { action, by }: OperatorDecision,
  out: Consequences,
  context: Context,
): DecidedByOperator {
  const refund = payment.refunds.find((one) => one.key === found.subject);
  if (refund?.status !== 'requires_action') {
    const words =
      refund?.status === 'pending'
        ? 'The refund is still under way at its channel, or held back by the brake.'
        : 'There is nothing to decide about this refund any more.';
    return refuse('action_not_possible', words);
  }
  const after =
    action === 'retry_refund'
      ? retryRefund(payment, refund, out)
      : giveUpRefund(payment, refund, by, out, context);
  return { type: 'taken', payment: after, releaseAttempt: null };
}

function refuse(code: Refusal['code'], detail: string): DecidedByOperator {
  return { type: 'refused', refusal: { code, detail, askFirst: [] } };
}
