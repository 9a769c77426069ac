/**
 * The refund (退款单), as the payment book knows it: money that is owed back to a payer, by a merchant's
 * request or because nobody ordered it. The channel book sends it, in one or several channel refunds.
 */
export const REFUND_STATUSES = ['pending', 'succeeded', 'failed', 'requires_action'] as const;
/** `failed`: no money moves and nothing is owed any more. `requires_action`: still owed, and a person must act. */
export type RefundStatus = (typeof REFUND_STATUSES)[number];

/** Every legal move. A channel that calls a refund dead and returns the money after all has returned it. */
export const REFUND_MOVES: Readonly<Record<RefundStatus, readonly RefundStatus[]>> = {
  pending: ['succeeded', 'failed', 'requires_action'],
  requires_action: ['pending', 'succeeded', 'failed'],
  failed: ['succeeded'],
  succeeded: [],
};

export const REFUND_REASONS = ['requested', 'duplicate', 'late', 'mismatch'] as const;
/** Why it is returned: a merchant asked, or the platform found money that nobody ordered. */
export type RefundReason = (typeof REFUND_REASONS)[number];

export type Refund = {
  readonly id: string;
  /**
   * What it is for, unique inside its payment: `surplus:<attempt>:<transaction>` is the one return of
   * that charge, whatever the cause; `merchant:<number>` is one request of the merchant's.
   */
  readonly key: string;
  readonly merchantRefundNo: string | null;
  /** The charge that is given back. */
  readonly attempt: number;
  readonly transactionNo: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly reason: RefundReason;
  /** The merchant's own words. */
  readonly note: string | null;
  readonly createdAtMs: number;
  readonly status: RefundStatus;
  readonly failure: {
    readonly code: string;
    readonly message: string;
    /** Which refusal of the channel it was (`refusalMark`). */
    readonly of?: string;
  } | null;
  /** The channel's time at which the money was returned. */
  readonly returnedAtMs: number | null;
};

/** The key of the one return of a charge (I5: two causes can never return the same money twice). */
export function surplusKey(chargeKey: string): string {
  return `surplus:${chargeKey}`;
}

/** The key of a merchant's own request. */
export function merchantRefundKey(merchantRefundNo: string): string {
  return `merchant:${merchantRefundNo}`;
}

/** Whether a refund returns money beside the winner. */
export function isSurplus(refund: Pick<Refund, 'reason'>): boolean {
  return refund.reason !== 'requested';
}

/** The order in which the refunds of a payment stand: as they were made, by the clocks that made them. */
export function inRefundOrder(a: Refund, b: Refund): number {
  if (a.createdAtMs !== b.createdAtMs) return a.createdAtMs - b.createdAtMs;
  return a.id < b.id ? -1 : 1;
}
