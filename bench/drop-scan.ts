/**
 * Drop-scan benchmark: what the scan for internal drops costs, with books in two databases. It looks at what
 * changed since it last looked, so a window of the same traffic must cost the same with 10,000 orders and
 * with 1,000,000; a window of ten times the traffic is the yardstick of the same run.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { openDatabase } from '../src/cli/database.ts';
import { print, say, table } from '../src/cli/terminal.ts';
import { newRelayWork } from '../src/runtime/relay/relay-work.ts';
import { relayStores } from '../src/store/apart-stores.ts';
import { loadApart } from '../src/store/book-databases.ts';
import { postgresBooks, postgresReaders } from '../src/store/postgres/book-databases.ts';
import { openPool } from '../src/store/postgres/pool.ts';
import { relayStore } from '../src/store/relay-store.ts';
import { round2 } from './median.ts';
import type { Cost, Measured } from './statement-cost.ts';
import { costOf } from './statement-cost.ts';

const SMALL = 10_000;
const LARGE = Number(process.env.BENCH_ORDERS ?? 1_000_000);
/** Payments that changed in the minute that a scan looks back over. */
const WINDOW = 500;
const BUSY_WINDOW = 5_000;
/** When it is; what is younger than 5 s is not looked at yet. */
const NOW_MS = 1_800_000_000_000;
const SEEN_TO_MS = NOW_MS - 5_000;
const LOOK_BACK_MS = 60_000;

const directory = mkdtempSync(join(tmpdir(), 'tieout-bench-'));
try {
  const small = await measure(SMALL, WINDOW);
  const large = await measure(LARGE, WINDOW);
  const busy = await measure(SMALL, BUSY_WINDOW);
  report(small, large, busy);
} finally {
  rmSync(directory, { recursive: true, force: true });
}

async function measure(orders: number, window: number): Promise<Cost> {
  say(`${orders.toLocaleString('en')} orders, ${window.toLocaleString('en')} changed …`);
  const name = `drop_scan_${orders}_${window}`;
  const payment = await openDatabase(null, directory, name);
  const channel = await openDatabase(null, directory, `${name}_channel`);
  const books = { payment: await open(payment.url), channel: await open(channel.url) };
  try {
    await fill(books.payment.client, 'payment', orders, window);
    await fill(books.channel.client, 'channel', orders, window);
    const scan = scanOver({ payment: books.payment.pool, channel: books.channel.pool });
    if ((await scan()) !== 0) throw new Error('the scan finds drops where there are none');
    return await costOf([books.payment, books.channel], scan);
  } finally {
    for (const { pool, client } of [books.payment, books.channel]) {
      await client.end();
      await pool.end();
    }
    await channel.stop();
    await payment.stop();
  }
}

async function open(url: string): Promise<Measured> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return { pool: openPool(url, { max: 1, onError: () => {} }), client };
}

/** One scan in both directions, as a worker does it. */
function scanOver(pools: { readonly payment: pg.Pool; readonly channel: pg.Pool }) {
  const databases = postgresBooks(pools);
  const readers = postgresReaders(pools, { payment: null, channel: null });
  const never = async (): Promise<never> => await Promise.reject(new Error('nothing is missing'));
  const door = { apply: never, deliver: never, catchUp: never, drain: never };
  const work = newRelayWork({
    door: { ...door, onCommitted: () => () => {}, giveNoticesTo: () => {} },
    relay: relayStore(databases, readers),
    store: relayStores(databases, 0).payment,
    scanStore: { load: async (keys) => await loadApart(readers, keys) },
    clock: { nowMs: () => NOW_MS, sleep: async () => {} },
    killPoint: () => {},
    leaseMs: 20_000,
    claimSizeMax: 64,
    scanEveryMs: 30_000,
    onError: () => {},
  });
  return async () => await work.scan();
}

/** Paid orders of one day, each book in its own database; `window` of them changed in the last minute. */
async function fill(
  client: pg.Client,
  book: 'payment' | 'channel',
  orders: number,
  window: number,
): Promise<void> {
  const all = `generate_series(1, ${orders}) n`;
  const key = `1 + n % 100, ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid`;
  const young = `${SEEN_TO_MS - LOOK_BACK_MS + 1_000} + (${orders} - n) * ${LOOK_BACK_MS - 2_000}::bigint / ${window}`;
  const at = `CASE WHEN n > ${orders - window} THEN ${young} ELSE ${NOW_MS - 86_400_000} + n * 86000000::bigint / ${orders} END`;
  await client.query(`INSERT INTO book_change (merchant_number, payment_id, version, changed_at_ms, seen_channel_version)
    SELECT ${key}, 2, ${at}, ${book === 'payment' ? 2 : 'NULL::integer'} FROM ${all}`);
  const heard = book === 'payment' ? ["'try_opened:1'", "'charge:1:T' || n"] : ["'open_try:1'"];
  for (const message of heard) {
    await client.query(`INSERT INTO inbox (merchant_number, payment_id, key, taken_at_ms)
      SELECT ${key}, ${message}, ${at} FROM ${all}`);
  }
  await client.query(book === 'payment' ? paymentRows(key, at, all) : orderRows(key, at, all));
  if (book === 'channel') {
    await client.query(`INSERT INTO journal (merchant_number, payment_id, book, entry, version, amount_minor, currency,
        debit, credit, booked_at_ms, attempt, transaction_no, paid_at_ms, via, held)
      SELECT ${key}, 'channel', 'charge:1:T' || n, 2, 1000, 'CNY', 'channel_receivable:sandbox/main', 'between_books',
        ${at}, 1, 'T' || n, ${at}, 'notification', false FROM ${all}`);
  }
  await client.query(
    `INSERT INTO sweep (name, watermark_ms) VALUES ('drops:${book}', ${SEEN_TO_MS})`,
  );
  await client.query('VACUUM ANALYZE');
}

function paymentRows(key: string, at: string, all: string): string {
  return `INSERT INTO payment (merchant_number, id, merchant_order_no, amount_minor, currency, subject, created_at_ms, status,
      expires_at_ms, version, tries, winner_attempt, winner_transaction_no, winner_amount_minor, winner_paid_at_ms, winner_via)
    SELECT ${key}, 'DS-' || n, 1000, 'CNY', 'x', ${at}, 'succeeded', ${NOW_MS}, 2, '[]', 1, 'T' || n, 1000, ${at}, 'notification'
    FROM ${all}`;
}

function orderRows(key: string, at: string, all: string): string {
  return `INSERT INTO channel_order (merchant_number, payment_id, attempt, channel, account, product, amount_minor, currency,
      valid_until_ms, created_at_ms, status, close_step, query_count, awaits_statement)
    SELECT ${key}, 1, 'sandbox', 'main', 'qr', 1000, 'CNY', ${NOW_MS}, ${at}, 'succeeded', 'none', 0, false FROM ${all}`;
}

function report(small: Cost, large: Cost, busy: Cost): void {
  const rowOf = (name: string, { ms, buffers }: Cost) => ({
    name,
    ms: round2(ms),
    buffers,
    msRatio: round2(ms / small.ms),
    buffersRatio: round2(buffers / small.buffers),
  });
  const rows = [
    rowOf(`${SMALL} orders, ${WINDOW} changed`, small),
    rowOf(`${LARGE} orders, ${WINDOW} changed`, large),
    rowOf(`yardstick: ${SMALL} orders, ${BUSY_WINDOW} changed`, busy),
  ];
  const head = ['scan of both books', 'ms', 'buffers', 'ms ratio', 'buffers ratio'];
  say(
    table(
      head,
      rows.map((row) => Object.values(row).map(String)),
    ),
  );
  print(JSON.stringify({ benchmark: 'drop-scan', rows }));
}
