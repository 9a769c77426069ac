/**
 * The proof that the payment path costs the same on large tables as on empty ones: one connection
 * prepares its statements while there is nothing, and keeps them while two hundred thousand orders
 * are added; its plans must be right for both.
 */
import { TOGETHER } from '../../src/core/decision.ts';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { idToUuid, newId, newPaymentId, uuidToId } from '../../src/core/id.ts';
import { POLICY_DEFAULT } from '../../src/core/policy.ts';
import { openDoor } from '../../src/runtime/apply.ts';
import type { Door } from '../../src/runtime/apply.ts';
import type { Pool } from '../../src/store/postgres/pool.ts';
import { openPool } from '../../src/store/postgres/pool.ts';
import { postgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { PaymentKey, Store } from '../../src/store/store.ts';
import { createInput, paid } from '../support/scripted-payment.ts';
import { rulesOf } from '../support/scripted-rules.ts';

export type GrowingTablesRequest = {
  /** Two databases: one grows, and one stays small to be compared with in the same minute. */
  readonly databaseUrl: string;
  readonly smallDatabaseUrl: string;
  readonly orders: number;
  /** Batches measured each time; the figure is their median. */
  readonly rounds: number;
  readonly ratioMax: number;
  readonly onProgress?: (line: string) => void;
};

/** `load_any` reads old payments from all over the tables, which no cache holds; the path itself reads young ones. */
type Statement = 'load_new' | 'load_any' | 'write_created' | 'write_paid';
export type Figures = Readonly<Record<Statement, number>>;

/** Medians in milliseconds per batch, and pages touched in each round of all four. */
export type Comparison = {
  readonly smallMs: Figures;
  readonly grownMs: Figures;
  readonly ratios: Figures;
  readonly pages: { readonly small: number; readonly grown: number; readonly ratio: number };
};

export type GrowingTablesReport = {
  readonly orders: number;
  readonly batch: number;
  readonly rounds: number;
  /** Before anything grew: how far two equal databases differ. */
  readonly equal: Comparison;
  /** With the plans of empty tables. */
  readonly grown: Comparison;
  /** After the server learned how large its tables are. */
  readonly analysed: Comparison;
  readonly ratioMax: number;
  readonly verdict: 'proven' | 'broken';
};

const BATCH = 64;
const MERCHANT_NUMBER = 7;
/** What the payment path does, which must not grow. */
const JUDGED = ['load_new', 'write_created', 'write_paid'] as const;
/** Before the first figure: the statements are prepared, and the code is warm. */
const WARM_ROUNDS = 20;

/** Measures, adds the orders by SQL, and measures again on the same connections. */
export async function proveGrowingTables(
  request: GrowingTablesRequest,
): Promise<GrowingTablesReport> {
  const { orders, rounds, ratioMax } = request;
  const grown = await openSide(request.databaseUrl);
  const small = await openSide(request.smallDatabaseUrl);
  const measure = async (name: string): Promise<Comparison> => {
    for (const { client } of [small, grown]) await client.query('CHECKPOINT');
    const comparison = await compare(small, grown, rounds);
    request.onProgress?.(`${name}: ${JSON.stringify(comparison)}`);
    return comparison;
  };
  try {
    await compare(small, grown, WARM_ROUNDS);
    const equal = await measure('equal');
    await grow(grown.client, orders);
    grown.bench.know(await someKeys(grown.client));
    const stale = await measure('grown');
    for (const { client } of [small, grown]) await client.query('VACUUM ANALYZE');
    const analysed = await measure('analysed');
    const isProven = [stale, analysed].every(
      ({ ratios, pages }) =>
        pages.ratio <= ratioMax && JUDGED.every((name) => ratios[name] <= ratioMax),
    );
    const verdict = isProven ? 'proven' : 'broken';
    return { orders, batch: BATCH, rounds, equal, grown: stale, analysed, ratioMax, verdict };
  } finally {
    await small.close();
    await grown.close();
  }
}

type Side = { readonly client: pg.Client; readonly bench: Bench; close(): Promise<void> };

async function openSide(databaseUrl: string): Promise<Side> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  // Statistics come when this proof says so, and not in the middle of a measurement.
  for (const table of TABLES) {
    await client.query(`ALTER TABLE ${table} SET (autovacuum_enabled = off)`);
  }
  // The only connection there is: whatever it prepared on empty tables it uses to the end.
  const pool = openPool(databaseUrl, { max: 1, onError: () => {} });
  return {
    client,
    bench: openBench(pool),
    close: async () => {
      await pool.end();
      await client.end();
    },
  };
}

/** Both sides take turns, so that whatever else the machine does meets both. */
async function compare(small: Side, grown: Side, rounds: number): Promise<Comparison> {
  const sides = [small, grown] as const;
  const before: number[] = [];
  for (const { bench } of sides) before.push(await bench.start());
  for (let at = 0; at < rounds; at++) for (const { bench } of sides) await bench.round();
  const after: number[] = [];
  for (const { bench } of sides) after.push(await bench.pages());
  const [smallPages = 0, grownPages = 0] = after.map((count, at) =>
    Math.round((count - (before[at] ?? 0)) / rounds),
  );
  const smallMs = small.bench.medians();
  const grownMs = grown.bench.medians();
  return {
    smallMs,
    grownMs,
    ratios: figuresOf((name) => grownMs[name] / smallMs[name]),
    pages: { small: smallPages, grown: grownPages, ratio: rounded(grownPages / smallPages) },
  };
}

type Bench = {
  /** Forgets the former times; answers the pages touched so far. */
  start(): Promise<number>;
  /** Creates a batch, pays it, and loads older payments. */
  round(): Promise<void>;
  /** Pages touched so far, in memory or not. */
  pages(): Promise<number>;
  /** Medians since the start, in milliseconds per batch. */
  medians(): Figures;
  /** Older payments to be loaded among the others. */
  know(keys: readonly PaymentKey[]): void;
};

/** A door of one lane over a store whose loads and writes are timed. */
function openBench(pool: Pool): Bench {
  const store = postgresStore(pool);
  let times = newTimes();
  let writing: 'write_created' | 'write_paid' = 'write_created';
  const clocked = async <T>(name: Statement, call: () => Promise<T>): Promise<T> => {
    const startedAtMs = performance.now();
    const result = await call();
    times[name].push(performance.now() - startedAtMs);
    return result;
  };
  const door = openBenchDoor({
    ...store,
    load: async (keys) => await clocked('load_new', async () => await store.load(keys)),
    write: async (changes) => {
      if (changes.length !== BATCH) throw new Error(`a batch of ${changes.length} is written`);
      return await clocked(writing, async () => await store.write(changes));
    },
  });
  const known: PaymentKey[] = [];
  let turn = 0;
  const olderKeys = (): PaymentKey[] =>
    Array.from({ length: BATCH }, () => {
      // A long step that shares no factor with the count of keys walks over all of them.
      turn = (turn + 7_919) % known.length;
      return known[turn];
    }).filter((key) => key !== undefined);
  const pages = async (): Promise<number> => await readPages(pool);
  return {
    pages,
    start: async () => {
      times = newTimes();
      return await pages();
    },
    round: async () => {
      writing = 'write_created';
      const keys = await createBatch(door);
      writing = 'write_paid';
      await payBatch(door, keys);
      known.push(...keys);
      const loaded = await clocked('load_any', async () => await store.load(olderKeys()));
      if (loaded.includes(null)) throw new Error('a payment that exists was not loaded');
    },
    medians: () => figuresOf((name) => median(times[name])),
    know: (keys) => known.push(...keys),
  };
}

async function readPages(pool: Pool): Promise<number> {
  // A session reports what it touched only now and then, unless it is asked to.
  await pool.query('SELECT pg_stat_force_next_flush()');
  const { rows } = await pool.query<{ pages: number }>(
    `SELECT sum(heap_blks_hit + heap_blks_read + coalesce(idx_blks_hit + idx_blks_read, 0))::bigint AS pages
      FROM pg_statio_user_tables`,
  );
  return rows[0]?.pages ?? 0;
}

async function payBatch(door: Door, keys: readonly PaymentKey[]): Promise<void> {
  await Promise.all(
    keys.map(async (key) => {
      const { decision } = await door.apply(key, paidInput(key));
      if (decision.type !== 'changed') throw new Error('a payment was not paid');
    }),
  );
}

function openBenchDoor(store: Store): Door {
  const freshId = (prefix: string): string => newId(prefix, Date.now(), randomBytes(10));
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
    isDataError: () => false,
    laneCount: 1,
    batchSizeMax: BATCH,
    pause: async () => {},
  });
}

async function createBatch(door: Door): Promise<PaymentKey[]> {
  return await Promise.all(
    Array.from({ length: BATCH }, async () => {
      const paymentId = newPaymentId(MERCHANT_NUMBER, Date.now(), randomBytes(10));
      const key = { merchantNumber: MERCHANT_NUMBER, paymentId };
      const input = createInput({ ...key, merchantOrderNo: `SO-${paymentId}` });
      const { decision } = await door.apply(key, input);
      if (decision.type !== 'changed') throw new Error('a payment was not created');
      return key;
    }),
  );
}

function paidInput({ paymentId }: PaymentKey) {
  return {
    type: 'outcome_learned',
    attempt: 1,
    outcome: paid({ transactionNo: `T-${idToUuid(paymentId)}`, paidAtMs: Date.now() }),
    evidence: { via: 'notification', operation: 'notification', raw: '{"state":"PAID"}' },
    planned: false,
    from: { channel: 'wallet', account: 'main' },
  } as const;
}

const TABLES = ['payment', 'channel_order', 'journal', 'history', 'event', 'exception_case'];

/** Paid payments of a hundred merchants with everything that belongs to them, as the path would have left them. */
async function grow(client: pg.Client, orders: number): Promise<void> {
  const nowMs = Date.now();
  const id = `('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid`;
  const at = `${nowMs - 86_400_000} + (n * 86400000::bigint / ${orders})`;
  await client.query(`
    INSERT INTO payment (merchant_number, id, merchant_order_no, amount_minor, currency, subject, metadata, created_at_ms,
      status, expires_at_ms, version, tries, winner_attempt, winner_transaction_no, winner_amount_minor,
      winner_paid_at_ms, winner_via)
    SELECT 1 + n % 100, ${id}, 'GROWN-' || n, 1000, 'CNY', 'tea', '{}', ${at}, 'succeeded', ${nowMs}, 2, '[]',
      1, 'T' || n, 1000, ${at}, 'notification'
    FROM generate_series(1, ${orders}) n`);
  await client.query(`
    INSERT INTO channel_order (merchant_number, payment_id, attempt, channel, account, product, amount_minor, currency,
      valid_until_ms, created_at_ms, status, close_step, query_count, awaits_statement, confirmed_by)
    SELECT merchant_number, id, 1, 'wallet', 'main', 'qr', 1000, 'CNY', expires_at_ms, created_at_ms,
      'succeeded', 'none', 0, false, 'notification'
    FROM payment WHERE merchant_order_no LIKE 'GROWN-%'`);
  await client.query(`
    INSERT INTO journal (merchant_number, payment_id, book, entry, version, amount_minor, currency, debit, credit,
      booked_at_ms, attempt, transaction_no, paid_at_ms, via, held)
    SELECT merchant_number, id, book, CASE book WHEN 'channel' THEN 'charge:1:' || winner_transaction_no ELSE 'winner' END,
      2, 1000, 'CNY', CASE book WHEN 'channel' THEN 'channel_clearing' ELSE 'between_books' END,
      CASE book WHEN 'channel' THEN 'between_books' ELSE 'merchant' END, winner_paid_at_ms, 1,
      CASE book WHEN 'channel' THEN winner_transaction_no END, winner_paid_at_ms, 'notification', false
    FROM payment CROSS JOIN (VALUES ('channel'), ('payment')) books (book) WHERE merchant_order_no LIKE 'GROWN-%'`);
  await client.query(`
    INSERT INTO history (merchant_number, payment_id, version, at_ms, input, raw, changes)
    SELECT merchant_number, id, step, created_at_ms, 'outcome_learned', repeat('x', 200), 'paid'
    FROM payment CROSS JOIN (VALUES (1), (2)) versions (step) WHERE merchant_order_no LIKE 'GROWN-%'`);
  await client.query(`
    INSERT INTO event (merchant_number, id, payment_id, type, version, at_ms, snapshot)
    SELECT merchant_number, id, id, 'payment.succeeded', 2, created_at_ms, jsonb_build_object('x', repeat('y', 200))
    FROM payment WHERE merchant_order_no LIKE 'GROWN-%'`);
}

/** Keys of some of the payments that were added, spread over all of them. */
async function someKeys(client: pg.Client): Promise<PaymentKey[]> {
  const { rows } = await client.query<{ merchant_number: number; id: string }>(
    `SELECT merchant_number, id FROM payment WHERE merchant_order_no LIKE 'GROWN-%' ORDER BY md5(id::text) LIMIT 20000`,
  );
  return rows.map((row) => ({
    merchantNumber: row.merchant_number,
    paymentId: uuidToId('pay', row.id),
  }));
}

const newTimes = (): Record<Statement, number[]> => ({
  load_new: [],
  load_any: [],
  write_created: [],
  write_paid: [],
});

function figuresOf(figure: (name: Statement) => number): Figures {
  return {
    load_new: rounded(figure('load_new')),
    load_any: rounded(figure('load_any')),
    write_created: rounded(figure('write_created')),
    write_paid: rounded(figure('write_paid')),
  };
}

const rounded = (value: number): number => Math.round(value * 100) / 100;

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
