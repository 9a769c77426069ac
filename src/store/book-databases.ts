/**
 * The port to books that lie in two databases: what everything above needs of either of them. The stores
 * of both couplings, the two-phase protocol and the relay are made of nothing else, so that they run over
 * PostgreSQL as over the simulator's memory. 两个账本各在一个库。
 */
import type { Aggregate } from '../core/aggregate.ts';
import type { ChannelOrder } from '../core/channel-order.ts';
import type { Case } from '../core/exceptions/kind.ts';
import { inCaseOrder } from '../core/exceptions/kind.ts';
import type { Book } from '../core/message.ts';
import type { KeyedMessage } from '../core/missing-messages.ts';
import type { Payment } from '../core/payment.ts';
import type { AggregateChange, NoticeLease, PaymentKey, Store, WriteResult } from './store.ts';

/** What the payment book knows of a payment. */
export type PaymentHalf = {
  readonly payment: Payment;
  /** Which version of the channel book its last decision was made with. */
  readonly seenChannelVersion: number;
  readonly cases: readonly Case[];
  /** Keys of the messages that it has taken in. */
  readonly received: readonly string[];
};

/** What the channel book knows of it. */
export type ChannelHalf = {
  /** The channel book's own version, 1 with its first change. */
  readonly version: number;
  readonly orders: readonly ChannelOrder[];
  readonly cases: readonly Case[];
  readonly received: readonly string[];
};

export type MessageName = PaymentKey & { readonly key: string };
export type WaitingMessage = PaymentKey & KeyedMessage & { readonly lease: number };
export type ChangedPayment = PaymentKey & { readonly changedAtMs: number };
export type TwoPhaseDecision = 'commit' | 'abort';

/**
 * One transaction, on a connection of its own. A wait for a row that another transaction holds ends with
 * an error after `LOCK_WAIT_MS`, so that what was left in doubt holds nobody up for longer.
 */
export type BookTransaction = {
  /** Writes this book's half of the changes; each stands or falls by its guard. */
  write(changes: readonly AggregateChange[], lease?: NoticeLease | null): Promise<WriteResult[]>;
  /** Adds the decision to commit a prepared transaction. False when somebody has decided otherwise. */
  decideCommit(gid: string, atMs: number): Promise<boolean>;
  /** From now on it outlives its connection and the server, and ends by `finishPrepared` only. */
  prepare(gid: string): Promise<void>;
  /** See `ChannelDatabase.finishPrepared`; on the connection that is at hand. */
  finishPrepared(gid: string, decision: TwoPhaseDecision): Promise<void>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
  /** Gives the connection back. A broken one is closed, and what was open on it is rolled back. */
  release(isBroken: boolean): void;
};

/** How long a transaction over two databases waits for a row that another one holds. */
export const LOCK_WAIT_MS = 1_000;

type BookDatabase = {
  /** One commit. `hopMs`: how long a message that it sends may be on its way before the relay brings it. */
  write(
    changes: readonly AggregateChange[],
    hopMs: number,
    lease?: NoticeLease | null,
  ): Promise<WriteResult[]>;
  begin(): Promise<BookTransaction>;
  nextDueAtMs(firstQueryMs: ReadonlyMap<string, number>): Promise<number | null>;
  /** Takes due messages that this book sends, those of one payment in their order. */
  claimOutbox(limit: number, nowMs: number, leaseMs: number): Promise<WaitingMessage[]>;
  /** The other book has taken these in: their rows go, whoever holds them. */
  dropOutbox(messages: readonly MessageName[]): Promise<void>;
  /** Those of the messages that stand in this book's outbox. */
  inOutbox(messages: readonly MessageName[]): Promise<readonly MessageName[]>;
  /** Up to when changes of this book were looked at by the scan. */
  scannedToMs(): Promise<number>;
  moveScan(toMs: number): Promise<void>;
};

/** The payment book's database. Whatever is named as in `Store` promises the same. */
export type PaymentDatabase = BookDatabase &
  Pick<
    Store,
    | 'findByMerchantOrderNo'
    | 'findByMerchantRefundNo'
    | 'claimExpiries'
    | 'dropExpiry'
    | 'claimNotices'
    | 'finishNotices'
    | 'sweepYoung'
    | 'sweepAll'
  > & {
    load(keys: readonly PaymentKey[]): Promise<(PaymentHalf | null)[]>;
    claimInternalDrops(limit: number, nowMs: number, leaseMs: number): Promise<WaitingMessage[]>;
    dropInternalDrops(drops: readonly MessageName[]): Promise<void>;
    /** Answers how many were not there yet. */
    addInternalDrops(drops: readonly (PaymentKey & KeyedMessage)[], nowMs: number): Promise<number>;
    /** A page of all payments, in the order of their keys. */
    page(after: PaymentKey | null, limit: number): Promise<PaymentKey[]>;
    /**
     * What was decided about a prepared transaction. Where nothing was, "abort" is written, so that nobody
     * can decide otherwise from now on; waits for a decision that is being committed right now.
     */
    decisionOf(gid: string, nowMs: number): Promise<TwoPhaseDecision>;
    /** Those of the prepared transactions that were decided to be committed. */
    committedOf(gids: readonly string[]): Promise<string[]>;
    /** Forgets decisions from before `beforeMs`, but for these. */
    forgetDecisions(beforeMs: number, except: readonly string[]): Promise<void>;
  };

/** The channel book's database. */
export type ChannelDatabase = BookDatabase &
  Pick<Store, 'claimDroppedOrders' | 'dropDroppedOrder' | 'claimRefundJobs'> & {
    load(keys: readonly PaymentKey[]): Promise<(ChannelHalf | null)[]>;
    /** Plans a question for each open order that nobody asks about; there should be none. Answers how many. */
    sweepOrders(firstQueryMs: ReadonlyMap<string, number>, nowMs: number): Promise<number>;
    /** Our transactions that are prepared and not ended. */
    preparedNow(): Promise<string[]>;
    /** Ends a prepared transaction; that somebody else has done it, or is at it, is no error. */
    finishPrepared(gid: string, decision: TwoPhaseDecision): Promise<void>;
  };

export type BookDatabases = {
  readonly payment: PaymentDatabase;
  readonly channel: ChannelDatabase;
};

/** What a scan reads of a book: from its replica, where there is one. */
export type BookReader<Half> = {
  load(keys: readonly PaymentKey[]): Promise<(Half | null)[]>;
  /** Payments of which this book changed at `fromMs` or later and before `toMs`, the oldest first. */
  changedBetween(fromMs: number, toMs: number, limit: number): Promise<ChangedPayment[]>;
  /** Whether everything that the primary has written by now can be read here. */
  isCurrent(): Promise<boolean>;
};
export type BookReaders = {
  readonly payment: BookReader<PaymentHalf>;
  readonly channel: BookReader<ChannelHalf>;
};

type HalfReaders = { readonly [B in Book]: Pick<BookReaders[B], 'load'> };

/** What either book knows of a payment; the channel book may have nothing of it yet. */
export type Halves = { readonly payment: PaymentHalf; readonly channel: ChannelHalf | null };

/** Both halves, in the order asked; null where the payment book has no such payment. */
export async function loadHalves(
  readers: HalfReaders,
  keys: readonly PaymentKey[],
): Promise<(Halves | null)[]> {
  // The channel book first: what it tells may then be known to the payment book, never the reverse.
  const channels = await readers.channel.load(keys);
  const payments = await readers.payment.load(keys);
  return payments.map((payment, at) => payment && { payment, channel: channels[at] ?? null });
}

/** Whether the payment book was decided with more than this half of the channel book knows. */
export function isTorn({ payment, channel }: Halves): boolean {
  return payment.seenChannelVersion > (channel?.version ?? 0);
}

/**
 * Whole payments whose books lie in two databases. What the halves say need not fit together at every
 * instant; which message is missing shows it.
 */
export async function loadApart(
  readers: HalfReaders,
  keys: readonly PaymentKey[],
): Promise<(Aggregate | null)[]> {
  const halves = await loadHalves(readers, keys);
  const torn = keys.filter((_key, at) => halves[at] && isTorn(halves[at]));
  // Both books moved between the two reads: what the payment book has seen is there now.
  const again = torn.length > 0 ? await readers.channel.load(torn) : [];
  const newer = new Map(torn.map((key, at) => [key, again[at] ?? null]));
  return halves.map((one, at) => {
    const key = keys[at];
    return one && joinHalves(one.payment, (key && newer.get(key)) ?? one.channel);
  });
}

/** A payment out of what either book knows of it. */
export function joinHalves(half: PaymentHalf, channel: ChannelHalf | null): Aggregate {
  const cases = [...half.cases, ...(channel?.cases ?? [])].toSorted(inCaseOrder);
  return {
    payment: half.payment,
    orders: channel?.orders ?? [],
    cases,
    apart: {
      channelVersion: channel?.version ?? 0,
      receivedByPaymentBook: half.received,
      receivedByChannelBook: channel?.received ?? [],
    },
  };
}
