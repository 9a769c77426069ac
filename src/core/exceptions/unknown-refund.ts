/**
 * Unknown refund (退款结果未知): the channel may have returned the money, and no word says so. It is asked
 * about without an age limit, less and less often, and resent only under the same number and amount.
 */
import type { ChannelRefund } from '../channel-refund.ts';
import type { Consequences, Context } from '../decision.ts';
import { openCase, reassignCase, resolveCase } from '../decision.ts';
import { refusalMark } from '../message.ts';
import type { RefundRules } from '../policy.ts';
import type { KindDescription } from './kind.ts';

export const UNKNOWN_REFUND: KindDescription = {
  kind: 'unknown_refund',
  zh: '退款结果未知',
  what: 'A refund was sent, and nobody knows whether the channel returned the money.',
  noticed: 'The first planned question about the refund brings no final word.',
  response:
    'Ask again without an end; send again only under the same number and amount. Where a second sending could return the money twice, a person decides once all planned questions were asked.',
  over: 'The channel said succeeded, or proved the number dead.',
  toldToMerchant: false,
  actions: ['retry_refund', 'give_up_refund'],
  seen: 'The refund is unknown or pending for longer than usual. What it has set aside stays set aside. Where only a person can go on it is requires_action with no_word, and the case belongs to operations.',
  why: 'The refund call timed out, the channel queues refunds, or its query lags behind.',
  practise: ['refund_slow', 'refund_timeout_accepted'],
};

const ASKS_AGAIN = {
  owner: 'platform',
  nextAction: 'The platform asks the channel again, less and less often, without an end.',
} as const;

const NO_WORD: NonNullable<ChannelRefund['failure']> = {
  code: 'no_word',
  message: 'The channel does not say whether it returned the money.',
  channelCode: 'none',
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
    ...ASKS_AGAIN,
    moneyAtRiskMinor: refund.amountMinor,
    toldToMerchant: UNKNOWN_REFUND.toldToMerchant,
  });
}

/** Whether it waits for a person: nobody knows what became of it, and the platform may not send it again. */
export function isHandedOver({ status, failure }: ChannelRefund): boolean {
  return status === 'unknown' && failure?.code === NO_WORD.code;
}

/**
 * The refund in a person's hands, once each pause of the plan has passed in vain and a second sending
 * could return the money twice; else as it was. It stays unknown, and is asked about all the same.
 */
export function handOverIfUsedUp(
  attempt: number,
  refund: ChannelRefund,
  rules: RefundRules,
  out: Consequences,
): ChannelRefund {
  const isUsedUp = refund.queryCount >= rules.queryDelaysMs.length;
  if (rules.resendsSafely || !isUsedUp || refund.status !== 'unknown') return refund;
  if (isHandedOver(refund)) return refund;
  const { refundKey, channelRefundNo } = refund;
  reassignCase(out, 'unknown_refund', channelRefundNo, {
    owner: 'operations',
    nextAction:
      'Ask the channel by other means. If it never got the refund, retry it: the channel may pay the same number twice. Else wait; a surplus can be given up.',
  });
  const { code, message } = NO_WORD;
  const of = refusalMark(refund);
  const end = 'stuck';
  out.toPaymentBook.push({ type: 'return_refused', refundKey, attempt, end, of, code, message });
  return { ...refund, failure: NO_WORD };
}

/** The refund without what waited for a person, whose case is the platform's again; else as it was. */
export function takeBackUnknown(refund: ChannelRefund, out: Consequences): ChannelRefund {
  if (!isHandedOver(refund)) return refund;
  reassignCase(out, 'unknown_refund', refund.channelRefundNo, ASKS_AGAIN);
  return { ...refund, failure: null };
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
