/** Rows ↔ state, for money that is returned. */
import type { ChannelOrder } from '../../core/channel-order.ts';
import type { ChannelRefund } from '../../core/channel-refund.ts';
import { channelRefundNo, idToUuid, uuidToId } from '../../core/id.ts';
import type { Via } from '../../core/outcome.ts';
import type { Payment } from '../../core/payment.ts';
import type { Refund } from '../../core/refund.ts';

export type RefundRow = {
  merchant_number: number;
  payment_id: string;
  key: string;
  id: string;
  merchant_refund_no: string | null;
  attempt: number;
  transaction_no: string;
  amount_minor: number;
  currency: string;
  reason: Refund['reason'];
  note: string | null;
  created_at_ms: number;
  status: Refund['status'];
  failure: Refund['failure'];
  returned_at_ms: number | null;
};

export type ChannelRefundRow = {
  merchant_number: number;
  payment_id: string;
  attempt: number;
  number: number;
  refund_key: string;
  round: number;
  transaction_no: string;
  amount_minor: number;
  currency: string;
  is_automatic: boolean;
  created_at_ms: number;
  status: ChannelRefund['status'];
  send_at_ms: number;
  sent_at_ms: number | null;
  query_count: number;
  refund_id: string | null;
  refunded_at_ms: number | null;
  confirmed_by: Via | null;
  is_extra: boolean;
  failure: ChannelRefund['failure'];
};

/** A refund of the payment book, from its row. */
export function toRefund(row: RefundRow): Refund {
  return {
    id: uuidToId('ref', row.id),
    key: row.key,
    merchantRefundNo: row.merchant_refund_no,
    attempt: row.attempt,
    transactionNo: row.transaction_no,
    amountMinor: row.amount_minor,
    currency: row.currency,
    reason: row.reason,
    note: row.note,
    createdAtMs: row.created_at_ms,
    status: row.status,
    failure: row.failure,
    returnedAtMs: row.returned_at_ms,
  };
}

/** A channel refund, from its row and the number of its order. */
export function toChannelRefund(row: ChannelRefundRow, orderNo: string): ChannelRefund {
  return {
    number: row.number,
    refundKey: row.refund_key,
    round: row.round,
    channelRefundNo: channelRefundNo(orderNo, row.number),
    transactionNo: row.transaction_no,
    amountMinor: row.amount_minor,
    currency: row.currency,
    isAutomatic: row.is_automatic,
    createdAtMs: row.created_at_ms,
    status: row.status,
    sendAtMs: row.send_at_ms,
    sentAtMs: row.sent_at_ms,
    queryCount: row.query_count,
    refundId: row.refund_id,
    refundedAtMs: row.refunded_at_ms,
    confirmedBy: row.confirmed_by,
    isExtra: row.is_extra,
    failure: row.failure,
  };
}

/** The row of a refund. */
export function refundRow(payment: Payment, refund: Refund): RefundRow {
  return {
    merchant_number: payment.merchantNumber,
    payment_id: idToUuid(payment.id),
    key: refund.key,
    id: idToUuid(refund.id),
    merchant_refund_no: refund.merchantRefundNo,
    attempt: refund.attempt,
    transaction_no: refund.transactionNo,
    amount_minor: refund.amountMinor,
    currency: refund.currency,
    reason: refund.reason,
    note: refund.note,
    created_at_ms: refund.createdAtMs,
    status: refund.status,
    failure: refund.failure,
    returned_at_ms: refund.returnedAtMs,
  };
}

/** The row of a channel refund. */
export function channelRefundRow(
  payment: Payment,
  { attempt }: ChannelOrder,
  refund: ChannelRefund,
): ChannelRefundRow {
  return {
    merchant_number: payment.merchantNumber,
    payment_id: idToUuid(payment.id),
    attempt,
    number: refund.number,
    refund_key: refund.refundKey,
    round: refund.round,
    transaction_no: refund.transactionNo,
    amount_minor: refund.amountMinor,
    currency: refund.currency,
    is_automatic: refund.isAutomatic,
    created_at_ms: refund.createdAtMs,
    status: refund.status,
    send_at_ms: refund.sendAtMs,
    sent_at_ms: refund.sentAtMs,
    query_count: refund.queryCount,
    refund_id: refund.refundId,
    refunded_at_ms: refund.refundedAtMs,
    confirmed_by: refund.confirmedBy,
    is_extra: refund.isExtra,
    failure: refund.failure,
  };
}
