/**
 * The sweep over young orders. The happy path writes no job row: a payment that is still open when
 * its first query is due is found here, by its age, and put into the small tables.
 */
import type { Pool } from './pool.ts';

const MISSING = `
  young AS (
    SELECT p.merchant_number, p.id, p.expires_at_ms, p.closing FROM payment p
    WHERE p.created_at_ms >= $1 AND p.created_at_ms < $2 AND p.status IN ('pending', 'processing')
  ), expiry AS (
    INSERT INTO payment_expiry (merchant_number, payment_id, due_at_ms)
    SELECT merchant_number, id, expires_at_ms FROM young WHERE closing IS NULL
    ORDER BY merchant_number, id ON CONFLICT DO NOTHING RETURNING 1
  ), dropped AS (
    INSERT INTO dropped_order (merchant_number, payment_id, attempt, channel, account, operation, due_at_ms)
    SELECT o.merchant_number, o.payment_id, o.attempt, o.channel, o.account, 'query',
      o.created_at_ms + ($3::jsonb ->> (o.channel || '/' || o.account))::bigint
    FROM young y CROSS JOIN LATERAL (
      SELECT * FROM channel_order o
      WHERE o.merchant_number = y.merchant_number AND o.payment_id = y.id
        AND o.status IN ('created', 'pending', 'unknown') AND NOT o.awaits_statement
        AND $3::jsonb ? (o.channel || '/' || o.account) OFFSET 0
    ) o
    ORDER BY o.merchant_number, o.payment_id, o.attempt ON CONFLICT DO NOTHING RETURNING 1
  ), found AS (SELECT (SELECT count(*) FROM dropped) AS dropped, (SELECT count(*) FROM expiry) AS expiry)`;

const SWEEP_YOUNG = `
  WITH ${MISSING}, moved AS (
    INSERT INTO sweep (name, watermark_ms) VALUES ('young', $2)
    ON CONFLICT (name) DO UPDATE SET watermark_ms = greatest(sweep.watermark_ms, excluded.watermark_ms)
  )
  SELECT dropped + expiry AS found FROM found`;

const SWEEP_ALL = `WITH ${MISSING} SELECT dropped + expiry AS found FROM found`;

const WATERMARK = `SELECT watermark_ms FROM sweep WHERE name = 'young'`;

const NEXT_DUE = `
  SELECT least(
    (SELECT min(due_at_ms) FROM dropped_order),
    (SELECT min(due_at_ms) FROM payment_expiry),
    (SELECT min(due_at_ms) FROM notice),
    (SELECT min(due_at_ms) FROM notification_job),
    (SELECT min(due_at_ms) FROM refund_job),
    (SELECT min(due_at_ms) FROM outbox),
    (SELECT min(due_at_ms) FROM internal_drop),
    (SELECT min(created_at_ms) + $1::bigint + 1 FROM payment
      WHERE created_at_ms >= coalesce((SELECT watermark_ms FROM sweep WHERE name = 'young'), 0)
        AND status IN ('pending', 'processing'))
  ) AS due`;

/** See `Store.sweepYoung`. */
export async function sweepYoung(
  pool: Pool,
  firstQueryMs: ReadonlyMap<string, number>,
  nowMs: number,
  overlapMs: number,
): Promise<number> {
  const { rows } = await pool.query<{ watermark_ms: number }>({
    name: 'watermark',
    text: WATERMARK,
  });
  const fromMs = Math.max(0, (rows[0]?.watermark_ms ?? 0) - overlapMs);
  const toMs = nowMs - earliestMs(firstQueryMs);
  return await sweep(pool, 'sweep_young', SWEEP_YOUNG, fromMs, toMs, firstQueryMs);
}

/** See `Store.sweepAll`. */
export async function sweepAll(
  pool: Pool,
  firstQueryMs: ReadonlyMap<string, number>,
  nowMs: number,
): Promise<number> {
  const toMs = nowMs - earliestMs(firstQueryMs);
  return await sweep(pool, 'sweep_all', SWEEP_ALL, 0, toMs, firstQueryMs);
}

const SWEEP_ORDERS = `
  WITH dropped AS (
    INSERT INTO dropped_order (merchant_number, payment_id, attempt, channel, account, operation, due_at_ms)
    SELECT o.merchant_number, o.payment_id, o.attempt, o.channel, o.account, 'query', $1
    FROM channel_order o
    WHERE o.created_at_ms < $1 AND o.status IN ('created', 'pending', 'unknown')
      AND NOT o.awaits_statement AND $2::jsonb ? (o.channel || '/' || o.account)
    ORDER BY o.merchant_number, o.payment_id, o.attempt ON CONFLICT DO NOTHING RETURNING 1
  )
  SELECT count(*)::integer AS found FROM dropped`;

/** Open orders of a channel book in a database of its own that nobody asks about: there should be none. */
export async function sweepOrders(
  pool: Pool,
  firstQueryMs: ReadonlyMap<string, number>,
  nowMs: number,
): Promise<number> {
  const values = [nowMs, JSON.stringify(Object.fromEntries(firstQueryMs))];
  const { rows } = await pool.query<{ found: number }>({
    name: 'sweep_orders',
    text: SWEEP_ORDERS,
    values,
  });
  return rows[0]?.found ?? 0;
}

/** See `Store.nextDueAtMs`. */
export async function nextDueAtMs(
  pool: Pool,
  firstQueryMs: ReadonlyMap<string, number>,
): Promise<number | null> {
  const { rows } = await pool.query<{ due: number | null }>({
    name: 'next_due',
    text: NEXT_DUE,
    values: [earliestMs(firstQueryMs)],
  });
  return rows[0]?.due ?? null;
}

async function sweep(
  pool: Pool,
  name: string,
  text: string,
  fromMs: number,
  toMs: number,
  firstQueryMs: ReadonlyMap<string, number>,
): Promise<number> {
  const values = [fromMs, toMs, JSON.stringify(Object.fromEntries(firstQueryMs))];
  const { rows } = await pool.query<{ found: number }>({ name, text, values });
  return rows[0]?.found ?? 0;
}

/** The shortest time until a first question; a payment without any account waits a minute. */
function earliestMs(firstQueryMs: ReadonlyMap<string, number>): number {
  return Math.min(60_000, ...firstQueryMs.values());
}
