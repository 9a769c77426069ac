import { afterAll, expect, test } from 'vitest';
import { isDataError } from '../../src/store/postgres/errors.ts';
import type { BookPools } from '../../src/store/postgres/book-databases.ts';
import { postgresBooks } from '../../src/store/postgres/book-databases.ts';
import { openPool } from '../../src/store/postgres/pool.ts';
import { maxPreparedTransactions } from '../../src/store/postgres/transaction.ts';
import { freshDatabase } from '../support/database.ts';
import { twoPhaseContract } from '../support/two-phase-contract.ts';

let pools: BookPools | null = null;

twoPhaseContract(async () => {
  const [payment, channel] = await Promise.all([freshDatabase(), freshDatabase()]);
  const open = (url: string) => openPool(url, { max: 8, onError: () => {} });
  pools = { payment: open(payment), channel: open(channel) };
  return { databases: postgresBooks(pools), isDataError };
});
afterAll(async () => {
  await Promise.all([pools?.payment.end(), pools?.channel.end()]);
});

test('the servers of the tests can prepare transactions', async () => {
  if (!pools) throw new Error('the pools are not open');
  expect(await maxPreparedTransactions(pools.channel)).toBeGreaterThan(0);
});
