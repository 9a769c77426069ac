/** I20: nothing is done under two leases, and whoever lost a row does not touch it any more. */
import { bookOfEffect } from '../core/apart.ts';
import type { Book } from '../core/message.ts';
import type { MemoryTables } from '../store/memory-store.ts';
import type { AggregateChange, Claimed, DroppedOrder, PaymentKey, Store } from '../store/store.ts';
import type { Marks } from './marks.ts';
import type { Report } from './report.ts';

export type LeaseOptions = {
  readonly tables: MemoryTables;
  readonly report: Report;
  readonly marks: Marks;
  readonly nowMs: () => number;
};

/** How far the clocks of two processes may be apart. */
const CLOCKS_MS = 1_000;

type Lease = { readonly lease: number; readonly untilMs: number };

type ChannelClaims = Pick<Store, 'claimDroppedOrders' | 'dropDroppedOrder' | 'claimRefundJobs'>;
type PaymentClaims = Pick<Store, 'claimExpiries' | 'dropExpiry'>;

/** Claims of rows, watched over all processes. */
export class LeaseWatch {
  readonly #options: LeaseOptions;
  readonly #leases = new Map<string, Lease>();

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  /** The claims of the channel book's jobs, watched. */
  channelClaims(store: ChannelClaims): ChannelClaims {
    const { tables } = this.#options;
    return {
      claimDroppedOrders: async (account, limit, atMs, leaseMs) => {
        const rows = await store.claimDroppedOrders(account, limit, atMs, leaseMs);
        return this.#claimed(rows, questionName, leaseMs);
      },
      claimRefundJobs: async (account, limit, atMs, leaseMs) => {
        const rows = await store.claimRefundJobs(account, limit, atMs, leaseMs);
        const nameOf = (row: (typeof rows)[number]): string =>
          refundName(row.paymentId, row.attempt, row.number);
        return this.#claimed(rows, nameOf, leaseMs);
      },
      dropDroppedOrder: async (row) => {
        const isThere = (): boolean => tables.hasQuestion(row.paymentId, row.attempt);
        const had = isThere();
        await store.dropDroppedOrder(row);
        this.#dropped(questionName(row), row.lease, had, isThere());
      },
    };
  }

  /** The claims of the payment book's jobs, watched. */
  paymentClaims(store: PaymentClaims): PaymentClaims {
    const { tables } = this.#options;
    return {
      claimExpiries: async (limit, atMs, leaseMs) =>
        this.#claimed(await store.claimExpiries(limit, atMs, leaseMs), expiryName, leaseMs),
      dropExpiry: async (row) => {
        const had = tables.hasExpiry(row.paymentId);
        await store.dropExpiry(row);
        this.#dropped(expiryName(row), row.lease, had, tables.hasExpiry(row.paymentId));
      },
    };
  }

  /** A commit (of one book alone) planned rows anew: whoever held them has lost them. */
  replanned({ after, steps }: AggregateChange, book?: Book): void {
    const { id: paymentId } = after.payment;
    for (const effect of steps.flatMap((step) => step.effects)) {
      if (book !== undefined && bookOfEffect(effect) !== book) continue;
      if (effect.type === 'expire') this.#leases.delete(expiryName({ paymentId }));
      else if (effect.type === 'ask' || effect.type === 'ask_done') {
        this.#leases.delete(questionName({ paymentId, attempt: effect.attempt }));
      } else if (effect.type === 'refund_job' || effect.type === 'refund_job_done') {
        this.#leases.delete(refundName(paymentId, effect.attempt, effect.number));
      }
    }
  }

  #claimed<Row extends Claimed>(rows: Row[], nameOf: (row: Row) => string, leaseMs: number): Row[] {
    const { report, marks, nowMs } = this.#options;
    for (const row of rows) {
      const name = nameOf(row);
      const former = this.#leases.get(name);
      if (former && former.untilMs > nowMs() + CLOCKS_MS) {
        report('I20', `${name} was given away while another held it`);
      }
      if (former) marks.reach('lease_over');
      this.#leases.set(name, { lease: row.lease, untilMs: nowMs() + leaseMs });
    }
    return rows;
  }

  #dropped(name: string, lease: number, had: boolean, has: boolean): void {
    const isMine = this.#leases.get(name)?.lease === lease;
    if (!isMine && had && !has) {
      this.#options.report('I20', `${name} was dropped by one who had lost it`);
    }
    if (had && !has) this.#leases.delete(name);
  }
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
