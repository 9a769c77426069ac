/** Comparisons of days in the database: begun, found out, settled item by item, and closed. */
import type { ClientBase } from 'pg';
import { idToUuid, uuidToId } from '../../core/id.ts';
import type { FigureRow, ItemClass } from '../../core/reconciliation/figures.ts';
import type { Pool } from './pool.ts';

export type AccountDay = {
  readonly channel: string;
  readonly account: string;
  readonly day: string;
};

export type ReconciliationStatus = 'comparing' | 'settling' | 'open' | 'closed';

export type StoredReconciliation = AccountDay & {
  readonly number: number;
  readonly id: string;
  /** The number of the statement; null where there was no trade. */
  readonly statement: number | null;
  readonly status: ReconciliationStatus;
  readonly snapshotMs: number;
  readonly startedAtMs: number;
  readonly closedAtMs: number | null;
  readonly figures: readonly FigureRow[];
  /** Hex; over figures and items. The same statement and the same entries have the same. */
  readonly digest: string | null;
};

export type ItemOutcome = 'settled' | 'case' | 'suspense';

export type StoredItem = {
  readonly itemNo: number;
  readonly side: 'channel' | 'platform' | 'both';
  readonly class: Exclude<ItemClass, 'matched'>;
  readonly kind: 'payment' | 'refund' | 'reversal' | 'dispute' | 'fee' | 'payout' | 'other';
  readonly word: string | null;
  readonly lineNo: number | null;
  readonly entryNo: number | null;
  readonly orderNo: string | null;
  readonly refundNo: string | null;
  readonly transactionNo: string | null;
  readonly movementNo: string | null;
  readonly currency: string;
  readonly channelMinor: number | null;
  readonly platformMinor: number | null;
  readonly channelFeeMinor: number | null;
  readonly platformFeeMinor: number | null;
  readonly channelStatus: string | null;
  readonly platformStatus: string | null;
  readonly atMs: number | null;
  readonly outcome: ItemOutcome | null;
  readonly outcomeWords: string | null;
};

const COLUMNS = `number, id, channel, account, day::text AS day, statement, status, snapshot_ms, started_at_ms,
  closed_at_ms, figures, encode(digest, 'hex') AS digest`;

/** Begins a comparison; its entries are still to be frozen, in the same transaction. */
export async function addReconciliation(
  client: ClientBase,
  fresh: AccountDay & {
    readonly id: string;
    readonly statement: number | null;
    readonly nowMs: number;
  },
): Promise<StoredReconciliation> {
  const { rows } = await client.query<ReconciliationRow>(
    `INSERT INTO reconciliation (id, channel, account, day, statement, status, snapshot_ms, started_at_ms)
     VALUES ($1, $2, $3, $4::date, $5, 'comparing', $6, $6) RETURNING ${COLUMNS}`,
    [idToUuid(fresh.id), fresh.channel, fresh.account, fresh.day, fresh.statement, fresh.nowMs],
  );
  return only(rows);
}

/** Notes what was found: the sums, and the digest of all of it. */
export async function noteFigures(
  client: ClientBase,
  number: number,
  figures: readonly FigureRow[],
  digest: string,
): Promise<void> {
  await client.query(
    `UPDATE reconciliation SET status = 'settling', figures = $2::jsonb, digest = decode($3, 'hex') WHERE number = $1`,
    [number, JSON.stringify(figures), digest],
  );
}

/** Moves a comparison on; `closedAtMs` with the status closed. */
export async function moveReconciliation(
  pool: Pool,
  number: number,
  status: ReconciliationStatus,
  closedAtMs: number | null,
): Promise<void> {
  await pool.query('UPDATE reconciliation SET status = $2, closed_at_ms = $3 WHERE number = $1', [
    number,
    status,
    closedAtMs,
  ]);
}

/** A comparison by its id, or null. */
export async function getReconciliation(
  pool: Pool,
  id: string,
): Promise<StoredReconciliation | null> {
  const { rows } = await pool.query<ReconciliationRow>(
    `SELECT ${COLUMNS} FROM reconciliation WHERE id = $1`,
    [idToUuid(id)],
  );
  return rows.map(toReconciliation)[0] ?? null;
}

/** The newest comparison of a day, or null. */
export async function latestReconciliation(
  client: ClientBase | Pool,
  { channel, account, day }: AccountDay,
): Promise<StoredReconciliation | null> {
  const { rows } = await client.query<ReconciliationRow>(
    `SELECT ${COLUMNS} FROM reconciliation WHERE channel = $1 AND account = $2 AND day = $3::date
     ORDER BY number DESC LIMIT 1`,
    [channel, account, day],
  );
  return rows.map(toReconciliation)[0] ?? null;
}

/** Comparisons, the newest first, from before a number on. */
export async function listReconciliations(
  pool: Pool,
  wanted: {
    readonly channel: string | null;
    readonly day: string | null;
    readonly before: number | null;
    readonly limit: number;
  },
): Promise<StoredReconciliation[]> {
  const { rows } = await pool.query<ReconciliationRow>(
    `SELECT ${COLUMNS} FROM reconciliation
     WHERE ($1::text IS NULL OR channel = $1) AND ($2::date IS NULL OR day = $2::date)
       AND ($3::integer IS NULL OR number < $3)
     ORDER BY number DESC LIMIT $4`,
    [wanted.channel, wanted.day, wanted.before, wanted.limit],
  );
  return rows.map(toReconciliation);
}

/** Comparisons that a crash or an unreachable channel left before their end, oldest first. */
export async function unsettledReconciliations(pool: Pool): Promise<StoredReconciliation[]> {
  const { rows } = await pool.query<ReconciliationRow>(
    `SELECT ${COLUMNS} FROM reconciliation WHERE status IN ('settling', 'open') ORDER BY number`,
  );
  return rows.map(toReconciliation);
}

const ITEM_COLUMNS = `item_no, side, class, kind, word, line_no, entry_no, order_no, refund_no, transaction_no,
  movement_no, currency, channel_minor, platform_minor, channel_fee_minor, platform_fee_minor, channel_status,
  platform_status, at_ms, outcome, outcome_words`;

/** Items of a comparison, in their order, after an item; of one class where that is given. */
export async function listItems(
  client: ClientBase | Pool,
  number: number,
  wanted: {
    readonly after: number;
    readonly limit: number;
    readonly class?: string | null;
    /** Only differences of which nothing has become yet. */
    readonly isUnsettled?: boolean;
  },
): Promise<StoredItem[]> {
  const { rows } = await client.query<ItemRow>(
    `SELECT ${ITEM_COLUMNS} FROM reconciliation_item
     WHERE reconciliation = $1 AND item_no > $2 AND ($4::text IS NULL OR class = $4)
       AND (NOT $5 OR (outcome IS NULL AND class NOT IN ('carried', 'named')))
     ORDER BY item_no LIMIT $3`,
    [number, wanted.after, wanted.limit, wanted.class ?? null, wanted.isUnsettled ?? false],
  );
  return rows.map(toItem);
}

/** Writes down what became of a difference; what stands there already stays. */
export async function noteOutcome(
  pool: Pool,
  number: number,
  itemNo: number,
  { outcome, words, atMs }: { outcome: ItemOutcome; words: string; atMs: number },
): Promise<void> {
  await pool.query(
    `UPDATE reconciliation_item SET outcome = $3, outcome_words = $4, outcome_at_ms = $5
     WHERE reconciliation = $1 AND item_no = $2`,
    [number, itemNo, outcome, words, atMs],
  );
}

type ReconciliationRow = {
  number: number;
  id: string;
  channel: string;
  account: string;
  day: string;
  statement: number | null;
  status: ReconciliationStatus;
  snapshot_ms: number;
  started_at_ms: number;
  closed_at_ms: number | null;
  figures: FigureRow[] | null;
  digest: string | null;
};

function only(rows: readonly ReconciliationRow[]): StoredReconciliation {
  const [row] = rows;
  if (!row) throw new Error('the database took a reconciliation and did not answer it');
  return toReconciliation(row);
}

function toReconciliation(row: ReconciliationRow): StoredReconciliation {
  return {
    number: row.number,
    id: uuidToId('rec', row.id),
    channel: row.channel,
    account: row.account,
    day: row.day,
    statement: row.statement,
    status: row.status,
    snapshotMs: row.snapshot_ms,
    startedAtMs: row.started_at_ms,
    closedAtMs: row.closed_at_ms,
    figures: row.figures ?? [],
    digest: row.digest,
  };
}

type ItemRow = {
  item_no: number;
  side: StoredItem['side'];
  class: StoredItem['class'];
  kind: StoredItem['kind'];
  word: string | null;
  line_no: number | null;
  entry_no: number | null;
  order_no: string | null;
  refund_no: string | null;
  transaction_no: string | null;
  movement_no: string | null;
  currency: string;
  channel_minor: number | null;
  platform_minor: number | null;
  channel_fee_minor: number | null;
  platform_fee_minor: number | null;
  channel_status: string | null;
  platform_status: string | null;
  at_ms: number | null;
  outcome: ItemOutcome | null;
  outcome_words: string | null;
};

function toItem(row: ItemRow): StoredItem {
  return {
    itemNo: row.item_no,
    side: row.side,
    class: row.class,
    kind: row.kind,
    word: row.word,
    lineNo: row.line_no,
    entryNo: row.entry_no,
    orderNo: row.order_no,
    refundNo: row.refund_no,
    transactionNo: row.transaction_no,
    movementNo: row.movement_no,
    currency: row.currency,
    channelMinor: row.channel_minor,
    platformMinor: row.platform_minor,
    channelFeeMinor: row.channel_fee_minor,
    platformFeeMinor: row.platform_fee_minor,
    channelStatus: row.channel_status,
    platformStatus: row.platform_status,
    atMs: row.at_ms,
    outcome: row.outcome,
    outcomeWords: row.outcome_words,
  };
}
