/** A merchant's payments by page, and the search by any of the three order numbers. */
import { idToUuid, isId, merchantNumberOf, readChannelOrderNo, uuidToId } from '../../core/id.ts';
import type { PaymentStatus } from '../../core/payment.ts';
import type { PaymentKey } from '../store.ts';
import type { Page, Paged } from './keyset.ts';
import { firstUuidAt, ID_SLACK_MS, takePage, UUID_MAX, UUID_MIN } from './keyset.ts';
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

// Only the primary key may drive this: `created_at_ms + 0` keeps its own index out of it, and the
// bounds of the ids, which carry the time, cut the walk short.
const LIST = (direction: 'ASC' | 'DESC'): string => `
  SELECT id FROM payment
  WHERE merchant_number = $1 AND id > $2 AND id < $3
    AND ($4::text IS NULL OR status = $4)
    AND ($5::bigint IS NULL OR created_at_ms + 0 >= $5)
    AND ($6::bigint IS NULL OR created_at_ms + 0 < $6)
  ORDER BY id ${direction} LIMIT $7`;

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
  const { createdGteMs, createdLtMs, limit } = options;
  const isBackwards = options.endingBefore !== null;
  const from = options.endingBefore === null ? null : idToUuid(options.endingBefore);
  const to = options.startingAfter === null ? null : idToUuid(options.startingAfter);
  const lowest = createdGteMs === null ? UUID_MIN : firstUuidAt(createdGteMs - ID_SLACK_MS);
  const highest = createdLtMs === null ? UUID_MAX : firstUuidAt(createdLtMs + ID_SLACK_MS);
  const { rows } = await pool.query<{ id: string }>({
    name: isBackwards ? 'list_payments_backwards' : 'list_payments',
    text: LIST(isBackwards ? 'ASC' : 'DESC'),
    values: [
      merchantNumber,
      from !== null && from > lowest ? from : lowest,
      to !== null && to < highest ? to : highest,
      options.status,
      createdGteMs,
      createdLtMs,
      limit + 1,
    ],
  });
  const page = takePage(rows, limit);
  const newestFirst = isBackwards ? page.items.toReversed() : page.items;
  return {
    items: newestFirst.map((row) => ({ merchantNumber, paymentId: uuidToId('pay', row.id) })),
    hasMore: page.hasMore,
  };
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
