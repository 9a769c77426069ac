/**
 * The day's end of a simulated process. Days are compared by sets, in SQL, so a run that plays them has a
 * real database beside the store in memory; how it is reached is the run's business.
 */
import type { Connectors } from '../channels/connector.ts';
import type { Policy } from '../core/policy.ts';
import type { Door } from '../runtime/apply.ts';
import type { Performer } from '../runtime/perform.ts';
import type { DailyReconciliation } from '../runtime/reconcile/daily-reconciliation.ts';
import type { Reconciler } from '../runtime/reconcile/reconciler.ts';
import type { Store } from '../store/store.ts';
import type { Life } from './life.ts';
import type { Twin } from './twin.ts';

export type DayEndParts = {
  readonly life: Life;
  readonly twin: Twin;
  readonly store: Store;
  readonly door: Door;
  readonly performer: Performer;
  readonly connectors: Connectors;
  readonly policy: Policy;
  readonly freshId: (prefix: string) => string;
};

export type DayEnd = {
  readonly daily: DailyReconciliation;
  readonly reconciler: Reconciler;
};

export type SimulatedDays = {
  /** So many days of payments, each compared when it is over. */
  readonly count: number;
  /** The day's end as one process has it during one life. */
  readonly open: (parts: DayEndParts) => DayEnd;
};
