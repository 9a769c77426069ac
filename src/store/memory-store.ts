/**
 * The in-memory twin of the PostgreSQL store, for the simulator: the same guards, the same job
 * rules, no I/O. The contract suite holds both to the same behaviour.
 */
import type { Aggregate } from '../core/aggregate.ts';
import { MemoryBook, questionKey, refundJobKey } from './memory-book.ts';
import { channelJobs, paymentJobs } from './memory-claims.ts';
import { nextDueAtMs, sweepAll, sweepYoung } from './memory-sweep.ts';
import { applyChange, checkConstraints, guard } from './memory-write.ts';
import type {
  AggregateChange,
  DueNotice,
  Endpoint,
  NoticeLease,
  Store,
  WriteResult,
} from './store.ts';

/** Everything that was committed, readable by auditors. */
export type MemoryTables = {
  find(paymentId: string): Aggregate | null;
  all(): Aggregate[];
  /** Whether a question about an order stands in the dropped-order table. */
  hasQuestion(paymentId: string, attempt: number): boolean;
  hasExpiry(paymentId: string): boolean;
  /** Whether a channel refund is to be sent or asked about, or is held by the brake. */
  hasRefundJob(paymentId: string, attempt: number, number: number): boolean;
  /** Payments created before this time were looked at by the sweep. */
  watermarkMs(): number;
  /** The earliest due time of any job, or of the sweep; null when there is nothing. */
  nextDueAtMs(firstQueryMs: ReadonlyMap<string, number>): number | null;
};

/** A store in memory. `endpointsOf` are the webhook endpoints of a merchant. */
export function memoryStore(endpointsOf: (merchantNumber: number) => readonly Endpoint[]): {
  store: Store;
  tables: MemoryTables;
} {
  const book = new MemoryBook('both', endpointsOf);
  return { store: storeOver(book), tables: tablesOf(book) };
}

function storeOver(book: MemoryBook): Store {
  return {
    ...paymentJobs(book),
    ...channelJobs(book),
    load: async (keys) =>
      keys.map(({ merchantNumber, paymentId }) => {
        const found = book.find(paymentId);
        return found?.payment.merchantNumber === merchantNumber ? found : null;
      }),
    findByMerchantOrderNo: async (merchant, no) => book.findByOrderNo(merchant, no),
    findByMerchantRefundNo: async (merchant, no) => book.findByRefundNo(merchant, no),
    write: async (changes, lease) => write(book, changes, lease ?? null),
    sweepYoung: async (first, nowMs, overlapMs) => sweepYoung(book, first, nowMs, overlapMs),
    sweepAll: async (first, nowMs) => sweepAll(book, first, nowMs),
    nextDueAtMs: async (first) => nextDueAtMs(book, first),
  };
}

function tablesOf(book: MemoryBook): MemoryTables {
  return {
    find: (paymentId) => book.find(paymentId),
    all: () => [...book.payments.keys()].flatMap((id) => book.find(id) ?? []),
    hasQuestion: (paymentId, attempt) => book.questions.has(questionKey(paymentId, attempt)),
    hasExpiry: (paymentId) => book.expiries.has(paymentId),
    hasRefundJob: (paymentId, attempt, number) =>
      book.refundJobs.has(refundJobKey(paymentId, attempt, number)),
    watermarkMs: () => book.watermarkMs,
    nextDueAtMs: (first) => nextDueAtMs(book, first),
  };
}

/** One commit: first every guard and every unique key, then everything that passed. */
function write(
  book: MemoryBook,
  changes: readonly AggregateChange[],
  lease: NoticeLease | null,
): WriteResult[] {
  const results = guard(book, changes);
  const passed = changes.filter((_change, at) => results[at] === 'written');
  checkConstraints(book, passed);
  const leased: DueNotice[] = [];
  const birth = lease && { leaseMs: lease.leaseMs, leased };
  for (const change of passed) applyChange(book, change, 0, birth);
  lease?.take(leased);
  return results;
}
