/** The dropped-order table (掉单表) and the expiry table: claiming due rows, and letting go of them. */
import { idToUuid, uuidToId } from '../../core/id.ts';
import type { ChannelAccountKey, DroppedOrder, Expiry } from '../store.ts';
import type { Pool } from './pool.ts';

// A claim moves the due time behind the lease and draws a lease number, the fence. It is drawn, not
// counted up: a row that was dropped and planned anew would count through the same numbers again, and
// somebody who stalled could touch what is not theirs any more. Nobody ever holds 0, a row's first.
export const NEW_LEASE = '1 + floor(random() * 2147483646)::integer';

// Rows that another worker is claiming are skipped. There is no upper age: what was due during an
// outage is still due.
const CLAIM_ORDERS = `
  UPDATE dropped_order d SET due_at_ms = $4::bigint + $5::bigint, lease = ${NEW_LEASE}
  FROM (
    SELECT merchant_number, payment_id, attempt FROM dropped_order
    WHERE channel = $1 AND account = $2 AND due_at_ms <= $4
    ORDER BY due_at_ms LIMIT $3 FOR UPDATE SKIP LOCKED
  ) q
  WHERE d.merchant_number = q.merchant_number AND d.payment_id = q.payment_id AND d.attempt = q.attempt
  RETURNING d.merchant_number, d.payment_id, d.attempt, d.operation, d.lease`;

const DROP_ORDER = `
  DELETE FROM dropped_order
  WHERE merchant_number = $1 AND payment_id = $2 AND attempt = $3 AND lease = $4`;

const CLAIM_EXPIRIES = `
  UPDATE payment_expiry e SET due_at_ms = $2::bigint + $3::bigint, lease = ${NEW_LEASE}
  FROM (
    SELECT merchant_number, payment_id FROM payment_expiry WHERE due_at_ms <= $2
    ORDER BY due_at_ms LIMIT $1 FOR UPDATE SKIP LOCKED
  ) q
  WHERE e.merchant_number = q.merchant_number AND e.payment_id = q.payment_id
  RETURNING e.merchant_number, e.payment_id, e.lease`;

const DROP_EXPIRY = `
  DELETE FROM payment_expiry WHERE merchant_number = $1 AND payment_id = $2 AND lease = $3`;

/** See `Store.claimDroppedOrders`. */
export async function claimDroppedOrders(
  pool: Pool,
  account: ChannelAccountKey,
  limit: number,
  nowMs: number,
  leaseMs: number,
): Promise<DroppedOrder[]> {
  const { rows } = await pool.query<{
    merchant_number: number;
    payment_id: string;
    attempt: number;
    operation: 'query' | 'close';
    lease: number;
  }>({
    name: 'claim_dropped_orders',
    text: CLAIM_ORDERS,
    values: [account.channel, account.account, limit, nowMs, leaseMs],
  });
  return rows.map((row) => ({
    merchantNumber: row.merchant_number,
    paymentId: uuidToId('pay', row.payment_id),
    attempt: row.attempt,
    operation: row.operation,
    lease: row.lease,
  }));
}

/** See `Store.dropDroppedOrder`. */
export async function dropDroppedOrder(pool: Pool, claimed: DroppedOrder): Promise<void> {
  const { merchantNumber, paymentId, attempt, lease } = claimed;
  const values = [merchantNumber, idToUuid(paymentId), attempt, lease];
  await pool.query({ name: 'drop_dropped_order', text: DROP_ORDER, values });
}

/** See `Store.claimExpiries`. */
export async function claimExpiries(
  pool: Pool,
  limit: number,
  nowMs: number,
  leaseMs: number,
): Promise<Expiry[]> {
  const { rows } = await pool.query<{ merchant_number: number; payment_id: string; lease: number }>(
    {
      name: 'claim_expiries',
      text: CLAIM_EXPIRIES,
      values: [limit, nowMs, leaseMs],
    },
  );
  return rows.map((row) => ({
    merchantNumber: row.merchant_number,
    paymentId: uuidToId('pay', row.payment_id),
    lease: row.lease,
  }));
}

/** See `Store.dropExpiry`. */
export async function dropExpiry(pool: Pool, claimed: Expiry): Promise<void> {
  const values = [claimed.merchantNumber, idToUuid(claimed.paymentId), claimed.lease];
  await pool.query({ name: 'drop_expiry', text: DROP_EXPIRY, values });
}
