/**
 * Our side of a day (我方明细), frozen for one comparison: what the channel book had booked for an account
 * by then, and what days before have carried over.
 */
import type { ClientBase } from 'pg';

export type EntriesOf = {
  readonly reconciliation: number;
  readonly channel: string;
  readonly account: string;
  readonly day: string;
  /** The business day, epoch milliseconds. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** What was booked later is not in it. */
  readonly snapshotMs: number;
  /** The statement whose lines may name what is of a later day; null when there was none. */
  readonly statement: number | null;
  /** What the channel keeps of a payment and gives back of a refund; null: fees are not compared. */
  readonly feeBasisPoints: number | null;
};

/** A booking may be older than the channel's time of it by as much as two clocks differ. */
const CLOCK_SLACK_MS = 15 * 60_000;

/**
 * What was booked about money at the account since $3: charges, reversals and returns, each with the
 * channel's own time. A charge of other money than ordered lies in suspense, and was taken all the same.
 */
const BOOKED = `
  SELECT CASE split_part(j.entry, ':', 1) WHEN 'charge' THEN 'payment' WHEN 'reversed' THEN 'reversal' ELSE 'refund' END AS kind,
    channel_order_no(j.payment_id, coalesce(j.attempt, r.attempt)) AS order_no,
    CASE WHEN r.number IS NOT NULL THEN substr(j.entry, 8) END AS refund_no,
    coalesce(j.transaction_no, r.transaction_no) AS transaction_no,
    j.amount_minor, j.currency, coalesce(j.paid_at_ms, r.refunded_at_ms) AS at_ms, j.booked_at_ms,
    j.merchant_number, j.payment_id, coalesce(j.attempt, r.attempt) AS attempt
  FROM journal j
  LEFT JOIN channel_refund r ON j.entry LIKE 'refund:%' AND r.merchant_number = j.merchant_number
    AND r.payment_id = j.payment_id
    AND substr(j.entry, 8) = channel_order_no(r.payment_id, r.attempt) || 'R' || right(channel_order_no(r.payment_id, r.number), 2)
  WHERE j.book = 'channel' AND j.booked_at_ms >= $3::bigint AND j.booked_at_ms <= $4::bigint
    AND $5::text IN (j.debit, j.credit)
    AND split_part(j.entry, ':', 1) IN ('charge', 'reversed', 'refund', 'foreign')`;

/** The comparisons of the account's days before, newest first. */
const BEFORE = `SELECT number, snapshot_ms FROM reconciliation
  WHERE channel = $6 AND account = $7 AND day < $8::date ORDER BY day DESC, number DESC LIMIT 1`;

const FILL = `
  WITH booked AS MATERIALIZED (${BOOKED}), before AS (${BEFORE}), told AS (
    -- What a comparison before has had on its statement already, or has found there before we had it.
    SELECT kind, order_no, transaction_no, refund_no FROM platform_entry
    WHERE reconciliation = (SELECT number FROM before) AND origin = 'early'
    UNION
    SELECT kind, order_no, transaction_no, refund_no FROM reconciliation_item
    WHERE reconciliation = (SELECT number FROM before) AND class = 'channel_only'
  ), mine AS (
    SELECT b.*, CASE
        WHEN b.at_ms >= $9::bigint AND b.at_ms < $10::bigint THEN 'day'
        WHEN b.at_ms < $9::bigint AND b.booked_at_ms > (SELECT snapshot_ms FROM before) THEN 'late'
        WHEN b.at_ms >= $10::bigint AND EXISTS (
          SELECT 1 FROM statement_line l WHERE l.statement = $2 AND l.order_no = b.order_no
            AND l.kind = b.kind AND l.transaction_no IS NOT DISTINCT FROM b.transaction_no
            AND l.refund_no IS NOT DISTINCT FROM b.refund_no) THEN 'early'
      END AS origin
    FROM booked b
    WHERE NOT EXISTS (
      SELECT 1 FROM told t WHERE t.kind = b.kind AND t.order_no = b.order_no
        AND t.transaction_no IS NOT DISTINCT FROM b.transaction_no AND t.refund_no IS NOT DISTINCT FROM b.refund_no)
  ), carried AS (
    SELECT e.kind, e.order_no, e.refund_no, e.transaction_no, e.amount_minor, e.currency, e.at_ms,
      e.merchant_number, e.payment_id, e.attempt
    FROM reconciliation_item i JOIN platform_entry e ON e.reconciliation = i.reconciliation AND e.entry_no = i.entry_no
    WHERE i.reconciliation = (SELECT number FROM before) AND i.class = 'carried' AND i.side = 'platform'
  ), every AS (
    SELECT kind, order_no, refund_no, transaction_no, amount_minor, currency, at_ms, origin, merchant_number, payment_id, attempt
    FROM mine WHERE origin IS NOT NULL
    UNION ALL
    SELECT kind, order_no, refund_no, transaction_no, amount_minor, currency, at_ms, 'carried', merchant_number, payment_id, attempt
    FROM carried
  )
  INSERT INTO platform_entry (reconciliation, entry_no, kind, order_no, refund_no, transaction_no, amount_minor,
    currency, fee_minor, status, at_ms, origin, merchant_number, payment_id, attempt)
  SELECT $1, row_number() OVER (ORDER BY at_ms, order_no, kind, transaction_no, refund_no), kind, order_no, refund_no, transaction_no,
    amount_minor, currency, CASE WHEN $11::integer IS NULL THEN NULL ELSE
      CASE kind WHEN 'payment' THEN 1 WHEN 'refund' THEN -1 ELSE 0 END * ((amount_minor * $11 + 5000) / 10000) END,
    'succeeded', at_ms, origin, merchant_number, payment_id, attempt
  FROM every`;

/** Freezes our side; answers how many entries it has. Costs by what was booked since the day began. */
export async function fillPlatformEntries(client: ClientBase, of: EntriesOf): Promise<number> {
  const { rowCount } = await client.query(FILL, [
    of.reconciliation,
    of.statement,
    of.fromMs - CLOCK_SLACK_MS,
    of.snapshotMs,
    `channel_receivable:${of.channel}/${of.account}`,
    of.channel,
    of.account,
    of.day,
    of.fromMs,
    of.untilMs,
    of.feeBasisPoints,
  ]);
  return rowCount ?? 0;
}
