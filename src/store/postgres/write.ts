/** Writing a batch of decided changes: one statement, one commit, each payment under its own guard. */
import type { Aggregate } from '../../core/aggregate.ts';
import { idToUuid, uuidToId } from '../../core/id.ts';
import type { Posting } from '../../core/journal.ts';
import type { Payment } from '../../core/payment.ts';
import type { AggregateChange, NoticeLease, Step, WriteResult } from '../store.ts';
import type { EndpointRow } from './leased-notices.ts';
import { noticesOf } from './leased-notices.ts';
import type { Pool } from './pool.ts';
import { isUsualCreation } from './creation.ts';
import { channelRefundRow, refundRow } from './refund-rows.ts';
import { caseRow, orderRow, paymentRow } from './rows.ts';
import type { SectionName } from './sections.ts';
import { SECTIONS, sentRows } from './sections.ts';
import { withShortNames } from './short-names.ts';
import type { Row } from './array-literal.ts';
import { columnArrays } from './array-literal.ts';

type Sections = Record<SectionName, Row[]>;

/** See `Store.write`. */
export async function write(
  pool: Pool,
  changes: readonly AggregateChange[],
  lease: NoticeLease | null = null,
): Promise<WriteResult[]> {
  // A statement can change a payment once: of several changes the first one stands.
  const first = new Map(changes.toReversed().map((one) => [one.after.payment.id, one]));
  // Rows are locked in one order by everybody, or two batches would wait for each other.
  const sorted = [...first.values()].toSorted(inLockOrder);
  const sections = collect(sorted, lease?.leaseMs ?? 0);
  const present = SECTION_NAMES.filter((name) => sections[name].length > 0);
  const { rows } = await pool.query<WrittenRow>({
    ...statementFor(present, lease !== null && sections.notice.length > 0),
    values: present.flatMap((name) => columnArrays(SECTIONS[name].columns, sections[name])),
  });
  const written = new Set(rows.flatMap((row) => (row.id === null ? [] : uuidToId('pay', row.id))));
  if (lease) {
    const passed = sorted.filter((change) => written.has(change.after.payment.id));
    const endpointsByEvent = Map.groupBy(rows, (row) => row.event_id);
    lease.take(passed.flatMap((change) => noticesOf(change, endpointsByEvent)));
  }
  return changes.map((change) => {
    const { id } = change.after.payment;
    return written.has(id) && first.get(id) === change ? 'written' : 'stale';
  });
}

/** The order of the keys of all tables: by merchant, then by payment. */
function inLockOrder({ after: a }: AggregateChange, { after: b }: AggregateChange): number {
  if (a.payment.merchantNumber !== b.payment.merchantNumber) {
    return a.payment.merchantNumber - b.payment.merchantNumber;
  }
  return a.payment.id < b.payment.id ? -1 : 1;
}

const SECTION_NAMES = Object.keys(SECTIONS).filter((name): name is SectionName => name in SECTIONS);
const statements = new Map<string, { name: string; text: string }>();

/** A payment that passed its guard; or, with a lease, an endpoint that one of its events goes to. */
type WrittenRow = { readonly id: string | null } & EndpointRow;

const PASSED_PAYMENTS = `SELECT id FROM ok`;
const PASSED_PAYMENTS_AND_ENDPOINTS = `
  SELECT id, NULL::uuid AS event_id, NULL::uuid AS endpoint_id, NULL AS url, NULL AS secret,
    NULL AS old_secret, NULL::bigint AS old_secret_until_ms FROM ok
  UNION ALL
  SELECT NULL, n.event_id, n.endpoint_id, w.url, w.secret, w.old_secret, w.old_secret_until_ms
  FROM notice n JOIN webhook_endpoint w ON w.merchant_number = n.merchant_number AND w.id = n.endpoint_id`;

/** The prepared statement for one shape of batch; there are few shapes, and each is planned once. */
function statementFor(
  present: readonly SectionName[],
  withEndpoints: boolean,
): { name: string; text: string } {
  const key = `${present.join(' ')}${withEndpoints ? ' with endpoints' : ''}`;
  const known = statements.get(key);
  if (known) return known;
  const parts: string[] = [];
  const roots: string[] = [];
  let parameter = 1;
  for (const name of present) {
    const { columns, sql } = SECTIONS[name];
    const isRoot = name === 'payment_insert' || name === 'payment_update';
    if (isRoot) roots.push(`SELECT id FROM ${name}`);
    parts.push(`${name} AS (${sql(sentRows(columns, parameter))})`);
    parameter += Object.keys(columns).length;
  }
  // The roots come first in the list of sections; `ok` stands right behind them.
  const ok = `ok AS (${roots.join(' UNION ALL ')})`;
  const text = `WITH ${parts.toSpliced(roots.length, 0, ok).join(',\n')}
    ${withEndpoints ? PASSED_PAYMENTS_AND_ENDPOINTS : PASSED_PAYMENTS}`;
  const statement = { name: `write_${statements.size}`, text };
  statements.set(key, statement);
  return statement;
}

/** `leaseMs`: how long after its event a notice falls due. */
function collect(changes: readonly AggregateChange[], leaseMs: number): Sections {
  const sections: Sections = {
    payment_insert: [],
    payment_update: [],
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
    event: [],
    notice_direct: [],
    notice: [],
  };
  for (const change of changes) {
    collectState(change, sections);
    for (const step of change.steps) collectStep(change.after, step, leaseMs, sections);
    collectJobs(change, sections);
  }
  return sections;
}

function collectState({ before, after }: AggregateChange, sections: Sections): void {
  const { payment } = after;
  if (before === null) sections.payment_insert.push(paymentRow(payment));
  else
    sections.payment_update.push({ ...paymentRow(payment), old_version: before.payment.version });
  for (const order of after.orders) {
    const old = before?.orders.find((one) => one.attempt === order.attempt);
    if (old === order) continue;
    sections[old ? 'order_update' : 'order_insert'].push(orderRow(payment, order));
    for (const refund of order.refunds) {
      if (old?.refunds.includes(refund)) continue;
      sections.channel_refund.push(channelRefundRow(payment, order, refund));
    }
  }
  for (const refund of payment.refunds) {
    if (before?.payment.refunds.includes(refund)) continue;
    sections.refund.push(refundRow(payment, refund));
  }
  for (const one of after.cases) {
    const old = before?.cases.find((other) => other.id === one.id);
    if (old === one) continue;
    sections.case_upsert.push(caseRow(payment, one));
    const wasOpen = old !== undefined && old.resolvedAtMs === null;
    const isOpen = one.resolvedAtMs === null;
    const key = { ...keyOf(payment), kind: one.kind, subject: one.subject };
    if (isOpen && !wasOpen) sections.case_open.push({ ...key, case_id: idToUuid(one.id) });
    if (!isOpen && wasOpen) sections.case_close.push(key);
  }
}

function collectStep(after: Aggregate, step: Step, leaseMs: number, sections: Sections): void {
  const { payment } = after;
  const key = keyOf(payment);
  for (const posting of step.postings) sections.journal.push(journalRow(payment, step, posting));
  if (!isUsualCreation(after, step)) sections.history.push({ ...key, ...historyRow(step) });
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
function collectJobs({ after, steps }: AggregateChange, sections: Sections): void {
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
  for (const [attempt, ask] of [...asks].toSorted(([a], [b]) => a - b)) {
    sections[ask ? 'ask' : 'ask_done'].push({ ...keyOf(payment), attempt, ...ask });
  }
  if (expireAtMs !== null) sections.expire.push({ ...keyOf(payment), due_at_ms: expireAtMs });
  collectRefundJobs({ after, steps }, sections);
}

function collectRefundJobs(
  { after, steps }: Pick<AggregateChange, 'after' | 'steps'>,
  sections: Sections,
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

function historyRow({ version, atMs, history }: Step): Row {
  const { input, attempt, outcome, evidence, changes } = history;
  return {
    version,
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

function journalRow(payment: Payment, step: Step, posting: Posting): Row {
  const { charge, about } = posting;
  return {
    ...keyOf(payment),
    book: posting.book,
    entry: posting.entry,
    version: step.version,
    amount_minor: posting.amountMinor,
    currency: posting.currency,
    debit: posting.debit,
    credit: posting.credit,
    booked_at_ms: step.atMs,
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
