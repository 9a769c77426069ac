/** What the end of a day needs to know: older cases that its lines end, silent orders, rewritten lines. */
import { uuidToId } from '../../core/id.ts';
import type { StatementDifference } from '../../core/reconciliation/difference.ts';
import type { PaymentKey } from '../store.ts';
import type { AccountDay } from './reconciliations.ts';
import type { Pool } from './pool.ts';

export type OpenDifference = PaymentKey & Pick<StatementDifference, 'kind' | 'subject'>;

/** Open differences about payments of which this comparison has matched the very thing. */
export async function differencesOver(pool: Pool, number: number): Promise<OpenDifference[]> {
  const { rows } = await pool.query<{
    merchant_number: number;
    payment_id: string;
    kind: StatementDifference['kind'];
    subject: string;
  }>(
    `SELECT c.merchant_number, c.payment_id, c.kind, c.subject
     FROM open_case c JOIN platform_entry e ON e.reconciliation = $1
       AND e.merchant_number = c.merchant_number AND e.payment_id = c.payment_id
     WHERE c.kind IN ('channel_only', 'platform_only', 'statement_difference')
       AND c.subject = e.kind || ':' || coalesce(e.refund_no, e.order_no || ':' || e.transaction_no)
       AND NOT EXISTS (SELECT 1 FROM reconciliation_item i WHERE i.reconciliation = $1 AND i.entry_no = e.entry_no)`,
    [number],
  );
  return rows.map((row) => ({
    merchantNumber: row.merchant_number,
    paymentId: uuidToId('pay', row.payment_id),
    kind: row.kind,
    subject: row.subject,
  }));
}

export type SilentOrder = PaymentKey & {
  readonly attempt: number;
  readonly createdAtMs: number;
  readonly validUntilMs: number;
};

/** Orders of the account that wait for a statement and nothing else, created and ended before that time. */
export async function ordersAwaitingStatement(
  pool: Pool,
  { channel, account }: Pick<AccountDay, 'channel' | 'account'>,
  validUntilBeforeMs: number,
): Promise<SilentOrder[]> {
  const { rows } = await pool.query<{
    merchant_number: number;
    payment_id: string;
    attempt: number;
    created_at_ms: number;
    valid_until_ms: number;
  }>(
    `SELECT o.merchant_number, o.payment_id, o.attempt, o.created_at_ms, o.valid_until_ms
     FROM open_case c JOIN channel_order o ON o.merchant_number = c.merchant_number
       AND o.payment_id = c.payment_id AND o.attempt::text = c.subject
     WHERE c.kind = 'external_drop' AND o.channel = $1 AND o.account = $2 AND o.awaits_statement
       AND o.status IN ('created', 'pending', 'unknown') AND o.valid_until_ms < $3
     ORDER BY o.created_at_ms LIMIT 10000`,
    [channel, account, validUntilBeforeMs],
  );
  return rows.map((row) => ({
    merchantNumber: row.merchant_number,
    paymentId: uuidToId('pay', row.payment_id),
    attempt: row.attempt,
    createdAtMs: row.created_at_ms,
    validUntilMs: row.valid_until_ms,
  }));
}

/** Which of these days have a comparison that is closed and was made with a verified statement, or with none because there was no trade. */
export async function closedDays(
  pool: Pool,
  { channel, account }: Pick<AccountDay, 'channel' | 'account'>,
  days: readonly string[],
): Promise<ReadonlySet<string>> {
  const { rows } = await pool.query<{ day: string }>(
    `SELECT DISTINCT r.day::text AS day FROM reconciliation r LEFT JOIN statement s ON s.number = r.statement
     WHERE r.channel = $1 AND r.account = $2 AND r.day = ANY ($3::date[]) AND r.status = 'closed'
       AND (r.statement IS NULL OR s.source = 'connector')`,
    [channel, account, days],
  );
  return new Set(rows.map(({ day }) => day));
}

export type RewrittenLine = {
  readonly kind: string;
  readonly orderNo: string | null;
  readonly refundNo: string | null;
  readonly transactionNo: string | null;
  readonly currency: string;
  /** Null: the line is gone, or was not there before. */
  readonly beforeMinor: number | null;
  readonly afterMinor: number | null;
  readonly beforeFeeMinor: number | null;
  readonly afterFeeMinor: number | null;
};

/** Most lines of a rewritten file that get a case each; a file that differs more is another file. */
const REWRITTEN_MAX = 1_000;

/** What a later version of a day's statement says otherwise than the one before it. */
export async function rewrittenLines(
  pool: Pool,
  before: number,
  after: number,
): Promise<RewrittenLine[]> {
  const { rows } = await pool.query<RewrittenLine>(
    `WITH old AS (SELECT * FROM statement_line WHERE statement = $1),
          new AS (SELECT * FROM statement_line WHERE statement = $2)
     SELECT coalesce(o.kind, n.kind) AS kind, coalesce(o.order_no, n.order_no) AS "orderNo",
       coalesce(o.refund_no, n.refund_no) AS "refundNo", coalesce(o.transaction_no, n.transaction_no) AS "transactionNo",
       coalesce(n.currency, o.currency) AS currency, o.amount_minor AS "beforeMinor", n.amount_minor AS "afterMinor",
       o.fee_minor AS "beforeFeeMinor", n.fee_minor AS "afterFeeMinor"
     FROM old o FULL JOIN new n ON concat_ws(' ', o.kind, o.order_no, o.refund_no, o.transaction_no, o.movement_no)
       = concat_ws(' ', n.kind, n.order_no, n.refund_no, n.transaction_no, n.movement_no)
     WHERE o.line_no IS NULL OR n.line_no IS NULL OR o.amount_minor <> n.amount_minor OR o.currency <> n.currency
       OR o.status <> n.status OR o.fee_minor IS DISTINCT FROM n.fee_minor
     ORDER BY coalesce(n.line_no, o.line_no) LIMIT ${REWRITTEN_MAX}`,
    [before, after],
  );
  return rows;
}

/** The newest statement of a day, and the one before it. */
export async function versionsOf(
  pool: Pool,
  { channel, account, day }: AccountDay,
): Promise<{ readonly number: number; readonly version: number; readonly source: string }[]> {
  const { rows } = await pool.query<{ number: number; version: number; source: string }>(
    `SELECT number, version, source FROM statement
     WHERE channel = $1 AND account = $2 AND day = $3::date ORDER BY version DESC LIMIT 2`,
    [channel, account, day],
  );
  return rows;
}

/** When the first payment of all was made; null before there is one. */
export async function firstPaymentAtMs(pool: Pool): Promise<number | null> {
  const { rows } = await pool.query<{ at_ms: number | null }>(
    'SELECT min(created_at_ms) AS at_ms FROM payment',
  );
  return rows[0]?.at_ms ?? null;
}

/**
 * How many entries of a comparison are of its own day, not carried into it, and stand in no statement of a later
 * day either: a channel that cuts its day earlier than we do lists them there.
 */
export async function ownEntryCount(pool: Pool, number: number): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    `SELECT count(*) AS count FROM platform_entry e JOIN reconciliation r ON r.number = e.reconciliation
     WHERE e.reconciliation = $1 AND e.origin = 'day' AND NOT EXISTS (
       SELECT 1 FROM reconciliation l JOIN platform_entry m ON m.reconciliation = l.number
       WHERE l.channel = r.channel AND l.account = r.account AND l.day > r.day AND m.origin = 'carried'
         AND m.kind = e.kind AND m.order_no = e.order_no AND m.transaction_no IS NOT DISTINCT FROM e.transaction_no
         AND m.refund_no IS NOT DISTINCT FROM e.refund_no AND NOT EXISTS (
           SELECT 1 FROM reconciliation_item i WHERE i.reconciliation = m.reconciliation AND i.entry_no = m.entry_no
             AND i.line_no IS NULL))`,
    [number],
  );
  return rows[0]?.count ?? 0;
}

/**
 * Payments of a comparison about which the channel book still has something to tell the payment book, where
 * the two lie apart: until that is heard, `between_books` is not zero for the day.
 */
export async function unheardPayments(pool: Pool, number: number): Promise<string[]> {
  const { rows } = await pool.query<{ payment_id: string }>(
    `SELECT DISTINCT e.payment_id FROM platform_entry e JOIN (
       SELECT merchant_number, payment_id FROM outbox
       UNION ALL SELECT merchant_number, payment_id FROM internal_drop
     ) waiting ON waiting.merchant_number = e.merchant_number AND waiting.payment_id = e.payment_id
     WHERE e.reconciliation = $1 LIMIT 100`,
    [number],
  );
  return rows.map((row) => uuidToId('pay', row.payment_id));
}
