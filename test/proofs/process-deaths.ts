/** A part of the platform dies at a named point, in a world of its own, and is started again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from '../../src/cli/world.ts';
import type { KillFindings } from './kill-checks.ts';
import { checkDurable, onDatabase } from './kill-checks.ts';
import type { Load } from './kill-load.ts';
import { killOrders, playOrders } from './kill-load.ts';
import type { KillPlan } from './kill-plans.ts';
import type { KillRun } from './kill-run.ts';
import { inWorld } from './kill-run.ts';
import type { KillDatabases, KillWorld } from './kill-world.ts';
import { diesWithin } from './kill-world.ts';
import type { KillablePostgres } from './killable-postgres.ts';

/** One death at the plan's point; two, where the first has to leave undone what the second is busy with. */
export async function killProcess(
  run: KillRun,
  postgres: KillablePostgres,
  plan: KillPlan,
  { payments, seed }: { readonly payments: number; readonly seed: number },
): Promise<void> {
  const { point, coupling, role, countMin, countMax, first } = plan;
  const killAt = `${point}:${countMin + (seed % (countMax - countMin + 1))}`;
  const name = `${coupling} ${killAt} (${role})`;
  const orders = killOrders(payments, seed, `${seed}`, plan.more);
  const databases: KillDatabases = {
    coupling,
    payment: await postgres.freshDatabase(),
    channel: coupling === 'together' ? null : await postgres.freshDatabase(),
  };
  const loses = first?.loses ?? false;
  const world = { name, seed, orders, databases, directory: postgres.directory, loses };
  await inWorld(run, world, async (open, load, found) => {
    await open.start(role === 'api' ? 'worker' : 'api');
    const victim = await open.start(role, first ? `${first.point}:1` : killAt);
    const scene: Scene = { run, plan, world: open, load, found };
    const died = dieAndRevive(scene, victim, first && killAt);
    const stalled = plan.stalls ? stallDecisions(databases) : null;
    await Promise.all([playOrders(orders, open, load), died, stalled]);
    if (await died) run.tallies[coupling].hit.add(point);
    else run.neverPassed.push(name);
  });
}

type Scene = {
  readonly run: KillRun;
  readonly plan: KillPlan;
  readonly world: KillWorld;
  readonly load: Load;
  readonly found: KillFindings;
};

const DIES_WITHIN_MS = 20_000;

/** Answers whether it died as often as it should; `nextAt` is where it has to die once more. */
async function dieAndRevive(scene: Scene, victim: Child, nextAt: string | null): Promise<boolean> {
  const { run, plan, world, load, found } = scene;
  if (!(await diesWithin(victim, DIES_WITHIN_MS))) return false;
  run.tallies[plan.coupling].processKills += 1;
  if (plan.relayAlone) run.relayed += await waitForRelay(world.databases, found);
  found.lost.push(...(await checkDurable(world, load)));
  const isLost = nextAt !== null && (plan.first?.loses ?? false);
  if (isLost) await loseOutboxes(world.databases);
  if (isLost || plan.scansFirst) await sleep(SCANNED_FROM_MS);
  const start = async (): Promise<Child> => await world.start(plan.role, nextAt ?? undefined);
  const next = plan.scansFirst ? await whileHeldUp(world.databases, start) : await start();
  return nextAt === null || (await dieAndRevive(scene, next, null));
}

/** The relay begins with what is 3 s old. */
const RELAYED_WITHIN_MS = 15_000;
const LOOK_EVERY_MS = 100;

/** Waits until nothing is left of what lay in the outboxes at a death; answers how many messages that were. */
async function waitForRelay(databases: KillDatabases, found: KillFindings): Promise<number> {
  const left = await waitingMessages(databases);
  if (left.size === 0) found.findings.push('the death left no message to the relay');
  const untilMs = performance.now() + RELAYED_WITHIN_MS;
  for (;;) {
    const now = await waitingMessages(databases);
    const waiting = [...left].filter((name) => now.has(name));
    if (waiting.length === 0) return left.size;
    if (performance.now() > untilMs) {
      found.findings.push(`the relay has not brought ${waiting.join(', ')}`);
      return left.size - waiting.length;
    }
    await sleep(LOOK_EVERY_MS);
  }
}

async function waitingMessages({ payment, channel }: KillDatabases): Promise<Set<string>> {
  const names = new Set<string>();
  for (const url of [payment, channel ?? payment]) {
    const rows = await onDatabase(url, async (client) => {
      const text = `SELECT payment_id || ' ' || key AS name FROM outbox`;
      return (await client.query<{ name: string }>(text)).rows;
    });
    for (const { name } of rows) names.add(name);
  }
  return names;
}

async function loseOutboxes({ payment, channel }: KillDatabases): Promise<void> {
  for (const url of [payment, channel ?? payment]) {
    await onDatabase(url, async (client) => await client.query('DELETE FROM outbox'));
  }
}

/** A scan looks at what is older than 5 s: what is younger may still be on its way. A worker begins with one. */
const SCANNED_FROM_MS = 6_000;
const SCANNED_WITHIN_MS = 2_000;

/** Nobody may write either book until the worker that is started has scanned them. */
async function whileHeldUp<T>(
  { payment, channel }: KillDatabases,
  start: () => Promise<T>,
): Promise<T> {
  return await onDatabase(payment, async (client) => {
    await client.query('BEGIN; LOCK TABLE payment IN EXCLUSIVE MODE');
    return await onDatabase(channel ?? payment, async (other) => {
      await other.query('BEGIN; LOCK TABLE book_change IN EXCLUSIVE MODE');
      const started = await start();
      await sleep(SCANNED_WITHIN_MS);
      return started;
    });
  });
}

/** Late notifications come 2.4 s after their payment; the load begins at once. */
const STALL_AFTER_MS = 2_000;
const STALL_FOR_MS = 4_000;

/** Nobody may write what a channel proved for a while; reading goes on, and so does storing raw messages. */
async function stallDecisions({ payment, channel }: KillDatabases): Promise<void> {
  await sleep(STALL_AFTER_MS);
  // A fact goes into the channel book; with one database, into the row of the payment as well.
  const table = channel === null ? 'payment' : 'book_change';
  await onDatabase(channel ?? payment, async (client) => {
    await client.query('BEGIN');
    await client.query(`LOCK TABLE ${table} IN EXCLUSIVE MODE`);
    await sleep(STALL_FOR_MS);
    await client.query('COMMIT');
  });
}
