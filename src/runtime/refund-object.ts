/** A refund as merchants see it: in API answers and in notices, always the same shape. */
import type { Aggregate } from '../core/aggregate.ts';
import type { ChannelOrder } from '../core/channel-order.ts';
import type { ChannelRefund } from '../core/channel-refund.ts';
import { isReleased } from '../core/channel-refunds.ts';
import type { Refund } from '../core/refund.ts';
import { timeText } from './payment-object.ts';

export type RefundObject = ReturnType<typeof refundObject>;

/** Renders one refund of a payment; amounts are integer minor units, times RFC 3339. */
export function refundObject({ payment, orders }: Aggregate, refund: Refund) {
  const order = orders.find((one) => one.attempt === refund.attempt);
  const sent = order?.refunds.filter((one) => one.refundKey === refund.key) ?? [];
  return {
    id: refund.id,
    object: 'refund' as const,
    payment: payment.id,
    merchant_order_no: payment.merchantOrderNo,
    merchant_refund_no: refund.merchantRefundNo,
    amount: refund.amountMinor,
    currency: refund.currency,
    reason: refund.reason,
    note: refund.note,
    status: statusOf(refund, sent),
    // Beside a success it only says that the refund had been called dead before.
    failure: failureOf(refund),
    channel_transaction_no: refund.transactionNo,
    channel_refunds: order ? sent.map((one) => channelRefundObject(order, one)) : [],
    returned_at: timeText(refund.returnedAtMs),
    created_at: timeText(refund.createdAtMs),
  };
}

/** Why it does not go on. Which number the refusal was about is between the two books. */
function failureOf({ status, failure }: Refund) {
  if (status === 'succeeded' || failure === null) return null;
  return { code: failure.code, message: failure.message };
}

/** `unknown` is the channel book's word: nobody can say what the channel did with the newest number. */
function statusOf(refund: Refund, sent: readonly ChannelRefund[]): Refund['status'] | 'unknown' {
  const isUnknown = refund.status === 'pending' && sent.at(-1)?.status === 'unknown';
  return isUnknown ? 'unknown' : refund.status;
}

function channelRefundObject(order: ChannelOrder, refund: ChannelRefund) {
  // A person's release is the channel book's own mark, and no failure.
  const failure = isReleased(refund) ? null : refund.failure;
  return {
    channel_refund_no: refund.channelRefundNo,
    channel: order.channel,
    channel_order_no: order.channelOrderNo,
    channel_refund_id: refund.refundId,
    status: refund.status,
    amount: refund.amountMinor,
    failure: failure && {
      code: failure.code,
      message: failure.message,
      channel_code: failure.channelCode,
    },
    sent_at: timeText(refund.sentAtMs),
    refunded_at: timeText(refund.refundedAtMs),
  };
}
