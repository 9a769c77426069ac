/**
 * The proof that no death loses anything: the platform is killed at each of its named points, and its
 * database at several moments of a running load, with SIGKILL; then everything that was acknowledged
 * must still be there, and the books must tie out.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Child } from '../../src/cli/world.ts';
import type { Coupling } from '../../src/runtime/config.ts';
import type { KillPoint } from '../../src/runtime/kill-point.ts';
import { KILL_POINTS } from '../../src/runtime/kill-point.ts';
import { eachLimited } from '../../src/runtime/limit.ts';
import type { KillFindings } from './kill-checks.ts';
import { checkDurable, checkEnd, newKillFindings, settle } from './kill-checks.ts';
import type { KillablePostgres } from './killable-postgres.ts';
import { startKillablePostgres } from './killable-postgres.ts';
import { expectationsOf, killOrders, newLoad, playOrders } from './kill-load.ts';
import type { KillOrder, Load } from './kill-load.ts';
import type { FirstDeath, KillPlan } from './kill-plans.ts';
import { plansOf } from './kill-plans.ts';
import type { KillDatabases, KillWorld, VictimRole } from './kill-world.ts';
import { diesWithin, openKillWorld } from './kill-world.ts';

/** When the database dies: so long after so many answers; with `twice` again as soon as it is back. */
export type DatabaseMoment = {
  readonly answers: number;
  readonly delayMs: number;
  readonly twice: boolean;
  /** With two databases both of them die, for they lie on one server. */
  readonly coupling?: Coupling;
};

export const DATABASE_MOMENTS: readonly DatabaseMoment[] = [
  { answers: 0, delayMs: 30, twice: false },
  { answers: 3, delayMs: 0, twice: false },
  { answers: 10, delayMs: 7, twice: false },
  { answers: 20, delayMs: 0, twice: true },
  // The load is over: queries, expiries and late notifications are under way.
  { answers: 28, delayMs: 1_200, twice: false },
  { answers: 28, delayMs: 2_400, twice: true },
  { answers: 10, delayMs: 7, twice: false, coupling: 'relay' },
  { answers: 28, delayMs: 1_200, twice: true, coupling: 'relay' },
  { answers: 10, delayMs: 7, twice: false, coupling: 'two_phase' },
  { answers: 28, delayMs: 1_200, twice: true, coupling: 'two_phase' },
];

export type KillsRequest = {
  readonly points?: readonly KillPoint[];
  /** Only deaths of this part; by default each point is passed by whoever passes it. */
  readonly role?: VictimRole;
  readonly moments?: readonly DatabaseMoment[];
  /** Payments of each world beside those that a point asks for. */
  readonly payments: number;
  readonly seed: number;
  /** Worlds at once. */
  readonly parallel?: number;
  readonly onProgress?: (line: string) => void;
};

export type KillsReport = {
  readonly points: number;
  /** Points at which a process has died. */
  readonly hit: number;
  readonly neverHit: readonly string[];
  readonly kills: { readonly process: number; readonly database: number };
  readonly payments: number;
  readonly acknowledged: number;
  /** Requests that were repeated, because no answer came or 503. */
  readonly repeats: number;
  readonly lost: readonly string[];
  readonly auditBroken: readonly string[];
  readonly findings: readonly string[];
  readonly verdict: 'proven' | 'broken';
};

type Run = {
  readonly request: KillsRequest;
  readonly postgres: KillablePostgres;
  readonly say: (line: string) => void;
  readonly all: KillFindings;
  readonly hit: Set<KillPoint>;
  processKills: number;
  databaseKills: number;
  payments: number;
  repeats: number;
  worlds: number;
};

const PARALLEL = 2;

/** Kills at every point and at every moment that the request names; by default at all there are. */
export async function proveKills(request: KillsRequest): Promise<KillsReport> {
  const points = request.points ?? KILL_POINTS;
  const postgres = await startKillablePostgres();
  const run: Run = {
    request,
    postgres,
    say: request.onProgress ?? (() => {}),
    all: newKillFindings(),
    hit: new Set(),
    processKills: 0,
    databaseKills: 0,
    payments: 0,
    repeats: 0,
    worlds: 0,
  };
  try {
    const plans = points
      .flatMap(plansOf)
      .filter((plan) => request.role === undefined || plan.role === request.role);
    await eachLimited(plans, request.parallel ?? PARALLEL, async (plan, at) => {
      await killProcess(run, plan, request.seed + at);
    });
    for (const [at, moment] of (request.moments ?? DATABASE_MOMENTS).entries()) {
      await killDatabase(run, moment, request.seed + at);
    }
  } finally {
    await postgres.stop();
  }
  return reportOf(run, points);
}

function reportOf(run: Run, points: readonly KillPoint[]): KillsReport {
  const { lost, auditBroken, findings, acknowledged } = run.all;
  const neverHit = points.filter((point) => !run.hit.has(point));
  const isProven = [neverHit, lost, auditBroken, findings].every((list) => list.length === 0);
  return {
    points: points.length,
    hit: run.hit.size,
    neverHit,
    kills: { process: run.processKills, database: run.databaseKills },
    payments: run.payments,
    acknowledged,
    repeats: run.repeats,
    lost,
    auditBroken,
    findings,
    verdict: isProven ? 'proven' : 'broken',
  };
}

/** One death at one point, in a world of its own. */
async function killProcess(run: Run, plan: KillPlan, seed: number): Promise<void> {
  const count = plan.countMin + (seed % (plan.countMax - plan.countMin + 1));
  const name = `${plan.point}:${count} (${plan.role})`;
  const orders = killOrders(run.request.payments, seed, `${seed}`, plan.more);
  await inWorld(
    run,
    { name, seed, orders, coupling: plan.coupling },
    async (world, load, found) => {
      const other = plan.role === 'api' ? 'worker' : 'api';
      await world.start(other);
      const killAt = `${plan.point}:${count}`;
      const victim = await world.start(plan.role, plan.first ? `${plan.first.point}:1` : killAt);
      const stalled = plan.stalls ? stallDecisions(world.databases.payment) : null;
      const died = plan.first
        ? reviveTwice(world, plan, plan.first, victim, killAt, load, found)
        : reviveAfterDeath(world, plan, victim, load, found);
      await Promise.all([playOrders(orders, world, load), died, stalled]);
      if (!(await died)) {
        run.say(`${name} was not passed`);
        return;
      }
      run.hit.add(plan.point);
      run.processKills += plan.first ? 2 : 1;
    },
  );
}

const DIES_WITHIN_MS = 20_000;

async function reviveAfterDeath(
  world: KillWorld,
  plan: KillPlan,
  victim: Child,
  load: Load,
  found: KillFindings,
): Promise<boolean> {
  if (!(await diesWithin(victim, DIES_WITHIN_MS))) return false;
  found.lost.push(...(await checkDurable(world, load)));
  await world.start(plan.role);
  return true;
}

/** A scan looks at what is older than 5 s: what is younger may still be on its way. */
const LOST_FOR_GOOD_MS = 6_000;

/** Two deaths of one part: the first leaves undone what the second one is busy with. */
async function reviveTwice(
  world: KillWorld,
  plan: KillPlan,
  first: FirstDeath,
  victim: Child,
  killAt: string,
  load: Load,
  found: KillFindings,
): Promise<boolean> {
  if (!(await diesWithin(victim, DIES_WITHIN_MS))) return false;
  found.lost.push(...(await checkDurable(world, load)));
  if (first.loses) {
    await loseOutboxes(world.databases);
    await sleep(LOST_FOR_GOOD_MS);
  }
  const second = await world.start(plan.role, killAt);
  return await reviveAfterDeath(world, plan, second, load, found);
}

async function loseOutboxes({ payment, channel }: KillDatabases): Promise<void> {
  for (const url of [payment, channel ?? payment]) {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      await client.query('DELETE FROM outbox');
    } finally {
      await client.end();
    }
  }
}

/** Late notifications come 2.4 s after their payment; the load begins at once. */
const STALL_AFTER_MS = 2_000;
const STALL_FOR_MS = 4_000;

/** Nobody may write payments for a while; reading goes on, and so does storing raw messages. */
async function stallDecisions(databaseUrl: string): Promise<void> {
  await sleep(STALL_AFTER_MS);
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query('LOCK TABLE payment IN EXCLUSIVE MODE');
    await sleep(STALL_FOR_MS);
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
}

/** How many payments beside the usual ones a world plays whose database is killed. */
const DATABASE_LOAD_FACTOR = 2;

/** The database dies under a running platform, which stays up and has to find back by itself. */
async function killDatabase(run: Run, moment: DatabaseMoment, seed: number): Promise<void> {
  const { answers, delayMs, twice, coupling = 'together' } = moment;
  const how = `${twice ? ', twice' : ''}${coupling === 'together' ? '' : `, ${coupling}`}`;
  const name = `postgres after ${answers} answers + ${delayMs} ms${how}`;
  const orders = killOrders(run.request.payments * DATABASE_LOAD_FACTOR, seed, `P${seed}`);
  await inWorld(run, { name, seed, orders, coupling }, async (world, load, found) => {
    await world.start('worker');
    await world.start('api');
    const over = new AbortController();
    const played = playOrders(orders, world, load).finally(() => over.abort());
    const killed = (async () => {
      while (load.answers < answers && !over.signal.aborted) await sleep(2);
      await sleep(delayMs);
      for (let times = twice ? 2 : 1; times > 0; times -= 1) {
        const processes = await run.postgres.kill();
        run.databaseKills += 1;
        run.say(`${name}: killed ${processes} processes`);
        await run.postgres.restart();
      }
      found.lost.push(...(await checkDurable(world, load)));
    })();
    await Promise.all([played, killed]);
  });
}

type WorldPlan = {
  readonly name: string;
  readonly seed: number;
  readonly orders: readonly KillOrder[];
  readonly coupling: Coupling;
};
type Body = (world: KillWorld, load: Load, found: KillFindings) => Promise<void>;

/** Opens a world, lets its body play, waits until all is settled, and checks it. */
async function inWorld(
  run: Run,
  { name, seed, orders, coupling }: WorldPlan,
  body: Body,
): Promise<void> {
  const startedAtMs = performance.now();
  const load = newLoad();
  const found = newKillFindings();
  run.worlds += 1;
  const directory = join(run.postgres.directory, `world-${run.worlds}`);
  const payment = await run.postgres.freshDatabase();
  const channel = coupling === 'together' ? null : await run.postgres.freshDatabase();
  const world = await openKillWorld({ coupling, payment, channel }, directory, seed);
  try {
    await body(world, load, found);
    const report = await settle(world, expectationsOf(orders));
    await checkEnd(world, load, report, found);
    run.payments += report.totals.payments;
  } catch (error) {
    found.findings.push(error instanceof Error ? error.message : String(error));
  } finally {
    await world.stop();
  }
  run.repeats += load.repeats;
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
