/**
 * Asks every invariant at every commit, where a broken one still shows what broke it: of the state, of the
 * move to it, of the tables beside it, and of the channels' truth.
 */
import type { Aggregate } from '../core/aggregate.ts';
import { isOpen } from '../core/channel-order.ts';
import { isInFlight } from '../core/channel-refund.ts';
import { checkAggregate, checkMove } from '../core/invariants.ts';
import type { MemoryTables } from '../store/memory-store.ts';
import type { AggregateChange, Store } from '../store/store.ts';
import type { LeaseOptions } from './lease-check.ts';
import { watchLeases } from './lease-check.ts';
import type { Report } from './report.ts';

/** How far the sweep looks back behind its watermark; what is younger may still be found. */
const OVERLAP_MS = 2_000;

export type CheckOptions = LeaseOptions & {
  /** What else must hold of a committed move. */
  readonly checkTruth: (before: Aggregate | null, after: Aggregate) => void;
  readonly onCommitted: (after: readonly Aggregate[]) => void;
};

/** The store, with each commit checked against the rules, the tables and the truth. */
export function checkedStore(options: CheckOptions): Store {
  const { store, tables, onCommitted } = options;
  const leases = watchLeases(options);
  return {
    ...store,
    ...leases.claims,
    write: async (changes, lease) => {
      // What the writer says it found is not asked: it may be wrong.
      const befores = changes.map(({ after }) => tables.payments.get(after.payment.id) ?? null);
      const results = await store.write(changes, lease);
      const written: Aggregate[] = [];
      for (const [at, change] of changes.entries()) {
        if (results[at] !== 'written') continue;
        checkChange(befores[at] ?? null, change, options);
        leases.replanned(change);
        written.push(change.after);
      }
      onCommitted(written);
      return results;
    },
  };
}

function checkChange(
  before: Aggregate | null,
  { after, steps }: AggregateChange,
  { tables, report, checkTruth }: CheckOptions,
): void {
  const postings = steps.flatMap((step) => step.postings);
  const effects = steps.flatMap((step) => step.effects);
  const broken = [...checkAggregate(after), ...checkMove(before, after, postings, effects)];
  for (const { id, words } of broken) report(id, `${after.payment.id}: ${words}`);
  const versions = steps.map((step) => step.version);
  const first = (before?.payment.version ?? 0) + 1;
  if (versions.some((version, at) => version !== first + at)) {
    report('I7', `${after.payment.id}: versions ${versions.join(', ')} after ${first - 1}`);
  }
  checkJobs(after, tables, report);
  checkTruth(before, after);
}

/** I19: what is not finished has a row that brings it up again, or is young enough for the sweep. */
export function checkJobs(aggregate: Aggregate, tables: MemoryTables, report: Report): void {
  const { payment, orders } = aggregate;
  const isYoung = payment.createdAtMs >= tables.watermarkMs() - OVERLAP_MS;
  const isUnfinished = payment.status === 'pending' || payment.status === 'processing';
  for (const order of orders) {
    const needsQuestion = isOpen(order) && !order.awaitsStatement;
    if (!needsQuestion || tables.hasQuestion(payment.id, order.attempt)) continue;
    // The sweep finds the orders of unfinished payments only.
    if (isYoung && isUnfinished) continue;
    report('I19', `${payment.id}: order ${order.attempt} is ${order.status}, and nobody asks`);
  }
  const isHeld = payment.tries.some((one) => one.status === 'held');
  const needsEnd = isUnfinished && payment.closing === null && !isHeld;
  if (needsEnd && !isYoung && !tables.hasExpiry(payment.id)) {
    report('I19', `${payment.id}: the payment is ${payment.status}, and nothing ends it`);
  }
  checkRefundJobs(aggregate, tables, report);
}

/** I19: each refund that is not final has a live job, or an open case of a person. */
function checkRefundJobs(
  { payment, orders, cases }: Aggregate,
  tables: MemoryTables,
  report: Report,
): void {
  for (const { attempt, refunds } of orders) {
    for (const refund of refunds) {
      const { number, status, refundKey, channelRefundNo } = refund;
      const needsJob = status === 'owed' || isInFlight(refund);
      if (needsJob && !tables.hasRefundJob(payment.id, attempt, number)) {
        report('I19', `${channelRefundNo} is ${status}, and nobody asks`);
      }
      const needsPerson = status === 'held_back' || status === 'requires_action';
      const isOwned = cases.some(
        (one) =>
          one.kind === 'failed_refund' && one.subject === refundKey && one.resolvedAtMs === null,
      );
      if (needsPerson && !isOwned)
        report('I19', `${channelRefundNo} is ${status}, owned by nobody`);
    }
  }
}
