/**
 * Unknown refund (退款结果未知): the channel may have returned the money, and no word says so. It is asked
 * about without an age limit, less and less often, and resent only under the same number and amount.
 */
import type { ChannelRefund } from '../channel-refund.ts';
import type { Consequences, Context } from '../decision.ts';
import { openCase, resolveCase } from '../decision.ts';
import type { RefundRules } from '../policy.ts';
import type { KindDescription } from './kind.ts';

export const UNKNOWN_REFUND: KindDescription = {
  kind: 'unknown_refund',
  zh: '退款结果未知',
  what: 'A refund was sent, and nobody knows whether the channel returned the money.',
  noticed: 'The first planned question about the refund brings no final word.',
  response: 'Ask again without an end; send again only under the same number and amount.',
  over: 'The channel said succeeded, or proved the number dead.',
  toldToMerchant: false,
  actions: [],
  seen: 'The refund is unknown or pending for longer than usual. What it has set aside stays set aside.',
  why: 'The refund call timed out, the channel queues refunds, or its query lags behind.',
  practise: ['refund_slow', 'refund_timeout_accepted'],
};

/** A planned question settled nothing: the case stays open until one does. */
export function openUnknown(
  attempt: number,
  refund: ChannelRefund,
  out: Consequences,
  context: Context,
): void {
  openCase(out, context, {
    kind: 'unknown_refund',
    subject: refund.channelRefundNo,
    attempt,
    owner: 'platform',
    nextAction: 'The platform asks the channel again, less and less often, without an end.',
    moneyAtRiskMinor: refund.amountMinor,
    toldToMerchant: UNKNOWN_REFUND.toldToMerchant,
  });
}

/** The channel said what became of it. */
export function resolveUnknown(refund: ChannelRefund, out: Consequences, context: Context): void {
  const words = `The refund is ${refund.status}.`;
  const { toldToMerchant } = UNKNOWN_REFUND;
  resolveCase(out, context, 'unknown_refund', refund.channelRefundNo, words, toldToMerchant);
}

/** When a refund is asked about next. The plan has no last question. */
export function nextRefundQueryAtMs(rules: RefundRules, queryCount: number, nowMs: number): number {
  const { queryDelaysMs } = rules;
  return nowMs + (queryDelaysMs[Math.min(queryCount, queryDelaysMs.length - 1)] ?? 60_000);
}
