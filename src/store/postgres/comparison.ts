/**
 * The comparison of a day (勾对), in the database and by sets: lines of a statement against our entries.
 *
 * Lines match by number, whatever their date. A repeated line (same order and transaction) is a
 * duplicate; the same order with another transaction is a second charge. Where one side does not know
 * a number, a second look goes by what it does know.
 */
import type { ClientBase } from 'pg';
import type { FigureRow, ItemClass, SideTotals } from '../../core/reconciliation/figures.ts';

export type Comparison = {
  readonly reconciliation: number;
  /** Null: the channel had no trade on that day. */
  readonly statement: number | null;
  /** The business day, epoch milliseconds. */
  readonly fromMs: number;
  readonly untilMs: number;
  /**
   * True where days follow each other: what is missing is carried once, and is a difference the second
   * time; a line that is not ours to find is a difference at once. False for one file against one list:
   * only what lies outside the day, or at its edge, is carried.
   */
  readonly isContinuous: boolean;
};

/** Two clocks differ by seconds: what happened so near the edge of a day may stand in its neighbour. */
export const EDGE_MS = 5_000;

/** Lines and entries under the key by which they match first; null where a number is not known. */
const KEY = `CASE kind WHEN 'refund' THEN 'r ' || refund_no
  ELSE left(kind, 3) || ' ' || order_no || ' ' || transaction_no END COLLATE "C"`;

/** Lines that can meet an entry, and entries, each under its key; $1 statement, $2 reconciliation. */
const KEYED_LINES = `SELECT *, ${KEY} AS key FROM statement_line
  WHERE statement = $1 AND kind IN ('payment', 'refund', 'reversal')`;
const KEYED_ENTRIES = `SELECT *, ${KEY} AS key FROM platform_entry WHERE reconciliation = $1`;

/**
 * Rows that repeat an earlier one; rows without a key are no copies of each other. They are few, and found
 * by sorting keys alone: sorting whole rows for it took longer than all the rest.
 */
const copies = (table: string, keyed: string, position: string): string => `
  CREATE TEMP TABLE ${table} ON COMMIT DROP AS
  SELECT ${position}, copy FROM (
    SELECT ${position}, row_number() OVER (PARTITION BY key ORDER BY ${position}) AS copy
    FROM (${keyed}) keyed WHERE key IS NOT NULL
  ) numbered WHERE copy > 1`;

/** Whether two rows simply match: what `CLASS` below would call matched; false where a side is missing. */
const MATCHES = `l.copy = 1 AND line_no IS NOT NULL AND entry_no IS NOT NULL
  AND (l.status = e.status OR l.status = 'pending')
  AND l.amount_minor = e.amount_minor AND l.currency = e.currency AND (l.fee_minor = e.fee_minor) IS NOT FALSE`;

/**
 * One pass over both sides: what simply matches, which is nearly everything, is only summed; the rest is
 * kept. $1 statement, $2 reconciliation.
 */
const MEET = `
  WITH line AS (
    SELECT kind, key, coalesce(copy, 1) AS copy, line_no, amount_minor, currency, fee_minor, status
    FROM (${KEYED_LINES}) keyed LEFT JOIN line_copy USING (line_no)
  ), entry AS (
    SELECT kind, key, coalesce(copy, 1) AS copy, entry_no, amount_minor, currency, fee_minor, status
    FROM (${KEYED_ENTRIES.replace('$1', '$2')}) keyed LEFT JOIN entry_copy USING (entry_no)
  ), met AS MATERIALIZED (
    SELECT coalesce(${MATCHES}, false) AS is_match, coalesce(l.kind, e.kind) AS kind,
      coalesce(l.copy, e.copy) AS copy, line_no, entry_no, l.currency, l.amount_minor AS line_minor,
      l.fee_minor AS line_fee_minor, e.amount_minor AS entry_minor
    FROM line l FULL JOIN entry e ON e.key = l.key AND e.copy = l.copy
  ), kept AS (
    INSERT INTO unsettled SELECT kind, copy, line_no, entry_no FROM met WHERE NOT is_match
  )
  INSERT INTO simply_matched
  SELECT kind, currency, count(*), sum(line_minor), coalesce(sum(line_fee_minor), 0), sum(entry_minor)
  FROM met WHERE is_match GROUP BY kind, currency`;

const MEETING_PLACE = `
  CREATE TEMP TABLE unsettled (kind text, copy bigint, line_no integer, entry_no integer) ON COMMIT DROP;
  CREATE TEMP TABLE found (line_no integer, entry_no integer) ON COMMIT DROP;
  CREATE TEMP TABLE simply_matched (kind text, currency text, match_count bigint, line_minor numeric,
    line_fee_minor numeric, entry_minor numeric) ON COMMIT DROP`;

/** What met nothing, with the numbers that a second look goes by. $1 statement, $2 reconciliation. */
const LONE = `
  CREATE TEMP TABLE lone ON COMMIT DROP AS
  SELECT 'line' AS side, u.kind, line_no AS no, order_no, refund_no, transaction_no, amount_minor, currency
  FROM unsettled u JOIN statement_line USING (line_no) WHERE statement = $1 AND copy = 1 AND entry_no IS NULL
  UNION ALL
  SELECT 'entry', u.kind, entry_no, order_no, refund_no, transaction_no, amount_minor, currency
  FROM unsettled u JOIN platform_entry USING (entry_no) WHERE reconciliation = $2 AND copy = 1 AND line_no IS NULL`;

/** What a second look goes by, and which number one side must lack for it to be allowed. */
const SECOND_LOOKS: readonly {
  readonly by: string;
  readonly lacks: string;
  readonly of: string;
}[] = [
  { by: 'order_no', lacks: 'transaction_no', of: `kind <> 'refund'` },
  { by: 'transaction_no', lacks: 'order_no', of: `kind <> 'refund'` },
  {
    by: `transaction_no || ' ' || amount_minor || ' ' || currency`,
    lacks: 'refund_no',
    of: `kind = 'refund'`,
  },
  {
    by: `order_no || ' ' || amount_minor || ' ' || currency`,
    lacks: 'refund_no',
    of: `kind = 'refund'`,
  },
];

/** The first of a name meets the first of the other side, and so on; where nothing lacks, nothing is read. */
const secondLook = ({ by, lacks, of }: (typeof SECOND_LOOKS)[number]): string => {
  const placed = (side: string): string => `
    SELECT kind, no, name, lacking, row_number() OVER (PARTITION BY kind, name ORDER BY no) AS place
    FROM (SELECT kind, no, (${by}) COLLATE "C" AS name, ${lacks} IS NULL AS lacking FROM lone WHERE side = '${side}' AND ${of}) named
    WHERE name IS NOT NULL AND NOT EXISTS (SELECT 1 FROM found WHERE ${side}_no = no)
      AND EXISTS (SELECT 1 FROM lone WHERE ${of} AND ${lacks} IS NULL)`;
  return `
    INSERT INTO found SELECT l.no, e.no
    FROM (${placed('line')}) l JOIN (${placed('entry')}) e
      ON e.kind = l.kind AND e.name = l.name AND e.place = l.place
    WHERE l.lacking OR e.lacking`;
};

/** What a second look found becomes one row of the two. */
const JOINED = [
  'DELETE FROM unsettled u USING found f WHERE u.line_no IS NULL AND u.entry_no = f.entry_no',
  'UPDATE unsettled u SET entry_no = f.entry_no FROM found f WHERE u.line_no = f.line_no',
] as const;

/** All that did not simply match, with what its items will say. $1 statement, $2 reconciliation. */
const PAIRS = `
  CREATE TEMP TABLE pair ON COMMIT DROP AS
  SELECT u.kind, u.copy, u.line_no, l.word, l.order_no AS line_order_no, l.refund_no AS line_refund_no,
    l.transaction_no AS line_transaction_no, l.movement_no, l.amount_minor AS line_minor, l.currency AS line_currency,
    l.fee_minor AS line_fee_minor, l.status AS line_status, l.at_ms AS line_at_ms,
    u.entry_no, e.order_no AS entry_order_no, e.refund_no AS entry_refund_no,
    e.transaction_no AS entry_transaction_no, e.amount_minor AS entry_minor, e.currency AS entry_currency,
    e.fee_minor AS entry_fee_minor, e.status AS entry_status, e.at_ms AS entry_at_ms, e.origin
  FROM unsettled u
    LEFT JOIN statement_line l ON l.statement = $1 AND l.line_no = u.line_no
    LEFT JOIN platform_entry e ON e.reconciliation = $2 AND e.entry_no = u.entry_no`;

/** $1 from, $2 until (exclusive), $3 whether days follow each other, $4 the edge. */
const CLASS = `
  CASE
    WHEN copy > 1 THEN 'duplicate'
    WHEN entry_no IS NULL AND (line_status = 'failed' OR (line_status = 'pending' AND kind = 'payment')) THEN 'named'
    WHEN entry_no IS NULL THEN
      CASE WHEN NOT $3 AND (line_at_ms < $1::bigint + $4 OR line_at_ms >= $2::bigint - $4) THEN 'carried'
        ELSE 'channel_only' END
    WHEN line_no IS NULL THEN
      CASE WHEN $3 THEN CASE WHEN origin = 'carried' THEN 'platform_only' ELSE 'carried' END
        WHEN entry_at_ms < $1::bigint + $4 OR entry_at_ms >= $2::bigint - $4 THEN 'carried'
        ELSE 'platform_only' END
    WHEN line_status <> entry_status AND line_status <> 'pending' THEN 'status'
    WHEN line_minor <> entry_minor OR line_currency <> entry_currency THEN 'amount'
    WHEN line_fee_minor <> entry_fee_minor THEN 'fee'
    ELSE 'matched'
  END`;

const CLASSES = `CREATE TEMP TABLE judged ON COMMIT DROP AS SELECT *, ${CLASS} AS class FROM pair`;

const FIGURES = `
  SELECT class, kind, currency, sum(line_count)::bigint AS "lineCount", sum(line_minor)::bigint AS "lineMinor",
    sum(line_fee_minor)::bigint AS "lineFeeMinor", sum(entry_count)::bigint AS "entryCount",
    sum(entry_minor)::bigint AS "entryMinor"
  FROM (
    SELECT 'matched' AS class, kind, currency, match_count AS line_count, line_minor, line_fee_minor,
      match_count AS entry_count, entry_minor
    FROM simply_matched
    UNION ALL
    SELECT class, kind, line_currency, 1, line_minor, coalesce(line_fee_minor, 0), 0, 0
    FROM judged WHERE line_no IS NOT NULL
    UNION ALL
    SELECT class, kind, entry_currency, 0, 0, 0, 1, entry_minor
    FROM judged WHERE entry_no IS NOT NULL
    UNION ALL
    SELECT CASE kind WHEN 'dispute' THEN 'channel_only' ELSE 'named' END, kind, currency, 1, amount_minor,
      coalesce(fee_minor, 0), 0, 0
    FROM statement_line WHERE statement = $1 AND kind NOT IN ('payment', 'refund', 'reversal')
  ) side
  GROUP BY class, kind, currency ORDER BY class, kind, currency`;

const ITEMS = `
  INSERT INTO reconciliation_item (reconciliation, item_no, side, class, kind, word, line_no, entry_no, order_no,
    refund_no, transaction_no, movement_no, currency, channel_minor, platform_minor, channel_fee_minor, platform_fee_minor,
    channel_status, platform_status, at_ms)
  SELECT $2, row_number() OVER (ORDER BY line_no, entry_no),
    CASE WHEN entry_no IS NULL THEN 'channel' WHEN line_no IS NULL THEN 'platform' ELSE 'both' END,
    class, kind, word, line_no, entry_no, order_no, refund_no, transaction_no, movement_no, currency,
    line_minor, entry_minor, line_fee_minor, entry_fee_minor, line_status, entry_status, at_ms
  FROM (
    SELECT class, kind, word, line_no, entry_no, coalesce(entry_order_no, line_order_no) AS order_no,
      coalesce(entry_refund_no, line_refund_no) AS refund_no,
      coalesce(line_transaction_no, entry_transaction_no) AS transaction_no, movement_no,
      coalesce(line_currency, entry_currency) AS currency, line_minor, entry_minor, line_fee_minor,
      entry_fee_minor, line_status, entry_status, coalesce(line_at_ms, entry_at_ms) AS at_ms
    FROM judged WHERE class <> 'matched'
    UNION ALL
    SELECT CASE kind WHEN 'dispute' THEN 'channel_only' ELSE 'named' END, kind, word, line_no, NULL, order_no,
      refund_no, transaction_no, movement_no, currency, amount_minor, NULL, fee_minor, NULL, status, NULL, at_ms
    FROM statement_line WHERE statement = $1 AND kind NOT IN ('payment', 'refund', 'reversal')
  ) every`;

type RawFigure = Omit<FigureRow, 'class'> & { readonly class: ItemClass };

/**
 * Compares, inside the caller's transaction: writes what did not simply match as items, and answers the
 * sums of every class. Costs one pass over the lines and entries of the day.
 */
export async function compare(
  client: ClientBase,
  { reconciliation, statement, fromMs, untilMs, isContinuous }: Comparison,
): Promise<FigureRow[]> {
  await client.query(copies('line_copy', KEYED_LINES, 'line_no'), [statement]);
  await client.query(copies('entry_copy', KEYED_ENTRIES, 'entry_no'), [reconciliation]);
  // Tables of a moment ago are unknown to the planner, who would take them for large ones.
  await client.query('ANALYZE line_copy, entry_copy');
  await client.query(MEETING_PLACE);
  await client.query(MEET, [statement, reconciliation]);
  await client.query('ANALYZE unsettled');
  await client.query(LONE, [statement, reconciliation]);
  await client.query('ANALYZE lone');
  for (const look of SECOND_LOOKS) await client.query(secondLook(look));
  await client.query('ANALYZE found');
  for (const change of JOINED) await client.query(change);
  await client.query('ANALYZE unsettled');
  await client.query(PAIRS, [statement, reconciliation]);
  await client.query(CLASSES, [fromMs, untilMs, isContinuous, EDGE_MS]);
  await client.query(ITEMS, [statement, reconciliation]);
  const { rows } = await client.query<RawFigure>(FIGURES, [statement]);
  return rows;
}

const LINE_TOTALS = `
  SELECT kind || ' ' || currency AS name, count(*) AS count, sum(amount_minor)::bigint AS minor
  FROM statement_line WHERE statement = $1 GROUP BY 1`;
const ENTRY_TOTALS = `
  SELECT kind || ' ' || currency AS name, count(*) AS count, sum(amount_minor)::bigint AS minor
  FROM platform_entry WHERE reconciliation = $1 GROUP BY 1`;

/** What there is to compare on either side, counted by itself. */
export async function sidesOf(
  client: ClientBase,
  { reconciliation, statement }: Pick<Comparison, 'reconciliation' | 'statement'>,
): Promise<{ readonly lines: SideTotals; readonly entries: SideTotals }> {
  type Row = { name: string; count: number; minor: number };
  const read = async (text: string, number: number | null): Promise<SideTotals> => {
    const { rows } = await client.query<Row>(text, [number]);
    return new Map(rows.map(({ name, count, minor }) => [name, { count, minor }]));
  };
  return {
    lines: await read(LINE_TOTALS, statement),
    entries: await read(ENTRY_TOTALS, reconciliation),
  };
}
