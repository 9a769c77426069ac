/** The connections of one process, to every database that it works with. */
import type { BookPools, ReplicaPools } from '../store/postgres/book-databases.ts';
import { openBulkPool } from '../store/postgres/bulk-pool.ts';
import type { Pool } from '../store/postgres/pool.ts';
import { openPool } from '../store/postgres/pool.ts';
import type { Config } from './config.ts';

/** Connections of one process: two lanes of the door, reads, claims, and some air. */
const POOL_SIZE = 12;
/** The scan's reads. */
const REPLICA_POOL_SIZE = 2;
/** Days that are loaded and compared: the worker's and a person's, and the lock of each. */
const BULK_POOL_SIZE = 4;

/** Where the books lie; `channel` is null where both share one database. */
export type Databases = { readonly payment: string; readonly channel: string | null };

export type Pools = {
  readonly books: BookPools;
  /** The channel book's database again, for work on whole days. */
  readonly bulk: Pool;
  readonly replicas: ReplicaPools;
  end(): Promise<void>;
};

/** Opens them; `onError` is told of a connection that broke. */
export function openPools(
  config: Pick<Config, 'replicaUrl' | 'channelReplicaUrl'>,
  databases: Databases,
  onError: (error: Error) => void,
): Pools {
  const all: Pool[] = [];
  const open = (url: string, max: number): Pool => {
    const pool = openPool(url, { max, onError });
    all.push(pool);
    return pool;
  };
  const payment = open(databases.payment, POOL_SIZE);
  const channel = databases.channel === null ? payment : open(databases.channel, POOL_SIZE);
  const bulkUrl = databases.channel ?? databases.payment;
  const bulk = openBulkPool(bulkUrl, { max: BULK_POOL_SIZE, onError });
  all.push(bulk);
  const replicaOf = (url: string | null): Pool | null =>
    url === null ? null : open(url, REPLICA_POOL_SIZE);
  return {
    books: { payment, channel },
    bulk,
    replicas: {
      payment: replicaOf(config.replicaUrl),
      channel: replicaOf(config.channelReplicaUrl),
    },
    end: async () => {
      await Promise.all(all.map(async (pool) => await pool.end()));
    },
  };
}
