/**
 * The port to everything durable. Two stores keep it: PostgreSQL, and an in-memory twin for the
 * simulator; one contract suite judges both.
 */
import type { Aggregate } from '../core/aggregate.ts';
import type { Effect, EventType, HistoryEntry } from '../core/effect.ts';
import type { Posting } from '../core/journal.ts';
import type { Snapshot } from '../core/snapshot.ts';

export type PaymentKey = { readonly merchantNumber: number; readonly paymentId: string };
export type OrderKey = PaymentKey & { readonly attempt: number };

/** What one accepted decision adds to a payment. */
export type Step = {
  /** The payment's version after it; where the books lie apart, the channel book has its own. */
  readonly version: number;
  readonly channelVersion: number;
  readonly touches: { readonly payment: boolean; readonly channel: boolean };
  readonly atMs: number;
  readonly effects: readonly Effect[];
  readonly postings: readonly Posting[];
  readonly history: HistoryEntry;
};

/** All decisions of one batch about one payment: written whole, or not at all. */
export type AggregateChange = {
  /** As it was loaded; null for a new payment. Its version is the guard. */
  readonly before: Aggregate | null;
  readonly after: Aggregate;
  readonly steps: readonly Step[];
};

/** `stale`: somebody else changed the payment first, or its merchant order number exists. Nothing of it was written. */
export type WriteResult = 'written' | 'stale';

export type Claimed = { readonly lease: number };
export type DroppedOrder = OrderKey & Claimed & { readonly operation: 'query' | 'close' };
export type Expiry = PaymentKey & Claimed;
export type RefundJob = OrderKey &
  Claimed & {
    readonly number: number;
    readonly operation: 'send' | 'query';
  };
export type DueNotice = PaymentKey &
  Claimed & {
    readonly eventId: string;
    /** Null for a notice to the payment's own `notice_url`. */
    readonly endpoint: Endpoint | null;
    readonly event: EventType;
    readonly atMs: number;
    readonly subjectKey: string | null;
    readonly snapshot: Snapshot;
    /** Tries made before this one. */
    readonly tries: number;
  };
/**
 * A writer that sends the notices of its commit itself holds them from their birth: nobody has to
 * claim and load them. They fall due when the lease ends, so that what its process can no longer
 * send comes to another.
 */
export type NoticeLease = {
  readonly leaseMs: number;
  /** Called at most once, after the commit and before `write` resolves, with what was born leased. */
  readonly take: (leased: readonly DueNotice[]) => void;
};
export type Endpoint = {
  readonly id: string;
  readonly url: string;
  readonly secrets: readonly string[];
};
export type NoticeResult = {
  readonly notice: DueNotice;
  readonly atMs: number;
  readonly durationMs: number;
  readonly responseStatus: number;
  readonly error: string | null;
  /** When it is tried again; null when it was taken, or will not be tried any more. */
  readonly retryAtMs: number | null;
};

export type ChannelAccountKey = { readonly channel: string; readonly account: string };

/** The order in which everybody locks the rows of a batch: by merchant, then by payment. */
export function inLockOrder({ after: a }: AggregateChange, { after: b }: AggregateChange): number {
  if (a.payment.merchantNumber !== b.payment.merchantNumber) {
    return a.payment.merchantNumber - b.payment.merchantNumber;
  }
  return a.payment.id < b.payment.id ? -1 : 1;
}

/** First query delays are given by channel account, under this name. */
export function accountName({ channel, account }: ChannelAccountKey): string {
  return `${channel}/${account}`;
}

export type Store = {
  /** Payments with their orders, charges and cases, in the order asked; null where there is none. */
  load(keys: readonly PaymentKey[]): Promise<(Aggregate | null)[]>;
  /** The payment of this merchant order number, or null. */
  findByMerchantOrderNo(
    merchantNumber: number,
    merchantOrderNo: string,
  ): Promise<PaymentKey | null>;
  /** The payment that has this merchant refund number, or null. */
  findByMerchantRefundNo(
    merchantNumber: number,
    merchantRefundNo: string,
  ): Promise<PaymentKey | null>;
  /**
   * One commit for the whole batch; each change stands or falls by its own guard. Without a lease its
   * notices are due at once. Throws when nothing was written for sure, or when nobody knows.
   */
  write(changes: readonly AggregateChange[], lease?: NoticeLease | null): Promise<WriteResult[]>;

  /** Takes up to `limit` due rows of one channel account; each is invisible to others until the lease is over. */
  claimDroppedOrders(
    account: ChannelAccountKey,
    limit: number,
    nowMs: number,
    leaseMs: number,
  ): Promise<DroppedOrder[]>;
  /** Removes a row that needs no answer any more, unless it was claimed or planned anew. */
  dropDroppedOrder(claimed: DroppedOrder): Promise<void>;
  /** The same for channel refunds: what is to be sent or asked about. A row goes with the decision that ends it. */
  claimRefundJobs(
    account: ChannelAccountKey,
    limit: number,
    nowMs: number,
    leaseMs: number,
  ): Promise<RefundJob[]>;
  claimExpiries(limit: number, nowMs: number, leaseMs: number): Promise<Expiry[]>;
  dropExpiry(claimed: Expiry): Promise<void>;
  claimNotices(limit: number, nowMs: number, leaseMs: number): Promise<DueNotice[]>;
  /** Records tries of notices and removes, or plans anew, the rows that are still under the same lease. */
  finishNotices(results: readonly NoticeResult[]): Promise<void>;

  /**
   * Puts what is open and older than its time into the small tables: orders created before
   * `nowMs - firstQueryMs` of their account, and expiries. `overlapMs` is how far back of the
   * watermark it looks again, for commits that came late. Answers how many rows it found missing.
   */
  sweepYoung(
    firstQueryMs: ReadonlyMap<string, number>,
    nowMs: number,
    overlapMs: number,
  ): Promise<number>;
  /** The same over everything: the proof that the watermark missed nothing. */
  sweepAll(firstQueryMs: ReadonlyMap<string, number>, nowMs: number): Promise<number>;
  /** The earliest time at which any job, or the sweep, has something to do; null when there is nothing. */
  nextDueAtMs(firstQueryMs: ReadonlyMap<string, number>): Promise<number | null>;
};
