/**
 * Failed refund (退款失败): money is owed to a payer and the channel does not return it: it refused for
 * good, it is stuck there (ABNORMAL), it waits for funds, or our own brake holds it back.
 */
import type { ChannelRefund } from '../channel-refund.ts';
import type { Consequences, Context } from '../decision.ts';
import { openCase, reassignCase, resolveCase } from '../decision.ts';
import type { KindDescription } from './kind.ts';

export const FAILED_REFUND: KindDescription = {
  kind: 'failed_refund',
  zh: '退款失败',
  what: 'A refund that is owed cannot be carried out as things stand.',
  noticed: 'The channel refuses it, calls it abnormal, lacks funds, or the brake holds it back.',
  response:
    'Wait and send the same number again where the channel only said not now; try another number only after proof that the former is dead; else keep the money owed for a person.',
  over: 'The money was returned, or a named person gave the return up.',
  toldToMerchant: false,
  actions: ['retry_refund', 'give_up_refund'],
  seen: 'The refund is requires_action, or pending with a channel refund that is held_back or waits for funds. You are told refund.requires_action, and refund.failed only when nothing is owed any more.',
  why: "The payer's account is closed or frozen, the channel account lacks funds, the channel takes no more refunds of the order, or the brake on automatic refunds is on.",
  practise: ['refund_abnormal', 'refund_no_funds', 'refund_closed'],
};

/** What stands in the way, in one sentence. */
export function openFailed(
  attempt: number,
  refund: ChannelRefund,
  nextAction: string,
  out: Consequences,
  context: Context,
): void {
  const subject = refund.refundKey;
  openCase(out, context, {
    kind: 'failed_refund',
    subject,
    attempt,
    owner: 'operations',
    nextAction,
    moneyAtRiskMinor: refund.amountMinor,
    toldToMerchant: FAILED_REFUND.toldToMerchant,
  });
  reassignCase(out, 'failed_refund', subject, { owner: 'operations', nextAction });
}

/** The refund is out of the woods; the words say how. */
export function resolveFailed(
  refundKey: string,
  words: string,
  out: Consequences,
  context: Context,
): void {
  resolveCase(out, context, 'failed_refund', refundKey, words, FAILED_REFUND.toldToMerchant);
}
