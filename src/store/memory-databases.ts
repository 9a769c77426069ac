/** Books in two databases in memory: the twin of PostgreSQL's, with locks, prepared transactions and all. */
import type { Aggregate } from '../core/aggregate.ts';
import type { Book } from '../core/message.ts';
import type {
  BookDatabases,
  BookReaders,
  BookTransaction,
  ChannelDatabase,
  MessageName,
  PaymentDatabase,
  TwoPhaseDecision,
  WaitingMessage,
} from './book-databases.ts';
import { joinHalves, LOCK_WAIT_MS } from './book-databases.ts';
import type { MessageRow } from './memory-book.ts';
import { MemoryBook, messageRowKey, questionKey, refundJobKey } from './memory-book.ts';
import type { IsLocked } from './memory-claims.ts';
import { channelJobs, jobRow, paymentJobs, releaseQuestion } from './memory-claims.ts';
import type { JobTable } from './memory-jobs.ts';
import type { MemoryTables } from './memory-store.ts';
import { nextDueAtMs, openOrders, sweepAll, sweepOrders, sweepYoung } from './memory-sweep.ts';
import type { After } from './memory-transaction.ts';
import { Locks, Transaction } from './memory-transaction.ts';
import type { AggregateChange, Endpoint, PaymentKey } from './store.ts';
import { beganAtMs, IN_DOUBT_AFTER_MS } from './two-phase.ts';

export type ApartTables = MemoryTables & {
  /** Messages that are on their way, and internal drops that were found and not healed. */
  waiting(): string[];
  /** Prepared transactions that nobody has ended. */
  prepared(): string[];
  /** Whether one half of a decision about a payment may be committed and the other one not. */
  isInDoubt(paymentId: string): boolean;
  /** A row of an outbox goes without being brought, by force. False when there is none. */
  loseMessage(sender: Book, name: MessageName): boolean;
};

export type MemoryDatabasesOptions = {
  readonly endpointsOf: (merchantNumber: number) => readonly Endpoint[];
  readonly after: After;
  /** Called with each commit, after it. */
  readonly onCommitted?: (book: Book, changes: readonly AggregateChange[]) => void;
  /** Called with each transaction that its server ended, because nobody spoke to it any more. */
  readonly onIdle?: (ended: BookTransaction) => void;
};

/** A statement of its own waits longer for a lock than one that holds locks in two databases. */
const STATEMENT_WAIT_MS = 5_000;

/** One database server with one book. */
class Server {
  readonly book: MemoryBook;
  readonly locks: Locks;
  readonly prepared = new Map<string, Transaction>();
  readonly decisions = new Map<
    string,
    { readonly decision: TwoPhaseDecision; readonly atMs: number }
  >();
  readonly onIdle: (ended: BookTransaction) => void;
  readonly #open: () => Transaction;

  constructor(part: Book, { endpointsOf, after, onCommitted, onIdle }: MemoryDatabasesOptions) {
    this.onIdle = onIdle ?? (() => {});
    this.book = new MemoryBook(part, endpointsOf);
    this.locks = new Locks(after);
    this.#open = () =>
      new Transaction(this.book, this.locks, after, (changes) => onCommitted?.(part, changes));
  }

  begin(): Transaction {
    return this.#open();
  }

  /** One statement, committed by itself. */
  async autocommit<T>(run: (transaction: Transaction) => Promise<T>): Promise<T> {
    const transaction = this.begin();
    try {
      const value = await run(transaction);
      transaction.commit();
      return value;
    } finally {
      transaction.disconnect();
    }
  }

  finishPrepared(gid: string, decision: TwoPhaseDecision): void {
    const transaction = this.prepared.get(gid);
    if (!transaction) return;
    this.prepared.delete(gid);
    if (decision === 'commit') transaction.commit();
    else transaction.rollback();
  }
}

/** Two databases in memory, and what an auditor reads of both. */
export function memoryDatabases(options: MemoryDatabasesOptions): {
  databases: BookDatabases;
  readers: BookReaders;
  tables: ApartTables;
} {
  const payment = new Server('payment', options);
  const channel = new Server('channel', options);
  const databases = { payment: paymentDatabase(payment), channel: channelDatabase(channel) };
  return {
    databases,
    readers: {
      payment: { ...readerOf(payment.book), load: databases.payment.load.bind(databases.payment) },
      channel: { ...readerOf(channel.book), load: databases.channel.load.bind(databases.channel) },
    },
    tables: tablesOf(payment, channel),
  };
}

function readerOf({ changedAtMs }: MemoryBook): Omit<BookReaders['payment'], 'load'> {
  return {
    changedBetween: async (fromMs, toMs, limit) =>
      [...changedAtMs.values()]
        .filter((one) => one.changedAtMs >= fromMs && one.changedAtMs < toMs)
        .toSorted((a, b) => a.changedAtMs - b.changedAtMs)
        .slice(0, limit),
    isCurrent: async () => true,
  };
}

function transactionOver(server: Server): BookTransaction {
  const transaction = server.begin();
  const made: BookTransaction = {
    write: async (changes, lease) =>
      await transaction.write(changes, 0, LOCK_WAIT_MS, lease ?? null),
    decideCommit: async (gid, atMs) => {
      await transaction.lock(`decision ${gid}`, LOCK_WAIT_MS);
      if (server.decisions.has(gid)) return false;
      transaction.stage(() => server.decisions.set(gid, { decision: 'commit', atMs }));
      return true;
    },
    prepare: async (gid) => {
      transaction.prepare();
      server.prepared.set(gid, transaction);
    },
    finishPrepared: async (gid, decision) => server.finishPrepared(gid, decision),
    commit: async () => transaction.commit(),
    rollback: async () => transaction.rollback(),
    release: () => transaction.disconnect(),
  };
  transaction.onIdle = () => server.onIdle(made);
  return made;
}

function bookDatabase(server: Server) {
  const { book } = server;
  return {
    write: async (changes, hopMs, lease = null) =>
      await server.autocommit(
        async (transaction) => await transaction.write(changes, hopMs, STATEMENT_WAIT_MS, lease),
      ),
    begin: async () => transactionOver(server),
    nextDueAtMs: async (first) => nextDueAtMs(book, first),
    claimOutbox: async (limit, nowMs, leaseMs) => claimMessages(book.outbox, limit, nowMs, leaseMs),
    dropOutbox: async (messages) => {
      for (const one of messages) book.outbox.drop(messageRowKey(one));
    },
    inOutbox: async (messages) => messages.filter((one) => book.outbox.has(messageRowKey(one))),
    scannedToMs: async () => book.scannedToMs,
    moveScan: async (toMs) => {
      book.scannedToMs = Math.max(book.scannedToMs, toMs);
    },
  } satisfies Partial<PaymentDatabase & ChannelDatabase>;
}

function paymentDatabase(server: Server): PaymentDatabase {
  const { book } = server;
  return {
    ...bookDatabase(server),
    ...paymentJobs(book, isLockedBy(server)),
    dropExpiry: async (claimed) =>
      await server.autocommit(async (transaction) => {
        await transaction.lock(jobRow('expiry', claimed), STATEMENT_WAIT_MS);
        transaction.stage(() => book.expiries.release(claimed.paymentId, claimed.lease));
      }),
    load: async (keys) =>
      keys.map(({ merchantNumber, paymentId }) => {
        const half = book.paymentHalf(paymentId);
        return half?.payment.merchantNumber === merchantNumber ? half : null;
      }),
    findByMerchantOrderNo: async (merchant, no) => book.findByOrderNo(merchant, no),
    findByMerchantRefundNo: async (merchant, no) => book.findByRefundNo(merchant, no),
    sweepYoung: async (first, nowMs, overlapMs) => sweepYoung(book, first, nowMs, overlapMs),
    sweepAll: async (first, nowMs) => sweepAll(book, first, nowMs),
    claimInternalDrops: async (limit, nowMs, leaseMs) =>
      claimMessages(book.internalDrops, limit, nowMs, leaseMs),
    dropInternalDrops: async (drops) => {
      for (const one of drops) book.internalDrops.drop(messageRowKey(one));
    },
    addInternalDrops: async (drops, nowMs) => {
      const fresh = drops.filter((one) => !book.internalDrops.has(messageRowKey(one)));
      for (const one of fresh) {
        book.internalDrops.plan('', messageRowKey(one), { ...one, place: nowMs }, nowMs);
      }
      return fresh.length;
    },
    page: async (after, limit) => page(book, after, limit),
    decisionOf: async (gid, nowMs) =>
      await server.autocommit(async (transaction) => {
        await transaction.lock(`decision ${gid}`, STATEMENT_WAIT_MS);
        const known = server.decisions.get(gid)?.decision;
        if (known) return known;
        transaction.stage(() => server.decisions.set(gid, { decision: 'abort', atMs: nowMs }));
        return 'abort';
      }),
    committedOf: async (gids) =>
      gids.filter((gid) => server.decisions.get(gid)?.decision === 'commit'),
    forgetDecisions: async (beforeMs, except) => {
      for (const [gid, { atMs }] of server.decisions) {
        if (atMs < beforeMs && !except.includes(gid)) server.decisions.delete(gid);
      }
    },
  };
}

function channelDatabase(server: Server): ChannelDatabase {
  const { book } = server;
  return {
    ...bookDatabase(server),
    ...channelJobs(book, isLockedBy(server)),
    dropDroppedOrder: async (claimed) =>
      await server.autocommit(async (transaction) => {
        await transaction.lock(jobRow('question', claimed), STATEMENT_WAIT_MS);
        transaction.stage(() => releaseQuestion(book, claimed));
      }),
    load: async (keys) => keys.map(({ paymentId }) => book.channelHalf(paymentId)),
    sweepOrders: async (first, nowMs) =>
      await server.autocommit(async (transaction) => {
        // It writes a row for every open order, and so waits for whoever has one of them half-written.
        for (const row of openOrders(book)) {
          await transaction.lock(jobRow('question', row), STATEMENT_WAIT_MS);
        }
        return sweepOrders(book, first, nowMs);
      }),
    preparedNow: async () => [...server.prepared.keys()],
    finishPrepared: async (gid, decision) => server.finishPrepared(gid, decision),
  };
}

/** What a claim passes over: rows that a transaction is changing (SKIP LOCKED). */
function isLockedBy({ locks }: Server): IsLocked {
  return (row) => locks.holderOf(row) !== null;
}

function claimMessages(
  table: JobTable<MessageRow>,
  limit: number,
  nowMs: number,
  leaseMs: number,
): WaitingMessage[] {
  return table
    .claim('', limit, nowMs, leaseMs)
    .toSorted(({ row: a }, { row: b }) => inKeyOrder(a, b) || a.place - b.place)
    .map(({ row: { place: _place, ...row }, lease }) => ({ ...row, lease }));
}

function page(book: MemoryBook, after: PaymentKey | null, limit: number): PaymentKey[] {
  return [...book.payments.values()]
    .map(({ id, merchantNumber }) => ({ merchantNumber, paymentId: id }))
    .filter((one) => after === null || inKeyOrder(one, after) > 0)
    .toSorted(inKeyOrder)
    .slice(0, limit);
}

function inKeyOrder(a: PaymentKey, b: PaymentKey): number {
  if (a.merchantNumber !== b.merchantNumber) return a.merchantNumber - b.merchantNumber;
  if (a.paymentId === b.paymentId) return 0;
  return a.paymentId < b.paymentId ? -1 : 1;
}

function tablesOf(payment: Server, channel: Server): ApartTables {
  const find = (paymentId: string): Aggregate | null => {
    const half = payment.book.paymentHalf(paymentId);
    return half && joinHalves(half, channel.book.channelHalf(paymentId));
  };
  const books = { payment: payment.book, channel: channel.book };
  return {
    find,
    all: () => [...payment.book.payments.keys()].flatMap((id) => find(id) ?? []),
    hasQuestion: (paymentId, attempt) =>
      channel.book.questions.has(questionKey(paymentId, attempt)),
    hasExpiry: (paymentId) => payment.book.expiries.has(paymentId),
    hasRefundJob: (paymentId, attempt, number) =>
      channel.book.refundJobs.has(refundJobKey(paymentId, attempt, number)),
    watermarkMs: () => payment.book.watermarkMs,
    nextDueAtMs: (first) => {
      const doubts = [...channel.prepared.keys()].map((gid) => beganAtMs(gid) + IN_DOUBT_AFTER_MS);
      const jobs = [nextDueAtMs(payment.book, first), nextDueAtMs(channel.book, first)];
      const dues = [...jobs, ...doubts];
      const known = dues.filter((dueAtMs) => dueAtMs !== null);
      return known.length === 0 ? null : Math.min(...known);
    },
    waiting: () => [
      ...payment.book.outbox.keys(),
      ...channel.book.outbox.keys(),
      ...payment.book.internalDrops.keys(),
    ],
    prepared: () => [...channel.prepared.keys()],
    isInDoubt: (paymentId) => channel.locks.holderOf(paymentId)?.isPrepared ?? false,
    loseMessage: (sender, name) => {
      const { outbox } = books[sender];
      const key = messageRowKey(name);
      const isThere = outbox.has(key);
      outbox.drop(key);
      return isThere;
    },
  };
}
