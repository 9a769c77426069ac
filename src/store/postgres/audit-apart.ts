/**
 * The audit of books that lie in two databases. The views join both books, and a view sees one database:
 * so the channel book's rows are copied into temporary tables of the payment book's session, and each
 * view's own text is run over them. Two rules come on top, about what passes between the databases.
 *
 * The two snapshots are taken one after the other, so a payment that is just changing may look torn. It
 * is not judged; how many there are is said.
 */
import pg from 'pg';
import { missingMessages } from '../../core/missing-messages.ts';
import { uuidToId } from '../../core/id.ts';
import type { PaymentKey } from '../store.ts';
import type { AuditCheck, AuditFinding, TrialBalanceRow } from './audit.ts';
import { AUDIT_CHECKS, JOB_GRACE_MS, ROWS_SHOWN_MAX, TRIAL_BALANCE } from './audit.ts';
import { loadApart } from '../book-databases.ts';
import type { BookPools } from './book-databases.ts';
import { postgresBooks } from './book-databases.ts';
import { openPool } from './pool.ts';

export const UNHEARD: AuditCheck = {
  id: 'I9',
  rule: 'What one book has to say to the other was taken in there.',
  view: 'missing_messages',
};
export const IN_DOUBT: AuditCheck = {
  id: 'I9',
  rule: 'No transaction between the databases was left in doubt.',
  view: 'pg_prepared_xacts',
};
/** Rules that only two databases can break. */
export const APART_CHECKS: readonly AuditCheck[] = [UNHEARD, IN_DOUBT];

export type ApartAudit = {
  readonly findings: readonly AuditFinding[];
  readonly trialBalance: readonly TrialBalanceRow[];
  /** Payments that changed too lately to be judged. */
  readonly young: number;
};

/** Only the channel book writes these. */
const CHANNEL_TABLES = ['channel_order', 'channel_refund', 'refund_job', 'dropped_order'] as const;
/** Each book writes its own rows of these. A payment's history is counted in the payment book alone. */
const SHARED_TABLES = ['journal', 'exception_case', 'open_case'] as const;
/** Only the channel book writes it; for the trial balance. */
const ACCOUNT_TABLE = 'account_journal';
/** Ask for nothing but rows of which each book has its own: history, and the channel book's days. */
const PER_BOOK_VIEWS = /^audit_(?:i21_|i22_|i24_decision_without_name$)/;
const ROWS_AT_ONCE = 2_000;
const SNAPSHOT = 'BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ';

/** Runs every rule over both books; answers the broken ones and the trial balance of both. */
export async function auditApart(
  urls: { readonly payment: string; readonly channel: string },
  nowMs: number,
): Promise<ApartAudit> {
  const payment = new pg.Client({ connectionString: urls.payment });
  const channel = new pg.Client({ connectionString: urls.channel });
  try {
    await Promise.all([payment.connect(), channel.connect()]);
    await channel.query(`${SNAPSHOT} READ ONLY`);
    await payment.query(SNAPSHOT);
    const texts = await viewTexts(payment);
    for (const table of CHANNEL_TABLES) await bring(channel, payment, table, false);
    for (const table of SHARED_TABLES) await bring(channel, payment, table, true);
    await bring(channel, payment, ACCOUNT_TABLE, false);
    const young = await markYoung(channel, payment, nowMs);
    const findings: AuditFinding[] = [];
    for (const check of AUDIT_CHECKS) {
      const rows = await brokenRows(payment, check, texts, nowMs);
      if (PER_BOOK_VIEWS.test(check.view)) {
        rows.push(...(await channel.query(`SELECT * FROM ${check.view}`)).rows);
      }
      if (rows.length > 0) findings.push({ check, rows: rows.slice(0, ROWS_SHOWN_MAX) });
    }
    const { rows: trialBalance } = await payment.query<TrialBalanceRow>(TRIAL_BALANCE);
    findings.push(...(await betweenTheDatabases(urls, payment, channel, nowMs)));
    // Nothing of this is kept, the temporary tables least of all.
    await Promise.all([payment.query('ROLLBACK'), channel.query('ROLLBACK')]);
    return { findings, trialBalance, young };
  } finally {
    await Promise.all([payment.end(), channel.end()]);
  }
}

/** Whether this database holds one of two books: with both in one, nothing is noted of either alone. */
export async function holdsOneBook(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const text = 'SELECT EXISTS (SELECT 1 FROM book_change) AS is_one';
    const { rows } = await client.query<{ is_one: boolean }>(text);
    return rows[0]?.is_one === true;
  } finally {
    await client.end();
  }
}

type ViewText = { readonly text: string; readonly namesPayment: boolean };

/** The views' own queries, which name their tables without a schema: temporary tables come first there. */
async function viewTexts(payment: pg.Client): Promise<ReadonlyMap<string, ViewText>> {
  const { rows } = await payment.query<{ name: string; text: string; names_payment: boolean }>(
    `SELECT c.relname AS name, rtrim(pg_get_viewdef(c.oid), ';') AS text, EXISTS (
        SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'payment_id') AS names_payment
      FROM pg_class c WHERE c.relkind = 'v' AND c.relname LIKE 'audit!_i%' ESCAPE '!'`,
  );
  return new Map(
    rows.map((row) => [row.name, { text: row.text, namesPayment: row.names_payment }]),
  );
}

/** A temporary table of the same name with the channel book's rows, and, where both write it, with ours. */
async function bring(
  channel: pg.Client,
  payment: pg.Client,
  table: string,
  isShared: boolean,
): Promise<void> {
  await payment.query(`CREATE TEMPORARY TABLE brought (LIKE ${table}) ON COMMIT DROP`);
  if (isShared) await payment.query(`INSERT INTO brought SELECT * FROM ${table}`);
  await channel.query(
    `DECLARE brought CURSOR FOR SELECT row_to_json(t)::text AS row FROM ${table} t`,
  );
  for (;;) {
    const { rows } = await channel.query<{ row: string }>(`FETCH ${ROWS_AT_ONCE} FROM brought`);
    if (rows.length === 0) break;
    await payment.query(
      'INSERT INTO brought SELECT * FROM json_populate_recordset(NULL::brought, $1::json)',
      [`[${rows.map((one) => one.row).join(',')}]`],
    );
  }
  await channel.query('CLOSE brought');
  await payment.query(`ALTER TABLE brought RENAME TO ${table}`);
  if (table !== ACCOUNT_TABLE) {
    await payment.query(`CREATE INDEX ON pg_temp.${table} (merchant_number, payment_id)`);
  }
  await payment.query(`ANALYZE pg_temp.${table}`);
}

/** Notes the payments of which either book changed just now; answers how many. */
async function markYoung(channel: pg.Client, payment: pg.Client, nowMs: number): Promise<number> {
  const text = 'SELECT payment_id FROM book_change WHERE changed_at_ms >= $1';
  const sinceMs = nowMs - JOB_GRACE_MS;
  const { rows } = await channel.query<{ payment_id: string }>(text, [sinceMs]);
  await payment.query('CREATE TEMPORARY TABLE audit_young (payment_id uuid) ON COMMIT DROP');
  const { rowCount } = await payment.query(
    `INSERT INTO audit_young ${text} UNION SELECT unnest($2::uuid[])`,
    [sinceMs, rows.map((row) => row.payment_id)],
  );
  return rowCount ?? 0;
}

async function brokenRows(
  payment: pg.Client,
  { view, mayBeYoung }: AuditCheck,
  texts: ReadonlyMap<string, ViewText>,
  nowMs: number,
): Promise<Record<string, unknown>[]> {
  const known = texts.get(view);
  if (!known) throw new Error(`the database has no view ${view}; run the migrations`);
  const conditions = [
    ...(mayBeYoung ? [`since_ms < ${nowMs - JOB_GRACE_MS}`] : []),
    ...(known.namesPayment ? ['payment_id NOT IN (SELECT payment_id FROM audit_young)'] : []),
  ];
  const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '';
  const text = `SELECT * FROM (${known.text}) broken ${where} LIMIT ${ROWS_SHOWN_MAX}`;
  return (await payment.query<Record<string, unknown>>(text)).rows;
}

/** What a message or a half of a commit left undone, long after it should have been done. */
async function betweenTheDatabases(
  urls: { readonly payment: string; readonly channel: string },
  payment: pg.Client,
  channel: pg.Client,
  nowMs: number,
): Promise<AuditFinding[]> {
  // Prepared transactions are seen as they are, whatever the snapshot.
  const { rows: doubts } = await channel.query<{ gid: string }>(
    `SELECT gid FROM pg_prepared_xacts WHERE gid LIKE 'tieout:%' AND database = current_database()`,
  );
  const single = { max: 1, onError: () => {} };
  const pools: BookPools = {
    payment: openPool(urls.payment, single),
    channel: openPool(urls.channel, single),
  };
  try {
    const old = doubts.filter(({ gid }) => Number(gid.split(':')[1]) < nowMs - JOB_GRACE_MS);
    const unheard = await unheardMessages(pools, payment);
    return [
      { check: UNHEARD, rows: unheard },
      { check: IN_DOUBT, rows: old },
    ].filter(({ rows }) => rows.length > 0);
  } finally {
    await Promise.all([pools.payment.end(), pools.channel.end()]);
  }
}

const PAGE = `
  SELECT merchant_number, id FROM payment
  WHERE (merchant_number, id) > ($1, $2) AND id NOT IN (SELECT payment_id FROM audit_young)
  ORDER BY merchant_number, id LIMIT ${ROWS_AT_ONCE}`;

/** Made from what the books say themselves, as the scan does: an outbox may have lost a row. */
async function unheardMessages(
  pools: BookPools,
  payment: pg.Client,
): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = [];
  let after: readonly [number, string] = [0, '00000000-0000-0000-0000-000000000000'];
  while (found.length < ROWS_SHOWN_MAX) {
    const { rows } = await payment.query<{ merchant_number: number; id: string }>(PAGE, [...after]);
    const last = rows.at(-1);
    if (!last) break;
    after = [last.merchant_number, last.id];
    const keys: PaymentKey[] = rows.map((row) => ({
      merchantNumber: row.merchant_number,
      paymentId: uuidToId('pay', row.id),
    }));
    for (const one of await loadApart(postgresBooks(pools), keys)) {
      for (const { key } of one ? missingMessages(one) : []) {
        found.push({ payment_id: one?.payment.id, message: key });
      }
    }
  }
  return found.slice(0, ROWS_SHOWN_MAX);
}
