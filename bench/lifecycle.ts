/**
 * Lifecycle benchmark: create → signed notification → merchant told, over HTTP, beside pgbench doing
 * the leanest equivalent on the same server, in one interleaved run. Counted: platform and PostgreSQL.
 * A lifecycle is one that was created, paid and told; every figure "per lifecycle" is divided by these.
 *
 * The server keeps PostgreSQL's own settings for durability (fsync, synchronous_commit and
 * full_page_writes on) and for checkpoints (5 min, max_wal_size 1 GB): a run is shorter than the
 * distance between two checkpoints, so neither side pays for full-page images. They are printed.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { print, say, table } from '../src/cli/terminal.ts';
import { startEmbeddedPostgres } from '../src/store/embedded/embedded-postgres.ts';
import { startBenchedPlatform } from './benched-platform.ts';
import type { Lifecycles, Used } from './lifecycle-load.ts';
import { CONNECTIONS, runLifecycles } from './lifecycle-load.ts';
import { median, round2 } from './median.ts';
import { cpuMs, serverCpuMs } from './processes.ts';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 4);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 5);
const YARDSTICK_CLIENTS = 64;
const YARDSTICK_SAMPLES = 3;
const YARDSTICK_SECONDS = 3;

type Yardstick = { perSecond: number; serverMicros: number; meanMs: number; p99Ms: number };

const directory = mkdtempSync(join(tmpdir(), 'tieout-bench-'));
const server = await startEmbeddedPostgres({ dataDir: directory });
const yardstickUrl = await openYardstick(server.url);
const platform = await startBenchedPlatform({
  serverUrl: server.url,
  directory,
  coupling: 'together',
  name: 'lifecycle',
});

try {
  const rounds: { yardstick: Yardstick; ours: Lifecycles }[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const samples = Array.from({ length: YARDSTICK_SAMPLES }, () => yardstickSample());
    const yardstick = {
      perSecond: median(samples.map((one) => one.perSecond)),
      serverMicros: median(samples.map((one) => one.serverMicros)),
      meanMs: median(samples.map((one) => one.meanMs)),
      p99Ms: median(samples.map((one) => one.p99Ms)),
    };
    const measured = await runLifecycles({ ...platform, used: counters }, SECONDS);
    rounds.push({ yardstick, ours: measured });
    say(
      `round ${round}: pgbench ${Math.round(yardstick.perSecond)}/s, ours ${Math.round(measured.perSecond)}/s, ratio ${(measured.perSecond / yardstick.perSecond).toFixed(2)}`,
    );
  }
  report(rounds, await serverSettings());
} finally {
  await platform.stop();
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

async function counters(): Promise<Used> {
  const client = new pg.Client({ connectionString: platform.url });
  await client.connect();
  const { rows } = await client.query<{ wal: string; commits: string }>(
    "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::text AS wal, (SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'lifecycle')::text AS commits",
  );
  await client.end();
  return {
    platformMs: cpuMs(platform.pid),
    serverMs: serverCpuMs(server.pid),
    walBytes: Number(rows[0]?.wal),
    // Each of ours is one statement: with one database nothing begins a transaction.
    statements: Number(rows[0]?.commits),
  };
}

/** What a reader needs to judge the figures of a database. */
async function serverSettings(): Promise<Record<string, string>> {
  const client = new pg.Client({ connectionString: platform.url });
  await client.connect();
  const { rows } = await client.query<{ name: string; value: string }>(
    `SELECT name, current_setting(name) AS value FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit',
       'full_page_writes', 'wal_compression', 'checkpoint_timeout', 'max_wal_size', 'shared_buffers', 'server_version')`,
  );
  await client.end();
  return Object.fromEntries(rows.map((row) => [row.name, row.value]));
}

function report(
  rounds: readonly { yardstick: Yardstick; ours: Lifecycles }[],
  settings: Record<string, string>,
): void {
  const of = (pick: (round: { yardstick: Yardstick; ours: Lifecycles }) => number): number =>
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
