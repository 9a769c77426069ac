/**
 * Inputs: a request, which may be refused, or a fact, which may not. There is no third way to
 * change a payment: API, notification, query, statement and operator all end here.
 */
import type { Evidence, Outcome } from './outcome.ts';

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
  readonly try: RequestedTry | null;
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
  | { readonly type: 'close_payment' };

export type Fact =
  | {
      readonly type: 'outcome_learned';
      readonly attempt: number;
      readonly outcome: Outcome;
      readonly evidence: Evidence;
      /** True when the dropped-order plan asked, and not a merchant's sync or a request in line. */
      readonly planned: boolean;
      /** The account that proved it: its word counts only for its own orders. */
      readonly from: { readonly channel: string; readonly account: string };
    }
  /** The payment's validity has ended. */
  | { readonly type: 'validity_ended' }
  /** A notice used up its tries, or was delivered after all. */
  | { readonly type: 'notice_exhausted'; readonly eventId: string; readonly endpoint: string }
  | { readonly type: 'notice_delivered'; readonly eventId: string; readonly endpoint: string };

export type Input = Request | Fact;
