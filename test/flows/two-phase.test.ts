import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId, newPaymentId } from '../../src/core/id.ts';
import { POLICY_DEFAULT } from '../../src/core/policy.ts';
import type { Door } from '../../src/runtime/apply.ts';
import { openDoor } from '../../src/runtime/apply.ts';
import { twoPhaseStore } from '../../src/store/apart-stores.ts';
import type { BookDatabases } from '../../src/store/book-databases.ts';
import type { BookPools } from '../../src/store/postgres/book-databases.ts';
import { postgresBooks } from '../../src/store/postgres/book-databases.ts';
import { isDataError } from '../../src/store/postgres/errors.ts';
import { openPool } from '../../src/store/postgres/pool.ts';
import { maxPreparedTransactions } from '../../src/store/postgres/transaction.ts';
import type { PaymentKey, Store } from '../../src/store/store.ts';
import type { TwoPhasePoint } from '../../src/store/two-phase.ts';
import { purgeDecisions, resolveInDoubt } from '../../src/store/two-phase.ts';
import { freshDatabase } from '../support/database.ts';
import { countingBytes, createInput, MERCHANT_NUMBER, paid } from '../support/scripted-payment.ts';
import { rulesOf } from '../support/scripted-rules.ts';

let pools: BookPools;
let databases: BookDatabases;
let store: Store;
let door: Door;
/** What happens at a point of the next two-phase commit. */
let atPoint: ((point: TwoPhasePoint) => void) | null = null;

class Died extends Error {}

beforeAll(async () => {
  const [payment, channel] = await Promise.all([freshDatabase(), freshDatabase()]);
  const open = (url: string) => openPool(url, { max: 8, onError: () => {} });
  pools = { payment: open(payment), channel: open(channel) };
  const killPoint = (point: TwoPhasePoint): void => atPoint?.(point);
  databases = postgresBooks(pools);
  store = twoPhaseStore({ databases, wallMs: Date.now, freshName: randomUUID, killPoint });
  door = openDoor({
    store,
    context: () => ({
      nowMs: Date.now(),
      scope: 'both',
      isApart: true,
      policy: POLICY_DEFAULT,
      rules: rulesOf,
      newId: (prefix) => newId(prefix, Date.now(), countingBytes()),
    }),
    killPoint: () => {},
    defer: (run) => setImmediate(run),
    isDataError: (error) => error instanceof Died || isDataError(error),
    laneCount: 2,
    batchSizeMax: 64,
    pause: async () => {},
  });
});
afterAll(async () => {
  await Promise.all([pools.payment.end(), pools.channel.end()]);
});

let count = 0;

async function create(): Promise<PaymentKey> {
  count += 1;
  const paymentId = newPaymentId(MERCHANT_NUMBER, Date.now(), countingBytes());
  const key = { merchantNumber: MERCHANT_NUMBER, paymentId };
  await door.apply(key, createInput({ paymentId, merchantOrderNo: `TP-${count}` }));
  return key;
}

async function notify(key: PaymentKey): Promise<void> {
  await door.apply(key, {
    type: 'outcome_learned',
    attempt: 1,
    outcome: paid(),
    evidence: { via: 'notification', operation: 'notification', raw: 'PAID' },
    planned: false,
    from: { channel: 'wallet', account: 'main' },
  });
}

async function standing(key: PaymentKey): Promise<(string | undefined)[]> {
  const [found] = await store.load([key]);
  return [found?.payment.status, found?.orders[0]?.status];
}

async function inDoubt(): Promise<number> {
  const { rows } = await pools.channel.query<{ count: number }>(
    'SELECT count(*)::integer AS count FROM pg_prepared_xacts WHERE database = current_database()',
  );
  return rows[0]?.count ?? 0;
}

/** The process dies at a point of its next two-phase commit; the connections break off. */
async function dieAt(point: TwoPhasePoint, work: () => Promise<void>): Promise<void> {
  atPoint = (reached) => {
    if (reached === point) throw new Died(point);
  };
  await expect(work()).rejects.toThrow(point);
  atPoint = null;
}

describe('two books in two databases, committed in both or in neither', () => {
  test('the servers of the tests can prepare transactions', async () => {
    expect(await maxPreparedTransactions(pools.channel)).toBeGreaterThan(0);
  });

  test('a payment and its order stand together after each input', async () => {
    const key = await create();
    expect(await standing(key)).toEqual(['processing', 'created']);
    await notify(key);
    expect(await standing(key)).toEqual(['succeeded', 'succeeded']);
    expect(await inDoubt()).toBe(0);
  });

  test('a change of one book alone is an ordinary commit there', async () => {
    const key = await create();
    const points: TwoPhasePoint[] = [];
    atPoint = (point) => points.push(point);
    await door.apply(key, {
      type: 'outcome_learned',
      attempt: 1,
      outcome: { type: 'unknown', reason: 'timeout', channelCode: 'no_answer' },
      evidence: { via: 'response', operation: 'pay', raw: '' },
      planned: false,
      from: { channel: 'wallet', account: 'main' },
    });
    atPoint = null;
    expect(points).toEqual([]);
    expect(await standing(key)).toEqual(['processing', 'unknown']);
  });

  test('many payments of one batch stand or fall each by its own guards', async () => {
    const keys = await Promise.all(Array.from({ length: 20 }, create));
    await Promise.all([...keys, ...keys].map(notify));
    const all = await Promise.all(keys.map(standing));
    expect(new Set(all.map(String))).toEqual(new Set(['succeeded,succeeded']));
  });
});

describe('a coordinator that dies', () => {
  test('before the prepare has changed nothing', async () => {
    const key = await create();
    await dieAt('two_phase.before_prepare', async () => await notify(key));
    expect(await standing(key)).toEqual(['processing', 'created']);
    expect(await inDoubt()).toBe(0);
    await notify(key);
    expect(await standing(key)).toEqual(['succeeded', 'succeeded']);
  });

  test('after the prepare and before the decision is rolled back: presumed abort', async () => {
    const key = await create();
    await dieAt('two_phase.after_prepare', async () => await notify(key));
    expect(await inDoubt()).toBe(1);
    expect(await resolveInDoubt(databases, Date.now(), 60_000)).toBe(0);
    expect(await resolveInDoubt(databases, Date.now(), 0)).toBe(1);
    expect(await inDoubt()).toBe(0);
    expect(await standing(key)).toEqual(['processing', 'created']);
    await notify(key);
    expect(await standing(key)).toEqual(['succeeded', 'succeeded']);
  });

  test('after the decision has decided: the other half is committed by whoever finds it', async () => {
    const key = await create();
    await dieAt('two_phase.after_decision', async () => await notify(key));
    expect(await inDoubt()).toBe(1);
    expect(await standing(key)).toEqual(['succeeded', 'created']);
    await resolveInDoubt(databases, Date.now(), 0);
    expect(await standing(key)).toEqual(['succeeded', 'succeeded']);
    await notify(key);
    expect((await store.load([key]))[0]?.payment.surplusReceivedMinor).toBe(0);
  });

  test('is not forgotten, however old, while its other half still waits', async () => {
    const key = await create();
    await dieAt('two_phase.after_decision', async () => await notify(key));
    await purgeDecisions(databases, Date.now() + 1_000);
    await resolveInDoubt(databases, Date.now(), 0);
    expect(await standing(key)).toEqual(['succeeded', 'succeeded']);
    await purgeDecisions(databases, Date.now() + 1_000);
    const { rows } = await pools.payment.query('SELECT gid FROM two_phase_decision');
    expect(rows).toEqual([]);
  });

  test('leaves what several find at once, and none of them fails over it', async () => {
    const keys = await Promise.all(Array.from({ length: 10 }, create));
    for (const key of keys) {
      await dieAt('two_phase.after_decision', async () => await notify(key));
    }
    expect(await inDoubt()).toBe(10);
    const resolvers = Array.from({ length: 6 }, async () => {
      await resolveInDoubt(databases, Date.now(), 0);
    });
    await Promise.all(resolvers);
    const all = await Promise.all(keys.map(standing));
    expect(new Set(all.map(String))).toEqual(new Set(['succeeded,succeeded']));
    expect(await inDoubt()).toBe(0);
  });

  test('and lives on after all cannot decide any more once somebody else has aborted it', async () => {
    const key = await create();
    atPoint = (point) => {
      if (point !== 'two_phase.after_prepare') return;
      atPoint = null;
      // Nothing of the decision is written yet, so whoever looks now takes it for abandoned.
      void resolveInDoubt(databases, Date.now(), 0);
    };
    // The door decides again and commits: one success, whichever of the two was quicker.
    await notify(key);
    await resolveInDoubt(databases, Date.now(), 0);
    expect(await standing(key)).toEqual(['succeeded', 'succeeded']);
    expect(await inDoubt()).toBe(0);
  });

  test('holds a redelivered notification up no longer than its lock may', async () => {
    const key = await create();
    await dieAt('two_phase.after_prepare', async () => await notify(key));
    const again = notify(key);
    const resolved = setTimeout(() => void resolveInDoubt(databases, Date.now(), 0), 500);
    await again;
    clearTimeout(resolved);
    expect(await standing(key)).toEqual(['succeeded', 'succeeded']);
  });
});
