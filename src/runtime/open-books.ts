/** The two books on PostgreSQL, as the configuration couples them. */
import { randomUUID } from 'node:crypto';
import type { BookPools, ReplicaPools } from '../store/postgres/book-databases.ts';
import { postgresBooks, postgresReaders } from '../store/postgres/book-databases.ts';
import { isDataError } from '../store/postgres/errors.ts';
import { postgresStore } from '../store/postgres/postgres-store.ts';
import type { Pool } from '../store/postgres/pool.ts';
import { maxPreparedTransactions } from '../store/postgres/transaction.ts';
import type { OffsetClock } from './clock.ts';
import type { Coupling } from './config.ts';
import { ConfigError } from './config.ts';
import type { Coupled, CoupledBooks, CoupledOptions } from './coupled-books.ts';
import { coupleBooks } from './coupled-books.ts';

export type Books = CoupledBooks & {
  /** The same pool twice where both books share one database. */
  readonly pools: BookPools;
};

export type BooksOptions = Pick<
  CoupledOptions,
  | 'killPoint'
  | 'context'
  | 'leaseMs'
  | 'claimSizeMax'
  | 'scanEveryMs'
  | 'onError'
  | 'onLateSubmit'
  | 'isLost'
> & {
  readonly coupling: Coupling;
  readonly pools: BookPools;
  readonly replicas: ReplicaPools;
  readonly clock: OffsetClock;
};

/** Opens the books over their databases. Its `start` refuses a coupling that the databases cannot carry. */
export function openBooks(options: BooksOptions): Books {
  const { pools, coupling, clock } = options;
  const books = coupleBooks(coupledOn(options), {
    ...options,
    wallMs: clock.wallMs,
    freshName: randomUUID,
    defer: (run) => setImmediate(run),
    isDataError,
  });
  return {
    ...books,
    pools,
    start: async () => {
      if (coupling === 'two_phase') await requirePreparedTransactions(pools.channel);
      await books.start();
    },
  };
}

function coupledOn({ coupling, pools, replicas }: BooksOptions): Coupled {
  if (coupling === 'together') return { coupling, store: postgresStore(pools.payment) };
  const readers = postgresReaders(pools, replicas);
  return { coupling, databases: postgresBooks(pools), readers };
}

async function requirePreparedTransactions(pool: Pool): Promise<void> {
  if ((await maxPreparedTransactions(pool)) > 0) return;
  throw new ConfigError([
    'TIEOUT_COUPLING=two_phase needs max_prepared_transactions above 0 at the server of CHANNEL_DATABASE_URL (it is 0): set it to at least 100 and restart that server, or choose relay.',
  ]);
}
