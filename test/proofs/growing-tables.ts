/**
 * The proof that the payment path costs the same on large tables as on empty ones: one connection
 * prepares its statements while there is nothing, and keeps them while two hundred thousand orders
 * are added; its plans must be right for both.
 */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { idToUuid, newId, newPaymentId, uuidToId } from '../../src/core/id.ts';
import { POLICY_DEFAULT } from '../../src/core/policy.ts';
import { openDoor } from '../../src/runtime/apply.ts';
import type { Door } from '../../src/runtime/apply.ts';
import { openPool } from '../../src/store/postgres/pool.ts';
import { postgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { PaymentKey, Store } from '../../src/store/store.ts';
import { createInput, paid, rulesOf } from '../support/scripted-payment.ts';

export type GrowingTablesRequest = {
  readonly databaseUrl: string;
  readonly orders: number;
  /** Batches measured each time; the figure is their median. */
  readonly rounds: number;
  readonly ratioMax: number;
  readonly onProgress?: (line: string) => void;
};

type Statement = 'load_new' | 'load_any' | 'write_created' | 'write_paid';
export type Figures = Readonly<Record<Statement, number>>;

export type GrowingTablesReport = {
  readonly orders: number;
  readonly batch: number;
  readonly rounds: number;
  /** Medians in milliseconds: on empty tables, on grown ones, and after these were analysed. */
  readonly emptyMs: Figures;
  readonly grownMs: Figures;
  readonly analysedMs: Figures;
  /** The worse of grown and analysed over empty. */
  readonly ratios: Figures;
  readonly ratioMax: number;
  readonly verdict: 'proven' | 'broken';
};

const BATCH = 64;
const MERCHANT_NUMBER = 7;
const STATEMENTS = ['load_new', 'load_any', 'write_created', 'write_paid'] as const;
/** Before the first figure: the statements are prepared, and the code is warm. */
const WARM_ROUNDS = 20;

/** Measures, adds the orders by SQL, and measures again on the same connection. */
export async function proveGrowingTables(
  request: GrowingTablesRequest,
): Promise<GrowingTablesReport> {
  const { databaseUrl, orders, rounds, ratioMax } = request;
  const say = request.onProgress ?? (() => {});
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  // The only connection there is: whatever it prepared on empty tables it uses to the end.
  const pool = openPool(databaseUrl, { max: 1, onError: () => {} });
  const bench = openBench(postgresStore(pool));
  try {
    // Statistics come when this proof says so, and not in the middle of a measurement.
    for (const table of TABLES) {
      await client.query(`ALTER TABLE ${table} SET (autovacuum_enabled = off)`);
    }
    await bench.measure(WARM_ROUNDS);
    const emptyMs = await bench.measure(rounds);
    say(`empty: ${JSON.stringify(emptyMs)}`);
    await grow(client, orders);
    bench.know(await someKeys(client));
    await client.query('CHECKPOINT');
    const grownMs = await bench.measure(rounds);
    say(`grown: ${JSON.stringify(grownMs)}`);
    await client.query('VACUUM ANALYZE');
    await client.query('CHECKPOINT');
    const analysedMs = await bench.measure(rounds);
    say(`analysed: ${JSON.stringify(analysedMs)}`);
    const ratios = figuresOf((name) => Math.max(grownMs[name], analysedMs[name]) / emptyMs[name]);
    const isProven = STATEMENTS.every((name) => ratios[name] <= ratioMax);
    const verdict = isProven ? 'proven' : 'broken';
    return {
      orders,
      batch: BATCH,
      rounds,
      emptyMs,
      grownMs,
      analysedMs,
      ratios,
      ratioMax,
      verdict,
    };
  } finally {
    await pool.end();
    await client.end();
  }
}

type Bench = {
  /** Medians over so many rounds, in milliseconds per batch. */
  measure(rounds: number): Promise<Figures>;
  /** Older payments to be loaded among the others. */
  know(keys: readonly PaymentKey[]): void;
};

/** A door of one lane over a store whose loads and writes are timed. */
function openBench(store: Store): Bench {
  let times = newTimes();
  const known: PaymentKey[] = [];
  let creating = true;
  let turn = 0;
  const timed: Store = {
    ...store,
    load: async (keys) => {
      const startedAtMs = performance.now();
      const loaded = await store.load(keys);
      times.load_new.push(performance.now() - startedAtMs);
      return loaded;
    },
    write: async (changes) => {
      const startedAtMs = performance.now();
      const written = await store.write(changes);
      const name = creating ? 'write_created' : 'write_paid';
      times[name].push(performance.now() - startedAtMs);
      if (changes.length !== BATCH) throw new Error(`a batch of ${changes.length} was written`);
      return written;
    },
  };
  const door = openBenchDoor(timed);
  const round = async (): Promise<void> => {
    creating = true;
    const keys = await createBatch(door);
    creating = false;
    await Promise.all(
      keys.map(async (key) => {
        const { decision } = await door.apply(key, paidInput(key));
        if (decision.type !== 'changed') throw new Error('a payment was not paid');
      }),
    );
    known.push(...keys);
    // A step that shares no factor with the count of keys walks over all of them.
    const any = Array.from({ length: BATCH }, (_, at) => {
      turn = (turn + 7_919) % known.length;
      return known[turn] ?? keys[at % keys.length];
    }).filter((key) => key !== undefined);
    const startedAtMs = performance.now();
    const loaded = await store.load(any);
    times.load_any.push(performance.now() - startedAtMs);
    if (loaded.includes(null)) throw new Error('a payment that exists was not loaded');
  };
  return {
    know: (keys) => known.push(...keys),
    measure: async (rounds) => {
      times = newTimes();
      for (let at = 0; at < rounds; at++) await round();
      return figuresOf((name) => median(times[name]));
    },
  };
}

function openBenchDoor(store: Store): Door {
  const freshId = (prefix: string): string => newId(prefix, Date.now(), randomBytes(10));
  return openDoor({
    store,
    context: () => ({ nowMs: Date.now(), policy: POLICY_DEFAULT, rules: rulesOf, newId: freshId }),
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
  const rounded = (name: Statement): number => Math.round(figure(name) * 100) / 100;
  return {
    load_new: rounded('load_new'),
    load_any: rounded('load_any'),
    write_created: rounded('write_created'),
    write_paid: rounded('write_paid'),
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
