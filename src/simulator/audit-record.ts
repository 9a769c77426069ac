/** What the auditor of the simulated world is given, in the words of whoever wrote it down. */
import type { Charge } from '../sandbox/book-order.ts';
import type { BookRefund } from '../sandbox/book-refund.ts';

export type AuditedPayment = {
  readonly id: string;
  readonly merchant_order_no: string;
  readonly status: string;
  readonly amount: number;
  readonly currency: string;
  readonly amount_received: number;
  readonly amount_refunded: number;
  readonly surplus: {
    readonly received: number;
    readonly returned: number;
    readonly held: number;
  };
  readonly reversed_at: string | null;
  readonly version: number;
  readonly channel_orders: readonly {
    readonly id: string;
    readonly channel_order_no: string;
    readonly status: string;
    readonly awaiting: string | null;
    readonly charges: readonly AuditedCharge[];
  }[];
  readonly exceptions: readonly {
    readonly kind: string;
    readonly status: string;
    readonly subject: string;
    readonly channel_order: string | null;
  }[];
};

export type AuditedCharge = {
  readonly channel_transaction_no: string;
  readonly amount: number;
  readonly currency: string;
  readonly winner: boolean;
  readonly held: boolean;
};

export type AuditedRefund = {
  readonly id: string;
  readonly payment: string;
  readonly merchant_refund_no: string | null;
  readonly amount: number;
  readonly currency: string;
  readonly reason: string;
  readonly status: string;
  readonly failure: { readonly code: string } | null;
  readonly channel_transaction_no: string;
  readonly channel_refunds: readonly {
    readonly channel_refund_no: string;
    readonly status: string;
    readonly amount: number;
  }[];
};

/** A payment with its refunds, as its merchant can read them. */
export type AuditedReadable = {
  readonly payment: AuditedPayment;
  readonly refunds: readonly AuditedRefund[];
};

export type AuditedTold = AuditedReadable & {
  readonly by: string;
  readonly atMs: number;
  readonly notice: {
    readonly eventId: string;
    readonly endpoint: string;
    readonly event: string;
    readonly subjectKey: string | null;
  } | null;
};

export type Books = {
  readonly charges: readonly Charge[];
  /** Money that channels gave back; nothing that came to nothing. */
  readonly refunds: readonly BookRefund[];
  /** What the channel says about a number: PAID, DECLINED, CLOSED, NOT_EXIST, … */
  readonly stateOf: (channelOrderNo: string) => string;
};

export type Audit = {
  readonly books: Books;
  readonly payments: readonly AuditedReadable[];
  readonly told: readonly AuditedTold[];
  readonly acknowledged: readonly {
    readonly merchantOrderNo: string;
    readonly paymentId: string;
    readonly amountMinor: number;
  }[];
  readonly acknowledgedRefunds: readonly {
    readonly merchantRefundNo: string;
    readonly paymentId: string;
    readonly amountMinor: number;
  }[];
};

export type AuditReport = (id: string, words: string) => void;
