/** The sweeps over a book in memory, and when its jobs fall due. */
import { isOpen } from '../core/channel-order.ts';
import type { Payment } from '../core/payment.ts';
import type { MemoryBook } from './memory-book.ts';
import { questionKey } from './memory-book.ts';
import { accountName } from './store.ts';

type FirstQueries = ReadonlyMap<string, number>;

/** See `Store.sweepYoung`. */
export function sweepYoung(
  book: MemoryBook,
  first: FirstQueries,
  nowMs: number,
  overlapMs: number,
): number {
  const toMs = nowMs - earliestMs(first);
  const found = sweep(book, first, book.watermarkMs - overlapMs, toMs);
  book.watermarkMs = Math.max(book.watermarkMs, toMs);
  return found;
}

/** See `Store.sweepAll`. */
export function sweepAll(book: MemoryBook, first: FirstQueries, nowMs: number): number {
  return sweep(book, first, 0, nowMs - earliestMs(first));
}

function sweep(book: MemoryBook, first: FirstQueries, fromMs: number, toMs: number): number {
  let found = 0;
  for (const paymentId of book.young.between(fromMs, toMs)) {
    const payment = book.payments.get(paymentId);
    if (!payment || !isUnfinished(payment)) continue;
    const { merchantNumber, expiresAtMs, closing } = payment;
    if (closing === null && !book.expiries.has(paymentId)) {
      book.expiries.plan('', paymentId, { merchantNumber, paymentId }, expiresAtMs);
      found += 1;
    }
    found += planQuestions(book, { merchantNumber, paymentId }, first, null);
  }
  return found;
}

/** See `ChannelDatabase.sweepOrders`. */
export function sweepOrders(book: MemoryBook, first: FirstQueries, nowMs: number): number {
  let found = 0;
  for (const [paymentId, { merchantNumber }] of book.changedAtMs) {
    found += planQuestions(book, { merchantNumber, paymentId }, first, nowMs);
  }
  return found;
}

/** The open orders of a channel book, in the order in which a sweep writes their rows. */
export function openOrders(book: MemoryBook): { paymentId: string; attempt: number }[] {
  return [...book.changedAtMs.keys()]
    .toSorted()
    .flatMap((paymentId) =>
      (book.channels.get(paymentId)?.orders ?? [])
        .filter((order) => isOpen(order) && !order.awaitsStatement)
        .map(({ attempt }) => ({ paymentId, attempt })),
    );
}

/** `nowMs`: only orders from before, asked about then; null for each at its first question's time. */
function planQuestions(
  book: MemoryBook,
  { merchantNumber, paymentId }: { merchantNumber: number; paymentId: string },
  first: FirstQueries,
  nowMs: number | null,
): number {
  let found = 0;
  for (const order of book.channels.get(paymentId)?.orders ?? []) {
    const { attempt, createdAtMs, awaitsStatement } = order;
    const key = questionKey(paymentId, attempt);
    const delayMs = first.get(accountName(order));
    if (!isOpen(order) || awaitsStatement || delayMs === undefined) continue;
    if (book.questions.has(key) || (nowMs !== null && createdAtMs >= nowMs)) continue;
    const row = { merchantNumber, paymentId, attempt, operation: 'query' } as const;
    book.questions.plan(accountName(order), key, row, nowMs ?? createdAtMs + delayMs);
    found += 1;
  }
  return found;
}

/** See `Store.nextDueAtMs`. */
export function nextDueAtMs(book: MemoryBook, first: FirstQueries): number | null {
  const { questions, expiries, refundJobs, notices, outbox, internalDrops } = book;
  const youngest = book.young.firstFrom(book.watermarkMs, (paymentId) => {
    const payment = book.payments.get(paymentId);
    return payment !== undefined && isUnfinished(payment);
  });
  const tables = [questions, expiries, refundJobs, notices, outbox, internalDrops];
  const dues = [
    ...tables.map((table) => table.nextDueAtMs()),
    youngest === null ? null : youngest + earliestMs(first) + 1,
  ].filter((dueAtMs) => dueAtMs !== null);
  return dues.length === 0 ? null : Math.min(...dues);
}

function isUnfinished({ status }: Payment): boolean {
  return status === 'pending' || status === 'processing';
}

/** The shortest time until a first question; a payment without any account waits a minute. */
function earliestMs(first: FirstQueries): number {
  return Math.min(60_000, ...first.values());
}
