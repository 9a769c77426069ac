/** What calls to a database cost: their median time, and the buffers that they touch. */
import type pg from 'pg';

export type Cost = { readonly ms: number; readonly buffers: number };

/** A database as a measurement needs it: the pool that is measured, and a session beside it that counts. */
export type Measured = { readonly pool: pg.Pool; readonly client: pg.Client };

const REPEATS = 31;
const WARM_UPS = 8;

/** Calls again and again; the buffers are those of all the databases together, per call. */
export async function costOf(
  databases: readonly Measured[],
  call: () => Promise<unknown>,
): Promise<Cost> {
  for (let repeat = 0; repeat < WARM_UPS; repeat++) await call();
  const before = await buffersOf(databases);
  const times: number[] = [];
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const startedAtMs = performance.now();
    await call();
    times.push(performance.now() - startedAtMs);
  }
  const after = await buffersOf(databases);
  times.sort((a, b) => a - b);
  return {
    ms: times[Math.floor(REPEATS / 2)] ?? 0,
    buffers: Math.round((after - before) / REPEATS),
  };
}

async function buffersOf(databases: readonly Measured[]): Promise<number> {
  let blocks = 0;
  for (const { pool, client } of databases) {
    // Each session reports what it touched only now and then, unless it is asked to.
    await pool.query('SELECT pg_stat_force_next_flush()');
    await client.query('SELECT pg_stat_force_next_flush()');
    await pool.query('SELECT 1');
    const { rows } = await client.query<{ blocks: string }>(
      'SELECT (sum(heap_blks_hit + heap_blks_read) + sum(coalesce(idx_blks_hit, 0) + coalesce(idx_blks_read, 0)))::text AS blocks FROM pg_statio_user_tables',
    );
    blocks += Number(rows[0]?.blocks);
  }
  return blocks;
}
