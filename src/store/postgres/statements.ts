/** Statements in the database: taken in whole, each as a version of its day, and never changed. */
import type { ClientBase } from 'pg';
import { idToUuid, uuidToId } from '../../core/id.ts';
import type { StatementLine, StatementTotal } from '../../core/reconciliation/statement-line.ts';
import type { CopyValue, RowCopy } from './copy-rows.ts';
import { copyRows } from './copy-rows.ts';
import type { Pool } from './pool.ts';

export type StatementHead = {
  readonly channel: string;
  readonly account: string;
  /** The channel's business day. */
  readonly day: string;
  readonly format: string;
  readonly source: 'connector' | 'upload';
  /** Who brought it, and why; null for what our connector fetched. */
  readonly by: string | null;
  readonly reason: string | null;
  readonly fileName: string;
};

export type StoredStatement = StatementHead & {
  readonly number: number;
  readonly id: string;
  readonly version: number;
  readonly sha256: string;
  readonly receivedAtMs: number;
  readonly lineCount: number;
  readonly totals: readonly StatementTotal[];
  readonly hasTrailer: boolean;
};

const LINE_COLUMNS = [
  'statement',
  'line_no',
  'kind',
  'word',
  'order_no',
  'refund_no',
  'transaction_no',
  'movement_no',
  'amount_minor',
  'currency',
  'fee_minor',
  'net_minor',
  'settlement_currency',
  'status',
  'at_ms',
] as const;

/** Begins to load lines of a statement that has this number, inside the caller's transaction. */
export function copyStatementLines(client: ClientBase): RowCopy {
  return copyRows(client, 'statement_line', LINE_COLUMNS);
}

/** One line as `copyStatementLines` takes it. */
export function lineValues(statement: number, line: StatementLine): readonly CopyValue[] {
  return [
    statement,
    line.lineNo,
    line.kind,
    line.word,
    line.orderNo,
    line.refundNo,
    line.transactionNo,
    line.movementNo,
    line.amountMinor,
    line.currency,
    line.feeMinor,
    line.netMinor,
    line.settlementCurrency,
    line.status,
    line.atMs,
  ];
}

/** The number that a statement will have; a number that is not used stays unused. */
export async function nextStatementNumber(client: ClientBase): Promise<number> {
  const { rows } = await client.query<{ number: number }>(
    "SELECT nextval(pg_get_serial_sequence('statement', 'number'))::integer AS number",
  );
  const [row] = rows;
  if (!row) throw new Error('the database gives no number to a statement');
  return row.number;
}

const COLUMNS = `number, id, channel, account, day::text AS day, version, format, source, by_name, reason, file_name,
  encode(sha256, 'hex') AS sha256, received_at_ms, line_count, totals, has_trailer`;

/**
 * Writes the head of a statement whose lines are loaded: the next version of its day. The lock on the
 * day keeps two files of one day apart.
 */
export async function addStatement(
  client: ClientBase,
  fresh: Omit<StoredStatement, 'version'>,
): Promise<StoredStatement> {
  const { rows } = await client.query<StatementRow>(
    `INSERT INTO statement (number, id, channel, account, day, version, format, source, by_name, reason, file_name,
       sha256, received_at_ms, line_count, totals, has_trailer)
     OVERRIDING SYSTEM VALUE
     SELECT $1, $2, $3, $4, $5::date,
       (SELECT coalesce(max(version), 0) + 1 FROM statement WHERE channel = $3 AND account = $4 AND day = $5::date),
       $6, $7, $8, $9, $10, decode($11, 'hex'), $12, $13, $14::jsonb, $15
     RETURNING ${COLUMNS}`,
    [
      fresh.number,
      idToUuid(fresh.id),
      fresh.channel,
      fresh.account,
      fresh.day,
      fresh.format,
      fresh.source,
      fresh.by,
      fresh.reason,
      fresh.fileName,
      fresh.sha256,
      fresh.receivedAtMs,
      fresh.lineCount,
      JSON.stringify(fresh.totals),
      fresh.hasTrailer,
    ],
  );
  const [row] = rows;
  if (!row) throw new Error('the database took a statement and did not answer it');
  return toStatement(row);
}

/** Lets one file of an account's day in at a time, until the transaction ends. */
export async function lockStatementDay(
  client: ClientBase,
  { channel, account, day }: Pick<StatementHead, 'channel' | 'account' | 'day'>,
): Promise<void> {
  await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `statement ${channel}/${account} ${day}`,
  ]);
}

/** The same file of the same day, if it was taken in before. */
export async function findSameStatement(
  client: ClientBase | Pool,
  { channel, account, day }: Pick<StatementHead, 'channel' | 'account' | 'day'>,
  sha256: string,
): Promise<StoredStatement | null> {
  const { rows } = await client.query<StatementRow>(
    `SELECT ${COLUMNS} FROM statement
     WHERE channel = $1 AND account = $2 AND day = $3::date AND sha256 = decode($4, 'hex')`,
    [channel, account, day, sha256],
  );
  return rows.map(toStatement)[0] ?? null;
}

/** A statement by its id, or null. */
export async function getStatement(pool: Pool, id: string): Promise<StoredStatement | null> {
  const { rows } = await pool.query<StatementRow>(
    `SELECT ${COLUMNS} FROM statement WHERE id = $1`,
    [idToUuid(id)],
  );
  return rows.map(toStatement)[0] ?? null;
}

/** Statements, the newest first, from before a number on. */
export async function listStatements(
  pool: Pool,
  wanted: {
    readonly channel: string | null;
    readonly day: string | null;
    readonly before: number | null;
    readonly limit: number;
  },
): Promise<StoredStatement[]> {
  const { rows } = await pool.query<StatementRow>(
    `SELECT ${COLUMNS} FROM statement
     WHERE ($1::text IS NULL OR channel = $1) AND ($2::date IS NULL OR day = $2::date)
       AND ($3::integer IS NULL OR number < $3)
     ORDER BY number DESC LIMIT $4`,
    [wanted.channel, wanted.day, wanted.before, wanted.limit],
  );
  return rows.map(toStatement);
}

type StatementRow = {
  number: number;
  id: string;
  channel: string;
  account: string;
  day: string;
  version: number;
  format: string;
  source: 'connector' | 'upload';
  by_name: string | null;
  reason: string | null;
  file_name: string;
  sha256: string;
  received_at_ms: number;
  line_count: number;
  totals: StatementTotal[];
  has_trailer: boolean;
};

function toStatement(row: StatementRow): StoredStatement {
  return {
    number: row.number,
    id: uuidToId('stm', row.id),
    channel: row.channel,
    account: row.account,
    day: row.day,
    version: row.version,
    format: row.format,
    source: row.source,
    by: row.by_name,
    reason: row.reason,
    fileName: row.file_name,
    sha256: row.sha256,
    receivedAtMs: row.received_at_ms,
    lineCount: row.line_count,
    totals: row.totals,
    hasTrailer: row.has_trailer,
  };
}
