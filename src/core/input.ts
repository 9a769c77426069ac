/**
 * Inputs: a request, which may be refused, or a fact, which may not. There is no third way to
 * change a payment: API, notification, query, statement and operator all end here.
 */
import type { StatementDifference } from './reconciliation/difference.ts';
import type { Evidence, Outcome } from './outcome.ts';
import type { Message } from './message.ts';
import type { LatePaymentPolicy } from './payment.ts';
import type { RefundFact, RefundOutcome } from './refund-outcome.ts';

export type CreatePayment = {
  readonly type: 'create_payment';
  readonly paymentId: string;
  readonly merchantNumber: number;
  readonly merchantOrderNo: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly subject: string;
  readonly expiresInMs: number | null;
  readonly returnUrl: string | null;
  readonly noticeUrl: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  /** The merchant's policy as it stands now; it stays with the payment. */
  readonly latePayment: LatePaymentPolicy;
  readonly try: RequestedTry | null;
};

export type RequestRefund = {
  readonly type: 'request_refund';
  readonly merchantRefundNo: string;
  readonly amountMinor: number;
  readonly note: string | null;
};

/** What a person may decide about a case; which ones fit is the case's own business. */
export const OPERATOR_ACTIONS = [
  'return_money',
  'retry_refund',
  'give_up_refund',
  'resolve',
] as const;
export type OperatorAction = (typeof OPERATOR_ACTIONS)[number];

export type OperatorDecision = {
  readonly type: 'operator_decision';
  readonly caseId: string;
  readonly action: OperatorAction;
  /** The person's name, and why. Both stay in the history. */
  readonly by: string;
  readonly reason: string;
};

export type RequestedTry = {
  readonly channel: string;
  readonly account: string;
  readonly product: string;
  /** The payer said "not paid yet": another try may overlap one that cannot be closed. */
  readonly allowOverlap: boolean;
};

export type Request =
  | CreatePayment
  | { readonly type: 'request_try'; readonly try: RequestedTry }
  | { readonly type: 'close_payment' }
  | RequestRefund
  | OperatorDecision;

/** What a channel said about an order of ours. */
export type OutcomeLearned = Extract<Fact, { type: 'outcome_learned' }>;

export type Fact =
  | {
      readonly type: 'outcome_learned';
      readonly attempt: number;
      readonly outcome: Outcome;
      readonly evidence: Evidence;
      /** True when the dropped-order plan asked, and not a merchant's sync or a request in line. */
      readonly planned: boolean;
      /**
       * When the question left: an answer says how things stood then, however late it is decided. Left
       * out for what nobody asked.
       */
      readonly askedAtMs?: number;
      /** The account that proved it: its word counts only for its own orders. */
      readonly from: { readonly channel: string; readonly account: string };
    }
  /** The guard before a refund leaves: from here on nobody knows whether the channel has it. */
  | { readonly type: 'refund_sending'; readonly attempt: number; readonly number: number }
  /** The brake on automatic money out keeps a refund, or lets go of it again; `by` is a person, or the brake. */
  | {
      readonly type: 'refund_held_back' | 'refund_released';
      readonly attempt: number;
      readonly number: number;
      readonly by: string;
      readonly reason: string;
    }
  | {
      readonly type: 'refund_outcome_learned';
      readonly attempt: number;
      readonly number: number;
      readonly outcome: RefundOutcome;
      readonly evidence: Evidence;
      /** True when the plan of questions asked. */
      readonly planned: boolean;
      readonly from: { readonly channel: string; readonly account: string };
    }
  /** The channel tells of a refund that carries no number of ours. */
  | {
      readonly type: 'foreign_refund_learned';
      readonly attempt: number;
      readonly refund: RefundFact;
      readonly evidence: Evidence;
      readonly from: { readonly channel: string; readonly account: string };
    }
  /**
   * The complete, verified statements of every day on which the order could have been paid lack it, and
   * a question asked after them does not say that it was or may be paid. `words` name the days.
   */
  | {
      readonly type: 'statement_silent';
      readonly attempt: number;
      readonly words: string;
      readonly from: { readonly channel: string; readonly account: string };
    }
  /** Comparing a day has found that the channel's statement and our books differ about this order. */
  | ({ readonly type: 'difference_found' } & StatementDifference)
  /** They do not any more; `words` say what proves it. */
  | {
      readonly type: 'difference_over';
      readonly kind: StatementDifference['kind'];
      readonly subject: string;
      readonly words: string;
    }
  /** A message of the other book, where that lies in another database. */
  | { readonly type: 'message'; readonly key: string; readonly message: Message }
  /** A scan found this message missing, and it was taken in since: the internal drop is over. */
  | { readonly type: 'internal_drop_healed'; readonly key: string }
  /** The payment's validity has ended. */
  | { readonly type: 'validity_ended' }
  /** A notice used up its tries, or was delivered after all. */
  | { readonly type: 'notice_exhausted'; readonly eventId: string; readonly endpoint: string }
  | { readonly type: 'notice_delivered'; readonly eventId: string; readonly endpoint: string };

export type Input = Request | Fact;

/** The time that an answer is about: when it was asked for, else when it is decided. */
export function askedAt(fact: { readonly askedAtMs?: number }, nowMs: number): number {
  return fact.askedAtMs ?? nowMs;
}
