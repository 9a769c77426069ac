/**
 * Finds a payment by any of its numbers: payment id, channel order number, merchant order number, and
 * those of its refunds.
 */
import {
  idToUuid,
  isId,
  merchantNumberOf,
  readChannelOrderNo,
  readChannelRefundNo,
  uuidToId,
} from '../core/id.ts';
import type { Pool } from '../store/postgres/pool.ts';
import type { PaymentKey } from '../store/store.ts';

const MATCHES_MAX = 20;

/** All payments with this number; a merchant order number may belong to several merchants. */
export async function findPayments(pool: Pool, number: string): Promise<PaymentKey[]> {
  const order = readChannelOrderNo(readChannelRefundNo(number)?.channelOrderNo ?? number);
  const paymentId = isId('pay', number) ? number : order?.paymentId;
  if (paymentId !== undefined) return [{ merchantNumber: merchantNumberOf(paymentId), paymentId }];
  const { rows } = await pool.query<{ merchant_number: number; id: string }>(
    `SELECT merchant_number, id FROM payment WHERE merchant_order_no = $1
     UNION SELECT merchant_number, payment_id FROM refund WHERE merchant_refund_no = $1
     UNION SELECT merchant_number, payment_id FROM refund WHERE id = $2 LIMIT $3`,
    [number, isId('ref', number) ? idToUuid(number) : null, MATCHES_MAX],
  );
  return rows.map((row) => ({
    merchantNumber: row.merchant_number,
    paymentId: uuidToId('pay', row.id),
  }));
}
