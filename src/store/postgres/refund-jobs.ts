/** The table of refund jobs: claiming channel refunds that are to be sent or asked about. */
import { uuidToId } from '../../core/id.ts';
import type { ChannelAccountKey, RefundJob } from '../store.ts';
import { NEW_LEASE } from './dropped-orders.ts';
import type { Pool } from './pool.ts';

const CLAIM = `
  UPDATE refund_job j SET due_at_ms = $4::bigint + $5::bigint, lease = ${NEW_LEASE}
  FROM (
    SELECT merchant_number, payment_id, attempt, number FROM refund_job
    WHERE channel = $1 AND account = $2 AND due_at_ms <= $4
    ORDER BY due_at_ms LIMIT $3 FOR UPDATE SKIP LOCKED
  ) q
  WHERE j.merchant_number = q.merchant_number AND j.payment_id = q.payment_id
    AND j.attempt = q.attempt AND j.number = q.number
  RETURNING j.merchant_number, j.payment_id, j.attempt, j.number, j.operation, j.lease`;

const HELD = `
  SELECT merchant_number, payment_id, attempt, number FROM refund_job
  WHERE channel = $1 AND account = $2 AND operation = 'held' LIMIT $3`;

type JobRow = {
  merchant_number: number;
  payment_id: string;
  attempt: number;
  number: number;
  operation: 'send' | 'query';
  lease: number;
};

/** See `Store.claimRefundJobs`. */
export async function claimRefundJobs(
  pool: Pool,
  { channel, account }: ChannelAccountKey,
  limit: number,
  nowMs: number,
  leaseMs: number,
): Promise<RefundJob[]> {
  const { rows } = await pool.query<JobRow>({
    name: 'claim_refund_jobs',
    text: CLAIM,
    values: [channel, account, limit, nowMs, leaseMs],
  });
  return rows.map((row) => ({ ...placeOf(row), operation: row.operation, lease: row.lease }));
}

export type HeldRefund = Omit<RefundJob, 'operation' | 'lease'>;

/** Up to `limit` channel refunds of an account that the brake holds back. */
export async function heldRefunds(
  pool: Pool,
  { channel, account }: ChannelAccountKey,
  limit: number,
): Promise<HeldRefund[]> {
  const values = [channel, account, limit];
  const { rows } = await pool.query<Omit<JobRow, 'operation' | 'lease'>>({ text: HELD, values });
  return rows.map(placeOf);
}

function placeOf(row: Omit<JobRow, 'operation' | 'lease'>): HeldRefund {
  return {
    merchantNumber: row.merchant_number,
    paymentId: uuidToId('pay', row.payment_id),
    attempt: row.attempt,
    number: row.number,
  };
}
