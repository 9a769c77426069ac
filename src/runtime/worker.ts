/**
 * The worker: takes what is due from the small tables and does it. Any number of workers may run;
 * a row is claimed under a lease, so that the work of one that died is taken up by another.
 */
import type { Connector, Connectors } from '../channels/connector.ts';
import { queryDelayMs } from '../core/policy.ts';
import type { Policy } from '../core/policy.ts';
import type { DroppedOrder, Expiry, Store } from '../store/store.ts';
import { accountName } from '../store/store.ts';
import type { Applied, Door } from './apply.ts';
import type { Clock } from './clock.ts';
import type { KillPoints } from './kill-point.ts';
import { eachLimited } from './limit.ts';
import type { NoticeSender } from './notice-sender.ts';
import type { Performer } from './perform.ts';
import { needsAnswer } from './perform.ts';
import type { RateLimit } from './rate-limit.ts';
import type { DailyReconciliation } from './reconcile/daily-reconciliation.ts';

export type WorkerOptions = {
  readonly store: Store;
  readonly door: Door;
  readonly performer: Performer;
  readonly notices: NoticeSender;
  /** Applies stored notifications whose decision was still to come; answers how many. */
  readonly applyStoredNotifications: () => Promise<number>;
  readonly connectors: Connectors;
  readonly policy: Policy;
  readonly clock: Clock;
  readonly killPoint: KillPoints;
  /** Questions per second that each account allows. */
  readonly rateLimit: (connector: Connector) => RateLimit;
  /** How long a claimed row stays invisible: longer than any call may take. */
  readonly leaseMs: number;
  /** Rows taken at once from one table. */
  readonly claimSizeMax: number;
  readonly onError: (error: unknown) => void;
  /** Told when the daily sweep over everything found work that the sweep over young orders had missed. */
  readonly onMissed: (count: number) => void;
  /** Kinds of work that the coupling of the books needs besides. */
  readonly moreKinds?: readonly (() => Promise<number>)[];
  /** Fetches and compares the statements of days that are over. */
  readonly atDaysEnd?: DailyReconciliation;
  /** Once a day: what may be thrown away. */
  readonly purge: () => Promise<unknown>;
};

export type Worker = {
  /** One kind of work each: does what is due now, and answers how many jobs that were. */
  readonly kinds: readonly (() => Promise<number>)[];
  /** Every kind once; answers how many jobs were done. For the test clock. */
  runDue(): Promise<number>;
  /** The earliest time at which something is due; null when nothing is. */
  nextDueAtMs(): Promise<number | null>;
};

const DAY_MS = 24 * 3_600_000;

/** How far behind its watermark the sweep looks again, for commits that came late. */
const SWEEP_OVERLAP_MS = 2_000;
/** Now and then it looks further back: no commit takes longer than its statements and their pauses may. */
const LATE_OVERLAP_MS = 60_000;
const LATE_EVERY_MS = 30_000;

/** A worker over these parts; it does nothing until it is asked to. */
export function newWorker(options: WorkerOptions): Worker {
  const { store, connectors, policy, clock } = options;
  const firstQueryMs = new Map(
    connectors.all.map((one) => [accountName(one), queryDelayMs(one.rules, policy, '', 0)]),
  );
  let lateAtMs = 0;
  const sweep = async (): Promise<number> => {
    options.killPoint('sweep.before');
    const nowMs = clock.nowMs();
    const isLate = nowMs >= lateAtMs;
    await store.sweepYoung(firstQueryMs, nowMs, isLate ? LATE_OVERLAP_MS : SWEEP_OVERLAP_MS);
    if (isLate) lateAtMs = nowMs + LATE_EVERY_MS;
    options.killPoint('sweep.after');
    // Rows that it finds are work for the others, not work done.
    return 0;
  };
  const daily = newDaily(options, firstQueryMs);
  const kinds = [
    ...connectors.all.map((connector) => async () => await askDue(connector, options)),
    ...connectors.all.map((connector) => async () => await returnDue(connector, options)),
    async () => await expireDue(options),
    options.notices.sendDue,
    options.applyStoredNotifications,
    async () => (await options.atDaysEnd?.work()) ?? 0,
  ];
  const ofCoupling = options.moreKinds ?? [];
  return {
    kinds: [sweep, daily, ...ofCoupling, ...kinds],
    runDue: async () => {
      // First whatever keeps the books together: a half-written row of a dead process holds up a sweep.
      const healed = await runAll(ofCoupling);
      await sweep();
      await daily();
      return healed + (await runAll(kinds));
    },
    nextDueAtMs: async () => {
      const dues = [
        await store.nextDueAtMs(firstQueryMs),
        options.atDaysEnd?.nextDueAtMs() ?? null,
      ];
      const known = dues.filter((due) => due !== null);
      return known.length === 0 ? null : Math.min(...known);
    },
  };
}

async function runAll(kinds: readonly (() => Promise<number>)[]): Promise<number> {
  const counts = await Promise.all(kinds.map(async (kind) => await kind()));
  return counts.reduce((sum, count) => sum + count, 0);
}

/**
 * At the start and once a day: the sweep over everything, which proves that the watermark missed
 * nothing, and throwing away what is not needed any more.
 */
function newDaily(
  { store, clock, onMissed, purge }: WorkerOptions,
  firstQueryMs: ReadonlyMap<string, number>,
): () => Promise<number> {
  let nextAtMs = 0;
  return async () => {
    const nowMs = clock.nowMs();
    if (nowMs < nextAtMs) return 0;
    // What is younger than the watermark's overlap is the other sweep's to find.
    const missed = await store.sweepAll(firstQueryMs, nowMs - SWEEP_OVERLAP_MS);
    if (missed > 0 && nextAtMs > 0) onMissed(missed);
    await purge();
    nextAtMs = nowMs + DAY_MS;
    return 0;
  };
}

/** Runs every kind of work on its own, until the signal aborts; what was claimed by then is finished. */
export async function workUntil(
  signal: AbortSignal,
  worker: Worker,
  options: Pick<WorkerOptions, 'clock' | 'onError'> & { readonly pollMs: number },
): Promise<void> {
  const { clock, onError, pollMs } = options;
  await Promise.all(
    worker.kinds.map(async (kind) => {
      while (!signal.aborted) {
        try {
          const done = await kind();
          if (done === 0) await clock.sleep(pollMs, signal);
        } catch (error) {
          // The database is away or restarting: everything due stays due.
          onError(error);
          await clock.sleep(pollMs, signal);
        }
      }
    }),
  );
}

/** How often a claimed row looks for a free place in its channel's bulkhead, which as a rule is full for an instant only. */
const PLACE_EVERY_MS = 20;

async function askDue(connector: Connector, options: WorkerOptions): Promise<number> {
  const { store, clock, leaseMs, claimSizeMax } = options;
  const allowed = options.rateLimit(connector).take(claimSizeMax, clock.nowMs());
  if (allowed === 0) return 0;
  const claimed = await store.claimDroppedOrders(connector, allowed, clock.nowMs(), leaseMs);
  options.rateLimit(connector).giveBack(allowed - claimed.length);
  if (claimed.length === 0) return 0;
  options.killPoint('worker.after_claim');
  // A call that begins later might outlive the lease.
  const untilMs = clock.nowMs() + leaseMs - connector.callDeadlineMs;
  const aggregates = await store.load(claimed);
  await eachLimited(claimed, claimSizeMax, async (row, at) => {
    const aggregate = aggregates[at];
    if (!aggregate || !needsAnswer(aggregate, row.attempt)) {
      await store.dropDroppedOrder(row);
      return;
    }
    await askOne(row, options, aggregate, untilMs);
  });
  return claimed.length;
}

async function askOne(
  row: DroppedOrder,
  { performer, store, clock }: WorkerOptions,
  aggregate: NonNullable<Awaited<ReturnType<Store['load']>>[number]>,
  untilMs: number,
): Promise<void> {
  const call = { planned: true, deadlineAtMs: Number.POSITIVE_INFINITY, permit: null };
  const ask = async (): Promise<Applied | null> =>
    await performer.perform(aggregate, row.attempt, row.operation, call);
  let applied = await ask();
  while (!applied && clock.nowMs() < untilMs) {
    await clock.sleep(PLACE_EVERY_MS);
    applied = await ask();
  }
  // Never called (no free place all the time): the row comes back when its lease is over.
  if (applied?.aggregate && !needsAnswer(applied.aggregate, row.attempt)) {
    await store.dropDroppedOrder(row);
  }
}

/** Sends channel refunds that are due, and asks about those whose result is not known. */
async function returnDue(connector: Connector, options: WorkerOptions): Promise<number> {
  const { store, clock, leaseMs, claimSizeMax, performer } = options;
  const allowed = options.rateLimit(connector).take(claimSizeMax, clock.nowMs());
  if (allowed === 0) return 0;
  const claimed = await store.claimRefundJobs(connector, allowed, clock.nowMs(), leaseMs);
  options.rateLimit(connector).giveBack(allowed - claimed.length);
  if (claimed.length === 0) return 0;
  options.killPoint('refund.after_claim');
  const untilMs = clock.nowMs() + leaseMs - connector.callDeadlineMs;
  const aggregates = await store.load(claimed);
  await eachLimited(claimed, claimSizeMax, async (row, at) => {
    const aggregate = aggregates[at];
    if (!aggregate) return;
    const call = { planned: true, deadlineAtMs: Number.POSITIVE_INFINITY, permit: null };
    const perform = async (): Promise<Applied | null> =>
      await performer.performRefund(aggregate, row.attempt, row.number, row.operation, call);
    let applied = await perform();
    while (!applied && clock.nowMs() < untilMs) {
      await clock.sleep(PLACE_EVERY_MS);
      applied = await perform();
    }
  });
  return claimed.length;
}

async function expireDue(options: WorkerOptions): Promise<number> {
  const { store, clock, leaseMs, claimSizeMax } = options;
  const claimed = await store.claimExpiries(claimSizeMax, clock.nowMs(), leaseMs);
  if (claimed.length === 0) return 0;
  options.killPoint('expiry.after_claim');
  await eachLimited(claimed, claimSizeMax, async (row) => await expireOne(row, options));
  return claimed.length;
}

async function expireOne(row: Expiry, { door, store, killPoint }: WorkerOptions): Promise<void> {
  const applied = await door.apply(row, { type: 'validity_ended' });
  killPoint('expiry.after_apply');
  // A payment that was reopened meanwhile has a new row, under a new lease: this one does not touch it.
  if (applied) await store.dropExpiry(row);
}
