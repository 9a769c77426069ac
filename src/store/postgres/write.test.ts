import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../../test/support/database.ts';
import {
  paid,
  SECOND,
  ScriptedPayment,
  START_MS,
  UNKNOWN,
} from '../../../test/support/scripted-payment.ts';
import { createRandom } from '../../sandbox/random.ts';
import type { AggregateChange, Store, WriteResult } from '../store.ts';
import type { Pool } from './pool.ts';
import { openPool } from './pool.ts';
import { postgresStore } from './postgres-store.ts';

const ROUNDS = 200;
const MERCHANTS = 4;
const PAYMENTS_PER_ROUND = 16;
const FIRST_QUERY_MS = new Map([['wallet/main', 15 * SECOND]]);
const LATER_MS = START_MS + 60 * SECOND;

const random = createRandom(1);

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, rank: random() }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}

/** Payments of several merchants, whose ids and whose numbers sort differently. */
function newPayments(round: number): ScriptedPayment[] {
  return Array.from(
    { length: PAYMENTS_PER_ROUND },
    (_, at) =>
      new ScriptedPayment({
        merchantNumber: 1 + ((at * 7) % MERCHANTS),
        merchantOrderNo: `R${round}-${(at * 5) % PAYMENTS_PER_ROUND}`,
      }),
  );
}

describe('writers who race on the same payments', () => {
  const pools: Pool[] = [];
  let stores: Store[] = [];
  beforeAll(async () => {
    const url = await freshDatabase();
    for (let at = 0; at < 3; at++) pools.push(openPool(url, { max: 4, onError: () => {} }));
    stores = pools.map((pool) => postgresStore(pool));
  });
  afterAll(async () => {
    await Promise.all(pools.map(async (pool) => await pool.end()));
  });

  const storeAt = (at: number): Store => {
    const store = stores[at];
    if (!store) throw new Error('three stores');
    return store;
  };

  async function raced(
    changes: readonly AggregateChange[],
    others: readonly Promise<unknown>[],
  ): Promise<WriteResult[][]> {
    const writers = [0, 1].map(async (at) => {
      const order = shuffled(changes);
      const results = await storeAt(at).write(order);
      return changes.map((change) => results[order.indexOf(change)] ?? 'stale');
    });
    const [results] = await Promise.all([Promise.all(writers), Promise.all(others)]);
    return results;
  }

  function expectOneWinnerEach(results: readonly WriteResult[][], count: number): void {
    for (let at = 0; at < count; at++) {
      const winners = results.filter((one) => one[at] === 'written');
      expect([winners.length, results.length]).toEqual([1, 2]);
    }
  }

  test('one of them wins each payment, and nobody ever waits in a circle', {
    timeout: 60_000,
  }, async () => {
    const wallet = { channel: 'wallet', account: 'main' };
    for (let round = 0; round < ROUNDS; round++) {
      const payments = newPayments(round);
      const created = payments.map((one) => one.takeChange());
      expectOneWinnerEach(await raced(created, []), payments.length);

      // Questions are planned while the sweep plans the same ones, and while others are claimed.
      for (const one of payments) one.learn(UNKNOWN, { operation: 'pay' });
      const asked = payments.map((one) => one.takeChange());
      const sweep = storeAt(2).sweepAll(FIRST_QUERY_MS, LATER_MS);
      const claim = storeAt(2).claimDroppedOrders(wallet, 10, LATER_MS, SECOND);
      expectOneWinnerEach(await raced(asked, [sweep, claim]), payments.length);

      for (const one of payments) one.learn(paid());
      const settled = payments.map((one) => one.takeChange());
      const again = storeAt(2).sweepAll(FIRST_QUERY_MS, LATER_MS);
      expectOneWinnerEach(await raced(settled, [again]), payments.length);

      const keys = payments.map((one) => one.key);
      const stored = await storeAt(2).load(keys);
      expect(stored).toEqual(payments.map((one) => one.aggregate));
    }
  });
});
