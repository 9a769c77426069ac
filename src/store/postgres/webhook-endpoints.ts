/** Merchants' webhook endpoints, and sending again what an endpoint has missed. */
import { idToUuid, uuidToId } from '../../core/id.ts';
import { firstUuidAt, ID_SLACK_MS } from './keyset.ts';
import { webhookSecret } from './merchants.ts';
import type { Pool } from './pool.ts';
import { DIRECT_ENDPOINT } from './sections.ts';

export type WebhookEndpoint = {
  readonly id: string;
  readonly url: string;
  readonly secret: string;
  /** Set when the endpoint answered 410 Gone, until it is enabled again. */
  readonly disabledAtMs: number | null;
  readonly createdAtMs: number;
};

export type EndpointKey = { readonly merchantNumber: number; readonly endpointId: string };

/** After a rotation the former secret signs beside the new one for so long. */
export const SECRET_OVERLAP_MS = 24 * 3_600_000;
/** Events looked at by one statement while recovering. */
const RECOVER_CHUNK_SIZE = 1_000;
/** A notice due sooner than this may be under way under its lease, and comes soon anyhow. */
const SOON_MS = 60_000;

const COLUMNS = 'id, url, secret, disabled_at_ms, created_at_ms';

type EndpointRow = {
  id: string;
  url: string;
  secret: string;
  disabled_at_ms: number | null;
  created_at_ms: number;
};

/**
 * A row that waits for a later try is brought forward; its tries still count. One that is under way
 * keeps its time and has its lease raised: a last try that is just ending then does not take the row
 * away with it, and the notice goes out again when the lease is over.
 */
const ON_CONFLICT = (now: string): string => `
  ON CONFLICT (merchant_number, event_id, endpoint_id)
  DO UPDATE SET lease = notice.lease + 1, due_at_ms =
    CASE WHEN notice.due_at_ms > ${now}::bigint + ${SOON_MS} THEN excluded.due_at_ms ELSE notice.due_at_ms END
  WHERE notice.due_at_ms > ${now}::bigint`;

// Scalar subqueries: the planner never turns them into joins driven from the other side.
const RECOVER = (isDryRun: boolean): string => `
  WITH chunk AS (
    SELECT e.merchant_number, e.id, e.payment_id, e.at_ms FROM event e
    WHERE e.merchant_number = $1 AND e.id > $3::uuid AND e.id < $4::uuid ORDER BY e.id LIMIT $7
  ), missed AS (
    SELECT c.merchant_number, c.id FROM chunk c
    WHERE c.at_ms >= $5 AND c.at_ms < $6
      AND (SELECT p.notice_url IS NULL FROM payment p
        WHERE p.merchant_number = c.merchant_number AND p.id = c.payment_id)
      AND (SELECT count(*) FROM webhook_delivery d
        WHERE d.merchant_number = c.merchant_number AND d.event_id = c.id AND d.endpoint_id = $2
          AND d.response_status BETWEEN 200 AND 299) = 0
  )${
    isDryRun
      ? ''
      : `, planned AS (
    INSERT INTO notice (merchant_number, event_id, endpoint_id, due_at_ms)
    SELECT merchant_number, id, $2::uuid, $8::bigint FROM missed ORDER BY id ${ON_CONFLICT('$8')}
  )`
  }
  SELECT (SELECT count(*) FROM missed) AS missed,
    (SELECT id FROM chunk ORDER BY id DESC LIMIT 1) AS last_id`;

const RESEND = `
  WITH e AS (
    SELECT e.merchant_number, e.id,
      (SELECT p.notice_url IS NOT NULL FROM payment p
        WHERE p.merchant_number = e.merchant_number AND p.id = e.payment_id) AS is_direct
    FROM event e WHERE e.merchant_number = $1 AND e.id = $2
  ), target AS (
    SELECT e.*, '${DIRECT_ENDPOINT}'::uuid AS endpoint_id FROM e WHERE $3::uuid IS NULL AND e.is_direct
    UNION ALL
    SELECT e.*, w.id FROM e CROSS JOIN LATERAL (
      SELECT w.id FROM webhook_endpoint w
      WHERE w.merchant_number = e.merchant_number AND w.disabled_at_ms IS NULL
        AND CASE WHEN $3::uuid IS NULL THEN NOT e.is_direct ELSE w.id = $3 END OFFSET 0
    ) w
  ), planned AS (
    INSERT INTO notice (merchant_number, event_id, endpoint_id, due_at_ms)
    SELECT merchant_number, id, endpoint_id, $4::bigint FROM target ORDER BY endpoint_id ${ON_CONFLICT('$4')}
  )
  SELECT (SELECT count(*) FROM e) AS found, (SELECT count(*) FROM target) AS planned`;

/** Makes an endpoint; `random` are the 24 bytes of its secret. The URL must have passed `checkNoticeUrl`. */
export async function createEndpoint(
  pool: Pool,
  fresh: {
    merchantNumber: number;
    url: string;
    nowMs: number;
    newId: (prefix: string) => string;
    random: Uint8Array;
  },
): Promise<WebhookEndpoint> {
  const { rows } = await pool.query<EndpointRow>(
    `INSERT INTO webhook_endpoint (merchant_number, id, url, secret, created_at_ms)
     VALUES ($1, $2, $3, $4, $5) RETURNING ${COLUMNS}`,
    [
      fresh.merchantNumber,
      idToUuid(fresh.newId('we')),
      fresh.url,
      webhookSecret(fresh.random),
      fresh.nowMs,
    ],
  );
  const [endpoint] = rows.map(toEndpoint);
  if (!endpoint) throw new Error('the database took an endpoint and did not answer it');
  return endpoint;
}

/** All endpoints of a merchant, the oldest first. */
export async function listEndpoints(
  pool: Pool,
  merchantNumber: number,
): Promise<WebhookEndpoint[]> {
  const { rows } = await pool.query<EndpointRow>(
    `SELECT ${COLUMNS} FROM webhook_endpoint WHERE merchant_number = $1 ORDER BY id`,
    [merchantNumber],
  );
  return rows.map(toEndpoint);
}

/** One endpoint of this merchant, or null. */
export async function getEndpoint(pool: Pool, key: EndpointKey): Promise<WebhookEndpoint | null> {
  const { rows } = await pool.query<EndpointRow>(
    `SELECT ${COLUMNS} FROM webhook_endpoint WHERE merchant_number = $1 AND id = $2`,
    valuesOf(key),
  );
  return rows.map(toEndpoint)[0] ?? null;
}

/** Removes an endpoint and what was still to be sent to it; answers whether there was one. */
export async function deleteEndpoint(pool: Pool, key: EndpointKey): Promise<boolean> {
  const { rowCount } = await pool.query(
    `WITH unsent AS (DELETE FROM notice WHERE merchant_number = $1 AND endpoint_id = $2)
     DELETE FROM webhook_endpoint WHERE merchant_number = $1 AND id = $2`,
    valuesOf(key),
  );
  return rowCount === 1;
}

/** The endpoint said that it is gone (410): no new notices are planned for it until it is enabled. */
export async function disableEndpoint(pool: Pool, key: EndpointKey, nowMs: number): Promise<void> {
  await pool.query(
    `UPDATE webhook_endpoint SET disabled_at_ms = $3
     WHERE merchant_number = $1 AND id = $2 AND disabled_at_ms IS NULL`,
    [...valuesOf(key), nowMs],
  );
}

/** Plans new notices for the endpoint again; what it missed comes with `recover`. Null when there is none. */
export async function enableEndpoint(
  pool: Pool,
  key: EndpointKey,
): Promise<WebhookEndpoint | null> {
  const { rows } = await pool.query<EndpointRow>(
    `UPDATE webhook_endpoint SET disabled_at_ms = NULL
     WHERE merchant_number = $1 AND id = $2 RETURNING ${COLUMNS}`,
    valuesOf(key),
  );
  return rows.map(toEndpoint)[0] ?? null;
}

/** A new secret from 24 random bytes; the former one signs beside it for 24 hours. Null when there is no endpoint. */
export async function rotateSecret(
  pool: Pool,
  key: EndpointKey,
  change: { nowMs: number; random: Uint8Array },
): Promise<WebhookEndpoint | null> {
  const { rows } = await pool.query<EndpointRow>(
    `UPDATE webhook_endpoint SET secret = $3, old_secret = secret, old_secret_until_ms = $4
     WHERE merchant_number = $1 AND id = $2 RETURNING ${COLUMNS}`,
    [...valuesOf(key), webhookSecret(change.random), change.nowMs + SECRET_OVERLAP_MS],
  );
  return rows.map(toEndpoint)[0] ?? null;
}

/**
 * Sends again what this endpoint has not accepted of the merchant's events between two times (until
 * now when `untilMs` is null). Answers how many notices that are; a dry run only counts. Doing it
 * twice plans nothing twice. Null when there is no such endpoint, or it is disabled. Events of
 * payments with their own `notice_url` were never this endpoint's.
 */
export async function recover(
  pool: Pool,
  key: EndpointKey,
  wanted: { sinceMs: number; untilMs: number | null; nowMs: number; isDryRun: boolean },
): Promise<{ count: number } | null> {
  const endpoint = await getEndpoint(pool, key);
  if (!endpoint || endpoint.disabledAtMs !== null) return null;
  const { sinceMs, nowMs, isDryRun } = wanted;
  const untilMs = wanted.untilMs ?? nowMs + 1;
  const lastUuid = firstUuidAt(untilMs + ID_SLACK_MS);
  let count = 0;
  let afterUuid: string | null = firstUuidAt(sinceMs - ID_SLACK_MS);
  while (afterUuid !== null) {
    const values: unknown[] = [...valuesOf(key), afterUuid, lastUuid, sinceMs, untilMs];
    values.push(RECOVER_CHUNK_SIZE, ...(isDryRun ? [] : [nowMs]));
    const { rows }: { rows: { missed: number; last_id: string | null }[] } = await pool.query({
      name: isDryRun ? 'recover_count' : 'recover',
      text: RECOVER(isDryRun),
      values,
    });
    count += rows[0]?.missed ?? 0;
    afterUuid = rows[0]?.last_id ?? null;
  }
  return { count };
}

/**
 * Sends one event again: to the endpoint named, or to wherever it belongs (all endpoints that are
 * not disabled, or the payment's own `notice_url`). Answers to how many; null when there is no such event.
 */
export async function resendEvent(
  pool: Pool,
  wanted: { merchantNumber: number; eventId: string; endpointId: string | null; nowMs: number },
): Promise<{ count: number } | null> {
  const { rows } = await pool.query<{ found: number; planned: number }>({
    name: 'resend_event',
    text: RESEND,
    values: [
      wanted.merchantNumber,
      idToUuid(wanted.eventId),
      wanted.endpointId === null ? null : idToUuid(wanted.endpointId),
      wanted.nowMs,
    ],
  });
  const [row] = rows;
  return row && row.found > 0 ? { count: row.planned } : null;
}

function valuesOf({ merchantNumber, endpointId }: EndpointKey): [number, string] {
  return [merchantNumber, idToUuid(endpointId)];
}

function toEndpoint(row: EndpointRow): WebhookEndpoint {
  return {
    id: uuidToId('we', row.id),
    url: row.url,
    secret: row.secret,
    disabledAtMs: row.disabled_at_ms,
    createdAtMs: row.created_at_ms,
  };
}
