/** Reading the money that the sandbox lists: what was charged, and what went back. */
import type { ChargeFact } from '../../core/outcome.ts';
import type { RefundFact } from '../../core/refund-outcome.ts';
import { isRecord } from '../json-object.ts';
import { readMoney, readNumber, readTime } from './word-reading.ts';
import type { Words } from './word-reading.ts';

/** A charge, and when the channel took it back; null while it stands. */
export type Trade = { readonly charge: ChargeFact; readonly reversedAtMs: number | null };

/** One charge, or null when any of its fields is missing or not in the one form that it may have. */
export function readCharge(words: Words): ChargeFact | null {
  const money = readMoney(words);
  const paidAtMs = readTime(words['paid_at']);
  return money === null || paidAtMs === null ? null : { ...money, paidAtMs };
}

/** One trade of a list, or null when it cannot be read whole. */
export function readTrade(words: unknown): Trade | null {
  const charge = isRecord(words) ? readCharge(words) : null;
  if (charge === null || !isRecord(words)) return null;
  if (words['state'] === undefined) return { charge, reversedAtMs: null };
  const reversedAtMs = words['state'] === 'REVERSED' ? readTime(words['reversed_at']) : null;
  return reversedAtMs === null ? null : { charge, reversedAtMs };
}

/** The refunds in such a list that were done; null when one of them cannot be read. */
export function readRefunds(list: readonly unknown[]): RefundFact[] | null {
  const facts: RefundFact[] = [];
  for (const words of list) {
    if (!isRecord(words)) return null;
    const { state } = words;
    // Money that is not back yet, or will not be, is no fact about money.
    if (state === 'PROCESSING' || state === 'CLOSED' || state === 'ABNORMAL') continue;
    const fact = state === 'SUCCESS' ? readRefund(words) : null;
    if (fact === null || facts.some(({ refundId }) => refundId === fact.refundId)) return null;
    facts.push(fact);
  }
  return facts;
}

/** One refund that was done, or null when any of its fields is missing or malformed. */
export function readRefund(words: Words): RefundFact | null {
  const money = readMoney(words);
  const refundId = readNumber(words['refund_id']);
  const refundedAtMs = readTime(words['refunded_at']);
  const isOurs = words['refund_no'] !== undefined;
  const channelRefundNo = readNumber(words['refund_no']);
  if (money === null || refundId === null || refundedAtMs === null) return null;
  if (isOurs && channelRefundNo === null) return null;
  return { channelRefundNo, refundId, ...money, refundedAtMs };
}
