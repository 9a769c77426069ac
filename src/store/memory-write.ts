/** Writing changes into a book in memory: its guards and constraints, and what a commit puts into its tables. */
import type { Aggregate } from '../core/aggregate.ts';
import { bookOfEffect } from '../core/apart.ts';
import type { Effect } from '../core/effect.ts';
import { bookOf } from '../core/exceptions/kind.ts';
import type { Book } from '../core/message.ts';
import { reservedMinor } from '../core/refund-sums.ts';
import type { MemoryBook } from './memory-book.ts';
import {
  entryKey,
  messageRowKey,
  noticeKey,
  orderNoKey,
  questionKey,
  refundJobKey,
} from './memory-book.ts';
import type { AggregateChange, DueNotice, Step, WriteResult } from './store.ts';
import { accountName } from './store.ts';

/** A journal entry that exists already: what the primary key of the journal refuses. */
export class DuplicateEntryError extends Error {}

/** How notices are born when their writer sends them itself: what it holds is collected here. */
export type LeasedBirth = { readonly leaseMs: number; readonly leased: DueNotice[] } | null;

/** Each change by its own guard, as the tables stand; of several about one payment the first one stands. */
export function guard(book: MemoryBook, changes: readonly AggregateChange[]): WriteResult[] {
  const taken = new Set<string>();
  return changes.map((change): WriteResult => {
    const { payment } = change.after;
    const names = [payment.id, orderNoKey(payment)];
    if (names.some((name) => taken.has(name)) || !isFresh(book, change)) return 'stale';
    for (const name of names) taken.add(name);
    return 'written';
  });
}

function isFresh(book: MemoryBook, { before, after }: AggregateChange): boolean {
  const { id } = after.payment;
  if (book.part === 'channel') {
    return (book.channels.get(id)?.version ?? 0) === (before?.apart?.channelVersion ?? 0);
  }
  const stored = book.payments.get(id);
  if (before) return stored?.version === before.payment.version;
  return !stored && !book.idByOrderNo.has(orderNoKey(after.payment));
}

/** Throws what the database would: a journal entry twice, a number of another payment, too large a reserve. */
export function checkConstraints(book: MemoryBook, passed: readonly AggregateChange[]): void {
  const entries = passed.flatMap(({ after, steps }) =>
    steps.flatMap((step) =>
      step.postings
        .filter((one) => isHere(book, one.book))
        .map((one) => entryKey(after.payment.id, one)),
    ),
  );
  const twice = entries.find((key, at) => book.entries.has(key) || entries.indexOf(key) !== at);
  if (twice) throw new DuplicateEntryError(`the journal has ${twice} already`);
  if (book.part === 'channel') return;
  for (const { after } of passed) checkRefunds(book, after);
}

function checkRefunds(book: MemoryBook, { payment }: Aggregate): void {
  if (reservedMinor(payment) > (payment.winner?.amountMinor ?? 0)) {
    throw new DuplicateEntryError(`${payment.id} sets aside more than it was paid`);
  }
  for (const { merchantRefundNo } of payment.refunds) {
    const owner = book.idByRefundNo.get(`${payment.merchantNumber}:${merchantRefundNo}`);
    if (merchantRefundNo !== null && owner !== undefined && owner !== payment.id) {
      throw new DuplicateEntryError(`${merchantRefundNo} is a refund of another payment`);
    }
  }
}

/** Puts this book's part of a change into its tables. `hopMs`: when the relay brings what it has to say. */
export function applyChange(
  book: MemoryBook,
  change: AggregateChange,
  hopMs: number,
  birth: LeasedBirth,
): void {
  const { after, steps } = change;
  if (book.part !== 'channel') applyPayment(book, change);
  if (book.part !== 'payment') {
    const version = after.apart?.channelVersion ?? 0;
    book.channels.set(after.payment.id, { version, orders: after.orders });
  }
  const { merchantNumber, id: paymentId } = after.payment;
  const cases = book.part === 'both' ? after.cases : casesOf(after, book.part);
  book.cases.set(paymentId, cases);
  if (book.part !== 'both') {
    const changedAtMs = steps.at(-1)?.atMs ?? 0;
    book.changedAtMs.set(paymentId, { merchantNumber, paymentId, changedAtMs });
    book.received.set(paymentId, receivedBy(after, book.part));
    book.seenChannelVersion.set(paymentId, after.apart?.channelVersion ?? 0);
  }
  for (const step of steps) applyStep(book, after, step, hopMs, birth);
}

function applyPayment(book: MemoryBook, { before, after }: AggregateChange): void {
  const { payment } = after;
  book.payments.set(payment.id, payment);
  book.idByOrderNo.set(orderNoKey(payment), payment.id);
  if (!before) book.young.add(payment.createdAtMs, payment.id);
  for (const { merchantRefundNo } of payment.refunds) {
    if (merchantRefundNo === null) continue;
    book.idByRefundNo.set(`${payment.merchantNumber}:${merchantRefundNo}`, payment.id);
  }
}

function casesOf({ cases }: Aggregate, book: Book): Aggregate['cases'] {
  return cases.filter((one) => bookOf(one.kind) === book);
}

function receivedBy({ apart }: Aggregate, book: Book): readonly string[] {
  return (book === 'payment' ? apart?.receivedByPaymentBook : apart?.receivedByChannelBook) ?? [];
}

function isHere({ part }: MemoryBook, book: Book): boolean {
  return part === 'both' || part === book;
}

function applyStep(
  book: MemoryBook,
  after: Aggregate,
  step: Step,
  hopMs: number,
  birth: LeasedBirth,
): void {
  const { id: paymentId } = after.payment;
  for (const posting of step.postings) {
    if (!isHere(book, posting.book)) continue;
    book.postings.push({ paymentId, posting });
    book.entries.add(entryKey(paymentId, posting));
  }
  // A decision that changed both books has its line in the payment book.
  if (isHere(book, step.touches.payment ? 'payment' : 'channel')) {
    const version = book.part === 'channel' ? step.channelVersion : step.version;
    book.history.push({ paymentId, version, atMs: step.atMs, entry: step.history });
  }
  for (const [position, effect] of step.effects.entries()) {
    if (!isHere(book, bookOfEffect(effect))) continue;
    if (effect.type === 'message') sendMessage(book, after, step, { ...effect, position }, hopMs);
    else takeEffect(book, after, step, effect, birth);
  }
}

function sendMessage(
  book: MemoryBook,
  { payment }: Aggregate,
  { atMs, version, channelVersion }: Step,
  sent: Extract<Effect, { type: 'message' }> & { readonly position: number },
  hopMs: number,
): void {
  // With both books in one place nothing is ever sent.
  if (book.part === 'both') return;
  const { key, message, position } = sent;
  const { merchantNumber, id: paymentId } = payment;
  const place = (book.part === 'channel' ? channelVersion : version) * 1_000 + position;
  const row = { merchantNumber, paymentId, key, message, place };
  if (!book.outbox.has(messageRowKey(row))) {
    book.outbox.plan('', messageRowKey(row), row, atMs + hopMs);
  }
}

function takeEffect(
  book: MemoryBook,
  after: Aggregate,
  step: Step,
  effect: Exclude<Effect, { type: 'message' }>,
  birth: LeasedBirth,
): void {
  const { merchantNumber, id: paymentId } = after.payment;
  const laneOf = (attempt: number): string => {
    const order = after.orders.find((one) => one.attempt === attempt);
    return order ? accountName(order) : '';
  };
  switch (effect.type) {
    case 'submit':
    case 'received':
      return;
    case 'ask': {
      const { attempt, operation, dueAtMs } = effect;
      const row = { merchantNumber, paymentId, attempt, operation };
      book.questions.plan(laneOf(attempt), questionKey(paymentId, attempt), row, dueAtMs);
      return;
    }
    case 'ask_done':
      book.questions.drop(questionKey(paymentId, effect.attempt));
      return;
    case 'refund_job': {
      const { attempt, number, operation, dueAtMs } = effect;
      const row = { merchantNumber, paymentId, attempt, number, operation };
      const key = refundJobKey(paymentId, attempt, number);
      book.refundJobs.plan(laneOf(attempt), key, row, dueAtMs);
      return;
    }
    case 'refund_job_done':
      book.refundJobs.drop(refundJobKey(paymentId, effect.attempt, effect.number));
      return;
    case 'expire':
      book.expiries.plan('', paymentId, { merchantNumber, paymentId }, effect.dueAtMs);
      return;
    case 'event':
      planNotices(book, after, step, effect, birth);
      return;
  }
}

function planNotices(
  book: MemoryBook,
  { payment }: Aggregate,
  { atMs }: Step,
  { id: eventId, event, subjectKey, snapshot }: Extract<Effect, { type: 'event' }>,
  birth: LeasedBirth,
): void {
  const { merchantNumber, id: paymentId, noticeUrl } = payment;
  const targets = noticeUrl === null ? book.endpointsOf(merchantNumber) : [null];
  for (const endpoint of targets) {
    const told = { eventId, event, subjectKey, snapshot, endpoint, atMs, tries: 0 };
    const row = { merchantNumber, paymentId, ...told };
    const key = noticeKey(row);
    if (!birth) book.notices.plan('', key, row, atMs);
    else {
      const lease = book.notices.planLeased('', key, row, atMs + birth.leaseMs);
      birth.leased.push({ ...row, lease });
    }
  }
}
