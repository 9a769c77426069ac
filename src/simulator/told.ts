/** What merchants were told, by whatever way: the record against which the auditor holds the world. */
import type { PaymentObject } from '../runtime/payment-object.ts';

export type Told = {
  readonly by: 'answer' | 'notice';
  readonly atMs: number;
  readonly payment: PaymentObject;
  /** Of a notice: its event, and which of the merchant's endpoints took it. */
  readonly notice: {
    readonly eventId: string;
    readonly endpoint: string;
    readonly event: string;
  } | null;
};

/** A creation that was answered with 2xx. */
export type Acknowledged = {
  readonly merchantOrderNo: string;
  readonly paymentId: string;
  readonly amountMinor: number;
};
