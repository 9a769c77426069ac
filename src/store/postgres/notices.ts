/** Notices to merchants: claiming due ones with all they need, and recording how each try went. */
import type { EventType } from '../../core/effect.ts';
import { idToUuid, uuidToId } from '../../core/id.ts';
import type { Snapshot } from '../../core/snapshot.ts';
import type { DueNotice, NoticeResult } from '../store.ts';
import type { Pool } from './pool.ts';
import { DIRECT_ENDPOINT } from './sections.ts';
import { withLongNames } from './short-names.ts';

const CLAIM = `
  WITH claimed AS (
    UPDATE notice n SET due_at_ms = $2::bigint + $3::bigint, lease = n.lease + 1
    FROM (
      SELECT merchant_number, event_id, endpoint_id FROM notice WHERE due_at_ms <= $2
      ORDER BY due_at_ms LIMIT $1 FOR UPDATE SKIP LOCKED
    ) q
    WHERE n.merchant_number = q.merchant_number AND n.event_id = q.event_id AND n.endpoint_id = q.endpoint_id
    RETURNING n.merchant_number, n.event_id, n.endpoint_id, n.tries, n.lease
  )
  SELECT c.*, e.payment_id, e.type, e.at_ms, e.subject_key, e.snapshot,
    w.url, w.secret, CASE WHEN w.old_secret_until_ms > $2 THEN w.old_secret END AS old_secret
  FROM claimed c
  JOIN event e ON e.merchant_number = c.merchant_number AND e.id = c.event_id
  LEFT JOIN webhook_endpoint w ON w.merchant_number = c.merchant_number AND w.id = c.endpoint_id
    AND w.disabled_at_ms IS NULL`;

type ClaimRow = {
  merchant_number: number;
  event_id: string;
  endpoint_id: string;
  payment_id: string;
  tries: number;
  lease: number;
  type: EventType;
  at_ms: number;
  subject_key: string | null;
  snapshot: Snapshot;
  url: string | null;
  secret: string | null;
  old_secret: string | null;
};

const FINISH = `
  WITH u AS (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS u (
      merchant_number integer, event_id uuid, endpoint_id uuid, lease integer,
      at_ms bigint, duration_ms integer, response_status smallint, error text, retry_at_ms bigint)
  ), tried AS (
    INSERT INTO webhook_delivery (merchant_number, event_id, endpoint_id, at_ms, duration_ms, response_status, error)
    SELECT merchant_number, event_id, endpoint_id, at_ms, duration_ms, response_status, error FROM u
  ), put_off AS (
    UPDATE notice n SET due_at_ms = u.retry_at_ms, tries = n.tries + 1 FROM u
    WHERE u.retry_at_ms IS NOT NULL AND n.merchant_number = u.merchant_number
      AND n.event_id = u.event_id AND n.endpoint_id = u.endpoint_id AND n.lease = u.lease
  )
  DELETE FROM notice n USING u
  WHERE u.retry_at_ms IS NULL AND n.merchant_number = u.merchant_number
    AND n.event_id = u.event_id AND n.endpoint_id = u.endpoint_id AND n.lease = u.lease`;

/** See `Store.claimNotices`. */
export async function claimNotices(
  pool: Pool,
  limit: number,
  nowMs: number,
  leaseMs: number,
): Promise<DueNotice[]> {
  const values = [limit, nowMs, leaseMs];
  const { rows } = await pool.query<ClaimRow>({ name: 'claim_notices', text: CLAIM, values });
  return rows.map(toNotice);
}

/** See `Store.finishNotices`. */
export async function finishNotices(pool: Pool, results: readonly NoticeResult[]): Promise<void> {
  const rows = results.map(({ notice, ...result }) => ({
    merchant_number: notice.merchantNumber,
    event_id: idToUuid(notice.eventId),
    endpoint_id: notice.endpoint ? idToUuid(notice.endpoint.id) : DIRECT_ENDPOINT,
    lease: notice.lease,
    at_ms: result.atMs,
    duration_ms: result.durationMs,
    response_status: result.responseStatus,
    error: result.error,
    retry_at_ms: result.retryAtMs,
  }));
  await pool.query({ name: 'finish_notices', text: FINISH, values: [JSON.stringify(rows)] });
}

function toNotice(row: ClaimRow): DueNotice {
  const secrets = [row.secret, row.old_secret].filter((secret) => secret !== null);
  const endpoint =
    row.endpoint_id === DIRECT_ENDPOINT
      ? null
      : { id: uuidToId('we', row.endpoint_id), url: row.url ?? '', secrets };
  return {
    merchantNumber: row.merchant_number,
    paymentId: uuidToId('pay', row.payment_id),
    eventId: uuidToId('evt', row.event_id),
    endpoint,
    event: row.type,
    atMs: row.at_ms,
    subjectKey: row.subject_key,
    snapshot: withLongNames(row.snapshot),
    tries: row.tries,
    lease: row.lease,
  };
}
