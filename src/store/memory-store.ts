/**
 * The in-memory twin of the PostgreSQL store, for the simulator: the same guards, the same job
 * rules, no I/O. The contract suite holds both to the same behaviour.
 */
import type { Aggregate } from '../core/aggregate.ts';
import { isOpen } from '../core/channel-order.ts';
import type { Effect, HistoryEntry } from '../core/effect.ts';
import type { Posting } from '../core/journal.ts';
import { reservedMinor } from '../core/refund-sums.ts';
import { JobTable } from './memory-jobs.ts';
import { YoungPayments } from './memory-young.ts';
import type {
  AggregateChange,
  DueNotice,
  Endpoint,
  NoticeLease,
  NoticeResult,
  PaymentKey,
  RefundJob,
  Step,
  Store,
  WriteResult,
} from './store.ts';
import { accountName } from './store.ts';

type AskRow = PaymentKey & { readonly attempt: number; readonly operation: 'query' | 'close' };
type RefundRow = Omit<RefundJob, 'lease' | 'operation'> & {
  readonly operation: 'send' | 'query' | 'held';
};
type NoticeRow = Omit<DueNotice, 'lease'>;

/** Everything that was committed, readable by auditors. */
export type MemoryTables = {
  readonly payments: ReadonlyMap<string, Aggregate>;
  readonly postings: readonly { readonly paymentId: string; readonly posting: Posting }[];
  readonly history: readonly {
    readonly paymentId: string;
    readonly version: number;
    readonly atMs: number;
    readonly entry: HistoryEntry;
  }[];
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

/** A journal entry that exists already: what the primary key of the journal refuses. */
export class DuplicateEntryError extends Error {}

/** A store in memory. `endpointsOf` are the webhook endpoints of a merchant. */
export function memoryStore(endpointsOf: (merchantNumber: number) => readonly Endpoint[]): {
  store: Store;
  tables: MemoryTables;
} {
  const state = new MemoryState(endpointsOf);
  return { store: storeOver(state), tables: tablesOf(state) };
}

class MemoryState {
  readonly payments = new Map<string, Aggregate>();
  readonly idByOrderNo = new Map<string, string>();
  readonly postings: { paymentId: string; posting: Posting }[] = [];
  readonly entries = new Set<string>();
  readonly history: { paymentId: string; version: number; atMs: number; entry: HistoryEntry }[] =
    [];
  readonly questions = new JobTable<AskRow>();
  readonly expiries = new JobTable<PaymentKey>();
  readonly refundJobs = new JobTable<RefundRow>();
  readonly idByRefundNo = new Map<string, string>();
  readonly notices = new JobTable<NoticeRow>();
  readonly young = new YoungPayments();
  readonly endpointsOf: (merchantNumber: number) => readonly Endpoint[];
  watermarkMs = 0;

  constructor(endpointsOf: (merchantNumber: number) => readonly Endpoint[]) {
    this.endpointsOf = endpointsOf;
  }
}

function storeOver(state: MemoryState): Store {
  return {
    load: async (keys) => keys.map((key) => find(state, key)),
    findByMerchantOrderNo: async (merchantNumber, merchantOrderNo) => {
      const paymentId = state.idByOrderNo.get(`${merchantNumber}:${merchantOrderNo}`);
      return paymentId === undefined ? null : { merchantNumber, paymentId };
    },
    findByMerchantRefundNo: async (merchantNumber, merchantRefundNo) => {
      const paymentId = state.idByRefundNo.get(`${merchantNumber}:${merchantRefundNo}`);
      return paymentId === undefined ? null : { merchantNumber, paymentId };
    },
    write: async (changes, lease) => write(state, changes, lease ?? null),
    claimDroppedOrders: async (account, limit, nowMs, leaseMs) =>
      state.questions
        .claim(accountName(account), limit, nowMs, leaseMs)
        .map(({ row, lease }) => ({ ...row, lease })),
    dropDroppedOrder: async (claimed) =>
      state.questions.release(questionKey(claimed.paymentId, claimed.attempt), claimed.lease),
    claimRefundJobs: async (account, limit, nowMs, leaseMs) =>
      state.refundJobs
        .claim(accountName(account), limit, nowMs, leaseMs)
        .map(({ row: { operation, ...row }, lease }) => {
          if (operation === 'held') throw new Error('what is held is due never');
          return { ...row, operation, lease };
        }),
    claimExpiries: async (limit, nowMs, leaseMs) =>
      state.expiries.claim('', limit, nowMs, leaseMs).map(({ row, lease }) => ({ ...row, lease })),
    dropExpiry: async (claimed) => state.expiries.release(claimed.paymentId, claimed.lease),
    claimNotices: async (limit, nowMs, leaseMs) =>
      state.notices.claim('', limit, nowMs, leaseMs).map(({ row, lease }) => ({ ...row, lease })),
    finishNotices: async (results) => {
      for (const result of results) finishNotice(state, result);
    },
    sweepYoung: async (first, nowMs, overlapMs) => {
      const toMs = nowMs - earliestMs(first);
      const found = sweep(state, first, state.watermarkMs - overlapMs, toMs);
      state.watermarkMs = Math.max(state.watermarkMs, toMs);
      return found;
    },
    sweepAll: async (first, nowMs) => sweep(state, first, 0, nowMs - earliestMs(first)),
    nextDueAtMs: async (first) => nextDueAtMs(state, first),
  };
}

function tablesOf(state: MemoryState): MemoryTables {
  return {
    payments: state.payments,
    postings: state.postings,
    history: state.history,
    hasQuestion: (paymentId, attempt) => state.questions.has(questionKey(paymentId, attempt)),
    hasExpiry: (paymentId) => state.expiries.has(paymentId),
    hasRefundJob: (paymentId, attempt, number) =>
      state.refundJobs.has(refundJobKey(paymentId, attempt, number)),
    watermarkMs: () => state.watermarkMs,
    nextDueAtMs: (first) => nextDueAtMs(state, first),
  };
}

function find({ payments }: MemoryState, key: PaymentKey): Aggregate | null {
  const found = payments.get(key.paymentId);
  return found?.payment.merchantNumber === key.merchantNumber ? found : null;
}

/** One commit: first every guard and every unique key, then everything that passed. */
function write(
  state: MemoryState,
  changes: readonly AggregateChange[],
  lease: NoticeLease | null,
): WriteResult[] {
  const taken = new Set<string>();
  const results = changes.map((change): WriteResult => {
    const { payment } = change.after;
    const names = [payment.id, orderNoKey(change.after)];
    if (names.some((name) => taken.has(name)) || !isFresh(state, change)) return 'stale';
    for (const name of names) taken.add(name);
    return 'written';
  });
  const passed = changes.filter((_change, at) => results[at] === 'written');
  const entries = passed.flatMap(({ after, steps }) =>
    steps.flatMap((step) => step.postings.map((one) => entryKey(after.payment.id, one))),
  );
  const twice = entries.find((key, at) => state.entries.has(key) || entries.indexOf(key) !== at);
  if (twice) throw new DuplicateEntryError(`the journal has ${twice} already`);
  for (const { after } of passed) checkRefunds(state, after);
  const leased: DueNotice[] = [];
  const birth = lease && { leaseMs: lease.leaseMs, leased };
  for (const change of passed) writeOne(state, change, birth);
  lease?.take(leased);
  return results;
}

/** What the constraints of the database refuse: a refund number of another payment, and too large a reserve. */
function checkRefunds(state: MemoryState, { payment }: Aggregate): void {
  if (reservedMinor(payment) > (payment.winner?.amountMinor ?? 0)) {
    throw new DuplicateEntryError(`${payment.id} sets aside more than it was paid`);
  }
  for (const { merchantRefundNo } of payment.refunds) {
    const owner = state.idByRefundNo.get(`${payment.merchantNumber}:${merchantRefundNo}`);
    if (merchantRefundNo !== null && owner !== undefined && owner !== payment.id) {
      throw new DuplicateEntryError(`${merchantRefundNo} is a refund of another payment`);
    }
  }
}

function isFresh(state: MemoryState, { before, after }: AggregateChange): boolean {
  const stored = state.payments.get(after.payment.id);
  if (before) return stored?.payment.version === before.payment.version;
  return !stored && !state.idByOrderNo.has(orderNoKey(after));
}

/** How notices are born when their writer sends them itself: what it holds is collected here. */
type LeasedBirth = { readonly leaseMs: number; readonly leased: DueNotice[] } | null;

function writeOne(
  state: MemoryState,
  { before, after, steps }: AggregateChange,
  birth: LeasedBirth,
): void {
  const { payment } = after;
  state.payments.set(payment.id, after);
  state.idByOrderNo.set(orderNoKey(after), payment.id);
  if (!before) state.young.add(payment.createdAtMs, payment.id);
  for (const { merchantRefundNo } of payment.refunds) {
    if (merchantRefundNo === null) continue;
    state.idByRefundNo.set(`${payment.merchantNumber}:${merchantRefundNo}`, payment.id);
  }
  for (const step of steps) {
    for (const posting of step.postings) {
      state.postings.push({ paymentId: payment.id, posting });
      state.entries.add(entryKey(payment.id, posting));
    }
    const { version, atMs, history } = step;
    state.history.push({ paymentId: payment.id, version, atMs, entry: history });
    for (const effect of step.effects) takeEffect(state, after, step, effect, birth);
  }
}

function takeEffect(
  state: MemoryState,
  after: Aggregate,
  step: Step,
  effect: Effect,
  birth: LeasedBirth,
): void {
  const { merchantNumber, id: paymentId } = after.payment;
  switch (effect.type) {
    case 'submit':
    // Both books are in one place here, and have nothing to send.
    case 'message':
    case 'received':
      return;
    case 'ask': {
      const { attempt, operation, dueAtMs } = effect;
      const order = after.orders.find((one) => one.attempt === attempt);
      const row = { merchantNumber, paymentId, attempt, operation };
      const key = questionKey(paymentId, attempt);
      state.questions.plan(order ? accountName(order) : '', key, row, dueAtMs);
      return;
    }
    case 'ask_done':
      state.questions.drop(questionKey(paymentId, effect.attempt));
      return;
    case 'refund_job': {
      const { attempt, number, operation, dueAtMs } = effect;
      const order = after.orders.find((one) => one.attempt === attempt);
      const row = { merchantNumber, paymentId, attempt, number, operation };
      const key = refundJobKey(paymentId, attempt, number);
      state.refundJobs.plan(order ? accountName(order) : '', key, row, dueAtMs);
      return;
    }
    case 'refund_job_done':
      state.refundJobs.drop(refundJobKey(paymentId, effect.attempt, effect.number));
      return;
    case 'expire':
      state.expiries.plan('', paymentId, { merchantNumber, paymentId }, effect.dueAtMs);
      return;
    case 'event':
      planNotices(state, after, step, effect, birth);
      return;
  }
}

function planNotices(
  state: MemoryState,
  { payment }: Aggregate,
  { atMs }: Step,
  { id: eventId, event, subjectKey, snapshot }: Extract<Effect, { type: 'event' }>,
  birth: LeasedBirth,
): void {
  const { merchantNumber, id: paymentId, noticeUrl } = payment;
  const targets = noticeUrl === null ? state.endpointsOf(merchantNumber) : [null];
  for (const endpoint of targets) {
    const told = { eventId, event, subjectKey, snapshot, endpoint, atMs, tries: 0 };
    const row = { merchantNumber, paymentId, ...told };
    const key = noticeKey(row);
    if (!birth) state.notices.plan('', key, row, atMs);
    else {
      const lease = state.notices.planLeased('', key, row, atMs + birth.leaseMs);
      birth.leased.push({ ...row, lease });
    }
  }
}

function finishNotice({ notices }: MemoryState, { notice, retryAtMs }: NoticeResult): void {
  const key = noticeKey(notice);
  if (retryAtMs === null) {
    notices.release(key, notice.lease);
    return;
  }
  const { lease, ...row } = notice;
  notices.putOff(key, lease, retryAtMs, { ...row, tries: row.tries + 1 });
}

function sweep(
  state: MemoryState,
  firstQueryMs: ReadonlyMap<string, number>,
  fromMs: number,
  toMs: number,
): number {
  let found = 0;
  for (const paymentId of state.young.between(fromMs, toMs)) {
    const aggregate = state.payments.get(paymentId);
    if (!aggregate || !isUnfinished(aggregate)) continue;
    const { merchantNumber, expiresAtMs, closing } = aggregate.payment;
    if (closing === null && !state.expiries.has(paymentId)) {
      state.expiries.plan('', paymentId, { merchantNumber, paymentId }, expiresAtMs);
      found += 1;
    }
    for (const order of aggregate.orders) {
      const { attempt, createdAtMs, awaitsStatement } = order;
      const key = questionKey(paymentId, attempt);
      const delayMs = firstQueryMs.get(accountName(order));
      if (!isOpen(order) || awaitsStatement || delayMs === undefined) continue;
      if (state.questions.has(key)) continue;
      const row = { merchantNumber, paymentId, attempt, operation: 'query' } as const;
      state.questions.plan(accountName(order), key, row, createdAtMs + delayMs);
      found += 1;
    }
  }
  return found;
}

function nextDueAtMs(state: MemoryState, firstQueryMs: ReadonlyMap<string, number>): number | null {
  const { questions, expiries, notices, young, watermarkMs } = state;
  const youngest = young.firstFrom(watermarkMs, (paymentId) => {
    const aggregate = state.payments.get(paymentId);
    return aggregate !== undefined && isUnfinished(aggregate);
  });
  const dues = [
    questions.nextDueAtMs(),
    expiries.nextDueAtMs(),
    state.refundJobs.nextDueAtMs(),
    notices.nextDueAtMs(),
    youngest === null ? null : youngest + earliestMs(firstQueryMs) + 1,
  ].filter((dueAtMs) => dueAtMs !== null);
  return dues.length === 0 ? null : Math.min(...dues);
}

function isUnfinished({ payment }: Aggregate): boolean {
  return payment.status === 'pending' || payment.status === 'processing';
}

/** The shortest time until a first question; a payment without any account waits a minute. */
function earliestMs(firstQueryMs: ReadonlyMap<string, number>): number {
  return Math.min(60_000, ...firstQueryMs.values());
}

function orderNoKey({ payment }: Aggregate): string {
  return `${payment.merchantNumber}:${payment.merchantOrderNo}`;
}

function entryKey(paymentId: string, { book, entry }: Posting): string {
  return `${paymentId} ${book} ${entry}`;
}

function questionKey(paymentId: string, attempt: number): string {
  return `${paymentId}:${attempt}`;
}

function refundJobKey(paymentId: string, attempt: number, number: number): string {
  return `${paymentId}:${attempt}:${number}`;
}

function noticeKey({ eventId, endpoint }: Pick<DueNotice, 'eventId' | 'endpoint'>): string {
  return `${eventId}:${endpoint?.id ?? ''}`;
}
