/**
 * Scans benchmark: what it costs to find and claim open work with 1,000 open cases, at 10,000 and at
 * 1,000,000 orders. Yardstick: the naive scan over all orders by their state, in the same run.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { openDatabase } from '../src/cli/database.ts';
import { print, say, table } from '../src/cli/terminal.ts';
import { postgresStore } from '../src/store/postgres/postgres-store.ts';
import { openPool } from '../src/store/postgres/pool.ts';
import type { Cost } from './statement-cost.ts';
import { costOf } from './statement-cost.ts';

const SIZES = [10_000, Number(process.env.BENCH_ORDERS ?? 1_000_000)];
const OPEN_CASES = 1_000;
const CLAIM_SIZE = 64;
const FIRST_QUERY = new Map([['sandbox/main', 15_000]]);
/** All orders were made in the day before this time; the open ones are due. */
const NOW_MS = 1_800_000_000_000;

type Figure = Cost & { readonly name: string };

const directory = mkdtempSync(join(tmpdir(), 'tieout-bench-'));
try {
  const bySize: Figure[][] = [];
  for (const size of SIZES) bySize.push(await measure(size));
  report(bySize);
} finally {
  rmSync(directory, { recursive: true, force: true });
}

async function measure(orders: number): Promise<Figure[]> {
  say(`${orders.toLocaleString('en')} orders …`);
  const database = await openDatabase(null, directory, `scans_${orders}`);
  const pool = openPool(database.url, { max: 1, onError: () => {} });
  const store = postgresStore(pool);
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    await fill(client, orders);
    const account = { channel: 'sandbox', account: 'main' };
    return [
      await timed(client, pool, 'claim due orders', async () => {
        await store.claimDroppedOrders(account, CLAIM_SIZE, NOW_MS, 0);
      }),
      await timed(client, pool, 'claim expiries', async () => {
        await store.claimExpiries(CLAIM_SIZE, NOW_MS, 0);
      }),
      await timed(client, pool, 'sweep young orders', async () => {
        await store.sweepYoung(FIRST_QUERY, NOW_MS, 2_000);
      }),
      await timed(client, pool, 'list open cases', async () => {
        await pool.query('SELECT * FROM open_case LIMIT 1000');
      }),
      await timed(client, pool, 'yardstick: naive scan', async () => {
        await client.query(
          "SELECT count(*) FROM payment p JOIN channel_order o ON o.merchant_number = p.merchant_number AND o.payment_id = p.id WHERE p.status <> 'succeeded' AND o.status IN ('pending', 'unknown')",
        );
      }),
    ];
  } finally {
    await client.end();
    await pool.end();
    await database.stop();
  }
}

/** Orders of one day: succeeded ones, and a thousand that are open, spread evenly among them. */
async function fill(client: pg.Client, orders: number): Promise<void> {
  const every = Math.floor(orders / OPEN_CASES);
  const id = `('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid`;
  const at = `${NOW_MS - 86_400_000} + (n * 86400000::bigint / ${orders})`;
  const state = `CASE WHEN n % ${every} = 0 THEN 'processing' ELSE 'succeeded' END`;
  await client.query(`
    INSERT INTO payment (merchant_number, id, merchant_order_no, amount_minor, currency, subject, created_at_ms, status,
      expires_at_ms, version, tries, winner_attempt, winner_transaction_no, winner_amount_minor, winner_paid_at_ms, winner_via)
    SELECT 1 + n % 100, ${id}, 'SO-' || n, 1000, 'CNY', 'x', ${at}, ${state}, ${NOW_MS}, 2, '[]',
      CASE WHEN n % ${every} <> 0 THEN 1 END, CASE WHEN n % ${every} <> 0 THEN 'T' || n END,
      CASE WHEN n % ${every} <> 0 THEN 1000 END, CASE WHEN n % ${every} <> 0 THEN ${at} END, CASE WHEN n % ${every} <> 0 THEN 'notification' END
    FROM generate_series(1, ${orders}) n`);
  await client.query(`
    INSERT INTO channel_order (merchant_number, payment_id, attempt, channel, account, product, amount_minor, currency,
      valid_until_ms, created_at_ms, status, close_step, query_count, awaits_statement)
    SELECT merchant_number, id, 1, 'sandbox', 'main', 'qr', 1000, 'CNY', expires_at_ms, created_at_ms,
      CASE WHEN status = 'succeeded' THEN 'succeeded' ELSE 'pending' END, 'none', 0, false FROM payment`);
  await client.query(`
    INSERT INTO open_case (merchant_number, payment_id, kind, subject, case_id)
    SELECT merchant_number, id, 'external_drop', '1', id FROM payment WHERE status = 'processing'`);
  await client.query(`
    INSERT INTO dropped_order (merchant_number, payment_id, attempt, channel, account, operation, due_at_ms)
    SELECT merchant_number, id, 1, 'sandbox', 'main', 'query', ${NOW_MS - 1000} FROM payment WHERE status = 'processing'`);
  await client.query(`
    INSERT INTO payment_expiry (merchant_number, payment_id, due_at_ms)
    SELECT merchant_number, id, ${NOW_MS - 1000} FROM payment WHERE status = 'processing'`);
  await client.query(`INSERT INTO sweep (name, watermark_ms) VALUES ('young', ${NOW_MS - 20_000})`);
  await client.query('VACUUM ANALYZE');
}

async function timed(
  client: pg.Client,
  pool: pg.Pool,
  name: string,
  call: () => Promise<void>,
): Promise<Figure> {
  return { name, ...(await costOf([{ client, pool }], call)) };
}

function report(bySize: readonly Figure[][]): void {
  const [small = [], large = []] = bySize;
  const rows = small.map((figure, at) => {
    const other = large[at] ?? figure;
    return {
      name: figure.name,
      smallMs: figure.ms.toFixed(2),
      largeMs: other.ms.toFixed(2),
      smallBuffers: figure.buffers,
      largeBuffers: other.buffers,
      msRatio: Math.round((other.ms / figure.ms) * 100) / 100,
      buffersRatio: Math.round((other.buffers / Math.max(1, figure.buffers)) * 100) / 100,
    };
  });
  const head = [
    'statement',
    ...SIZES.map((size) => `ms at ${size}`),
    ...SIZES.map((size) => `buffers at ${size}`),
    'ms ratio',
    'buffers ratio',
  ];
  say(
    table(
      head,
      rows.map((row) => Object.values(row).map(String)),
    ),
  );
  print(JSON.stringify({ benchmark: 'scans', sizes: SIZES, openCases: OPEN_CASES, rows }));
}
