/** Raw channel notifications that are not (yet) part of a payment's history, and their jobs. */
import type { Fact } from '../../core/input.ts';
import type { PaymentKey } from '../store.ts';
import type { Pool } from './pool.ts';

export type StoredNotification = {
  readonly uuid: string;
  readonly channel: string;
  readonly account: string;
  readonly receivedAtMs: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
};

export type NotificationJob = {
  readonly uuid: string;
  readonly key: PaymentKey;
  readonly fact: Fact;
  readonly lease: number;
};

const INSERT = `
  INSERT INTO notification (id, channel, account, received_at_ms, headers, body, verdict, reason)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`;

const INSERT_WITH_JOB = `
  WITH raw AS (${INSERT})
  INSERT INTO notification_job (id, payment_key, fact, due_at_ms) VALUES ($1, $9, $10, $4)`;

const CLAIM = `
  UPDATE notification_job j SET due_at_ms = $2::bigint + $3::bigint, lease = j.lease + 1
  FROM (
    SELECT id FROM notification_job WHERE due_at_ms <= $2
    ORDER BY due_at_ms LIMIT $1 FOR UPDATE SKIP LOCKED
  ) q
  WHERE j.id = q.id RETURNING j.id, j.payment_key, j.fact, j.lease`;

const DROP = `DELETE FROM notification_job WHERE id = $1 AND lease = $2`;

/** Keeps a message that changes nothing, with the reason. Names are never interpreted: bytes in, bytes out. */
export async function storeNotification(
  pool: Pool,
  message: StoredNotification,
  verdict: 'refused' | 'unmatched',
  reason: string,
): Promise<void> {
  await pool.query({ text: INSERT, values: [...valuesOf(message), verdict, reason] });
}

/** Keeps an authentic message whose decision has to wait, together with the job that will make it. */
export async function storeForLater(
  pool: Pool,
  message: StoredNotification,
  key: PaymentKey,
  fact: Fact,
): Promise<void> {
  const values = [
    ...valuesOf(message),
    'accepted',
    null,
    JSON.stringify(key),
    JSON.stringify(fact),
  ];
  await pool.query({ text: INSERT_WITH_JOB, values });
}

/** Takes stored notifications that wait for their decision. */
export async function claimNotificationJobs(
  pool: Pool,
  limit: number,
  nowMs: number,
  leaseMs: number,
): Promise<NotificationJob[]> {
  const { rows } = await pool.query<{
    id: string;
    payment_key: PaymentKey;
    fact: Fact;
    lease: number;
  }>({
    name: 'claim_notification_jobs',
    text: CLAIM,
    values: [limit, nowMs, leaseMs],
  });
  return rows.map((row) => ({
    uuid: row.id,
    key: row.payment_key,
    fact: row.fact,
    lease: row.lease,
  }));
}

/** The decision was made: the job goes, the raw message stays. */
export async function dropNotificationJob(pool: Pool, job: NotificationJob): Promise<void> {
  await pool.query({ text: DROP, values: [job.uuid, job.lease] });
}

/** The message is authentic, and is about nothing that we know; it stays to be looked at. */
export async function markUnmatched(
  pool: Pool,
  job: NotificationJob,
  reason: string,
): Promise<void> {
  const text = "UPDATE notification SET verdict = 'unmatched', reason = $2 WHERE id = $1";
  await pool.query({ text, values: [job.uuid, reason] });
}

function valuesOf(message: StoredNotification): unknown[] {
  const { uuid, channel, account, receivedAtMs, headers, body } = message;
  return [uuid, channel, account, receivedAtMs, JSON.stringify(headers), Buffer.from(body)];
}
