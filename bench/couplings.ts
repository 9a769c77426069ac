/**
 * Couplings benchmark: the lifecycle load of `lifecycle.ts` on three platforms, which couple their two books
 * by `together`, `relay` and `two_phase`, in one interleaved run. Yardstick: `together`.
 *
 * All databases lie on one server, so that there is one clock of CPU and log for all: what two couplings add
 * is what two databases cost by themselves, without a network between them and with one disk for both. Each
 * round begins with another coupling, and two of the three platforms stand still meanwhile. No checkpoint
 * falls into the run, so that none of the three pays for the full-page images of another; durability is
 * PostgreSQL's own (fsync and synchronous_commit on).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { print, say, table } from '../src/cli/terminal.ts';
import type { Coupling } from '../src/runtime/config.ts';
import { COUPLINGS } from '../src/runtime/config.ts';
import { startEmbeddedPostgres } from '../src/store/embedded/embedded-postgres.ts';
import type { BenchedPlatform } from './benched-platform.ts';
import { startBenchedPlatform } from './benched-platform.ts';
import type { Lifecycles, Used } from './lifecycle-load.ts';
import { CONNECTIONS, runLifecycles } from './lifecycle-load.ts';
import { median, round2 } from './median.ts';
import { cpuMs, serverCpuMs } from './processes.ts';

/** Three, so that each coupling has each place in the order once. */
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 6);
const SETTINGS = {
  shared_preload_libraries: 'pg_stat_statements',
  max_wal_size: '16GB',
  checkpoint_timeout: '1h',
};

type Round = Readonly<Record<Coupling, Lifecycles>>;

const directory = mkdtempSync(join(tmpdir(), 'tieout-bench-'));
const server = await startEmbeddedPostgres({ dataDir: directory, settings: SETTINGS });
const watcher = new pg.Client({ connectionString: server.url });
const platforms: BenchedPlatform[] = [];
// Ctrl-C reaches a frozen process only when it moves again.
process.once('SIGINT', () => {
  for (const platform of platforms) platform.resume();
  process.exit(130);
});

try {
  await watcher.connect();
  await watcher.query('CREATE EXTENSION pg_stat_statements');
  const ground = { serverUrl: server.url, directory };
  for (const coupling of COUPLINGS) {
    const platform = await startBenchedPlatform({ ...ground, coupling, name: coupling });
    platforms.push(platform);
    platform.pause();
  }
  const rounds: Round[] = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push(await playRound(round));
  report(rounds);
} finally {
  for (const platform of platforms) await platform.stop();
  await watcher.end();
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
}

async function playRound(round: number): Promise<Round> {
  const first = round % COUPLINGS.length;
  const measured = new Map<Coupling, Lifecycles>();
  for (const coupling of [...COUPLINGS.slice(first), ...COUPLINGS.slice(0, first)]) {
    const platform = platforms[COUPLINGS.indexOf(coupling)];
    if (!platform) throw new Error(`${coupling} was not started`);
    const target = { ...platform, used: async () => await usedBy(platform) };
    platform.resume();
    const one = await runLifecycles(target, SECONDS);
    platform.pause();
    measured.set(coupling, one);
    say(`round ${round + 1}: ${coupling} ${Math.round(one.perSecond)} lifecycles/s`);
  }
  const of = (coupling: Coupling): Lifecycles => {
    const one = measured.get(coupling);
    if (!one) throw new Error(`${coupling} was not measured`);
    return one;
  };
  return { together: of('together'), relay: of('relay'), two_phase: of('two_phase') };
}

async function usedBy({ pid, databaseNames }: BenchedPlatform): Promise<Used> {
  // A commit in two phases is a transaction of several statements, so transactions would not tell.
  const { rows } = await watcher.query<{ wal: string; statements: string }>(
    `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::text AS wal, sum(s.calls)::text AS statements
     FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = ANY ($1)`,
    [databaseNames],
  );
  return {
    platformMs: cpuMs(pid),
    serverMs: serverCpuMs(server.pid),
    walBytes: Number(rows[0]?.wal),
    statements: Number(rows[0]?.statements),
  };
}

function report(rounds: readonly Round[]): void {
  const byCoupling = COUPLINGS.map((coupling) => figuresOf(rounds, coupling));
  const names = Object.keys(byCoupling[0] ?? {}) as (keyof Figures)[];
  const rows = names.map((name) => [name, ...byCoupling.map((one) => String(one[name]))]);
  say(table(['median of rounds', ...COUPLINGS], rows, [1, 2, 3]));
  const figures = Object.fromEntries(COUPLINGS.map((name, at) => [name, byCoupling[at]]));
  print(
    JSON.stringify({
      benchmark: 'couplings',
      rounds: ROUNDS,
      seconds: SECONDS,
      connections: CONNECTIONS,
      ...figures,
    }),
  );
}

type Figures = ReturnType<typeof figuresOf>;

function figuresOf(rounds: readonly Round[], coupling: Coupling) {
  const of = (pick: (one: Lifecycles) => number): number =>
    median(rounds.map((round) => pick(round[coupling])));
  // Of one round, because the rest of the machine disturbs the neighbours in time alike.
  const ratios = rounds.map((round) => round[coupling].perSecond / round.together.perSecond);
  return {
    lifecyclesPerSecond: Math.round(of((one) => one.perSecond)),
    ratio: round2(median(ratios)),
    ratioMin: round2(Math.min(...ratios)),
    ratioMax: round2(Math.max(...ratios)),
    requestP50Ms: round2(of((one) => one.p50Ms)),
    requestP99Ms: round2(of((one) => one.p99Ms)),
    lifecycleP50Ms: round2(of((one) => one.lifecycleP50Ms)),
    lifecycleP99Ms: round2(of((one) => one.lifecycleP99Ms)),
    platformMicros: Math.round(of((one) => one.platformMicros)),
    serverMicros: Math.round(of((one) => one.serverMicros)),
    walBytes: Math.round(of((one) => one.walBytes)),
    statements: round2(of((one) => one.statements)),
  };
}
