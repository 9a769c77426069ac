/**
 * Where races run: several doors on one database, each with a pool of its own and nothing in common but
 * the database, as several processes would have. A control takes one safeguard away.
 */
import { TOGETHER } from '../../src/core/decision.ts';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Aggregate } from '../../src/core/aggregate.ts';
import { ID_RANDOM_BYTES, newId } from '../../src/core/id.ts';
import type { Input } from '../../src/core/input.ts';
import { POLICY_DEFAULT } from '../../src/core/policy.ts';
import type { Applied, Door } from '../../src/runtime/apply.ts';
import { openDoor } from '../../src/runtime/apply.ts';
import { isDataError } from '../../src/store/postgres/errors.ts';
import { createMerchant } from '../../src/store/postgres/merchants.ts';
import type { Pool } from '../../src/store/postgres/pool.ts';
import { openPool } from '../../src/store/postgres/pool.ts';
import { postgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { PaymentKey, Store } from '../../src/store/store.ts';
import { rulesOf } from '../support/scripted-rules.ts';

/** What a control takes away, to show that the race would notice. */
export type Safeguard = {
  /** Words of a statement, and what stands there instead. */
  readonly statement?: readonly [words: string, instead: string];
  /** Run once in the control's own database. */
  readonly schema?: string;
};

/** The guard of every write: the version as it was loaded. */
export const VERSION_GUARD: readonly [words: string, instead: string] = [
  'AND t.version = u.old_version',
  '',
];

export type RaceGround = {
  readonly merchantNumber: number;
  readonly store: Store;
  /** For looking at rows. */
  readonly pool: Pool;
  /** What was counted since the ground was opened. */
  readonly counts: { staleWrites: number; deadlockErrors: number };
  /** Puts an input in by the door of this place, after a pause of up to two milliseconds. */
  apply(at: number, key: PaymentKey, input: Input): Promise<Applied>;
  load(key: PaymentKey): Promise<Aggregate>;
  /** Deadlocks that the server has resolved, as its statistics have it. */
  deadlocks(): Promise<number>;
  close(): Promise<void>;
};

const DOORS = 4;
const POOL_SIZE = 6;
const MICRO_DELAY_MS_MAX = 2;

/** A fresh id of now. */
export function freshId(prefix: string): string {
  return newId(prefix, Date.now(), randomBytes(ID_RANDOM_BYTES));
}

/** Opens the doors; with `without` the safeguard is gone for all of them. */
export async function openRaceGround(
  databaseUrl: string,
  random: () => number,
  without: Safeguard = {},
): Promise<RaceGround> {
  const counts = { staleWrites: 0, deadlockErrors: 0 };
  const pools: Pool[] = [];
  const doors: Door[] = [];
  for (let at = 0; at < DOORS; at++) {
    const pool = openPool(databaseUrl, { max: POOL_SIZE, onError: () => {} });
    if (without.statement) dropWords(pool, without.statement);
    pools.push(pool);
    doors.push(openDoorOn(countingStore(postgresStore(pool), counts)));
  }
  const [first] = pools;
  if (!first) throw new Error('there is no pool');
  if (without.schema) await first.query({ text: without.schema });
  const merchant = await createMerchant(first, {
    name: 'Races',
    nowMs: Date.now(),
    newId: freshId,
  });
  const store = postgresStore(first);
  return {
    merchantNumber: merchant.number,
    store,
    pool: first,
    counts,
    apply: async (at, key, input) => {
      const door = doors[at % DOORS];
      if (!door) throw new Error('there is no door');
      await sleep(random() * MICRO_DELAY_MS_MAX);
      return await door.apply(key, input);
    },
    load: async (key) => {
      const [loaded] = await store.load([key]);
      if (!loaded) throw new Error(`${key.paymentId} is gone`);
      return loaded;
    },
    deadlocks: async () => await deadlocksOf(first),
    close: async () => {
      await Promise.all(doors.map(async (door) => await door.drain()));
      await Promise.all(pools.map(async (pool) => await pool.end()));
    },
  };
}

async function deadlocksOf(pool: Pool): Promise<number> {
  // What a session counted is told to everybody within a second.
  await sleep(1_200);
  const { rows } = await pool.query<{ deadlocks: number }>(
    'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()',
  );
  return rows[0]?.deadlocks ?? Number.NaN;
}

function openDoorOn(store: Store): Door {
  return openDoor({
    store,
    context: () => ({
      ...TOGETHER,
      nowMs: Date.now(),
      policy: POLICY_DEFAULT,
      rules: rulesOf,
      newId: freshId,
    }),
    killPoint: () => {},
    defer: (run) => setImmediate(run),
    isDataError,
    laneCount: 2,
    batchSizeMax: 64,
    pause: async (tries) => {
      await sleep(2 ** tries);
    },
  });
}

/** The same store, which counts the guards that failed and the deadlocks that it was the victim of. */
function countingStore(store: Store, counts: RaceGround['counts']): Store {
  return {
    ...store,
    write: async (changes, lease) => {
      try {
        const results = await store.write(changes, lease);
        counts.staleWrites += results.filter((one) => one === 'stale').length;
        return results;
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === '40P01') {
          counts.deadlockErrors += 1;
        }
        throw error;
      }
    },
  };
}

/** Every statement of the pool loses those words. */
function dropWords(pool: Pool, [words, instead]: readonly [string, string]): void {
  const query: (config: unknown, values?: unknown) => Promise<unknown> = pool.query.bind(pool);
  const changed = async (config: unknown, values?: unknown): Promise<unknown> => {
    const hasText = typeof config === 'object' && config !== null && 'text' in config;
    if (!hasText) return await query(config, values);
    return await query({ ...config, text: String(config.text).replaceAll(words, instead) });
  };
  Object.assign(pool, { query: changed });
}
