/**
 * Lifecycle benchmark: create → signed notification → merchant told, over HTTP, beside pgbench doing
 * the leanest equivalent on the same server, in one interleaved run. Counted: platform and PostgreSQL.
 * A lifecycle is one that was created, paid and told; every figure "per lifecycle" is divided by these.
 *
 * The server keeps PostgreSQL's own settings for durability (fsync, synchronous_commit and
 * full_page_writes on) and for checkpoints (5 min, max_wal_size 1 GB): a run is shorter than the
 * distance between two checkpoints, so neither side pays for full-page images. They are printed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { openDatabase } from '../src/cli/database.ts';
import { freePort } from '../src/cli/free-port.ts';
import { createShopKey } from '../src/cli/prepare-merchant.ts';
import { print, say, table } from '../src/cli/terminal.ts';
import { newSecret, startPlatformProcess, writeWorldConfig } from '../src/cli/world.ts';
import { startEmbeddedPostgres } from '../src/store/embedded/embedded-postgres.ts';
import { cpuMs, serverCpuMs } from './processes.ts';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 4);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 5);
const WARM_UP_SECONDS = 2;
const CONNECTIONS = 128;
const YARDSTICK_CLIENTS = 64;
const YARDSTICK_SAMPLES = 3;
const YARDSTICK_SECONDS = 3;

type Yardstick = { perSecond: number; serverMicros: number; meanMs: number; p99Ms: number };
type Ours = {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  platformMicros: number;
  serverMicros: number;
  walBytes: number;
  statements: number;
  paidPerSecond: number;
  lifecycleP50Ms: number;
  lifecycleP99Ms: number;
};

const directory = mkdtempSync(join(tmpdir(), 'tieout-bench-'));
const server = await startEmbeddedPostgres({ dataDir: directory });
const ours = await openDatabase(server.url, directory, 'lifecycle');
const yardstickUrl = await openYardstick(server.url);
const secret = newSecret();
const port = await freePort();
const publicUrl = `http://127.0.0.1:${port}`;
const config = writeWorldConfig(directory, 'http://127.0.0.1:9', secret, publicUrl, {
  policy: {},
  worker: {},
  account: {},
});
const key = await createShopKey(ours.url);
const platform = await startPlatformProcess('api,worker', {
  TIEOUT_CONFIG: config,
  TIEOUT_PORT: String(port),
  DATABASE_URL: ours.url,
  TIEOUT_LOG: 'error',
});

try {
  const rounds: { yardstick: Yardstick; ours: Ours }[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const samples = Array.from({ length: YARDSTICK_SAMPLES }, () => yardstickSample());
    const yardstick = {
      perSecond: median(samples.map((one) => one.perSecond)),
      serverMicros: median(samples.map((one) => one.serverMicros)),
      meanMs: median(samples.map((one) => one.meanMs)),
      p99Ms: median(samples.map((one) => one.p99Ms)),
    };
    const measured = await oursSample();
    rounds.push({ yardstick, ours: measured });
    say(
      `round ${round}: pgbench ${Math.round(yardstick.perSecond)}/s, ours ${Math.round(measured.perSecond)}/s, ratio ${(measured.perSecond / yardstick.perSecond).toFixed(2)}`,
    );
  }
  report(rounds, await serverSettings());
} finally {
  await platform.stop();
  await ours.stop();
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
}

async function openYardstick(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('CREATE DATABASE yardstick');
  await client.end();
  const yardstick = url.replace(/\/tieout\?/, '/yardstick?');
  const inside = new pg.Client({ connectionString: yardstick });
  await inside.connect();
  await inside.query(readFileSync(new URL('yardstick/schema.sql', import.meta.url), 'utf8'));
  await inside.end();
  return yardstick;
}

function yardstickSample(): Yardstick {
  const script = fileURLToPath(new URL('yardstick/lifecycle.sql', import.meta.url));
  const before = serverCpuMs(server.pid);
  const logs = mkdtempSync(join(directory, 'pgbench-'));
  const args = [
    '-n',
    '-M',
    'prepared',
    '-j',
    '2',
    '-c',
    String(YARDSTICK_CLIENTS),
    '-T',
    String(YARDSTICK_SECONDS),
    '--log',
    `--log-prefix=${join(logs, 'run')}`,
    '-f',
    script,
    yardstickUrl,
  ];
  const run = spawnSync('pgbench', args, { encoding: 'utf8' });
  if (run.error)
    throw new Error(
      'pgbench is not installed (Debian: postgresql-client or postgresql-contrib); the lifecycle benchmark needs it as its yardstick',
    );
  const perSecond = Number(/tps = ([\d.]+)/.exec(run.stdout)?.[1]);
  const count = Number(/actually processed: (\d+)/.exec(run.stdout)?.[1]);
  if (!perSecond || !count) throw new Error(`pgbench said: ${run.stderr || run.stdout}`);
  const serverMicros = ((serverCpuMs(server.pid) - before) * 1000) / count;
  return { perSecond, serverMicros, ...scriptLatency(logs) };
}

/** Mean and p99 of a run of pgbench's whole script, which is one lifecycle, from its own log. */
function scriptLatency(logs: string): { meanMs: number; p99Ms: number } {
  const micros = readdirSync(logs)
    .flatMap((name) => readFileSync(join(logs, name), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map((line) => Number(line.split(' ')[2]))
    .toSorted((a, b) => a - b);
  const sum = micros.reduce((total, one) => total + one, 0);
  return {
    meanMs: sum / Math.max(1, micros.length) / 1000,
    p99Ms: (micros[Math.floor(micros.length * 0.99)] ?? 0) / 1000,
  };
}

async function oursSample(): Promise<Ours> {
  const driver = spawn(
    process.execPath,
    [
      fileURLToPath(new URL('lifecycle-driver.ts', import.meta.url)),
      JSON.stringify({
        host: '127.0.0.1',
        port,
        key,
        secret,
        account: 'main',
        connections: CONNECTIONS,
        seconds: SECONDS,
        warmUpSeconds: WARM_UP_SECONDS,
      }),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let before = await counters();
  let after = before;
  let result = {
    seconds: 0,
    paid: 0,
    told: 0,
    untold: 0,
    wrong: 0,
    firstWrong: '',
    p50Ms: 0,
    p99Ms: 0,
    lifecycleP50Ms: 0,
    lifecycleP99Ms: 0,
  };
  for await (const line of createInterface({ input: driver.stdout })) {
    const value = JSON.parse(line);
    if (value.counting === true) before = await counters();
    else if (value.counting === false) after = await counters();
    else result = value;
  }
  if (result.wrong > 0)
    throw new Error(
      `${result.wrong} requests were answered wrongly; the first: ${result.firstWrong}`,
    );
  if (result.untold > 0) throw new Error(`${result.untold} payments were never told`);
  const per = (value: number): number => value / Math.max(1, result.told);
  const { p50Ms, p99Ms, lifecycleP50Ms, lifecycleP99Ms } = result;
  return {
    perSecond: result.told / result.seconds,
    paidPerSecond: result.paid / result.seconds,
    p50Ms,
    p99Ms,
    lifecycleP50Ms,
    lifecycleP99Ms,
    platformMicros: per((after.platformMs - before.platformMs) * 1000),
    serverMicros: per((after.serverMs - before.serverMs) * 1000),
    walBytes: per(after.walBytes - before.walBytes),
    statements: per(after.commits - before.commits),
  };
}

async function counters() {
  const client = new pg.Client({ connectionString: ours.url });
  await client.connect();
  const { rows } = await client.query<{ wal: string; commits: string }>(
    "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::text AS wal, (SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'lifecycle')::text AS commits",
  );
  await client.end();
  return {
    platformMs: cpuMs(platform.process.pid ?? 0),
    serverMs: serverCpuMs(server.pid),
    walBytes: Number(rows[0]?.wal),
    commits: Number(rows[0]?.commits),
  };
}

/** What a reader needs to judge the figures of a database. */
async function serverSettings(): Promise<Record<string, string>> {
  const client = new pg.Client({ connectionString: ours.url });
  await client.connect();
  const { rows } = await client.query<{ name: string; value: string }>(
    `SELECT name, current_setting(name) AS value FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit',
       'full_page_writes', 'wal_compression', 'checkpoint_timeout', 'max_wal_size', 'shared_buffers', 'server_version')`,
  );
  await client.end();
  return Object.fromEntries(rows.map((row) => [row.name, row.value]));
}

function report(
  rounds: readonly { yardstick: Yardstick; ours: Ours }[],
  settings: Record<string, string>,
): void {
  const of = (pick: (round: { yardstick: Yardstick; ours: Ours }) => number): number =>
    median(rounds.map(pick));
  const ratio = of((round) => round.ours.perSecond / round.yardstick.perSecond);
  const figures = {
    ratio: round2(ratio),
    ratioMin: round2(
      Math.min(...rounds.map((one) => one.ours.perSecond / one.yardstick.perSecond)),
    ),
    ratioMax: round2(
      Math.max(...rounds.map((one) => one.ours.perSecond / one.yardstick.perSecond)),
    ),
    lifecyclesPerSecond: Math.round(of((one) => one.ours.perSecond)),
    paidPerSecond: Math.round(of((one) => one.ours.paidPerSecond)),
    yardstickPerSecond: Math.round(of((one) => one.yardstick.perSecond)),
    requestP50Ms: round2(of((one) => one.ours.p50Ms)),
    requestP99Ms: round2(of((one) => one.ours.p99Ms)),
    lifecycleP50Ms: round2(of((one) => one.ours.lifecycleP50Ms)),
    lifecycleP99Ms: round2(of((one) => one.ours.lifecycleP99Ms)),
    yardstickMeanMs: round2(of((one) => one.yardstick.meanMs)),
    yardstickP99Ms: round2(of((one) => one.yardstick.p99Ms)),
    platformMicros: Math.round(of((one) => one.ours.platformMicros)),
    serverMicros: Math.round(of((one) => one.ours.serverMicros)),
    yardstickServerMicros: Math.round(of((one) => one.yardstick.serverMicros)),
    walBytes: Math.round(of((one) => one.ours.walBytes)),
    statements: round2(of((one) => one.ours.statements)),
  };
  say(
    table(
      ['figure', 'median'],
      Object.entries(figures).map(([name, value]) => [name, String(value)]),
    ),
  );
  print(
    JSON.stringify({
      benchmark: 'lifecycle',
      rounds: rounds.length,
      connections: CONNECTIONS,
      yardstickClients: YARDSTICK_CLIENTS,
      ...figures,
      server: settings,
    }),
  );
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [lower = 0, upper = 0] = [
    sorted[Math.floor((sorted.length - 1) / 2)],
    sorted[Math.floor(sorted.length / 2)],
  ];
  // Of four rounds the middle lies between two of them; the better one would flatter.
  return (lower + upper) / 2;
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}
