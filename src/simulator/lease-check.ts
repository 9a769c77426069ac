/** I20: nothing is done under two leases, and whoever lost a row does not touch it any more. */
import type {
  AggregateChange,
  Claimed,
  DroppedOrder,
  Expiry,
  PaymentKey,
  Store,
} from '../store/store.ts';
import type { MemoryTables } from '../store/memory-store.ts';
import type { Marks } from './marks.ts';
import type { Report } from './report.ts';

export type LeaseOptions = {
  readonly store: Store;
  readonly tables: MemoryTables;
  readonly report: Report;
  readonly marks: Marks;
  readonly nowMs: () => number;
};

/** How far the clocks of two processes may be apart. */
const CLOCKS_MS = 1_000;

type Lease = { readonly lease: number; readonly untilMs: number };

export type LeaseWatch = {
  readonly claims: Pick<
    Store,
    'claimDroppedOrders' | 'dropDroppedOrder' | 'claimRefundJobs' | 'claimExpiries' | 'dropExpiry'
  >;
  /** A commit planned rows anew: whoever held them has lost them. */
  readonly replanned: (change: AggregateChange) => void;
};

/** Claims of a store, watched over all processes. */
export function watchLeases({ store, tables, report, marks, nowMs }: LeaseOptions): LeaseWatch {
  const leases = new Map<string, Lease>();
  const claimed = <Row extends Claimed>(rows: Row[], nameOf: (row: Row) => string, ms: number) => {
    for (const row of rows) {
      const name = nameOf(row);
      const former = leases.get(name);
      if (former && former.untilMs > nowMs() + CLOCKS_MS) {
        report('I20', `${name} was given away while another held it`);
      }
      if (former) marks.reach('lease_over');
      leases.set(name, { lease: row.lease, untilMs: nowMs() + ms });
    }
    return rows;
  };
  const dropped = (name: string, lease: number, had: boolean, has: boolean): void => {
    const isMine = leases.get(name)?.lease === lease;
    if (!isMine && had && !has) report('I20', `${name} was dropped by one who had lost it`);
    if (had && !has) leases.delete(name);
  };
  return {
    claims: {
      claimDroppedOrders: async (account, limit, atMs, leaseMs) =>
        claimed(
          await store.claimDroppedOrders(account, limit, atMs, leaseMs),
          questionName,
          leaseMs,
        ),
      claimRefundJobs: async (account, limit, atMs, leaseMs) =>
        claimed(
          await store.claimRefundJobs(account, limit, atMs, leaseMs),
          (row) => refundName(row.paymentId, row.attempt, row.number),
          leaseMs,
        ),
      claimExpiries: async (limit, atMs, leaseMs) =>
        claimed(await store.claimExpiries(limit, atMs, leaseMs), expiryName, leaseMs),
      dropDroppedOrder: async (row) => {
        const had = tables.hasQuestion(row.paymentId, row.attempt);
        await store.dropDroppedOrder(row);
        const has = tables.hasQuestion(row.paymentId, row.attempt);
        dropped(questionName(row), row.lease, had, has);
      },
      dropExpiry: async (row: Expiry) => {
        const had = tables.hasExpiry(row.paymentId);
        await store.dropExpiry(row);
        dropped(expiryName(row), row.lease, had, tables.hasExpiry(row.paymentId));
      },
    },
    replanned: ({ after, steps }) => {
      const { id: paymentId } = after.payment;
      for (const effect of steps.flatMap((step) => step.effects)) {
        if (effect.type === 'expire') leases.delete(expiryName({ paymentId }));
        else if (effect.type === 'ask' || effect.type === 'ask_done') {
          leases.delete(questionName({ paymentId, attempt: effect.attempt }));
        } else if (effect.type === 'refund_job' || effect.type === 'refund_job_done') {
          leases.delete(refundName(paymentId, effect.attempt, effect.number));
        }
      }
    },
  };
}

function questionName({ paymentId, attempt }: Pick<DroppedOrder, 'paymentId' | 'attempt'>): string {
  return `question ${paymentId}:${attempt}`;
}

function refundName(paymentId: string, attempt: number, number: number): string {
  return `refund ${paymentId}:${attempt}:${number}`;
}

function expiryName({ paymentId }: Pick<PaymentKey, 'paymentId'>): string {
  return `expiry ${paymentId}`;
}
