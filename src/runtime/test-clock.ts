/**
 * The test clock of sandbox mode: moves the whole installation forward and runs what falls due on
 * the way, in the order of time. The offset is one row in the database, so that every process and
 * the sandbox agree; other processes pick it up between two rounds of work.
 */
import type { Pool } from '../store/postgres/pool.ts';
import type { OffsetClock } from './clock.ts';
import type { Worker } from './worker.ts';

export type TestClock = {
  now(): { nowMs: number; offsetMs: number };
  /** Runs due work in the order of time, up to the new time. Two callers take turns. */
  advance(byMs: number): Promise<{ nowMs: number; dueJobsRun: number }>;
};

/** The outside world's clock and jobs, where a sandbox is attached. */
export type Outside = {
  setOffset(offsetMs: number): Promise<void>;
  nextDueAtMs(): Promise<number | null>;
  runDue(): Promise<number>;
};

/** Rounds at one instant; work that makes new work due at once ends long before. */
const ROUNDS_AT_ONE_INSTANT_MAX = 1_000;

/** The clock of this installation; `outside` is null when no sandbox is attached. */
export function newTestClock(
  pool: Pool,
  clock: OffsetClock,
  worker: Worker,
  outside: Outside | null,
): TestClock {
  let turn: Promise<unknown> = Promise.resolve();

  const moveTo = async (nowMs: number): Promise<void> => {
    const offsetMs = Math.max(clock.offsetMs, Math.round(nowMs - Date.now()));
    clock.offsetMs = offsetMs;
    await pool.query('UPDATE test_clock SET offset_ms = $1', [offsetMs]);
    await outside?.setOffset(offsetMs);
  };

  const runInstant = async (): Promise<number> => {
    let total = 0;
    for (let round = 0; round < ROUNDS_AT_ONE_INSTANT_MAX; round++) {
      const done = (await worker.runDue()) + ((await outside?.runDue()) ?? 0);
      if (done === 0) return total;
      total += done;
    }
    return total;
  };

  const advance = async (byMs: number): Promise<{ nowMs: number; dueJobsRun: number }> => {
    await readOffset(pool, clock);
    const targetMs = clock.nowMs() + byMs;
    let dueJobsRun = await runInstant();
    for (;;) {
      const dues = [await worker.nextDueAtMs(), (await outside?.nextDueAtMs()) ?? null];
      const next = Math.min(...dues.filter((due) => due !== null));
      if (!(next <= targetMs)) break;
      // What is due already but was not done (a full bulkhead, a lease) must not stop the clock.
      await moveTo(Math.max(next, clock.nowMs() + 1));
      dueJobsRun += await runInstant();
    }
    await moveTo(targetMs);
    dueJobsRun += await runInstant();
    return { nowMs: clock.nowMs(), dueJobsRun };
  };

  return {
    now: () => ({ nowMs: clock.nowMs(), offsetMs: clock.offsetMs }),
    advance: async (byMs) => {
      const mine = turn.then(async () => await advance(byMs));
      turn = mine.catch(() => null);
      return await mine;
    },
  };
}

/** Takes over the offset that another process may have set. The clock never goes back. */
export async function readOffset(pool: Pool, clock: OffsetClock): Promise<void> {
  const { rows } = await pool.query<{ offset_ms: number }>('SELECT offset_ms FROM test_clock');
  clock.offsetMs = Math.max(clock.offsetMs, rows[0]?.offset_ms ?? 0);
}
