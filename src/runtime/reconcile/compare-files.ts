/**
 * One statement against one list of orders, for anyone who has no platform: the same loading, the same
 * comparison and the same report as where the day is closed.
 */
import type { BusinessClock } from '../../core/reconciliation/business-day.ts';
import { businessDayBounds, businessDayOf } from '../../core/reconciliation/business-day.ts';
import type { FigureRow } from '../../core/reconciliation/figures.ts';
import { unaccounted } from '../../core/reconciliation/figures.ts';
import { readOrders } from '../../statements/orders-file.ts';
import type { ReadOptions, ReadStatement } from '../../statements/read-statement.ts';
import type { StatementSource } from '../../statements/statement-container.ts';
import { StatementError } from '../../statements/statement-format.ts';
import { compare, sidesOf } from '../../store/postgres/comparison.ts';
import { copyListedEntries, entryValues } from '../../store/postgres/platform-entry-copy.ts';
import type { Pool } from '../../store/postgres/pool.ts';
import { loadLines } from './load-statement.ts';

export type FilesCompared = {
  readonly read: ReadStatement;
  readonly day: string;
  readonly orderCount: number;
  readonly figures: readonly FigureRow[];
  /** Sentences about what the classes do not account for; empty, or our own mistake. */
  readonly unaccounted: readonly string[];
};

export type FilesWanted = {
  readonly statement: StatementSource;
  readonly options: ReadOptions;
  readonly ordersPath: string;
  readonly clock: BusinessClock;
  /** Told now and then while a file is read, and as each phase begins: what it is at, and with how many. */
  readonly onProgress: (phase: ComparePhase, count: number) => void;
};

export type ComparePhase = 'statement' | 'orders' | 'comparison' | 'commit';

/** The numbers under which the two files stand in the database of this one comparison. */
export const COMPARED = { statement: 1, reconciliation: 1 } as const;

/**
 * Loads both files into an empty, migrated database and compares them; everything is committed. Throws
 * StatementError for a file that cannot be read whole; nothing of either is kept then.
 */
export async function compareFiles(pool: Pool, wanted: FilesWanted): Promise<FilesCompared> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const { statement, options, onProgress } = wanted;
    const read = await loadLines(client, COMPARED.statement, statement, options, (count) =>
      onProgress('statement', count),
    );
    onProgress('orders', 0);
    const copy = copyListedEntries(client);
    let orderCount = 0;
    try {
      for await (const batch of readOrders(wanted.ordersPath, wanted.clock.utcOffsetMinutes)) {
        for (const order of batch) {
          orderCount += 1;
          copy.add(entryValues(COMPARED.reconciliation, orderCount, order));
        }
        onProgress('orders', orderCount);
        await copy.drain();
      }
      await copy.end();
    } catch (error) {
      await copy.abort(error instanceof Error ? error : new Error(String(error)));
      throw error instanceof StatementError
        ? Object.assign(error, { entry: wanted.ordersPath })
        : error;
    }
    onProgress('comparison', read.statementLineCount + orderCount);
    const day =
      options.expected.day ?? read.summary.day ?? (await dayOfLines(client, wanted.clock));
    if (day === null) {
      const mend = 'Name the day with --date.';
      throw new StatementError('the file does not say of which day it is', null, mend);
    }
    const bounds = businessDayBounds(day, wanted.clock);
    // What the comparison filters by; numbers and amounts would be sampled in vain.
    await client.query('ANALYZE statement_line (statement, kind), platform_entry (reconciliation)');
    const figures = await compare(client, { ...COMPARED, ...bounds, isContinuous: false });
    const { lines, entries } = await sidesOf(client, COMPARED);
    onProgress('commit', read.statementLineCount + orderCount);
    await client.query('COMMIT');
    return { read, day, orderCount, figures, unaccounted: unaccounted(figures, lines, entries) };
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  } finally {
    client.release();
  }
}

/** The day of most lines, for formats that do not say theirs. */
async function dayOfLines(
  client: { query: Pool['query'] },
  clock: BusinessClock,
): Promise<string | null> {
  const { rows } = await client.query<{ at_ms: number | null }>(
    'SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY at_ms) AS at_ms FROM statement_line WHERE statement = $1',
    [COMPARED.statement],
  );
  const atMs = rows[0]?.at_ms ?? null;
  return atMs === null ? null : businessDayOf(atMs, clock);
}
