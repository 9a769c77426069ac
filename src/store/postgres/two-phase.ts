/**
 * One decision about both books, committed in two databases or in neither. The channel book's half is
 * prepared; the payment book's half then commits in one go, with a row that names the prepared one, and
 * is thereby the durable decision; then the prepared half is committed. Whoever finds a prepared
 * transaction looks for that row: no row means that it was never decided, and it is rolled back.
 *
 * Both halves are locked in one order, channel book first, with `lock_timeout`: what was left behind
 * by somebody who died can hold another writer up for that long only, and is resolved meanwhile.
 */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { AggregateChange, DueNotice, NoticeLease, WriteResult } from '../store.ts';
import type { BookPools } from './load-apart.ts';
import type { Pool } from './pool.ts';
import { writeBook } from './write.ts';

/** Tells our prepared transactions from anybody else's in that server. */
const PREFIX = 'tieout';
const LOCK_TIMEOUT = "SET LOCAL lock_timeout = '1s'";

export type TwoPhaseParts = {
  readonly pools: BookPools;
  readonly wallMs: () => number;
  readonly killPoint: (point: TwoPhasePoint) => void;
};
export type TwoPhasePoint =
  | 'two_phase.before_prepare'
  | 'two_phase.after_prepare'
  | 'two_phase.after_decision'
  | 'two_phase.after_commit';

/** Writes changes of both books. Each change stands or falls by both of its guards. */
export async function writeTwoPhase(
  parts: TwoPhaseParts,
  changes: readonly AggregateChange[],
  lease: NoticeLease | null,
): Promise<WriteResult[]> {
  const results = new Map<AggregateChange, WriteResult>();
  // Whatever loses one of its guards drops out of the batch, which is then tried without it.
  let left = changes;
  while (left.length > 0) {
    const passed = await tryTwoPhase(parts, left, lease);
    const isWhole = passed.length === left.length;
    for (const change of left) if (!passed.includes(change)) results.set(change, 'stale');
    if (isWhole) for (const change of passed) results.set(change, 'written');
    left = isWhole ? [] : passed;
  }
  return changes.map((change) => results.get(change) ?? 'stale');
}

/** The changes that passed both guards; they are committed if that is all of them, else nothing is. */
async function tryTwoPhase(
  parts: TwoPhaseParts,
  changes: readonly AggregateChange[],
  lease: NoticeLease | null,
): Promise<readonly AggregateChange[]> {
  const gid = `${PREFIX}:${parts.wallMs()}:${randomUUID()}`;
  const channel = await parts.pools.channel.connect();
  try {
    await channel.query('BEGIN');
    await channel.query(LOCK_TIMEOUT);
    const inChannel = await writeBook(channel, changes, { book: 'channel', hopMs: 0 });
    const passedChannel = changes.filter((_change, at) => inChannel[at] === 'written');
    if (passedChannel.length < changes.length) {
      await channel.query('ROLLBACK');
      channel.release();
      return passedChannel;
    }
    const passed = await decide(parts, gid, channel, changes, lease);
    channel.release();
    return passed;
  } catch (error) {
    // A connection in an unknown state is not used again; a prepared half is left to be resolved.
    channel.release(true);
    throw error;
  }
}

async function decide(
  parts: TwoPhaseParts,
  gid: string,
  channel: pg.PoolClient,
  changes: readonly AggregateChange[],
  lease: NoticeLease | null,
): Promise<readonly AggregateChange[]> {
  const payment = await parts.pools.payment.connect();
  let isBroken = true;
  try {
    await payment.query('BEGIN');
    await payment.query(LOCK_TIMEOUT);
    const born: DueNotice[] = [];
    const ownLease = lease && {
      leaseMs: lease.leaseMs,
      take: (one: readonly DueNotice[]) => born.push(...one),
    };
    const inPayment = await writeBook(payment, changes, { book: 'payment', hopMs: 0 }, ownLease);
    const passed = changes.filter((_change, at) => inPayment[at] === 'written');
    if (passed.length < changes.length) {
      await payment.query('ROLLBACK');
      await channel.query('ROLLBACK');
      isBroken = false;
      return passed;
    }
    parts.killPoint('two_phase.before_prepare');
    await channel.query(`PREPARE TRANSACTION '${gid}'`);
    parts.killPoint('two_phase.after_prepare');
    await payment.query({
      text: "INSERT INTO two_phase_decision (gid, decision, decided_at_ms) VALUES ($1, 'commit', $2)",
      values: [gid, parts.wallMs()],
    });
    await commitDecision(parts, gid, payment);
    isBroken = false;
    parts.killPoint('two_phase.after_decision');
    await finish(channel, gid, 'commit');
    parts.killPoint('two_phase.after_commit');
    lease?.take(born);
    return passed;
  } finally {
    payment.release(isBroken);
  }
}

/** The commit of the payment book decides. If its answer is lost, the decision itself is asked for. */
async function commitDecision(
  { pools, wallMs }: TwoPhaseParts,
  gid: string,
  payment: pg.PoolClient,
): Promise<void> {
  try {
    await payment.query('COMMIT');
  } catch (error) {
    if ((await decisionOf(pools.payment, gid, wallMs())) === 'abort') {
      await finish(pools.channel, gid, 'abort');
      throw error;
    }
  }
}

/**
 * What was decided about a prepared transaction. Where nothing was, "abort" is written, so that nobody
 * can decide otherwise from now on; waits for a decision that is being committed right now.
 */
async function decisionOf(pool: Pool, gid: string, nowMs: number): Promise<'commit' | 'abort'> {
  const text = `INSERT INTO two_phase_decision (gid, decision, decided_at_ms) VALUES ($1, 'abort', $2)
    ON CONFLICT (gid) DO UPDATE SET gid = excluded.gid RETURNING decision`;
  const { rows } = await pool.query<{ decision: 'commit' | 'abort' }>({
    text,
    values: [gid, nowMs],
  });
  return rows[0]?.decision ?? 'abort';
}

/**
 * Somebody else has finished it (`undefined_object`), or is at it this moment ("busy"), by the same
 * decision. If they die over it, it is found again.
 */
const TAKEN_BY_OTHERS: readonly unknown[] = ['42704', '55000'];

async function finish(
  database: Pick<pg.ClientBase, 'query'>,
  gid: string,
  decision: 'commit' | 'abort',
): Promise<void> {
  try {
    await database.query(`${decision === 'commit' ? 'COMMIT' : 'ROLLBACK'} PREPARED '${gid}'`);
  } catch (error) {
    const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
    if (!TAKEN_BY_OTHERS.includes(code)) throw error;
  }
}

/**
 * Ends prepared transactions that their coordinator has left behind: all older than `olderThanMs`, as
 * their decision says. Answers how many.
 */
export async function resolveInDoubt(
  pools: BookPools,
  wallMs: number,
  olderThanMs: number,
): Promise<number> {
  const gids = await preparedNow(pools.channel);
  const old = gids.filter((gid) => wallMs - Number(gid.split(':')[1]) >= olderThanMs);
  for (const gid of old) {
    await finish(pools.channel, gid, await decisionOf(pools.payment, gid, wallMs));
  }
  return old.length;
}

async function preparedNow(channel: Pool): Promise<string[]> {
  const { rows } = await channel.query<{ gid: string }>({
    text: `SELECT gid FROM pg_prepared_xacts WHERE gid LIKE '${PREFIX}:%' AND database = current_database()`,
  });
  return rows.map(({ gid }) => gid);
}

/**
 * Forgets decisions from before `beforeMs`, but for those that a prepared transaction still waits for,
 * however old: without its row a decided one would be rolled back. Fails where the channel book's
 * database cannot be asked, and then forgets nothing.
 */
export async function purgeDecisions(pools: BookPools, beforeMs: number): Promise<void> {
  const waiting = await preparedNow(pools.channel);
  await pools.payment.query({
    text: 'DELETE FROM two_phase_decision WHERE decided_at_ms < $1 AND gid <> ALL ($2::text[])',
    values: [beforeMs, waiting],
  });
}

/** Whether a server can prepare transactions at all; 0 is PostgreSQL's own default. */
export async function maxPreparedTransactions(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ max_prepared_transactions: string }>(
    'SHOW max_prepared_transactions',
  );
  return Number(rows[0]?.max_prepared_transactions ?? 0);
}
