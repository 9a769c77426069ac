/**
 * Lines of a statement that meet no entry of their day. Numbers lead to payments whatever the date, so
 * what our books have of those payments joins the comparison, unless an earlier one has had it.
 */
import type { ClientBase } from 'pg';
import {
  idToUuid,
  merchantNumberOf,
  readChannelOrderNo,
  readChannelRefundNo,
} from '../../core/id.ts';

type LoneLine = { readonly order_no: string | null; readonly refund_no: string | null };

/** Looked at in one go; a file with more strange lines than this is not of this platform. */
const LONE_LINES_MAX = 50_000;

const LONE = `
  SELECT DISTINCT l.order_no, l.refund_no FROM statement_line l
  WHERE l.statement = $1 AND l.kind IN ('payment', 'refund', 'reversal') AND NOT EXISTS (
    SELECT 1 FROM platform_entry e WHERE e.reconciliation = $2 AND e.kind = l.kind AND e.order_no = l.order_no
      AND CASE l.kind WHEN 'refund' THEN e.refund_no = l.refund_no ELSE e.transaction_no = l.transaction_no END)
  LIMIT ${LONE_LINES_MAX}`;

const ADD = `
  WITH named AS (SELECT * FROM unnest($3::integer[], $4::uuid[]) AS n (merchant_number, payment_id)),
  booked AS (
    SELECT CASE split_part(j.entry, ':', 1) WHEN 'charge' THEN 'payment' WHEN 'reversed' THEN 'reversal' ELSE 'refund' END AS kind,
      channel_order_no(j.payment_id, coalesce(j.attempt, r.attempt)) AS order_no,
      CASE WHEN r.number IS NOT NULL THEN substr(j.entry, 8) END AS refund_no,
      coalesce(j.transaction_no, r.transaction_no) AS transaction_no, j.amount_minor, j.currency,
      coalesce(j.paid_at_ms, r.refunded_at_ms) AS at_ms, j.merchant_number, j.payment_id,
      coalesce(j.attempt, r.attempt) AS attempt
    FROM named n JOIN journal j ON j.merchant_number = n.merchant_number AND j.payment_id = n.payment_id
    LEFT JOIN channel_refund r ON j.entry LIKE 'refund:%' AND r.merchant_number = j.merchant_number
      AND r.payment_id = j.payment_id
      AND substr(j.entry, 8) = channel_order_no(r.payment_id, r.attempt) || 'R' || right(channel_order_no(r.payment_id, r.number), 2)
    WHERE j.book = 'channel' AND j.booked_at_ms <= $5::bigint AND $6::text IN (j.debit, j.credit)
      AND split_part(j.entry, ':', 1) IN ('charge', 'reversed', 'refund', 'foreign')
  ), fresh AS (
    SELECT b.* FROM booked b WHERE NOT EXISTS (
      -- In this comparison already, or met by a line in an earlier one.
      SELECT 1 FROM platform_entry e
      WHERE e.merchant_number = b.merchant_number AND e.payment_id = b.payment_id AND e.kind = b.kind
        AND e.transaction_no IS NOT DISTINCT FROM b.transaction_no AND e.refund_no IS NOT DISTINCT FROM b.refund_no
        AND (e.reconciliation = $2 OR NOT EXISTS (
          SELECT 1 FROM reconciliation_item i WHERE i.reconciliation = e.reconciliation AND i.entry_no = e.entry_no
            AND i.class IN ('carried', 'platform_only'))))
  )
  INSERT INTO platform_entry (reconciliation, entry_no, kind, order_no, refund_no, transaction_no, amount_minor,
    currency, status, at_ms, origin, merchant_number, payment_id, attempt)
  SELECT $2, (SELECT coalesce(max(entry_no), 0) FROM platform_entry WHERE reconciliation = $2)
      + row_number() OVER (ORDER BY at_ms, order_no, kind, transaction_no, refund_no),
    kind, order_no, refund_no, transaction_no, amount_minor, currency, 'succeeded', at_ms, 'late',
    merchant_number, payment_id, attempt
  FROM fresh f
  WHERE EXISTS (
    SELECT 1 FROM statement_line l WHERE l.statement = $1 AND l.kind = f.kind AND l.order_no = f.order_no
      AND l.transaction_no IS NOT DISTINCT FROM f.transaction_no AND l.refund_no IS NOT DISTINCT FROM f.refund_no)`;

/** Adds to our side what the lone lines name; answers how many entries that were. */
export async function addNamedEntries(
  client: ClientBase,
  of: {
    readonly reconciliation: number;
    readonly statement: number;
    readonly channel: string;
    readonly account: string;
    readonly snapshotMs: number;
  },
): Promise<number> {
  const { rows } = await client.query<LoneLine>(LONE, [of.statement, of.reconciliation]);
  const payments = new Set(rows.flatMap(paymentOf));
  if (payments.size === 0) return 0;
  const ids = [...payments];
  const { rowCount } = await client.query(ADD, [
    of.statement,
    of.reconciliation,
    ids.map(merchantNumberOf),
    ids.map(idToUuid),
    of.snapshotMs,
    `channel_receivable:${of.channel}/${of.account}`,
  ]);
  return rowCount ?? 0;
}

function paymentOf({ order_no, refund_no }: LoneLine): string[] {
  const number =
    order_no ?? (refund_no === null ? null : readChannelRefundNo(refund_no)?.channelOrderNo);
  const read = number === null || number === undefined ? null : readChannelOrderNo(number);
  return read ? [read.paymentId] : [];
}
