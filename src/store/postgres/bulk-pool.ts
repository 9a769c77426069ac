/** Connections for work on whole days: files that are loaded, and days that are compared. */
import pg from 'pg';
import type { Pool } from './pool.ts';
import { exactTypes } from './pool.ts';

/**
 * The payment path looks rows up by key and has its planner told so (`openPool`). A day is compared in
 * one go, by hashing, with some memory and without haste. The keys by which it matches are expressions, of
 * which the planner knows nothing and for which it would rather sort both sides: that takes twice as long.
 */
const SETTINGS =
  '-c work_mem=128MB -c maintenance_work_mem=128MB -c jit=off -c enable_mergejoin=off -c lock_timeout=30000 ' +
  '-c statement_timeout=1800000 -c idle_in_transaction_session_timeout=600000 -c default_transaction_isolation=read\\ committed';

/** A pool for such work; see `openPool` for how numbers arrive. */
export function openBulkPool(
  url: string,
  options: { readonly max: number; readonly onError: (error: Error) => void },
): Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.max,
    options: SETTINGS,
    connectionTimeoutMillis: 5_000,
    types: exactTypes,
  });
  pool.on('error', options.onError);
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}
