/**
 * The invariants as SQL on a live database: each query must answer no row. They read everything, so
 * they are for an audit and not for the payment path. Identifiers I1–I25 are those of the core.
 */
import pg from 'pg';

export type AuditCheck = {
  readonly id: string;
  /** What must be true. */
  readonly rule: string;
  /** Rows where it is not; `$1` is the time of the audit in milliseconds. */
  readonly sql: string;
};

/** A job is late, and not merely young, after this long: first query, sweep and lease with room to spare. */
const JOB_GRACE_MS = 120_000;

export const AUDIT_CHECKS: readonly AuditCheck[] = [
  {
    id: 'I1',
    rule: 'Money beside the winner is owned by an open case.',
    sql: `SELECT p.id AS payment, p.surplus_received_minor, p.surplus_held_minor FROM payment p
      WHERE p.surplus_received_minor + p.surplus_held_minor > 0 AND NOT EXISTS (
        SELECT 1 FROM open_case c WHERE c.merchant_number = p.merchant_number AND c.payment_id = p.id)`,
  },
  {
    id: 'I2',
    rule: 'A succeeded payment has a winner that its channel charged, of exactly its amount.',
    sql: `SELECT p.id AS payment, p.winner_transaction_no FROM payment p
      WHERE p.status = 'succeeded' AND NOT EXISTS (
        SELECT 1 FROM journal j WHERE j.merchant_number = p.merchant_number AND j.payment_id = p.id
          AND j.book = 'channel' AND j.attempt = p.winner_attempt AND j.transaction_no = p.winner_transaction_no
          AND NOT j.held AND j.amount_minor = p.amount_minor AND j.currency = p.currency)`,
  },
  {
    id: 'I3',
    rule: 'The winner that was booked is the winner of the payment.',
    sql: `SELECT p.id AS payment, p.status FROM payment p
      WHERE (p.winner_attempt IS NOT NULL) <> EXISTS (
        SELECT 1 FROM journal j WHERE j.merchant_number = p.merchant_number AND j.payment_id = p.id
          AND j.book = 'payment' AND j.entry = 'winner')`,
  },
  {
    id: 'I6',
    rule: 'A closed payment has no channel order that may still be paid.',
    sql: `SELECT p.id AS payment, o.attempt, o.status FROM payment p
      JOIN channel_order o ON o.merchant_number = p.merchant_number AND o.payment_id = p.id
      WHERE p.status = 'closed' AND o.status IN ('created', 'pending', 'unknown')`,
  },
  {
    id: 'I7',
    rule: 'Versions rise by one: every change is in the history, but for a creation that the first channel order tells.',
    sql: `SELECT p.id AS payment, p.version, count(h.version) AS entries FROM payment p
      LEFT JOIN history h ON h.merchant_number = p.merchant_number AND h.payment_id = p.id
      GROUP BY p.merchant_number, p.id, p.version, p.created_at_ms
      HAVING count(h.version) + CASE WHEN min(h.version) = 1 OR NOT EXISTS (
          SELECT 1 FROM channel_order o WHERE o.merchant_number = p.merchant_number AND o.payment_id = p.id
            AND o.attempt = 1 AND o.created_at_ms = p.created_at_ms) THEN 0 ELSE 1 END <> p.version`,
  },
  {
    id: 'I9',
    rule: 'Each good charge of the channel book is in the payment book, and the two mirrors cancel out.',
    sql: `SELECT payment_id AS payment, currency,
        sum(CASE WHEN debit = 'between_books' THEN amount_minor WHEN credit = 'between_books' THEN -amount_minor ELSE 0 END) AS between_books
      FROM journal GROUP BY merchant_number, payment_id, currency
      HAVING sum(CASE WHEN debit = 'between_books' THEN amount_minor WHEN credit = 'between_books' THEN -amount_minor ELSE 0 END) <> 0`,
  },
  {
    id: 'I14',
    rule: 'A payment that succeeded or closed has its event.',
    sql: `SELECT p.id AS payment, p.status FROM payment p
      WHERE p.status IN ('succeeded', 'closed') AND NOT EXISTS (
        SELECT 1 FROM event e WHERE e.merchant_number = p.merchant_number AND e.payment_id = p.id
          AND e.type = 'payment.' || p.status)`,
  },
  {
    id: 'I15',
    rule: 'A payment is told as succeeded at most once.',
    sql: `SELECT payment_id AS payment, count(*) FROM event WHERE type = 'payment.succeeded'
      GROUP BY merchant_number, payment_id HAVING count(*) > 1`,
  },
  {
    id: 'I18',
    rule: 'An open case is listed among the open ones, and nothing else is.',
    sql: `SELECT coalesce(c.payment_id, x.payment_id) AS payment, coalesce(c.kind, x.kind) AS kind
      FROM open_case c FULL JOIN (SELECT * FROM exception_case WHERE resolved_at_ms IS NULL) x
        ON x.merchant_number = c.merchant_number AND x.payment_id = c.payment_id AND x.id = c.case_id
      WHERE c.payment_id IS NULL OR x.payment_id IS NULL`,
  },
  {
    id: 'I19',
    rule: 'An order that is not final has a job or an open case.',
    sql: `SELECT o.payment_id AS payment, o.attempt, o.status FROM channel_order o
      WHERE o.status IN ('created', 'pending', 'unknown', 'held') AND o.created_at_ms < $1::bigint - ${JOB_GRACE_MS}
        AND NOT EXISTS (SELECT 1 FROM dropped_order d WHERE d.merchant_number = o.merchant_number
          AND d.payment_id = o.payment_id AND d.attempt = o.attempt)
        AND NOT EXISTS (SELECT 1 FROM open_case c WHERE c.merchant_number = o.merchant_number
          AND c.payment_id = o.payment_id)`,
  },
  {
    id: 'I19',
    rule: 'A payment that is not final has an expiry, an open case or an order being asked about.',
    sql: `SELECT p.id AS payment, p.status FROM payment p
      WHERE p.status IN ('pending', 'processing') AND p.created_at_ms < $1::bigint - ${JOB_GRACE_MS}
        AND NOT EXISTS (SELECT 1 FROM payment_expiry e WHERE e.merchant_number = p.merchant_number AND e.payment_id = p.id)
        AND NOT EXISTS (SELECT 1 FROM dropped_order d WHERE d.merchant_number = p.merchant_number AND d.payment_id = p.id)
        AND NOT EXISTS (SELECT 1 FROM open_case c WHERE c.merchant_number = p.merchant_number AND c.payment_id = p.id)`,
  },
  {
    id: 'I16',
    rule: 'An event was delivered to some endpoint, is on its way, has an open case, or nobody asked for it.',
    sql: `SELECT e.payment_id AS payment, e.type FROM event e
      WHERE EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.merchant_number = e.merchant_number AND d.event_id = e.id)
        AND NOT EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.merchant_number = e.merchant_number
          AND d.event_id = e.id AND d.response_status BETWEEN 200 AND 299)
        AND NOT EXISTS (SELECT 1 FROM notice n WHERE n.merchant_number = e.merchant_number AND n.event_id = e.id)
        AND NOT EXISTS (SELECT 1 FROM open_case c WHERE c.merchant_number = e.merchant_number AND c.payment_id = e.payment_id
          AND c.kind = 'undelivered_notice')`,
  },
];

export type AuditFinding = {
  readonly check: AuditCheck;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
};
export type TrialBalanceRow = {
  readonly book: string;
  readonly account: string;
  readonly currency: string;
  readonly debitMinor: string;
  readonly creditMinor: string;
};

/** Most offending rows shown per broken rule. */
const ROWS_SHOWN_MAX = 20;

const TRIAL_BALANCE = `
  SELECT book, account, currency, sum(debit)::text AS "debitMinor", sum(credit)::text AS "creditMinor" FROM (
    SELECT book, debit AS account, currency, amount_minor AS debit, 0::bigint AS credit FROM journal
    UNION ALL SELECT book, credit, currency, 0, amount_minor FROM journal
  ) legs GROUP BY book, account, currency ORDER BY book, account, currency`;

/** Runs every check in one consistent snapshot; answers the broken ones and the trial balance. */
export async function auditDatabase(
  url: string,
  nowMs: number,
): Promise<{ findings: AuditFinding[]; trialBalance: TrialBalanceRow[] }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const findings: AuditFinding[] = [];
    for (const check of AUDIT_CHECKS) {
      const text = `SELECT * FROM (${check.sql}) broken LIMIT ${ROWS_SHOWN_MAX}`;
      const values = check.sql.includes('$1') ? [nowMs] : [];
      const { rows } = await client.query<Record<string, unknown>>(text, values);
      if (rows.length > 0) findings.push({ check, rows });
    }
    const { rows: trialBalance } = await client.query<TrialBalanceRow>(TRIAL_BALANCE);
    await client.query('COMMIT');
    return { findings, trialBalance };
  } finally {
    await client.end();
  }
}
