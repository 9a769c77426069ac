/** I25: what a channel was told we have taken in is there: booked, doubted in the open, or stored raw. */
import type { Aggregate } from '../core/aggregate.ts';
import type { PendingNotification } from '../sandbox/notification.ts';
import type { Report } from './report.ts';

type Words = {
  readonly event?: string;
  readonly state: string;
  readonly out_no: string;
  readonly trade_no?: string;
  readonly refund_id?: string;
};

export type AcknowledgedOptions = {
  readonly report: Report;
  readonly find: (channelOrderNo: string) => Aggregate | undefined;
  /** Whether a message was stored raw, to be applied later. */
  readonly isKept: (body: string) => boolean;
};

/** Checks an acknowledged message against what is durable. */
export function acknowledgedCheck({
  report,
  find,
  isKept,
}: AcknowledgedOptions): (notification: PendingNotification, body: string) => void {
  return ({ id, manner }, body) => {
    if (manner !== 'true' || isKept(body)) return;
    const words = JSON.parse(body) as Words;
    const aggregate = find(words.out_no);
    const isThere =
      aggregate && (words.event === 'refund' ? hasRefund : hasCharge)(aggregate, words);
    if (!isThere) report('I25', `notification ${id} was acknowledged, and nothing of it is there`);
  };
}

function hasCharge({ orders, cases }: Aggregate, { state, trade_no: tradeNo }: Words): boolean {
  if (state !== 'PAID') return true;
  const isDoubted = cases.some((one) => one.kind === 'amount_mismatch');
  const isBooked = orders.some(({ charges }) =>
    charges.some((one) => one.transactionNo === tradeNo),
  );
  return isDoubted || isBooked;
}

function hasRefund(
  { orders }: Aggregate,
  { state, refund_id: refundId, trade_no }: Words,
): boolean {
  if (state !== 'SUCCESS') return true;
  const order = orders.find(({ charges }) => charges.some((one) => one.transactionNo === trade_no));
  // Without its charge it cannot be booked: the answer that brings the charge lists it as well.
  if (!order) return true;
  return (
    order.refunds.some((one) => one.refundId === refundId) ||
    order.foreignReturns.some((one) => one.refundId === refundId)
  );
}
