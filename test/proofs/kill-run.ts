/** One run of the proof about kills: what it counts, and the frame in which each of its worlds is played. */
import { join } from 'node:path';
import type { Coupling } from '../../src/runtime/config.ts';
import { COUPLINGS } from '../../src/runtime/config.ts';
import type { KillPoint } from '../../src/runtime/kill-point.ts';
import type { KillFindings } from './kill-checks.ts';
import { checkEnd, newKillFindings, settle } from './kill-checks.ts';
import type { KillOrder, Load } from './kill-load.ts';
import { expectationsOf, newLoad } from './kill-load.ts';
import type { KillDatabases, KillWorld } from './kill-world.ts';
import { openKillWorld } from './kill-world.ts';

/** What was done under one coupling. */
export type Tally = {
  worlds: number;
  payments: number;
  /** Points at which a process has died. */
  readonly hit: Set<KillPoint>;
  processKills: number;
  databaseKills: number;
};

export type KillRun = {
  readonly say: (line: string) => void;
  readonly all: KillFindings;
  /** Deaths that were planned and did not come, because nobody passed the point. */
  readonly neverPassed: string[];
  readonly tallies: Readonly<Record<Coupling, Tally>>;
  /** Requests that were repeated, because no answer came or 503. */
  repeats: number;
  /** 503 with a problem that says to repeat. */
  unavailable: number;
  /** States that reads told while a database was away. */
  awayStates: number;
  /** Messages that a death left behind and the relay alone has brought. */
  relayed: number;
};

/** A run that has done nothing yet. */
export function newKillRun(onProgress: (line: string) => void): KillRun {
  const tally = (): Tally => ({
    worlds: 0,
    payments: 0,
    hit: new Set(),
    processKills: 0,
    databaseKills: 0,
  });
  return {
    say: onProgress,
    all: newKillFindings(),
    neverPassed: [],
    tallies: { together: tally(), relay: tally(), two_phase: tally() },
    repeats: 0,
    unavailable: 0,
    awayStates: 0,
    relayed: 0,
  };
}

export type WorldPlan = {
  readonly name: string;
  readonly seed: number;
  readonly orders: readonly KillOrder[];
  readonly databases: KillDatabases;
  /** For files of the world; its databases' server takes it away with itself. */
  readonly directory: string;
  /** An outbox row is lost on purpose, so that an internal drop is what must be found. */
  readonly loses: boolean;
};

export type WorldBody = (world: KillWorld, load: Load, found: KillFindings) => Promise<void>;

/** Opens a world, lets its body play, waits until all is settled, and checks it. */
export async function inWorld(run: KillRun, plan: WorldPlan, body: WorldBody): Promise<void> {
  const { name, seed, orders, databases, loses } = plan;
  const startedAtMs = performance.now();
  const load = newLoad();
  const found = newKillFindings();
  const tally = run.tallies[databases.coupling];
  tally.worlds += 1;
  const number = COUPLINGS.reduce((sum, one) => sum + run.tallies[one].worlds, 0);
  const directory = join(plan.directory, `world-${number}`);
  const world = await openKillWorld(databases, directory, seed);
  try {
    await body(world, load, found);
    const report = await settle(world, expectationsOf(orders));
    await checkEnd(world, load, report, loses, found);
    tally.payments += report.totals.payments;
  } catch (error) {
    found.findings.push(error instanceof Error ? error.message : String(error));
  } finally {
    await world.stop();
  }
  run.repeats += load.repeats;
  run.unavailable += load.unavailable;
  run.all.acknowledged += found.acknowledged;
  const lists = ['lost', 'auditBroken', 'findings'] as const;
  for (const list of lists) run.all[list].push(...found[list].map((line) => `${name}: ${line}`));
  const broken = lists.reduce((sum, list) => sum + found[list].length, 0);
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
  run.say(
    `${broken === 0 ? '✓' : '✗'} ${name}  ${load.answers} answers, ${load.repeats} repeats, ${seconds} s`,
  );
  for (const list of lists) for (const line of found[list]) run.say(`    ${list}: ${line}`);
}
