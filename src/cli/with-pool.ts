/** A command that works on the database directly: opens it, gives a pool, and closes both afterwards. */
import { readConfig } from '../runtime/config.ts';
import type { Pool } from '../store/postgres/pool.ts';
import { openPool } from '../store/postgres/pool.ts';
import { openDatabase } from './database.ts';

/** Runs work on the configured database, started, adopted and migrated as needed. */
export async function withPool<T>(work: (pool: Pool) => Promise<T>): Promise<T> {
  const config = readConfig(process.env, process.cwd());
  const database = await openDatabase(config.databaseUrl, config.dataDir);
  const pool = openPool(database.url, { max: 2, onError: () => {} });
  try {
    return await work(pool);
  } finally {
    await pool.end();
    await database.stop();
  }
}
