/**
 * What a channel can answer about an order: seven outcomes, and only these. 渠道结果。
 *
 * The connector turns a channel's codes into one of them. A code that it does not know, a broken
 * body, a timeout: all of them are `unknown`, and unknown is never failed.
 */
import type { RefundFact } from './refund-outcome.ts';

export type ChargeFact = {
  /** The channel's own number of the charge (渠道流水号). */
  readonly transactionNo: string;
  readonly amountMinor: number;
  readonly currency: string;
  /** The channel's time of payment. */
  readonly paidAtMs: number;
};

/** A charge that the channel took back itself (冲正), and its time of that. */
export type ReversalFact = { readonly transactionNo: string; readonly reversedAtMs: number };

/** What the payer has to do next, as the merchant and the cashier get to see it. */
export type NextAction =
  | { readonly type: 'display_qr'; readonly qrContent: string }
  | { readonly type: 'redirect'; readonly url: string };

export type Outcome =
  /** The channel took money, once or more often; each charge is a fact of its own. */
  | {
      readonly type: 'succeeded';
      readonly charges: readonly ChargeFact[];
      /** Refunds of these charges that the channel lists, ours and those made at its own console. */
      readonly refunds?: readonly RefundFact[];
      /** Charges beside them that the channel lists as taken back. */
      readonly reversals?: readonly ReversalFact[];
      readonly channelCode: string;
    }
  /** Money that was taken has been taken back by the channel itself (冲正): the success is revoked. */
  | ({
      readonly type: 'reversed';
      /** Further charges of the order that were taken back as well. */
      readonly further?: readonly ReversalFact[];
      readonly channelCode: string;
    } & ReversalFact)
  /** The channel said a definite no. */
  | {
      readonly type: 'failed';
      readonly code: string;
      readonly message: string;
      readonly channelCode: string;
    }
  /** The channel has shut the order: nobody can pay it any more. */
  | { readonly type: 'closed'; readonly channelCode: string }
  /** The channel knows the order and it may still be paid. */
  | {
      readonly type: 'pending';
      readonly nextAction: NextAction | null;
      readonly channelCode: string;
    }
  /** The channel does not know this number (yet): an Alipay order exists only once the payer opens it. */
  | { readonly type: 'not_found'; readonly channelCode: string }
  /** Nobody knows: timeout, broken answer, unlisted code, channel down. */
  | { readonly type: 'unknown'; readonly reason: string; readonly channelCode: string };

/** Which call or message an outcome came from. */
export type Operation =
  | 'pay'
  | 'query'
  | 'close'
  | 'refund'
  | 'refund_query'
  | 'notification'
  | 'statement';

/** How we know: shown as `confirmed_by`. */
export type Via = 'response' | 'notification' | 'query' | 'statement' | 'operator';

/** What proves a fact: where it came from and the words it came in (never a secret). */
export type Evidence = {
  readonly via: Via;
  readonly operation: Operation;
  /** The raw words, cut to a bounded length by whoever received them. */
  readonly raw: string;
};
