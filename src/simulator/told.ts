/** What merchants were told, by whatever way: the record against which the auditor holds the world. */
import type { Aggregate } from '../core/aggregate.ts';
import type { PaymentObject } from '../runtime/payment-object.ts';
import { paymentObject } from '../runtime/payment-object.ts';
import type { RefundObject } from '../runtime/refund-object.ts';
import { refundObject } from '../runtime/refund-object.ts';

/** A payment with its refunds, as a merchant can read them. */
export type Readable = {
  readonly payment: PaymentObject;
  readonly refunds: readonly RefundObject[];
};

/** Renders what a merchant can read of a payment. */
export function readableOf(aggregate: Aggregate): Readable {
  return {
    payment: paymentObject(aggregate, () => null),
    refunds: aggregate.payment.refunds.map((refund) => refundObject(aggregate, refund)),
  };
}

export type Told = Readable & {
  readonly by: 'answer' | 'notice';
  readonly atMs: number;
  /** Of a notice: its event, what it is about, and which of the merchant's endpoints took it. */
  readonly notice: {
    readonly eventId: string;
    readonly endpoint: string;
    readonly event: string;
    readonly subjectKey: string | null;
  } | null;
};

/** A creation that was answered with 2xx. */
export type Acknowledged = {
  readonly merchantOrderNo: string;
  readonly paymentId: string;
  readonly amountMinor: number;
};

/** A refund that was answered with 2xx. */
export type AcknowledgedRefund = {
  readonly merchantRefundNo: string;
  readonly paymentId: string;
  readonly amountMinor: number;
};
