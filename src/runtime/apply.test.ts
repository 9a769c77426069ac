import { TOGETHER } from '../core/decision.ts';
import { describe, expect, test } from 'vitest';
import {
  AMOUNT_MINOR,
  createInput,
  countingBytes,
  paid,
  START_MS,
  UNKNOWN,
} from '../../test/support/scripted-payment.ts';
import { rulesOf } from '../../test/support/scripted-rules.ts';
import { newId } from '../core/id.ts';
import type { CreatePayment, Input } from '../core/input.ts';
import type { Outcome } from '../core/outcome.ts';
import { POLICY_DEFAULT } from '../core/policy.ts';
import { memoryStore } from '../store/memory-store.ts';
import { DuplicateEntryError } from '../store/memory-write.ts';
import type { AggregateChange, Store } from '../store/store.ts';
import type { Applied, Door } from './apply.ts';
import { openDoor } from './apply.ts';

type Bench = { readonly door: Door; readonly store: Store; readonly writes: AggregateChange[][] };

/** A door onto a memory store; `around` stands between the two. */
function bench(around: (store: Store) => Partial<Store> = () => ({})): Bench {
  const { store } = memoryStore(() => []);
  const writes: AggregateChange[][] = [];
  const broken = { ...store, ...around(store) };
  const door = openDoor({
    store: {
      ...broken,
      write: async (changes) => {
        writes.push([...changes]);
        return await broken.write(changes);
      },
    },
    context: () => ({
      nowMs: START_MS,
      ...TOGETHER,
      policy: POLICY_DEFAULT,
      rules: rulesOf,
      newId: (prefix) => newId(prefix, START_MS, countingBytes()),
    }),
    killPoint: () => {},
    defer: (run) => setImmediate(run),
    isDataError: (error) => error instanceof DuplicateEntryError,
    laneCount: 2,
    batchSizeMax: 64,
    pause: async () => {},
  });
  return { door, store, writes };
}

async function create(door: Door, change: Partial<CreatePayment> = {}): Promise<Applied> {
  const input = createInput(change);
  return await door.apply(input, input);
}

function keyOf({ aggregate }: Applied): { merchantNumber: number; paymentId: string } {
  if (!aggregate) throw new Error('there is no payment');
  const { merchantNumber, id: paymentId } = aggregate.payment;
  return { merchantNumber, paymentId };
}

function said(outcome: Outcome, change: Partial<{ account: string; channel: string }> = {}): Input {
  return {
    type: 'outcome_learned',
    attempt: 1,
    outcome,
    evidence: { via: 'query', operation: 'query', raw: '' },
    planned: false,
    from: { channel: 'wallet', account: 'main', ...change },
  };
}

describe('the door', () => {
  test('writes what arrived together in one commit', async () => {
    const { door, writes } = bench();
    await Promise.all(
      ['A', 'B', 'C'].map(async (no) => await create(door, { merchantOrderNo: no })),
    );
    expect(writes.map((one) => one.length)).toEqual([3]);
  });

  test('chains several inputs about one payment in memory', async () => {
    const { door, store, writes } = bench();
    const key = keyOf(await create(door));
    const inputs = [said(UNKNOWN), said(paid()), said(paid()), said(UNKNOWN)];
    const applied = await Promise.all(inputs.map(async (input) => await door.apply(key, input)));
    expect(applied.map((one) => one.decision.type)).toEqual([
      'changed',
      'changed',
      'unchanged',
      'unchanged',
    ]);
    expect(writes[1]?.[0]?.steps).toHaveLength(2);
    const [stored] = await store.load([key]);
    expect(stored?.payment.version).toBe(3);
  });

  test('creates one payment of fifty simultaneous requests', async () => {
    const { door } = bench();
    const all = await Promise.all(Array.from({ length: 50 }, async () => await create(door)));
    expect(new Set(all.map((one) => keyOf(one).paymentId)).size).toBe(1);
    expect(all.filter((one) => one.decision.type === 'changed')).toHaveLength(1);
  });

  test('finds the payment of a number that exists, also when the number is asked for later', async () => {
    const { door } = bench();
    const first = keyOf(await create(door));
    const again = await create(door);
    expect([keyOf(again), again.decision.type]).toEqual([first, 'unchanged']);
    const other = await create(door, { amountMinor: AMOUNT_MINOR + 1 });
    expect(other.decision).toMatchObject({ refusal: { code: 'merchant_order_no_reused' } });
  });

  test('answers that there is no such payment', async () => {
    const { door } = bench();
    const nobody = { merchantNumber: 1, paymentId: createInput().paymentId };
    const applied = await door.apply(nobody, { type: 'close_payment' });
    expect(applied).toMatchObject({ decision: { type: 'refused' }, aggregate: null });
  });
});

describe('when something breaks', () => {
  test('a guard lost to somebody else is decided again on what is true now', async () => {
    let steal: (() => Promise<void>) | null = null;
    const { door, store } = bench((inner) => ({
      load: async (keys) => {
        const loaded = await inner.load(keys);
        const thief = steal;
        steal = null;
        await thief?.();
        return loaded;
      },
    }));
    const key = keyOf(await create(door));
    const rival = bench(() => store);
    steal = async () => {
      await rival.door.apply(key, said(paid()));
    };
    const applied = await door.apply(key, { type: 'close_payment' });
    expect(applied.decision).toMatchObject({ refusal: { code: 'payment_succeeded' } });
  });

  test('a commit whose answer was lost is looked up, and nothing is done twice', async () => {
    let lost = 1;
    const { door, store } = bench((inner) => ({
      write: async (changes) => {
        const results = await inner.write(changes);
        if (lost-- > 0) throw new Error('connection lost');
        return results;
      },
    }));
    const applied = await create(door);
    expect(applied.decision).toEqual({ type: 'unchanged', attempt: 1 });
    lost = 1;
    const key = keyOf(applied);
    await door.apply(key, said(paid()));
    const [stored] = await store.load([key]);
    expect([stored?.payment.status, stored?.payment.version]).toEqual(['succeeded', 2]);
  });

  test('an error that the data caused falls on its own item, and the others pass', async () => {
    const { door } = bench((inner) => ({
      write: async (changes) => {
        const isPoison = changes.some((one) => one.after.payment.subject === 'poison');
        if (isPoison) throw new DuplicateEntryError('the journal has it already');
        return await inner.write(changes);
      },
    }));
    const subjects = ['a', 'b', 'poison', 'c', 'd'];
    const settled = await Promise.allSettled(
      subjects.map(async (subject) => await create(door, { subject, merchantOrderNo: subject })),
    );
    expect(settled.map((one) => one.status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
  });

  test('an input that cannot be decided falls alone, and at once', async () => {
    const { door, writes } = bench();
    // An account that was taken out of the configuration while its orders were open.
    const gone = { channel: 'gone', account: 'main', product: 'qr', allowOverlap: false };
    const settled = await Promise.allSettled([
      create(door, { merchantOrderNo: 'A' }),
      create(door, { merchantOrderNo: 'B', try: gone }),
      create(door, { merchantOrderNo: 'C' }),
    ]);
    expect(settled.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(writes).toHaveLength(1);
  });

  test('a database that stays away is given up on, and the caller is told', async () => {
    const { door, store } = bench(() => ({
      write: async () => {
        throw new Error('the database is away');
      },
    }));
    await expect(create(door)).rejects.toThrow('the database is away');
    expect(await store.findByMerchantOrderNo(7, 'A-1')).toBeNull();
    await door.drain();
  });
});
