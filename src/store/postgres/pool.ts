/** Connections to PostgreSQL, set up the way our statements need them. */
import pg from 'pg';

export type Pool = pg.Pool;

const TYPE_INT8 = 20;

/**
 * How every session plans. Our statements read and change a handful of rows by key; on the first day
 * all tables are empty, and a plan made then would scan them for ever. So: one generic plan per
 * statement, always through an index, always driven from the rows we send.
 */
const PLAN_SETTINGS =
  '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off ' +
  '-c enable_mergejoin=off -c enable_bitmapscan=off -c jit=off -c default_transaction_isolation=read\\ committed ' +
  '-c lock_timeout=5000 -c statement_timeout=15000 -c idle_in_transaction_session_timeout=15000';

/**
 * A pool on a connection string. `int8` columns arrive as numbers: all of ours are minor units or
 * milliseconds and far below 2^53; anything larger throws instead of losing digits.
 */
export function openPool(
  url: string,
  options: { max: number; onError: (error: Error) => void },
): Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.max,
    options: PLAN_SETTINGS,
    connectionTimeoutMillis: 5_000,
    types: exactTypes,
  });
  // Without a listener a connection that breaks would end the process. Of an idle one the pool tells; one
  // that somebody holds between two statements, as for a transaction, fails its holder's next statement.
  pool.on('error', options.onError);
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

const getTypeParser: typeof pg.types.getTypeParser = (id: number, format?: 'text' | 'binary') =>
  id === TYPE_INT8 ? exactInteger : pg.types.getTypeParser(id, format);

/** How rows arrive: see `openPool`. */
export const exactTypes = { getTypeParser };

function exactInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value))
    throw new RangeError(`the database holds ${text}, too large for a number`);
  return value;
}
