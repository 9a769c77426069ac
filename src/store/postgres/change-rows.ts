/** What a batch of changes writes, section by section: everything, or one book's half of it. */
import type { Aggregate } from '../../core/aggregate.ts';
import { bookOf } from '../../core/exceptions/kind.ts';
import { idToUuid } from '../../core/id.ts';
import type { Posting } from '../../core/journal.ts';
import { senderOf } from '../../core/message.ts';
import type { Payment } from '../../core/payment.ts';
import type { AggregateChange, Step } from '../store.ts';
import type { Row } from './array-literal.ts';
import { isUsualCreation } from './creation.ts';
import { channelRefundRow, refundRow } from './refund-rows.ts';
import { caseRow, orderRow, paymentRow } from './rows.ts';
import type { SectionName } from './sections.ts';
import { withShortNames } from './short-names.ts';

/** What of a change is written: with one database all of it, else one book's half. */
export type BookPart = {
  readonly book: 'both' | 'payment' | 'channel';
  /** How long a message may be on its way before the relay brings it. */
  readonly hopMs: number;
};

type SectionRows = Record<SectionName, Row[]>;

/** `leaseMs`: how long after its event a notice falls due. */
export function collectRows(
  changes: readonly AggregateChange[],
  part: BookPart,
  leaseMs: number,
): SectionRows {
  const sections: SectionRows = {
    payment_insert: [],
    payment_update: [],
    book_insert: [],
    book_update: [],
    book_touch: [],
    order_insert: [],
    order_update: [],
    journal: [],
    history: [],
    case_upsert: [],
    case_open: [],
    case_close: [],
    ask: [],
    ask_done: [],
    expire: [],
    refund: [],
    channel_refund: [],
    refund_job: [],
    refund_job_done: [],
    outbox: [],
    inbox: [],
    event: [],
    notice_direct: [],
    notice: [],
  };
  for (const change of changes) {
    const parts = partsOf(part);
    collectRoot(change, part, sections);
    if (parts.payment) collectPayment(change, sections);
    if (parts.channel) collectOrders(change, sections);
    collectCases(change, part, sections);
    for (const step of change.steps) collectStep(change.after, step, part, leaseMs, sections);
    collectJobs(change, parts, sections);
    collectMessages(change, part, sections);
  }
  return sections;
}

type Parts = { readonly payment: boolean; readonly channel: boolean };

function partsOf({ book }: BookPart): Parts {
  return { payment: book !== 'channel', channel: book !== 'payment' };
}

/** The row that guards the change, and, where the books lie apart, the one that says when it was. */
function collectRoot(
  { before, after, steps }: AggregateChange,
  { book }: BookPart,
  sections: SectionRows,
): void {
  const { payment } = after;
  if (book !== 'channel') {
    if (before === null) sections.payment_insert.push(paymentRow(payment));
    else
      sections.payment_update.push({ ...paymentRow(payment), old_version: before.payment.version });
  }
  if (book === 'both') return;
  const changedAtMs = steps.at(-1)?.atMs ?? 0;
  const root = { ...keyOf(payment), changed_at_ms: changedAtMs };
  const version = after.apart?.channelVersion ?? 0;
  if (book === 'payment') {
    const seen = { seen_channel_version: version };
    sections.book_touch.push({ ...root, version: payment.version, ...seen });
    return;
  }
  const oldVersion = before?.apart?.channelVersion ?? 0;
  if (oldVersion === 0) sections.book_insert.push({ ...root, version });
  else sections.book_update.push({ ...root, version, old_version: oldVersion });
}

function collectOrders({ before, after }: AggregateChange, sections: SectionRows): void {
  const { payment } = after;
  for (const order of after.orders) {
    const old = before?.orders.find((one) => one.attempt === order.attempt);
    if (old === order) continue;
    sections[old ? 'order_update' : 'order_insert'].push(orderRow(payment, order));
    for (const refund of order.refunds) {
      if (old?.refunds.includes(refund)) continue;
      sections.channel_refund.push(channelRefundRow(payment, order, refund));
    }
  }
}

function collectPayment({ before, after }: AggregateChange, sections: SectionRows): void {
  const { payment } = after;
  for (const refund of payment.refunds) {
    if (before?.payment.refunds.includes(refund)) continue;
    sections.refund.push(refundRow(payment, refund));
  }
}

function collectCases(
  { before, after }: AggregateChange,
  { book }: BookPart,
  sections: SectionRows,
): void {
  const { payment } = after;
  for (const one of after.cases) {
    const old = before?.cases.find((other) => other.id === one.id);
    if (old === one || (book !== 'both' && bookOf(one.kind) !== book)) continue;
    sections.case_upsert.push(caseRow(payment, one));
    const wasOpen = old !== undefined && old.resolvedAtMs === null;
    const isOpen = one.resolvedAtMs === null;
    const key = { ...keyOf(payment), kind: one.kind, subject: one.subject };
    if (isOpen && !wasOpen) sections.case_open.push({ ...key, case_id: idToUuid(one.id) });
    if (!isOpen && wasOpen) sections.case_close.push(key);
  }
}

function collectStep(
  after: Aggregate,
  step: Step,
  { book }: BookPart,
  leaseMs: number,
  sections: SectionRows,
): void {
  const { payment } = after;
  const key = keyOf(payment);
  const version = book === 'channel' ? step.channelVersion : step.version;
  for (const posting of step.postings) {
    if (book !== 'both' && posting.book !== book) continue;
    sections.journal.push(journalRow(payment, version, step.atMs, posting));
  }
  // A decision that changed both books has its line in the payment book.
  const home = step.touches.payment ? 'payment' : 'channel';
  const isHere = book === 'both' ? !isUsualCreation(after, step) : book === home;
  if (isHere) sections.history.push({ ...key, ...historyRow(step), version });
  if (book === 'channel') return;
  for (const effect of step.effects) {
    if (effect.type !== 'event') continue;
    const id = idToUuid(effect.id);
    sections.event.push({
      merchant_number: payment.merchantNumber,
      id,
      payment_id: key.payment_id,
      type: effect.event,
      version: step.version,
      at_ms: step.atMs,
      subject_key: effect.subjectKey,
      snapshot: withShortNames(effect.snapshot),
    });
    sections[payment.noticeUrl === null ? 'notice' : 'notice_direct'].push({
      ...key,
      event_id: id,
      due_at_ms: step.atMs + leaseMs,
    });
  }
}

/** At most one job row lives per key: of several plans in one batch only the last one counts. */
function collectJobs({ after, steps }: AggregateChange, parts: Parts, sections: SectionRows): void {
  const { payment } = after;
  const asks = new Map<number, Row | null>();
  let expireAtMs: number | null = null;
  for (const effect of steps.flatMap((step) => step.effects)) {
    if (effect.type === 'ask_done') asks.set(effect.attempt, null);
    if (effect.type === 'expire') expireAtMs = effect.dueAtMs;
    if (effect.type !== 'ask') continue;
    const order = after.orders.find((one) => one.attempt === effect.attempt);
    const place = { channel: order?.channel, account: order?.account };
    asks.set(effect.attempt, { ...place, operation: effect.operation, due_at_ms: effect.dueAtMs });
  }
  if (parts.payment && expireAtMs !== null) {
    sections.expire.push({ ...keyOf(payment), due_at_ms: expireAtMs });
  }
  if (!parts.channel) return;
  for (const [attempt, ask] of [...asks].toSorted(([a], [b]) => a - b)) {
    sections[ask ? 'ask' : 'ask_done'].push({ ...keyOf(payment), attempt, ...ask });
  }
  collectRefundJobs({ after, steps }, sections);
}

/** What goes to the other book, and what came from it, where that lies in another database. */
function collectMessages(
  { after, steps }: AggregateChange,
  { book, hopMs }: BookPart,
  sections: SectionRows,
): void {
  if (book === 'both') return;
  const key = keyOf(after.payment);
  for (const step of steps) {
    const version = book === 'channel' ? step.channelVersion : step.version;
    for (const [position, effect] of step.effects.entries()) {
      if (effect.type === 'received' && effect.book === book) {
        sections.inbox.push({ ...key, key: effect.key, taken_at_ms: step.atMs });
      }
      if (effect.type !== 'message') continue;
      if (senderOf(effect.message) !== book) continue;
      const { message } = effect;
      const place = { key: effect.key, version, position, due_at_ms: step.atMs + hopMs };
      sections.outbox.push({ ...key, ...place, message });
    }
  }
}

function collectRefundJobs(
  { after, steps }: Pick<AggregateChange, 'after' | 'steps'>,
  sections: SectionRows,
): void {
  const jobs = new Map<string, { section: 'refund_job' | 'refund_job_done'; row: Row }>();
  for (const effect of steps.flatMap((step) => step.effects)) {
    if (effect.type !== 'refund_job' && effect.type !== 'refund_job_done') continue;
    const { attempt, number } = effect;
    const key = { ...keyOf(after.payment), attempt, number };
    if (effect.type === 'refund_job_done') {
      jobs.set(`${attempt}:${number}`, { section: 'refund_job_done', row: key });
      continue;
    }
    const order = after.orders.find((one) => one.attempt === attempt);
    const place = { channel: order?.channel, account: order?.account };
    const row = { ...key, ...place, operation: effect.operation, due_at_ms: effect.dueAtMs };
    jobs.set(`${attempt}:${number}`, { section: 'refund_job', row });
  }
  for (const { section, row } of jobs.values()) sections[section].push(row);
}

function historyRow({ atMs, history }: Step): Row {
  const { input, attempt, outcome, evidence, changes } = history;
  return {
    at_ms: atMs,
    input,
    attempt,
    outcome,
    via: evidence?.via ?? null,
    // An operation by the name of its way is read back from it.
    operation: evidence?.operation === evidence?.via ? null : (evidence?.operation ?? null),
    raw: evidence?.raw ?? null,
    changes: changes.join('\n'),
  };
}

function journalRow(payment: Payment, version: number, atMs: number, posting: Posting): Row {
  const { charge, about } = posting;
  return {
    ...keyOf(payment),
    book: posting.book,
    entry: posting.entry,
    version,
    amount_minor: posting.amountMinor,
    currency: posting.currency,
    debit: posting.debit,
    credit: posting.credit,
    booked_at_ms: atMs,
    attempt: charge?.attempt ?? about?.attempt ?? null,
    transaction_no: charge?.fact.transactionNo ?? about?.transactionNo ?? null,
    paid_at_ms: charge?.fact.paidAtMs ?? about?.atMs ?? null,
    via: charge?.fact.via ?? about?.via ?? null,
    held: charge?.fact.held ?? null,
  };
}

function keyOf(payment: Payment): { merchant_number: number; payment_id: string } {
  return { merchant_number: payment.merchantNumber, payment_id: idToUuid(payment.id) };
}
