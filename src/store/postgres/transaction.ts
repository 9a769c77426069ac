/** A transaction of the two-phase protocol, on a connection of its own. */
import type pg from 'pg';
import type { BookTransaction, TwoPhaseDecision } from '../book-databases.ts';
import { LOCK_WAIT_MS } from '../book-databases.ts';
import { GID_PREFIX } from '../two-phase.ts';
import type { Pool } from './pool.ts';
import { writeBook } from './write.ts';

/** Begins a transaction about one book. */
export async function begin(pool: Pool, book: 'payment' | 'channel'): Promise<BookTransaction> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query(`SET LOCAL lock_timeout = '${LOCK_WAIT_MS}ms'`);
  } catch (error) {
    client.release(true);
    throw error;
  }
  return {
    write: async (changes, lease) => await writeBook(client, changes, { book, hopMs: 0 }, lease),
    decideCommit: async (gid, atMs) => {
      const { rowCount } = await client.query({
        text: `INSERT INTO two_phase_decision (gid, decision, decided_at_ms) VALUES ($1, 'commit', $2)
          ON CONFLICT DO NOTHING`,
        values: [gid, atMs],
      });
      return rowCount === 1;
    },
    prepare: async (gid) => void (await client.query(`PREPARE TRANSACTION '${gid}'`)),
    finishPrepared: async (gid, decision) => await finishPrepared(client, gid, decision),
    commit: async () => void (await client.query('COMMIT')),
    rollback: async () => void (await client.query('ROLLBACK')),
    release: (isBroken) => client.release(isBroken),
  };
}

/** See `PaymentDatabase.decisionOf`. */
export async function decisionOf(
  pool: Pool,
  gid: string,
  nowMs: number,
): Promise<TwoPhaseDecision> {
  const text = `INSERT INTO two_phase_decision (gid, decision, decided_at_ms) VALUES ($1, 'abort', $2)
    ON CONFLICT (gid) DO UPDATE SET gid = excluded.gid RETURNING decision`;
  const { rows } = await pool.query<{ decision: TwoPhaseDecision }>({ text, values: [gid, nowMs] });
  return rows[0]?.decision ?? 'abort';
}

/** See `PaymentDatabase.committedOf`. */
export async function committedOf(pool: Pool, gids: readonly string[]): Promise<string[]> {
  if (gids.length === 0) return [];
  const { rows } = await pool.query<{ gid: string }>({
    text: `SELECT gid FROM two_phase_decision WHERE gid = ANY ($1::text[]) AND decision = 'commit'`,
    values: [gids],
  });
  return rows.map(({ gid }) => gid);
}

/** See `PaymentDatabase.forgetDecisions`. */
export async function forgetDecisions(
  pool: Pool,
  beforeMs: number,
  except: readonly string[],
): Promise<void> {
  await pool.query({
    text: 'DELETE FROM two_phase_decision WHERE decided_at_ms < $1 AND gid <> ALL ($2::text[])',
    values: [beforeMs, except],
  });
}

/**
 * Somebody else has finished it (`undefined_object`), or is at it this moment ("busy"), by the same
 * decision. If they die over it, it is found again.
 */
const TAKEN_BY_OTHERS: readonly unknown[] = ['42704', '55000'];

/** See `ChannelDatabase.finishPrepared`. */
export async function finishPrepared(
  database: Pick<pg.ClientBase, 'query'>,
  gid: string,
  decision: TwoPhaseDecision,
): Promise<void> {
  try {
    await database.query(`${decision === 'commit' ? 'COMMIT' : 'ROLLBACK'} PREPARED '${gid}'`);
  } catch (error) {
    const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
    if (!TAKEN_BY_OTHERS.includes(code)) throw error;
  }
}

/** See `ChannelDatabase.preparedNow`. */
export async function preparedNow(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ gid: string }>({
    text: `SELECT gid FROM pg_prepared_xacts WHERE gid LIKE '${GID_PREFIX}:%' AND database = current_database()`,
  });
  return rows.map(({ gid }) => gid);
}

/** Whether a server can prepare transactions at all; 0 is PostgreSQL's own default. */
export async function maxPreparedTransactions(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ max_prepared_transactions: string }>(
    'SHOW max_prepared_transactions',
  );
  return Number(rows[0]?.max_prepared_transactions ?? 0);
}
