/**
 * Asks every invariant at every commit, where a broken one still shows what broke it: of the state, of the
 * move to it, of the tables beside it, and of the channels' truth.
 */
import type { Aggregate } from '../core/aggregate.ts';
import { checkAggregate, checkMove } from '../core/invariants.ts';
import type { MemoryTables } from '../store/memory-store.ts';
import type { AggregateChange, Store } from '../store/store.ts';
import { checkOwned } from './job-check.ts';
import { LeaseWatch } from './lease-check.ts';
import type { Marks } from './marks.ts';
import type { Report } from './report.ts';

export type CheckOptions = {
  readonly report: Report;
  readonly marks: Marks;
  readonly nowMs: () => number;
  /** What else must hold of a committed move. */
  readonly checkTruth: (before: Aggregate | null, after: Aggregate) => void;
  readonly onCommitted: (after: readonly Aggregate[]) => void;
};

/** A store of both books, with each commit checked against the rules, the tables and the truth. */
export function checkedStore(store: Store, tables: MemoryTables, options: CheckOptions): Store {
  const leases = new LeaseWatch({ ...options, tables });
  return {
    ...store,
    ...leases.channelClaims(store),
    ...leases.paymentClaims(store),
    write: async (changes, lease) => {
      // What the writer says it found is not asked: it may be wrong.
      const befores = changes.map(({ after }) => tables.find(after.payment.id));
      const results = await store.write(changes, lease);
      const written: Aggregate[] = [];
      for (const [at, change] of changes.entries()) {
        if (results[at] !== 'written') continue;
        checkChange(befores[at] ?? null, change, tables, options);
        leases.replanned(change);
        written.push(change.after);
      }
      options.onCommitted(written);
      return results;
    },
  };
}

function checkChange(
  before: Aggregate | null,
  { after, steps }: AggregateChange,
  tables: MemoryTables,
  { report, checkTruth }: CheckOptions,
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
  checkOwned(after, tables, report);
  checkTruth(before, after);
}
