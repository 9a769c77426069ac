/**
 * Comparing a day (勾对): our side is frozen, set against the statement, and what was found is written
 * down, all in one transaction. What follows from it is `settle-differences`.
 */
import { createHash } from 'node:crypto';
import type { Connector } from '../../channels/connector.ts';
import { businessDayBounds } from '../../core/reconciliation/business-day.ts';
import type { FigureRow } from '../../core/reconciliation/figures.ts';
import { unaccounted } from '../../core/reconciliation/figures.ts';
import { compare, sidesOf } from '../../store/postgres/comparison.ts';
import { addNamedEntries } from '../../store/postgres/lone-lines.ts';
import { fillPlatformEntries } from '../../store/postgres/platform-entries.ts';
import type { Pool } from '../../store/postgres/pool.ts';
import type { StoredReconciliation } from '../../store/postgres/reconciliations.ts';
import { addReconciliation, listItems, noteFigures } from '../../store/postgres/reconciliations.ts';
import { lockStatementDay } from '../../store/postgres/statements.ts';
import type { KillPoints } from '../kill-point.ts';

export type CompareParts = {
  readonly pool: Pool;
  readonly nowMs: () => number;
  readonly freshId: (prefix: string) => string;
  readonly killPoint: KillPoints;
};

const PAGE_SIZE = 5_000;

/**
 * Compares the day with that statement; null where the channel says that there was no trade. Throws where
 * lines or entries are not accounted for, which would be our mistake, and keeps nothing then.
 */
export async function compareDay(
  parts: CompareParts,
  connector: Connector,
  day: string,
  statement: number | null,
): Promise<StoredReconciliation> {
  const rules = connector.statement;
  if (rules === null) throw new Error(`${connector.channel} makes no statements`);
  const client = await parts.pool.connect();
  let isBroken = true;
  try {
    await client.query('BEGIN');
    const head = { channel: connector.channel, account: connector.account, day };
    await lockStatementDay(client, head);
    const nowMs = parts.nowMs();
    const id = parts.freshId('rec');
    const begun = await addReconciliation(client, { ...head, id, statement, nowMs });
    const bounds = businessDayBounds(day, rules.clock);
    const of = { reconciliation: begun.number, statement, snapshotMs: nowMs, ...head, ...bounds };
    await fillPlatformEntries(client, { ...of, feeBasisPoints: rules.feeBasisPoints });
    if (statement !== null) await addNamedEntries(client, { ...of, statement });
    await client.query('ANALYZE platform_entry, statement_line');
    const figures = await compare(client, { ...of, isContinuous: true });
    const { lines, entries } = await sidesOf(client, of);
    const missing = unaccounted(figures, lines, entries);
    if (missing.length > 0) throw new Error(`${day} does not add up: ${missing.join('; ')}`);
    const digest = await digestOf(client, begun.number, figures);
    await noteFigures(client, begun.number, figures, digest);
    await client.query('COMMIT');
    isBroken = false;
    parts.killPoint('reconcile.after_compare');
    return { ...begun, status: 'settling', figures, digest };
  } catch (error) {
    if (isBroken)
      await client.query('ROLLBACK').then(
        () => (isBroken = false),
        () => {},
      );
    throw error;
  } finally {
    client.release(isBroken);
  }
}

/** SHA-256 over what was found, in its order: the same statement and entries have the same. */
async function digestOf(
  client: Parameters<typeof listItems>[0],
  number: number,
  figures: readonly FigureRow[],
): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(figures));
  let after = 0;
  for (;;) {
    const items = await listItems(client, number, { after, limit: PAGE_SIZE });
    hash.update(JSON.stringify(items));
    const last = items.at(-1);
    if (!last || items.length < PAGE_SIZE) return hash.digest('hex');
    after = last.itemNo;
  }
}
