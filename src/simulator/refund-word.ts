/** What a simulated channel sends when a refund has come to its end. */
import type { BookOrder } from '../sandbox/book-order.ts';
import type { PendingNotification } from '../sandbox/notification.ts';
import type { DeskRefund } from './refund-desk.ts';

const PREFIX = 'refund ';
const PROMISED = 'refund ! ';

/** The message about a refund's end; without our number it was made at the console. */
export function refundNotification(
  { submission }: BookOrder,
  refund: DeskRefund,
  nowMs: number,
): PendingNotification {
  const { channel, account, outNo, notifyUrl } = submission;
  const { refundNo, refundId, tradeNo, state, amountMinor, currency, failure } = refund;
  const body = {
    event: 'refund',
    account,
    out_no: outNo,
    ...(refundNo !== null && { refund_no: refundNo }),
    refund_id: refundId,
    trade_no: tradeNo,
    state,
    amount: amountMinor,
    currency,
    ...(state === 'SUCCESS' && { refunded_at: new Date(nowMs).toISOString() }),
    ...failure,
  };
  const id = `${refund.mustArrive ? PROMISED : PREFIX}${refundId} ${state}`;
  return {
    id,
    notifyId: id,
    channel,
    account,
    outNo,
    url: notifyUrl,
    body: JSON.stringify(body),
    manner: 'true',
    resends: true,
    failedCount: 0,
    exempt: false,
    dueAtMs: nowMs,
  };
}

/** Whether a message is about a refund. */
export function isAboutRefund({ id }: PendingNotification): boolean {
  return id.startsWith(PREFIX);
}

/** Whether only this message can tell the platform of a refund that it does not ask about (any more). */
export function isPromised({ id }: PendingNotification): boolean {
  return id.startsWith(PROMISED);
}
