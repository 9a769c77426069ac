/**
 * What books in two databases promise under the coupling two_phase, whatever database they lie in: PostgreSQL
 * keeps it for users, and memory for the simulator.
 */
import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { newId, newPaymentId } from '../../src/core/id.ts';
import { POLICY_DEFAULT } from '../../src/core/policy.ts';
import type { Door } from '../../src/runtime/apply.ts';
import { openDoor } from '../../src/runtime/apply.ts';
import { twoPhaseStore } from '../../src/store/apart-stores.ts';
import type { BookDatabases } from '../../src/store/book-databases.ts';
import type { PaymentKey, Store } from '../../src/store/store.ts';
import type { TwoPhasePoint } from '../../src/store/two-phase.ts';
import { purgeDecisions, resolveInDoubt } from '../../src/store/two-phase.ts';
import { countingBytes, createInput, MERCHANT_NUMBER, paid } from './scripted-payment.ts';
import { rulesOf } from './scripted-rules.ts';

type TwoBooks = {
  readonly databases: BookDatabases;
  /** Whether an error comes from the data and will come again. */
  readonly isDataError: (error: unknown) => boolean;
};

class Died extends Error {}

let databases: BookDatabases;
let store: Store;
let door: Door;
/** What happens at a point of the next two-phase commit. */
let atPoint: ((point: TwoPhasePoint) => void) | null = null;

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
  return (await databases.channel.preparedNow()).length;
}

/** The process dies at a point of its next two-phase commit; the connections break off. */
async function dieAt(point: TwoPhasePoint, work: () => Promise<void>): Promise<void> {
  atPoint = (reached) => {
    if (reached === point) throw new Died(point);
  };
  await expect(work()).rejects.toThrow(point);
  atPoint = null;
}

function openStore(books: TwoBooks): void {
  ({ databases } = books);
  const killPoint = (point: TwoPhasePoint): void => atPoint?.(point);
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
    isDataError: (error) => error instanceof Died || books.isDataError(error),
    laneCount: 2,
    batchSizeMax: 64,
    pause: async () => {},
  });
}

/** Registers the suite over two databases that hold nothing yet. */
export function twoPhaseContract(open: () => Promise<TwoBooks>): void {
  beforeAll(async () => openStore(await open()));
  commitsInBoth();
  survivesItsCoordinator();
}

function commitsInBoth(): void {
  describe('two books in two databases, committed in both or in neither', () => {
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
}

function survivesItsCoordinator(): void {
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
      await resolveInDoubt(databases, Date.now(), 0);
      expect(await inDoubt()).toBe(0);
      expect(await standing(key)).toEqual(['succeeded', 'succeeded']);
      await notify(key);
      expect((await store.load([key]))[0]?.payment.surplusReceivedMinor).toBe(0);
    });

    test('after the decision is never seen by half: whoever reads the payment commits the rest first', async () => {
      const key = await create();
      await dieAt('two_phase.after_decision', async () => await notify(key));
      expect(await standing(key)).toEqual(['succeeded', 'succeeded']);
      expect(await inDoubt()).toBe(0);
    });

    test('is not forgotten, however old, while its other half still waits', async () => {
      const key = await create();
      await dieAt('two_phase.after_decision', async () => await notify(key));
      const gids = await databases.channel.preparedNow();
      await purgeDecisions(databases, Date.now() + 1_000);
      expect(await databases.payment.committedOf(gids)).toEqual(gids);
      await resolveInDoubt(databases, Date.now(), 0);
      expect(await standing(key)).toEqual(['succeeded', 'succeeded']);
      await purgeDecisions(databases, Date.now() + 1_000);
      expect(await databases.payment.committedOf(gids)).toEqual([]);
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
}
