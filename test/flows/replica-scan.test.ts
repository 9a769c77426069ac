/** The scan for internal drops reads replicas, which lag: that may delay a find, never invent or hide one. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Aggregate } from '../../src/core/aggregate.ts';
import type { Pool } from '../../src/store/postgres/pool.ts';
import { openPool } from '../../src/store/postgres/pool.ts';
import type { ReplicaPools } from '../../src/store/postgres/book-databases.ts';
import { migrate } from '../../src/store/migrate.ts';
import type { ApartBooks } from '../support/apart-books.ts';
import { openApartBooks, unheard } from '../support/apart-books.ts';
import type { PrimaryAndReplica } from '../support/replica.ts';
import { startPrimaryAndReplica } from '../support/replica.ts';
import { MINUTE, paid } from '../support/scripted-payment.ts';

let servers: PrimaryAndReplica;
let primary: { payment: Pool; channel: Pool };
let replica: { payment: Pool; channel: Pool };

beforeAll(async () => {
  servers = await startPrimaryAndReplica(['payment', 'channel']);
  const open = (url: string) => openPool(url, { max: 6, onError: () => {} });
  const pair = (urlOf: (name: string) => string) => ({
    payment: open(urlOf('payment')),
    channel: open(urlOf('channel')),
  });
  primary = pair(servers.primaryUrl);
  replica = pair(servers.replicaUrl);
  await migrate(servers.primaryUrl('payment'));
  await migrate(servers.primaryUrl('channel'));
});
afterAll(async () => {
  const pools = [...Object.values(primary), ...Object.values(replica)];
  await Promise.all(pools.map(async (pool) => await pool.end()));
  await servers.stop();
});

/** Holds the replica back, as a lagging one is, while something is done. */
async function whileLagging(work: () => Promise<void>): Promise<void> {
  await replica.payment.query('SELECT pg_wal_replay_pause()');
  try {
    await work();
  } finally {
    await replica.payment.query('SELECT pg_wal_replay_resume()');
  }
}

async function untilReplayed(): Promise<void> {
  const { rows } = await primary.payment.query('SELECT pg_current_wal_lsn()::text AS lsn');
  await expect
    .poll(async () => {
      const sql = 'SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS is_there';
      return (await replica.payment.query(sql, [rows[0]?.lsn])).rows[0]?.is_there;
    })
    .toBe(true);
}

let clockMs = 0;

/** Time goes on from test to test, as it does for the watermark that they share. */
function openWith(replicas: ReplicaPools): ApartBooks {
  const books = openApartBooks(primary, replicas);
  clockMs = Math.max(clockMs, books.clock.ms) + 60 * MINUTE;
  books.clock.ms = clockMs;
  return books;
}

async function paidAndLost(books: ApartBooks): Promise<Aggregate> {
  const created = await books.create();
  await books.learnAlone(created, paid());
  await books.loseOutboxes();
  return created;
}

describe('a scan that reads replicas', () => {
  test('finds what was lost, and its find is healed at the primaries', async () => {
    const books = openWith(replica);
    const created = await paidAndLost(books);
    await untilReplayed();
    expect(await books.heal()).toBe(1);
    expect((await books.reload(created)).payment.status).toBe('succeeded');
  });

  test('waits for a replica that lags, and then finds what it had not shown', async () => {
    const books = openWith(replica);
    await whileLagging(async () => {
      await paidAndLost(books);
      // Long past its overlap: had the watermark moved, the change would lie behind it for ever.
      books.clock.ms += 10 * MINUTE;
      expect(await books.work.scan()).toBe(0);
    });
    await untilReplayed();
    expect(await books.work.scan()).toBe(1);
    await books.heal();
  });

  test('takes nothing for lost that only its replica has not seen', async () => {
    // The channel book is read at its primary, the payment book at a replica that is behind.
    const books = openWith({ payment: replica.payment, channel: null });
    const older = await books.create();
    await untilReplayed();
    await whileLagging(async () => {
      await books.learnAlone(older, paid());
      await books.door.catchUp(await books.reload(older));
      books.clock.ms += MINUTE;
      expect(await books.work.scan()).toBe(0);
    });
    expect(unheard(await books.reload(older))).toEqual([]);
    expect((await books.reload(older)).cases).toEqual([]);
  });

  test('does not overlook a payment that its replica does not even know', async () => {
    const books = openWith({ payment: replica.payment, channel: null });
    await whileLagging(async () => {
      await paidAndLost(books);
      books.clock.ms += 10 * MINUTE;
      expect(await books.work.scan()).toBe(1);
    });
    await untilReplayed();
    await books.heal();
  });
});
