/**
 * Taking a statement in (对账文件入库): whole or not at all, each file of a day once, a rewritten file as a
 * further version of its day.
 */
import { addDays, isDay } from '../../core/reconciliation/business-day.ts';
import type { Connector, StatementRules } from '../../channels/connector.ts';
import { STATEMENT_FORMATS } from '../../channels/statement-catalogue.ts';
import type { ReadOptions } from '../../statements/read-statement.ts';
import type { StatementSource } from '../../statements/statement-container.ts';
import { StatementError } from '../../statements/statement-format.ts';
import type { StoredStatement } from '../../store/postgres/statements.ts';
import {
  addStatement,
  findSameStatement,
  lockStatementDay,
  nextStatementNumber,
} from '../../store/postgres/statements.ts';
import type { Pool } from '../../store/postgres/pool.ts';
import type { KillPoints } from '../kill-point.ts';
import { loadLines } from './load-statement.ts';

export type ImportParts = {
  /** Of the channel book's database, for bulk work. */
  readonly pool: Pool;
  readonly nowMs: () => number;
  readonly freshId: (prefix: string) => string;
  readonly killPoint: KillPoints;
};

export type ImportWanted = {
  readonly connector: Connector;
  readonly day: string;
  readonly source: StatementSource;
  readonly fileName: string;
  /** Null: our connector fetched it. Else who brought it, and why. */
  readonly broughtBy: { readonly by: string; readonly reason: string } | null;
};

export type Imported = { readonly statement: StoredStatement; readonly isNew: boolean };

/**
 * Imports a file. The same file again answers what it was the first time. Throws StatementError for a
 * file that is refused, and keeps nothing of it.
 */
export async function importStatement(parts: ImportParts, wanted: ImportWanted): Promise<Imported> {
  const { connector, day, broughtBy } = wanted;
  const rules = connector.statement;
  if (rules === null || !isDay(day)) {
    const mend = 'Name an account whose channel makes statements, and a day of the calendar.';
    throw new StatementError(`${connector.channel} makes no statement of ${day}`, null, mend);
  }
  const client = await parts.pool.connect();
  let isBroken = true;
  try {
    await client.query('BEGIN');
    const head = { channel: connector.channel, account: connector.account, day };
    await lockStatementDay(client, head);
    const number = await nextStatementNumber(client);
    const options = readOptions(connector, rules, day);
    const read = await loadLines(client, number, wanted.source, options);
    parts.killPoint('reconcile.after_load');
    const same = await findSameStatement(client, head, read.sha256);
    if (same !== null) {
      await client.query('ROLLBACK');
      isBroken = false;
      return { statement: same, isNew: false };
    }
    const statement = await addStatement(client, {
      ...head,
      number,
      id: parts.freshId('stm'),
      format: read.format.code,
      source: broughtBy === null ? 'connector' : 'upload',
      by: broughtBy?.by ?? null,
      reason: broughtBy?.reason ?? null,
      fileName: wanted.fileName,
      sha256: read.sha256,
      receivedAtMs: parts.nowMs(),
      lineCount: read.statementLineCount,
      totals: read.summary.totals,
      hasTrailer: read.summary.hasTrailer,
    });
    await client.query('COMMIT');
    isBroken = false;
    parts.killPoint('reconcile.after_import');
    return { statement, isNew: true };
  } catch (error) {
    // What is left open is rolled back with its connection.
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

/** Which formats the account's files have, and of what they must be. */
function readOptions(connector: Connector, rules: StatementRules, day: string): ReadOptions {
  return {
    formats: STATEMENT_FORMATS.filter(({ code }) => rules.formats.includes(code)),
    expected: {
      day,
      account: connector.account,
      currency: connector.currencies[0] ?? 'CNY',
      utcOffsetMinutes: rules.clock.utcOffsetMinutes,
      metadataKeys: { order: 'order_no', refund: 'refund_no' },
    },
  };
}

/** The day after a business day is over everywhere: when its statement may be asked for. */
export function readyAtMs(day: string, connector: Connector): number | null {
  const rules = connector.statement;
  if (rules === null) return null;
  const { utcOffsetMinutes, dayStartMinutes } = rules.clock;
  const midnightMs = Date.parse(`${addDays(day, 1)}T00:00:00.000Z`);
  return midnightMs + (dayStartMinutes - utcOffsetMinutes + rules.readyAtMinutes) * 60_000;
}
