import type { BookOrder, Charge } from './book-order.ts';
import type { BookRefund } from './book-refund.ts';
import { compose, type PendingNotification } from './notification.ts';
import { SCENARIOS } from './scenarios.ts';

/** What the channel sends when a refund has come to its end; without our number it was made at the console. */
export function refundNotifications(order: BookOrder, refund: BookRefund): PendingNotification[] {
  const atMs = refund.endedAtMs;
  const conduct = order.scenario === null ? 'done' : SCENARIOS[order.scenario].refund;
  const isLost = conduct === 'done_unanswered' && refund.refundNo !== null;
  if (atMs === null || isLost) return [];
  const fields = {
    event: 'refund',
    ...(refund.refundNo !== null && { refund_no: refund.refundNo }),
    refund_id: refund.refundId,
    trade_no: refund.tradeNo,
    state: refund.state,
    amount: refund.amountMinor,
    currency: refund.currency,
    ...(refund.state === 'SUCCESS' && { refunded_at: new Date(atMs).toISOString() }),
    ...refund.failure,
  };
  return compose(order, [{ fields, sentAtMs: atMs, dueAtMs: atMs }]);
}

/** What the channel sends when it has taken a charge back. */
export function reversalNotifications(
  order: BookOrder,
  charge: Charge,
  atMs: number,
): PendingNotification[] {
  const fields = {
    event: 'reversal',
    trade_no: charge.tradeNo,
    state: 'REVERSED',
    amount: charge.amountMinor,
    currency: charge.currency,
    reversed_at: new Date(atMs).toISOString(),
  };
  return compose(order, [{ fields, sentAtMs: atMs, dueAtMs: atMs }]);
}
