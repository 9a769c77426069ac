/** The payment as merchants see it: in API answers and in notices, always the same shape. */
import type { Aggregate } from '../core/aggregate.ts';
import type { ChannelOrder } from '../core/channel-order.ts';
import { awaiting, isOpen } from '../core/channel-order.ts';
import type { Case } from '../core/exceptions/kind.ts';
import { isHeldNow } from '../core/charge.ts';
import { channelOrderId } from '../core/id.ts';
import type { NextAction } from '../core/outcome.ts';
import type { Payment } from '../core/payment.ts';
import { refundedMinor, surplusReturnedMinor } from '../core/refund-sums.ts';
import { toldVersion } from '../core/told-version.ts';

/** Renders the link of an order whose page opens by a link that we sign ourselves; null for all others. */
export type LinkOf = (order: ChannelOrder, payment: Payment) => NextAction | null;

export type PaymentObject = ReturnType<typeof paymentObject>;

/** An RFC 3339 time, or null. */
export function timeText(ms: number): string;
export function timeText(ms: number | null): string | null;
export function timeText(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** Renders one payment; amounts are integer minor units, times RFC 3339. */
export function paymentObject(aggregate: Aggregate, linkOf: LinkOf) {
  const { payment, orders, cases } = aggregate;
  const { winner } = payment;
  return {
    id: payment.id,
    object: 'payment' as const,
    status: payment.status,
    amount: payment.amountMinor,
    currency: payment.currency,
    amount_received: winner?.amountMinor ?? 0,
    amount_refunded: refundedMinor(payment),
    surplus: {
      received: payment.surplusReceivedMinor,
      returned: surplusReturnedMinor(payment),
      held: payment.surplusHeldMinor,
    },
    merchant_order_no: payment.merchantOrderNo,
    subject: payment.subject,
    next_action: nextAction(payment, orders, linkOf),
    channel_orders: orders.map((order) => orderObject(payment, order)),
    confirmed_by: winner?.via ?? null,
    exceptions: cases.map((one) => exceptionObject(payment, one)),
    closing: payment.closing !== null,
    close_reason: payment.closeReason,
    reversed_at: timeText(payment.reversedAtMs),
    expires_at: timeText(payment.expiresAtMs),
    paid_at: timeText(winner?.paidAtMs ?? null),
    created_at: timeText(payment.createdAtMs),
    version: toldVersion(aggregate),
    metadata: payment.metadata,
  };
}

/** Renders one case of a payment. */
export function exceptionObject(payment: Payment, one: Case) {
  return {
    id: one.id,
    object: 'exception' as const,
    kind: one.kind,
    status: one.resolvedAtMs === null ? ('open' as const) : ('resolved' as const),
    payment: payment.id,
    merchant_order_no: payment.merchantOrderNo,
    channel_order: one.attempt === null ? null : channelOrderId(payment.id, one.attempt),
    subject: one.subject,
    owner: one.owner,
    next_action: one.nextAction,
    amount_at_risk: one.moneyAtRiskMinor,
    currency: payment.currency,
    deadline: timeText(one.deadlineAtMs),
    opened_at: timeText(one.openedAtMs),
    resolved_at: timeText(one.resolvedAtMs),
    resolution: one.resolution,
  };
}

function orderObject(payment: Payment, order: ChannelOrder) {
  const { failure } = order;
  return {
    id: channelOrderId(payment.id, order.attempt),
    channel: order.channel,
    product: order.product,
    channel_order_no: order.channelOrderNo,
    status: order.status,
    awaiting: awaiting(order),
    amount: order.amountMinor,
    failure: failure && {
      code: failure.code,
      message: failure.message,
      channel_code: failure.channelCode,
    },
    charges: order.charges.map((charge) => ({
      channel_transaction_no: charge.transactionNo,
      amount: charge.amountMinor,
      currency: charge.currency,
      winner: isWinner(payment, order, charge.transactionNo),
      held: isHeldNow(charge),
      paid_at: timeText(charge.paidAtMs),
    })),
  };
}

function isWinner({ winner }: Payment, order: ChannelOrder, transactionNo: string): boolean {
  return (
    winner !== null && winner.attempt === order.attempt && winner.transactionNo === transactionNo
  );
}

/** What the payer can do now: the newest order that is open and payable, unless the payment is ending. */
function nextAction(payment: Payment, orders: readonly ChannelOrder[], linkOf: LinkOf) {
  const none = { type: 'none' as const };
  if (payment.status !== 'processing' || payment.closing) return none;
  const order = orders.findLast(
    (one) => isOpen(one) && one.status === 'pending' && one.closeStep === 'none',
  );
  if (!order) return none;
  const action = order.nextAction ?? linkOf(order, payment);
  if (!action) return none;
  const expiresAt = timeText(order.validUntilMs);
  return action.type === 'display_qr'
    ? { type: action.type, qr_content: action.qrContent, expires_at: expiresAt }
    : { type: action.type, url: action.url, expires_at: expiresAt };
}
