/** Reading whole payments: one statement for any number of them. */
import type { Aggregate } from '../../core/aggregate.ts';
import { idToUuid, uuidToId } from '../../core/id.ts';
import type { PaymentKey } from '../store.ts';
import type { Pool } from './pool.ts';
import type { AggregateRow } from './rows.ts';
import { toAggregate } from './rows.ts';

// OFFSET 0 keeps the planner from turning the look-up by key around: the keys always drive.
const LOAD = `
  SELECT p.*,
    (SELECT json_agg(o ORDER BY o.attempt) FROM channel_order o
      WHERE o.merchant_number = p.merchant_number AND o.payment_id = p.id) AS orders,
    (SELECT json_agg(j ORDER BY j.version, j.paid_at_ms, j.transaction_no COLLATE "C") FROM journal j
      WHERE j.merchant_number = p.merchant_number AND j.payment_id = p.id
        AND j.book = 'channel' AND j.transaction_no IS NOT NULL) AS charges,
    -- Most payments have no refund, and are not asked for one.
    CASE WHEN p.refund_count > 0 THEN
      (SELECT json_agg(r ORDER BY r.created_at_ms, r.id) FROM refund r
        WHERE r.merchant_number = p.merchant_number AND r.payment_id = p.id) END AS refunds,
    CASE WHEN p.refund_count > 0 THEN
      (SELECT json_agg(r ORDER BY r.attempt, r.number) FROM channel_refund r
        WHERE r.merchant_number = p.merchant_number AND r.payment_id = p.id) END AS channel_refunds,
    (SELECT json_agg(c ORDER BY c.opened_at_ms, c.id) FROM exception_case c
      WHERE c.merchant_number = p.merchant_number AND c.payment_id = p.id) AS cases
  FROM unnest($1::integer[], $2::uuid[]) AS k (merchant_number, id)
  CROSS JOIN LATERAL (
    SELECT * FROM payment p WHERE p.merchant_number = k.merchant_number AND p.id = k.id OFFSET 0
  ) p`;

const FIND_BY_REFUND = `
  SELECT payment_id AS id FROM refund WHERE merchant_number = $1 AND merchant_refund_no = $2`;

const FIND = `
  SELECT id FROM payment WHERE merchant_number = $1 AND merchant_order_no = $2`;

/** See `Store.load`. */
export async function load(pool: Pool, keys: readonly PaymentKey[]): Promise<(Aggregate | null)[]> {
  const { rows } = await pool.query<AggregateRow>({
    name: 'load',
    text: LOAD,
    values: [
      `{${keys.map((key) => key.merchantNumber).join(',')}}`,
      `{${keys.map((key) => idToUuid(key.paymentId)).join(',')}}`,
    ],
  });
  const byId = new Map(rows.map((row) => [`${row.merchant_number}:${row.id}`, row]));
  return keys.map((key) => {
    const row = byId.get(`${key.merchantNumber}:${idToUuid(key.paymentId)}`);
    return row ? toAggregate(row) : null;
  });
}

/** See `Store.findByMerchantOrderNo`. */
export async function findByMerchantOrderNo(
  pool: Pool,
  merchantNumber: number,
  merchantOrderNo: string,
): Promise<PaymentKey | null> {
  const { rows } = await pool.query<{ id: string }>({
    name: 'find_by_merchant_order_no',
    text: FIND,
    values: [merchantNumber, merchantOrderNo],
  });
  const row = rows[0];
  return row ? { merchantNumber, paymentId: uuidToId('pay', row.id) } : null;
}

/** See `Store.findByMerchantRefundNo`. */
export async function findByMerchantRefundNo(
  pool: Pool,
  merchantNumber: number,
  merchantRefundNo: string,
): Promise<PaymentKey | null> {
  const { rows } = await pool.query<{ id: string }>({
    name: 'find_by_merchant_refund_no',
    text: FIND_BY_REFUND,
    values: [merchantNumber, merchantRefundNo],
  });
  const row = rows[0];
  return row ? { merchantNumber, paymentId: uuidToId('pay', row.id) } : null;
}
