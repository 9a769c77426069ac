/** A merchant's payments by page, and the search by any of the three order numbers. */
import { idToUuid, isId, merchantNumberOf, readChannelOrderNo, uuidToId } from '../../core/id.ts';
import type { PaymentStatus } from '../../core/payment.ts';
import type { PaymentKey } from '../store.ts';
import type { Page, Paged } from './keyset.ts';
import { firstUuidAt, ID_SLACK_MS, takePage } from './keyset.ts';
import { findByMerchantOrderNo } from './load.ts';
import type { Pool } from './pool.ts';

export type PaymentListOptions = Page & {
  /** The id before which (newer) the page ends; not together with `startingAfter`. */
  readonly endingBefore: string | null;
  readonly status: PaymentStatus | null;
  readonly createdGteMs: number | null;
  readonly createdLtMs: number | null;
  /** A merchant order number, a payment id or a channel order number. */
  readonly q: string | null;
};

const EXISTS = 'SELECT 1 FROM payment WHERE merchant_number = $1 AND id = $2';

/**
 * The keys of a merchant's payments, the newest first. With `q` the one payment that the number
 * stands for, if it is this merchant's; the other filters do not apply to it.
 */
export async function listPayments(
  pool: Pool,
  merchantNumber: number,
  options: PaymentListOptions,
): Promise<Paged<PaymentKey>> {
  if (options.q !== null) {
    const found = await findByAnyNumber(pool, merchantNumber, options.q);
    return { items: found ? [found] : [], hasMore: false };
  }
  const { limit } = options;
  const isBackwards = options.endingBefore !== null;
  const { where, values } = conditions(merchantNumber, options);
  const { rows } = await pool.query<{ id: string }>(
    `SELECT id FROM payment WHERE ${where}
     ORDER BY id ${isBackwards ? 'ASC' : 'DESC'} LIMIT ${limit + 1}`,
    values,
  );
  const page = takePage(rows, limit);
  const newestFirst = isBackwards ? page.items.toReversed() : page.items;
  return {
    items: newestFirst.map((row) => ({ merchantNumber, paymentId: uuidToId('pay', row.id) })),
    hasMore: page.hasMore,
  };
}

/**
 * Only what was asked for becomes a condition, and only the primary key may drive the walk: the
 * bounds of ids, which carry the time, cut it short, and `created_at_ms + 0` keeps its index out.
 */
function conditions(merchantNumber: number, options: PaymentListOptions) {
  const { startingAfter, endingBefore, status, createdGteMs, createdLtMs } = options;
  const values: (number | string)[] = [merchantNumber];
  const clauses = ['merchant_number = $1'];
  const add = (clause: string, value: number | string): void => {
    values.push(value);
    clauses.push(`${clause} $${values.length}`);
  };
  const below = [
    ...(startingAfter === null ? [] : [idToUuid(startingAfter)]),
    ...(createdLtMs === null ? [] : [firstUuidAt(createdLtMs + ID_SLACK_MS)]),
  ].sort()[0];
  const above = [
    ...(endingBefore === null ? [] : [idToUuid(endingBefore)]),
    ...(createdGteMs === null ? [] : [firstUuidAt(createdGteMs - ID_SLACK_MS)]),
  ]
    .sort()
    .at(-1);
  if (below !== undefined) add('id <', below);
  if (above !== undefined) add('id >', above);
  if (status !== null) add('status =', status);
  if (createdGteMs !== null) add('created_at_ms + 0 >=', createdGteMs);
  if (createdLtMs !== null) add('created_at_ms + 0 <', createdLtMs);
  return { where: clauses.join(' AND '), values };
}

/** The payment that any of its three numbers stands for, if this merchant has it. */
export async function findByAnyNumber(
  pool: Pool,
  merchantNumber: number,
  text: string,
): Promise<PaymentKey | null> {
  const paymentId = isId('pay', text) ? text : readChannelOrderNo(text)?.paymentId;
  if (paymentId !== undefined && merchantNumberOf(paymentId) === merchantNumber) {
    const values = [merchantNumber, idToUuid(paymentId)];
    const { rowCount } = await pool.query({ name: 'payment_exists', text: EXISTS, values });
    if (rowCount === 1) return { merchantNumber, paymentId };
  }
  // A merchant may number its orders in any way, also in one that looks like ours.
  return await findByMerchantOrderNo(pool, merchantNumber, text);
}
