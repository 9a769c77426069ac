/**
 * The in-memory twin of the PostgreSQL store, for the simulator: the same guards, the same job
 * rules, no I/O. The contract suite holds both to the same behaviour.
 */
import type { Aggregate } from '../core/aggregate.ts';
import { isOpen } from '../core/channel-order.ts';
import type { Effect, HistoryEntry } from '../core/effect.ts';
import type { Posting } from '../core/journal.ts';
import type {
  AggregateChange,
  DroppedOrder,
  DueNotice,
  Endpoint,
  Expiry,
  NoticeResult,
  PaymentKey,
  Store,
  WriteResult,
} from './store.ts';
import { accountName } from './store.ts';

type Job<T> = { row: T; dueAtMs: number; lease: number };
type AskRow = { key: PaymentKey; attempt: number; account: string; operation: 'query' | 'close' };
type NoticeRow = Omit<DueNotice, 'lease' | 'tries'> & { tries: number };

/** Everything that was committed, readable by auditors. */
export type MemoryTables = {
  readonly payments: Map<string, Aggregate>;
  readonly postings: { paymentId: string; version: number; posting: Posting }[];
  readonly history: { paymentId: string; version: number; atMs: number; entry: HistoryEntry }[];
  readonly events: {
    paymentId: string;
    version: number;
    effect: Extract<Effect, { type: 'event' }>;
  }[];
  readonly droppedOrders: Map<string, Job<AskRow>>;
  readonly expiries: Map<string, Job<PaymentKey>>;
  readonly notices: Map<string, Job<NoticeRow>>;
};

/** A store in memory. `endpoints` are the webhook endpoints of all merchants. */
export function memoryStore(endpoints: readonly Endpoint[]): {
  store: Store;
  tables: MemoryTables;
} {
  const tables: MemoryTables = {
    payments: new Map(),
    postings: [],
    history: [],
    events: [],
    droppedOrders: new Map(),
    expiries: new Map(),
    notices: new Map(),
  };
  const byOrderNo = new Map<string, PaymentKey>();
  const watermark = { ms: 0 };
  const store: Store = {
    load: async (keys) => keys.map((key) => tables.payments.get(key.paymentId) ?? null),
    findByMerchantOrderNo: async (merchant, no) => byOrderNo.get(`${merchant}:${no}`) ?? null,
    write: async (changes) =>
      changes.map((change) => writeOne(change, tables, byOrderNo, endpoints)),
    claimDroppedOrders: async (account, limit, nowMs, leaseMs) =>
      claim(
        tables.droppedOrders,
        limit,
        nowMs,
        leaseMs,
        (row) => row.account === accountName(account),
      ).map(
        ({ row, lease }): DroppedOrder => ({
          ...row.key,
          attempt: row.attempt,
          operation: row.operation,
          lease,
        }),
      ),
    dropDroppedOrder: async (claimed) =>
      release(tables.droppedOrders, `${claimed.paymentId}:${claimed.attempt}`, claimed.lease),
    claimExpiries: async (limit, nowMs, leaseMs) =>
      claim(tables.expiries, limit, nowMs, leaseMs, () => true).map(
        ({ row, lease }): Expiry => ({ ...row, lease }),
      ),
    dropExpiry: async (claimed) => release(tables.expiries, claimed.paymentId, claimed.lease),
    claimNotices: async (limit, nowMs, leaseMs) =>
      claim(tables.notices, limit, nowMs, leaseMs, () => true).map(({ row, lease }) => ({
        ...row,
        lease,
      })),
    finishNotices: async (results) => {
      for (const result of results) finishNotice(result, tables);
    },
    sweepYoung: async (first, nowMs, overlapMs) => {
      const toMs = nowMs - earliestMs(first);
      const found = sweep(tables, first, watermark.ms - overlapMs, toMs);
      watermark.ms = Math.max(watermark.ms, toMs);
      return found;
    },
    sweepAll: async (first, nowMs) => sweep(tables, first, 0, nowMs - earliestMs(first)),
    nextDueAtMs: async (first) => {
      const dues = [
        ...tables.droppedOrders.values(),
        ...tables.expiries.values(),
        ...tables.notices.values(),
      ].map((job) => job.dueAtMs);
      for (const { payment } of tables.payments.values()) {
        const isYoung = payment.createdAtMs >= watermark.ms;
        const isUnfinished = payment.status === 'pending' || payment.status === 'processing';
        if (isYoung && isUnfinished) dues.push(payment.createdAtMs + earliestMs(first) + 1);
      }
      return dues.length === 0 ? null : dues.reduce((a, b) => Math.min(a, b));
    },
  };
  return { store, tables };
}

function writeOne(
  change: AggregateChange,
  tables: MemoryTables,
  byOrderNo: Map<string, PaymentKey>,
  endpoints: readonly Endpoint[],
): WriteResult {
  const { before, after, steps } = change;
  const { payment } = after;
  const stored = tables.payments.get(payment.id);
  const orderNoKey = `${payment.merchantNumber}:${payment.merchantOrderNo}`;
  if (before === null && (stored || byOrderNo.has(orderNoKey))) return 'stale';
  if (before !== null && stored?.payment.version !== before.payment.version) return 'stale';
  refuseSecondBooking(payment.id, change, tables);
  tables.payments.set(payment.id, after);
  byOrderNo.set(orderNoKey, { merchantNumber: payment.merchantNumber, paymentId: payment.id });
  for (const step of steps) {
    const at = { paymentId: payment.id, version: step.version };
    for (const posting of step.postings) tables.postings.push({ ...at, posting });
    tables.history.push({ ...at, atMs: step.atMs, entry: step.history });
    for (const effect of step.effects)
      takeEffect(effect, after, step.version, step.atMs, tables, endpoints);
  }
  return 'written';
}

/** The primary key of the journal, as PostgreSQL keeps it. */
function refuseSecondBooking(
  paymentId: string,
  change: AggregateChange,
  tables: MemoryTables,
): void {
  for (const { book, entry } of change.steps.flatMap((step) => step.postings)) {
    const twice = tables.postings.some(
      (one) =>
        one.paymentId === paymentId && one.posting.book === book && one.posting.entry === entry,
    );
    if (twice) throw new Error(`journal entry ${book} ${entry} of ${paymentId} exists`);
  }
}

function takeEffect(
  effect: Effect,
  after: Aggregate,
  version: number,
  atMs: number,
  tables: MemoryTables,
  endpoints: readonly Endpoint[],
): void {
  const { payment } = after;
  const key = { merchantNumber: payment.merchantNumber, paymentId: payment.id };
  switch (effect.type) {
    case 'submit':
      return;
    case 'ask': {
      const order = after.orders.find((one) => one.attempt === effect.attempt);
      const account = order ? accountName(order) : '';
      const row = { key, attempt: effect.attempt, account, operation: effect.operation };
      upsert(tables.droppedOrders, `${payment.id}:${effect.attempt}`, row, effect.dueAtMs);
      return;
    }
    case 'ask_done':
      tables.droppedOrders.delete(`${payment.id}:${effect.attempt}`);
      return;
    case 'expire':
      upsert(tables.expiries, payment.id, key, effect.dueAtMs);
      return;
    case 'event': {
      tables.events.push({ paymentId: payment.id, version, effect });
      const targets = payment.noticeUrl === null ? endpoints : [null];
      for (const endpoint of targets) {
        const { id: eventId, event, subjectKey, snapshot } = effect;
        const row = { ...key, eventId, event, subjectKey, snapshot, endpoint, atMs, tries: 0 };
        upsert(tables.notices, `${eventId}:${endpoint?.id ?? ''}`, row, atMs);
      }
      return;
    }
  }
}

function upsert<T>(jobs: Map<string, Job<T>>, key: string, row: T, dueAtMs: number): void {
  jobs.set(key, { row, dueAtMs, lease: (jobs.get(key)?.lease ?? -1) + 1 });
}

function claim<T>(
  jobs: Map<string, Job<T>>,
  limit: number,
  nowMs: number,
  leaseMs: number,
  wanted: (row: T) => boolean,
): Job<T>[] {
  const due = [...jobs.values()].filter((job) => job.dueAtMs <= nowMs && wanted(job.row));
  due.sort((a, b) => a.dueAtMs - b.dueAtMs);
  const taken = due.slice(0, limit);
  for (const job of taken) {
    job.dueAtMs = nowMs + leaseMs;
    job.lease += 1;
  }
  return taken.map((job) => ({ ...job }));
}

function release<T>(jobs: Map<string, Job<T>>, key: string, lease: number): void {
  if (jobs.get(key)?.lease === lease) jobs.delete(key);
}

function finishNotice(result: NoticeResult, tables: MemoryTables): void {
  const key = `${result.notice.eventId}:${result.notice.endpoint?.id ?? ''}`;
  const job = tables.notices.get(key);
  if (!job || job.lease !== result.notice.lease) return;
  if (result.retryAtMs === null) tables.notices.delete(key);
  else {
    job.dueAtMs = result.retryAtMs;
    job.row.tries += 1;
  }
}

function sweep(
  tables: MemoryTables,
  firstQueryMs: ReadonlyMap<string, number>,
  fromMs: number,
  toMs: number,
): number {
  let found = 0;
  for (const { payment, orders } of tables.payments.values()) {
    const isUnfinished = payment.status === 'pending' || payment.status === 'processing';
    if (!isUnfinished || payment.createdAtMs < fromMs || payment.createdAtMs >= toMs) continue;
    const key = { merchantNumber: payment.merchantNumber, paymentId: payment.id };
    if (!tables.expiries.has(payment.id)) {
      upsert(tables.expiries, payment.id, key, payment.expiresAtMs);
      found += 1;
    }
    for (const order of orders) {
      const jobKey = `${payment.id}:${order.attempt}`;
      const delayMs = firstQueryMs.get(accountName(order));
      if (!isOpen(order) || order.awaitsStatement || delayMs === undefined) continue;
      if (tables.droppedOrders.has(jobKey)) continue;
      const row = {
        key,
        attempt: order.attempt,
        account: accountName(order),
        operation: 'query',
      } as const;
      upsert(tables.droppedOrders, jobKey, row, order.createdAtMs + delayMs);
      found += 1;
    }
  }
  return found;
}

function earliestMs(firstQueryMs: ReadonlyMap<string, number>): number {
  return Math.min(60_000, ...firstQueryMs.values());
}
