/**
 * Reconciliation benchmark: an Alipay statement in GBK against a list of orders, every kind of difference
 * planted in one line of a thousand. Ours reads and checks both files, loads, compares and commits, and must
 * find what was planted and nothing else; beside it in the same rounds PostgreSQL alone and DuckDB do the bare
 * join, on the same files, without checking anything.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { openDatabase, openServer } from '../src/cli/database.ts';
import { print, say, table } from '../src/cli/terminal.ts';
import { COMPARED } from '../src/runtime/reconcile/compare-files.ts';
import { median, round2 } from './median.ts';
import type { DuckMeasured } from './reconcile-duckdb.ts';
import type { BenchFiles } from './reconcile-files.ts';
import { nameOf, writeFiles } from './reconcile-files.ts';
import type { OursMeasured } from './reconcile-ours.ts';
import { barePostgres } from './reconcile-postgres.ts';

const ROUNDS = 3;
const GROWTH = 5;
/** What we hold ourselves to. */
const TARGET = { postgresRatio: 2.5, duckRatio: 4, rssMb: 300 };

const run = promisify(execFile);
const rowCount = Number(process.argv[2] ?? 1_000_000);
const directory = mkdtempSync(join(tmpdir(), 'tieout-bench-'));
try {
  const server = await openServer(null, join(directory, 'data'));
  try {
    const duck = await installDuck();
    const rows = [await measure(rowCount, ROUNDS, duck)];
    if (process.argv[3] === 'growth') rows.push(await measure(rowCount * GROWTH, 1, duck));
    report(rows);
  } finally {
    await server.stop();
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}

/** DuckDB is nobody's dependency: it is installed beside the files, and missed where that fails. */
async function installDuck(): Promise<string | null> {
  const folder = join(directory, 'duckdb');
  const args = [
    'install',
    '--prefix',
    folder,
    '--no-audit',
    '--no-fund',
    '@duckdb/node-api@1.5.6-r.1',
  ];
  try {
    await run('npm', args, { timeout: 120_000 });
    return folder;
  } catch {
    say('DuckDB is left out: npm could not install @duckdb/node-api.');
    return null;
  }
}

type Row = {
  readonly lines: number;
  readonly orders: number;
  readonly planted: number;
  readonly ours: OursMeasured;
  readonly postgresMs: number;
  readonly duck: DuckMeasured | null;
};

async function measure(rowTotal: number, rounds: number, duck: string | null): Promise<Row> {
  say(`${rowTotal.toLocaleString('en')} lines: writing the files …`);
  const files = await writeFiles(directory, rowTotal);
  const ours: OursMeasured[] = [];
  const postgresMs: number[] = [];
  const duckRuns: DuckMeasured[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    say(`${rowTotal.toLocaleString('en')} lines: round ${round} of ${rounds} …`);
    const database = await openDatabase(null, join(directory, 'data'), 'reconcile_bench');
    try {
      ours.push(await child<OursMeasured>('ours', [database.url, files.statement, files.orders]));
      await expectPlanted(database.url, files);
      await settle(database.url);
      postgresMs.push(await barePostgres(database.url, files));
    } finally {
      await database.stop();
    }
    if (duck !== null)
      duckRuns.push(await child<DuckMeasured>('duckdb', [duck, files.stripped, files.orders]));
  }
  for (const path of [files.statement, files.stripped, `${files.stripped}.utf8`, files.orders]) {
    rmSync(path, { force: true });
  }
  return {
    lines: files.lineCount,
    orders: files.orderCount,
    planted: files.expected.length,
    ours: middle(ours),
    postgresMs: median(postgresMs),
    duck: duckRuns.length === 0 ? null : middle(duckRuns),
  };
}

/** The whole run whose time is the median: its phases belong together. */
function middle<T extends { readonly wallMs: number; readonly rssMb: number }>(
  runs: readonly T[],
): T {
  const sorted = runs.toSorted((one, other) => one.wallMs - other.wallMs);
  const chosen = sorted[Math.floor((sorted.length - 1) / 2)];
  if (chosen === undefined) throw new Error('nothing was measured');
  return { ...chosen, rssMb: Math.max(...runs.map(({ rssMb }) => rssMb)) };
}

async function child<T>(part: 'ours' | 'duckdb', args: readonly string[]): Promise<T> {
  const path = fileURLToPath(new URL(`reconcile-${part}.ts`, import.meta.url));
  const { stdout } = await run(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    path,
    ...args,
  ]);
  return JSON.parse(stdout) as T;
}

/** Throws unless what was found is what was planted, order by order. */
async function expectPlanted(url: string, { expected }: BenchFiles): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{
      class: string;
      order_no: string;
      refund_no: string | null;
    }>('SELECT class, order_no, refund_no FROM reconciliation_item WHERE reconciliation = $1', [
      COMPARED.reconciliation,
    ]);
    const found = rows
      .map((row) => nameOf(row.class, { orderNo: row.order_no, refundNo: row.refund_no }))
      .toSorted();
    const lost = expected.filter((name, at) => name !== found[at])[0];
    if (lost === undefined && found.length === expected.length) return;
    throw new Error(
      `${expected.length} differences were planted and ${found.length} found; the first astray: ${lost}`,
    );
  } finally {
    await client.end();
  }
}

/** What one side left to write is written before the other is timed. */
async function settle(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('CHECKPOINT');
  await client.end();
}

function report(rows: readonly Row[]): void {
  const figures = rows.map(({ lines, orders, planted, ours, postgresMs, duck }) => ({
    lines,
    orders,
    planted,
    ours_ms: Math.round(ours.wallMs),
    lines_per_s: Math.round(lines / (ours.wallMs / 1000)),
    phases_ms: Object.fromEntries(
      Object.entries(ours.phaseMs).map(([phase, ms]) => [phase, Math.round(ms)]),
    ),
    node_cpu_ms: Math.round(ours.cpuMs),
    node_rss_mb: Math.round(ours.rssMb),
    postgres_ms: Math.round(postgresMs),
    postgres_ratio: round2(ours.wallMs / postgresMs),
    duckdb_ms: duck === null ? null : Math.round(duck.wallMs),
    duckdb_rss_mb: duck === null ? null : Math.round(duck.rssMb),
    duckdb_ratio: duck === null ? null : round2(ours.wallMs / duck.wallMs),
  }));
  const head = ['', ...figures.map(({ lines }) => `${lines.toLocaleString('en')} lines`)];
  const names: readonly (readonly [string, (one: (typeof figures)[number]) => unknown])[] = [
    ['ours, everything checked and committed, ms', (one) => one.ours_ms],
    ['  lines/s', (one) => one.lines_per_s],
    ['  statement: read, check, COPY', (one) => one.phases_ms['statement']],
    ['  orders: read, check, COPY', (one) => one.phases_ms['orders']],
    ['  comparison, items, figures', (one) => one.phases_ms['comparison']],
    ['  commit', (one) => one.phases_ms['commit']],
    [`  Node's peak memory, MB (below ${TARGET.rssMb})`, (one) => one.node_rss_mb],
    ['yardstick: PostgreSQL, COPY and join, ms', (one) => one.postgres_ms],
    [`  ours is so many times it (at most ${TARGET.postgresRatio})`, (one) => one.postgres_ratio],
    ['yardstick: DuckDB, transcoded and joined, ms', (one) => one.duckdb_ms ?? 'left out'],
    [`  ours is so many times it (goal ${TARGET.duckRatio})`, (one) => one.duckdb_ratio ?? ''],
  ];
  say(
    table(
      head,
      names.map(([name, of]) => [name, ...figures.map((one) => String(of(one)))]),
    ),
  );
  const [small, large] = figures;
  if (small && large) {
    const growth = round2(large.ours_ms / small.ours_ms);
    say(`${GROWTH} times as many lines took ${growth} times as long.`);
  }
  print(JSON.stringify({ benchmark: 'reconcile', rounds: ROUNDS, rows: figures }));
}
