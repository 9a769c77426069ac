import type { Books } from './books.ts';
import type { Told } from './merchant.ts';

/**
 * The truth to compare with, as `GET /books` answers it: every charge, every refund that was done,
 * and what the sample merchant was told. Amounts in minor units.
 */
export function booksPage(books: Books, told: readonly Told[]): unknown {
  return {
    charges: books.charges().map((charge) => ({
      channel: charge.channel,
      channel_order_no: charge.outNo,
      channel_transaction_no: charge.tradeNo,
      amount: charge.amountMinor,
      currency: charge.currency,
      charged_at: timeText(charge.paidAtMs),
      reversed_at: charge.reversedAtMs === null ? null : timeText(charge.reversedAtMs),
    })),
    refunds: books.refunds().flatMap((refund) =>
      refund.state === 'SUCCESS' && refund.endedAtMs !== null
        ? {
            channel_order_no: refund.outNo,
            channel_transaction_no: refund.tradeNo,
            channel_refund_no: refund.refundNo ?? refund.refundId,
            amount: refund.amountMinor,
            refunded_at: timeText(refund.endedAtMs),
          }
        : [],
    ),
    told: told.map((one) => ({
      merchant_order_no: one.merchantOrderNo,
      event: one.event,
      amount: one.amountMinor,
      at: timeText(one.atMs),
    })),
  };
}

function timeText(atMs: number): string {
  return new Date(atMs).toISOString();
}
