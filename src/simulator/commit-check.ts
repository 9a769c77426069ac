/** Asks every invariant at every commit, where a broken one still shows what broke it. */
import type { Aggregate } from '../core/aggregate.ts';
import { isOpen } from '../core/channel-order.ts';
import { checkAggregate, checkMove } from '../core/invariants.ts';
import type { MemoryTables } from '../store/memory-store.ts';
import type { AggregateChange, Store } from '../store/store.ts';

export type Report = (id: string, words: string) => void;

/** How far the sweep looks back behind its watermark; what is younger may still be found. */
const OVERLAP_MS = 2_000;

/** The store, with each commit checked against the rules and the tables against the state. */
export function checkedStore(
  store: Store,
  tables: MemoryTables,
  report: Report,
  onCommitted: () => void,
): Store {
  return {
    ...store,
    write: async (changes, lease) => {
      const results = await store.write(changes, lease);
      for (const [at, change] of changes.entries()) {
        if (results[at] === 'written') checkChange(change, tables, report);
      }
      onCommitted();
      return results;
    },
  };
}

function checkChange(change: AggregateChange, tables: MemoryTables, report: Report): void {
  const { before, after, steps } = change;
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
}

/** I19: what is not finished has a row that brings it up again, or is young enough for the sweep. */
export function checkJobs(
  { payment, orders }: Aggregate,
  tables: MemoryTables,
  report: Report,
): void {
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
}
