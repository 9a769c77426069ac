/**
 * The proof that no death loses anything, however the two books are coupled: the platform is killed at each of
 * its named points, and its databases, both or one alone, at several moments of a running load, with SIGKILL. Then
 * everything that was acknowledged must still be there, and the books must tie out.
 */
import type { Coupling } from '../../src/runtime/config.ts';
import { COUPLINGS } from '../../src/runtime/config.ts';
import { eachLimited } from '../../src/runtime/limit.ts';
import type { DatabaseMoment } from './database-deaths.ts';
import { DATABASE_MOMENTS, killDatabase } from './database-deaths.ts';
import type { KillPlan } from './kill-plans.ts';
import { KILL_PLANS } from './kill-plans.ts';
import type { KillRun, Tally } from './kill-run.ts';
import { newKillRun } from './kill-run.ts';
import { prepareKillableServers } from './killable-postgres.ts';
import { killProcess } from './process-deaths.ts';

export type KillsRequest = {
  readonly plans?: readonly KillPlan[];
  readonly moments?: readonly DatabaseMoment[];
  /** Payments of each world beside those that a point asks for; a world whose database dies plays twice as many. */
  readonly payments: number;
  readonly seed: number;
  /** Worlds at once. */
  readonly parallel?: number;
  readonly onProgress?: (line: string) => void;
};

/** What was done under one coupling, in numbers. */
type CouplingReport = {
  /** Points that are passed under it, and at how many of them a process has died. */
  readonly points: number;
  readonly hit: number;
  readonly worlds: number;
  readonly payments: number;
  readonly kills: { readonly process: number; readonly database: number };
};

export type KillsReport = {
  readonly couplings: Readonly<Record<Coupling, CouplingReport>>;
  /** Deaths that were planned and did not come. */
  readonly neverPassed: readonly string[];
  readonly kills: { readonly process: number; readonly database: number };
  readonly acknowledged: number;
  /** Requests that were repeated, because no answer came or 503. */
  readonly repeats: number;
  /** Clear answers 503, and states that were told while a database was away. */
  readonly unavailable: number;
  readonly awayStates: number;
  /** Messages that a death left behind and the relay alone has brought. */
  readonly relayed: number;
  readonly lost: readonly string[];
  readonly auditBroken: readonly string[];
  readonly findings: readonly string[];
  readonly verdict: 'proven' | 'broken';
};

/** Most of a world's time is waiting: for a validity to end, a lease, or a commit in doubt. */
const PARALLEL = 5;
const DATABASE_LOAD_FACTOR = 2;

/** Plays every death that the request names; by default all there are. */
export async function proveKills(request: KillsRequest): Promise<KillsReport> {
  const { payments, seed, plans = KILL_PLANS, moments = DATABASE_MOMENTS } = request;
  const run = newKillRun(request.onProgress ?? (() => {}));
  const servers = await prepareKillableServers();
  try {
    const postgres = await servers.start();
    const worlds = [
      ...moments.map((moment, at) => async () => {
        const size = { payments: payments * DATABASE_LOAD_FACTOR, seed: seed + at };
        await killDatabase(run, servers, moment, size);
      }),
      ...plans.map((plan, at) => async () => {
        await killProcess(run, postgres, plan, { payments, seed: seed + at });
      }),
    ];
    try {
      await eachLimited(worlds, request.parallel ?? PARALLEL, async (play) => await play());
    } finally {
      await postgres.stop();
    }
  } finally {
    servers.remove();
  }
  return reportOf(run, plans);
}

function reportOf(run: KillRun, plans: readonly KillPlan[]): KillsReport {
  const { lost, auditBroken, findings, acknowledged } = run.all;
  const { neverPassed, repeats, unavailable, awayStates, relayed, tallies } = run;
  const couplings = {
    together: numbersOf('together', tallies.together, plans),
    relay: numbersOf('relay', tallies.relay, plans),
    two_phase: numbersOf('two_phase', tallies.two_phase, plans),
  };
  const isProven = [neverPassed, lost, auditBroken, findings].every((list) => list.length === 0);
  const count = (part: 'process' | 'database'): number =>
    COUPLINGS.reduce((sum, one) => sum + couplings[one].kills[part], 0);
  return {
    couplings,
    neverPassed,
    kills: { process: count('process'), database: count('database') },
    acknowledged,
    repeats,
    unavailable,
    awayStates,
    relayed,
    lost,
    auditBroken,
    findings,
    verdict: isProven ? 'proven' : 'broken',
  };
}

function numbersOf(coupling: Coupling, tally: Tally, plans: readonly KillPlan[]): CouplingReport {
  const own = plans.filter((plan) => plan.coupling === coupling);
  return {
    points: new Set(own.map((plan) => plan.point)).size,
    hit: tally.hit.size,
    worlds: tally.worlds,
    payments: tally.payments,
    kills: { process: tally.processKills, database: tally.databaseKills },
  };
}
