/** Whether our books have what a statement's line says, and what the line says as a fact. */
import type { Aggregate } from '../../core/aggregate.ts';
import type { ChannelOrder } from '../../core/channel-order.ts';
import { readChannelOrderNo, readChannelRefundNo } from '../../core/id.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { RefundFact } from '../../core/refund-outcome.ts';
import type { StoredItem } from '../../store/postgres/reconciliations.ts';

/** The payment and attempt that a line's numbers lead to; null when they are none of ours. */
export function orderNamed(item: StoredItem): { paymentId: string; attempt: number } | null {
  const byRefund = item.refundNo === null ? null : readChannelRefundNo(item.refundNo);
  const number = item.orderNo ?? byRefund?.channelOrderNo ?? null;
  return number === null ? null : readChannelOrderNo(number);
}

/** The order that the line is about, if the account that speaks is its own. */
export function orderOf(
  aggregate: Aggregate | null | undefined,
  attempt: number,
  from: { readonly channel: string; readonly account: string },
): ChannelOrder | null {
  const order = aggregate?.orders.find((one) => one.attempt === attempt);
  return order?.channel === from.channel && order.account === from.account ? order : null;
}

/** Whether the order's books have the movement, with the amount that the line has. */
export function isKnown(order: ChannelOrder, item: StoredItem): boolean {
  const { transactionNo, refundNo, channelMinor: amountMinor, currency } = item;
  const isSame = (one: { amountMinor: number; currency: string }): boolean =>
    one.amountMinor === amountMinor && one.currency === currency;
  switch (item.kind) {
    case 'payment':
      return order.charges.some((one) => isSame(one) && isNamed(one.transactionNo, transactionNo));
    case 'reversal':
      return order.charges.some(
        (one) => one.reversedAtMs !== null && isNamed(one.transactionNo, transactionNo),
      );
    case 'refund':
      return refundNo === null
        ? order.foreignReturns.some(
            (one) => isSame(one) && isNamed(one.transactionNo, transactionNo),
          )
        : order.refunds.some(
            (one) => one.channelRefundNo === refundNo && one.status === 'succeeded' && isSame(one),
          );
    case 'dispute':
    case 'fee':
    case 'payout':
    case 'other':
      return false;
  }
}

function isNamed(known: string, said: string | null): boolean {
  return said === null || known === said;
}

/** What a line proves about an order, where the channel cannot be asked; null where it proves nothing that can be booked. */
export function outcomeOfLine(item: StoredItem): Outcome | null {
  const { kind, transactionNo, channelMinor, currency, atMs, channelStatus } = item;
  if (channelStatus !== 'succeeded' || transactionNo === null || atMs === null) return null;
  if (channelMinor === null || channelMinor <= 0) return null;
  const channelCode = item.word ?? kind;
  if (kind === 'reversal') {
    return { type: 'reversed', transactionNo, reversedAtMs: atMs, channelCode };
  }
  if (kind !== 'payment') return null;
  const charge = { transactionNo, amountMinor: channelMinor, currency, paidAtMs: atMs };
  return { type: 'succeeded', charges: [charge], channelCode };
}

/** What a refund line proves; `refundId` stands for the channel's own number where the file has none. */
export function refundOfLine(item: StoredItem): RefundFact | null {
  const { transactionNo, channelMinor, currency, atMs, refundNo } = item;
  if (item.kind !== 'refund' || item.channelStatus !== 'succeeded') return null;
  if (transactionNo === null || channelMinor === null || channelMinor <= 0 || atMs === null) {
    return null;
  }
  const refundId = item.movementNo ?? refundNo;
  if (refundId === null) return null;
  return {
    channelRefundNo: refundNo,
    refundId,
    transactionNo,
    amountMinor: channelMinor,
    currency,
    refundedAtMs: atMs,
  };
}
