/**
 * The payment (支付订单): one per merchant and merchant order number, for ever. It relates the
 * merchant's order to us, allows tries, has at most one winner, and is what merchants are told of.
 */
import type { Via } from './outcome.ts';
import type { Refund } from './refund.ts';

export const PAYMENT_STATUSES = ['pending', 'processing', 'succeeded', 'closed'] as const;
/** `pending`: nothing under way. `processing`: a channel may still be paid. */
export type PaymentStatus = (typeof PAYMENT_STATUSES)[number];

/**
 * Every legal move. `closed` leads to `pending` only for a payment closed by expiry and never paid, and
 * to `succeeded` only where the merchant's policy takes late money.
 */
export const PAYMENT_MOVES: Readonly<Record<PaymentStatus, readonly PaymentStatus[]>> = {
  pending: ['processing', 'succeeded', 'closed'],
  processing: ['pending', 'succeeded', 'closed'],
  succeeded: [],
  closed: ['pending', 'succeeded'],
};

export type CloseReason = 'merchant' | 'expired' | 'never_opened';

/** What a merchant wants done with money that arrives for a closed payment. */
export const LATE_PAYMENT_POLICIES = ['refund', 'accept_if_paid_before_expiry', 'accept'] as const;
export type LatePaymentPolicy = (typeof LATE_PAYMENT_POLICIES)[number];

/**
 * A try is the payment book's own record of a channel order that it allowed. The channel book holds
 * the order itself, perhaps in another database; they agree by messages.
 */
export type Try = {
  readonly attempt: number;
  readonly channel: string;
  readonly product: string;
  /** `allowed` until the channel book has it; `dead` only with evidence. */
  readonly status: 'allowed' | 'open' | 'dead' | 'held' | 'paid';
  /** True when the channel never knew the order: its payer never opened it. */
  readonly neverOpened: boolean;
  /** Kept only where the channel book lies in another database: enough to order the try there again. */
  readonly account?: string;
  readonly validUntilMs?: number;
};

export type Winner = {
  readonly attempt: number;
  readonly transactionNo: string;
  readonly amountMinor: number;
  readonly paidAtMs: number;
  readonly via: Via;
};

export type Payment = {
  readonly id: string;
  readonly merchantNumber: number;
  readonly merchantOrderNo: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly subject: string;
  readonly returnUrl: string | null;
  readonly noticeUrl: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
  /** The merchant's policy as it stood when the payment was made. */
  readonly latePayment: LatePaymentPolicy;
  readonly status: PaymentStatus;
  readonly expiresAtMs: number;
  /** Rises by one with every accepted change of the payment or of its channel orders. */
  readonly version: number;
  readonly tries: readonly Try[];
  readonly winner: Winner | null;
  /** Set while the payment is being closed and a channel has not yet proven its order dead. */
  readonly closing: 'merchant' | 'expired' | null;
  readonly closeReason: CloseReason | null;
  /** Money taken beside the winner, and what of it lies in suspense. */
  readonly surplusReceivedMinor: number;
  readonly surplusHeldMinor: number;
  /** Merchants' refunds and returns of surplus, in the order in which they came to be owed. */
  readonly refunds: readonly Refund[];
  /** Returned of the winner, and taken back of the surplus, by others than us: at the channel's console, or reversed. */
  readonly foreignReturnedMinor: number;
  readonly surplusTakenBackMinor: number;
  /** When the channel revoked the winner (冲正); the payment stays what it was. */
  readonly reversedAtMs: number | null;
};

/** Tries of which nobody can say yet that they will not be paid. */
export function openTries(payment: Payment): Try[] {
  return payment.tries.filter((one) => one.status === 'allowed' || one.status === 'open');
}

/** The payment with one try changed. */
export function withTry(payment: Payment, attempt: number, change: Partial<Try>): Payment {
  const tries = payment.tries.map((one) => (one.attempt === attempt ? { ...one, ...change } : one));
  return { ...payment, tries };
}

/** The payment in a new status; throws when the move is not in the table, which would be our bug. */
export function movedPayment(
  payment: Payment,
  status: PaymentStatus,
  change: Partial<Payment> = {},
): Payment {
  if (status !== payment.status && !PAYMENT_MOVES[payment.status].includes(status)) {
    throw new Error(`payment ${payment.id} cannot go from ${payment.status} to ${status}`);
  }
  return { ...payment, ...change, status };
}
