/**
 * What a channel can answer about a refund that we asked it for, and what it can tell of refunds
 * that we never asked for. 渠道退款结果。
 *
 * The connector turns a channel's codes into one of these. `failed` is a closed list per channel:
 * only a word that proves the number dead for ever may become it. Everything unlisted is `unknown`.
 */

/** Money that a channel gave back, as the channel itself lists it (退款流水). */
export type RefundFact = {
  /** The number that we sent with our request; null when somebody refunded at the channel's own console. */
  readonly channelRefundNo: string | null;
  /** The channel's own number of the refund. */
  readonly refundId: string;
  /** The charge that was given back. */
  readonly transactionNo: string;
  readonly amountMinor: number;
  readonly currency: string;
  /** The channel's time. */
  readonly refundedAtMs: number;
};

export type RefundOutcome =
  | { readonly type: 'succeeded'; readonly refund: RefundFact; readonly channelCode: string }
  /** Accepted: the money is on its way, and may still come back. */
  | { readonly type: 'pending'; readonly channelCode: string }
  /** The number is dead for good: no money will ever move under it. A new number may be tried. */
  | {
      readonly type: 'failed';
      readonly code: string;
      readonly message: string;
      readonly channelCode: string;
    }
  /** The number is dead or stuck, and no other number would do better: a person must act (ABNORMAL). */
  | {
      readonly type: 'requires_action';
      readonly code: string;
      readonly message: string;
      readonly channelCode: string;
    }
  /** Not taken just now by a rule of the channel; the same number may be sent again later. */
  | {
      readonly type: 'refused_for_now';
      readonly code: 'too_soon' | 'not_enough_funds' | 'not_yet_refundable' | 'too_many';
      readonly message: string;
      readonly channelCode: string;
    }
  /** The channel does not know this refund number (yet). */
  | { readonly type: 'not_found'; readonly channelCode: string }
  /** Nobody knows: timeout, broken answer, unlisted code, channel down. */
  | { readonly type: 'unknown'; readonly reason: string; readonly channelCode: string };
