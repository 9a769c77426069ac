/**
 * The parts of the one writing statement. Each section takes its rows as one array per column, and is
 * left out when it has none; a handful of shapes cover what really happens. (Rows as jsonb were tried:
 * PostgreSQL then spends more on reading JSON than on everything else together.)
 *
 * The root is the payment: inserted, or updated under the guard of its version. `ok` holds the
 * payments that passed, and every other section writes only for those. `(… IN (…)) IS TRUE` keeps
 * that test a hashed look-up, which the planner would otherwise turn into a join.
 */
export type SectionName =
  | 'payment_insert'
  | 'payment_update'
  | 'book_insert'
  | 'book_update'
  | 'book_touch'
  | 'order_insert'
  | 'order_update'
  | 'journal'
  | 'history'
  | 'case_upsert'
  | 'case_open'
  | 'case_close'
  | 'ask'
  | 'ask_done'
  | 'expire'
  | 'refund'
  | 'channel_refund'
  | 'refund_job'
  | 'refund_job_done'
  | 'outbox'
  | 'inbox'
  | 'event'
  | 'notice_direct'
  | 'notice';

const PAYMENT_COLUMNS = {
  merchant_number: 'integer',
  id: 'uuid',
  merchant_order_no: 'text',
  amount_minor: 'bigint',
  currency: 'text',
  subject: 'text',
  return_url: 'text',
  notice_url: 'text',
  metadata: 'jsonb',
  created_at_ms: 'bigint',
  status: 'text',
  expires_at_ms: 'bigint',
  version: 'integer',
  tries: 'json',
  winner_attempt: 'smallint',
  winner_transaction_no: 'text',
  winner_amount_minor: 'bigint',
  winner_paid_at_ms: 'bigint',
  winner_via: 'text',
  closing: 'text',
  close_reason: 'text',
  surplus_received_minor: 'bigint',
  surplus_held_minor: 'bigint',
  late_payment: 'text',
  refund_count: 'smallint',
  refund_reserved_minor: 'bigint',
  foreign_returned_minor: 'bigint',
  surplus_taken_back_minor: 'bigint',
  reversed_at_ms: 'bigint',
};
const PAYMENT_CHANGING = Object.keys(PAYMENT_COLUMNS)
  .slice(10)
  .filter((name) => name !== 'late_payment');

const ORDER_COLUMNS = {
  merchant_number: 'integer',
  payment_id: 'uuid',
  attempt: 'smallint',
  channel: 'text',
  account: 'text',
  product: 'text',
  amount_minor: 'bigint',
  currency: 'text',
  valid_until_ms: 'bigint',
  created_at_ms: 'bigint',
  status: 'text',
  close_step: 'text',
  query_count: 'integer',
  awaits_statement: 'boolean',
  notified_at_ms: 'bigint',
  confirmed_by: 'text',
  death_evidence: 'text',
  failure: 'jsonb',
  next_action: 'jsonb',
};
const ORDER_CHANGING = Object.keys(ORDER_COLUMNS).slice(10);

const CASE_COLUMNS = {
  merchant_number: 'integer',
  payment_id: 'uuid',
  id: 'uuid',
  kind: 'text',
  subject: 'text',
  attempt: 'smallint',
  opened_at_ms: 'bigint',
  owner: 'text',
  next_action: 'text',
  deadline_at_ms: 'bigint',
  money_at_risk_minor: 'bigint',
  resolved_at_ms: 'bigint',
  resolution: 'text',
};

const KEY = { merchant_number: 'integer', payment_id: 'uuid' };
const ASK_COLUMNS = {
  ...KEY,
  attempt: 'smallint',
  channel: 'text',
  account: 'text',
  operation: 'text',
  due_at_ms: 'bigint',
};
const NOTICE_COLUMNS = { ...KEY, event_id: 'uuid', due_at_ms: 'bigint' };
const OPEN_CASE_COLUMNS = { ...KEY, kind: 'text', subject: 'text', case_id: 'uuid' };
const EXPIRE_COLUMNS = { ...KEY, due_at_ms: 'bigint' };
const REFUND_COLUMNS = {
  ...KEY,
  key: 'text',
  id: 'uuid',
  merchant_refund_no: 'text',
  attempt: 'smallint',
  transaction_no: 'text',
  amount_minor: 'bigint',
  currency: 'text',
  reason: 'text',
  note: 'text',
  created_at_ms: 'bigint',
  status: 'text',
  failure: 'jsonb',
  returned_at_ms: 'bigint',
};
const CHANNEL_REFUND_COLUMNS = {
  ...KEY,
  attempt: 'smallint',
  number: 'smallint',
  refund_key: 'text',
  round: 'smallint',
  transaction_no: 'text',
  amount_minor: 'bigint',
  currency: 'text',
  is_automatic: 'boolean',
  created_at_ms: 'bigint',
  status: 'text',
  send_at_ms: 'bigint',
  sent_at_ms: 'bigint',
  query_count: 'integer',
  refund_id: 'text',
  refunded_at_ms: 'bigint',
  confirmed_by: 'text',
  is_extra: 'boolean',
  failure: 'jsonb',
};
const REFUND_JOB_COLUMNS = {
  ...KEY,
  attempt: 'smallint',
  number: 'smallint',
  channel: 'text',
  account: 'text',
  operation: 'text',
  due_at_ms: 'bigint',
};
const BOOK_COLUMNS = { ...KEY, version: 'integer', changed_at_ms: 'bigint' };
const OUTBOX_COLUMNS = {
  ...KEY,
  key: 'text',
  version: 'integer',
  position: 'smallint',
  message: 'jsonb',
  due_at_ms: 'bigint',
};
const INBOX_COLUMNS = { ...KEY, key: 'text', taken_at_ms: 'bigint' };
const EVENT_COLUMNS = {
  merchant_number: 'integer',
  id: 'uuid',
  payment_id: 'uuid',
  type: 'text',
  version: 'integer',
  at_ms: 'bigint',
  subject_key: 'text',
  snapshot: 'json',
};
const JOURNAL_COLUMNS = {
  ...KEY,
  book: 'text',
  entry: 'text',
  version: 'integer',
  amount_minor: 'bigint',
  currency: 'text',
  debit: 'text',
  credit: 'text',
  booked_at_ms: 'bigint',
  attempt: 'smallint',
  transaction_no: 'text',
  paid_at_ms: 'bigint',
  via: 'text',
  held: 'boolean',
};
const HISTORY_COLUMNS = {
  ...KEY,
  version: 'integer',
  at_ms: 'bigint',
  input: 'text',
  attempt: 'smallint',
  outcome: 'text',
  via: 'text',
  operation: 'text',
  raw: 'text',
  changes: 'text',
};
/** Only payments that passed their guard; kept a hashed look-up. */
const PASSED = '(u.payment_id IN (SELECT id FROM ok)) IS TRUE';

/** Stands for "no endpoint of the merchant": the notice goes to the payment's own notice_url. */
export const DIRECT_ENDPOINT = '00000000-0000-0000-0000-000000000000';

type Columns = Readonly<Record<string, string>>;
export type Section = {
  /** What is sent, by name and SQL type; nested values travel as JSON. */
  readonly columns: Columns;
  /** The section's SQL over `u`, the rows that were sent. */
  readonly sql: (u: string) => string;
};

/** Every section by name. */
export const SECTIONS: Readonly<Record<SectionName, Section>> = {
  payment_insert: {
    columns: PAYMENT_COLUMNS,
    sql: (u) => `
      INSERT INTO payment (${names(PAYMENT_COLUMNS)})
      SELECT ${names(PAYMENT_COLUMNS)} FROM ${u}
      ORDER BY u.merchant_number, u.merchant_order_no
      ON CONFLICT DO NOTHING RETURNING id`,
  },
  payment_update: {
    columns: {
      merchant_number: 'integer',
      id: 'uuid',
      old_version: 'integer',
      ...pick(PAYMENT_COLUMNS, PAYMENT_CHANGING),
    },
    sql: (u) => `
      UPDATE payment t SET ${assign(PAYMENT_CHANGING)} FROM ${u}
      WHERE t.merchant_number = u.merchant_number AND t.id = u.id AND t.version = u.old_version
      RETURNING t.id`,
  },
  // The channel book's root, where it lies in a database of its own.
  book_insert: {
    columns: BOOK_COLUMNS,
    sql: (u) => `
      INSERT INTO book_change (${names(BOOK_COLUMNS)})
      SELECT ${names(BOOK_COLUMNS)} FROM ${u} ORDER BY u.merchant_number, u.payment_id
      ON CONFLICT DO NOTHING RETURNING payment_id AS id`,
  },
  book_update: {
    columns: { ...BOOK_COLUMNS, old_version: 'integer' },
    sql: (u) => `
      UPDATE book_change t SET version = u.version, changed_at_ms = u.changed_at_ms FROM ${u}
      WHERE t.merchant_number = u.merchant_number AND t.payment_id = u.payment_id
        AND t.version = u.old_version
      RETURNING t.payment_id AS id`,
  },
  // The payment book's own root is the payment; here it only says when it changed.
  book_touch: inserting(
    'book_change',
    { ...BOOK_COLUMNS, seen_channel_version: 'integer' },
    `ON CONFLICT (merchant_number, payment_id) DO UPDATE SET
      version = excluded.version, changed_at_ms = excluded.changed_at_ms,
      seen_channel_version = excluded.seen_channel_version`,
  ),
  order_insert: inserting('channel_order', ORDER_COLUMNS),
  order_update: {
    columns: { ...KEY, attempt: 'smallint', ...pick(ORDER_COLUMNS, ORDER_CHANGING) },
    sql: (u) => `
      UPDATE channel_order t SET ${assign(ORDER_CHANGING)} FROM ${u}
      WHERE t.merchant_number = u.merchant_number AND t.payment_id = u.payment_id
        AND t.attempt = u.attempt AND ${PASSED}`,
  },
  journal: inserting('journal', JOURNAL_COLUMNS),
  history: inserting('history', HISTORY_COLUMNS),
  case_upsert: inserting(
    'exception_case',
    CASE_COLUMNS,
    `ON CONFLICT (merchant_number, payment_id, id) DO UPDATE SET
      owner = excluded.owner, next_action = excluded.next_action,
      resolved_at_ms = excluded.resolved_at_ms, resolution = excluded.resolution`,
  ),
  case_open: inserting('open_case', OPEN_CASE_COLUMNS),
  case_close: deleting('open_case', { ...KEY, kind: 'text', subject: 'text' }),
  // Planning anew ends every lease, so that a worker still holding the former row cannot touch it.
  ask: inserting(
    'dropped_order',
    ASK_COLUMNS,
    `ON CONFLICT (merchant_number, payment_id, attempt) DO UPDATE SET
      operation = excluded.operation, due_at_ms = excluded.due_at_ms, lease = 0`,
  ),
  ask_done: deleting('dropped_order', { ...KEY, attempt: 'smallint' }),
  expire: inserting(
    'payment_expiry',
    EXPIRE_COLUMNS,
    `ON CONFLICT (merchant_number, payment_id) DO UPDATE SET
      due_at_ms = excluded.due_at_ms, lease = 0`,
  ),
  refund: inserting(
    'refund',
    REFUND_COLUMNS,
    `ON CONFLICT (merchant_number, payment_id, key) DO UPDATE SET
      status = excluded.status, failure = excluded.failure, returned_at_ms = excluded.returned_at_ms`,
  ),
  channel_refund: inserting(
    'channel_refund',
    CHANNEL_REFUND_COLUMNS,
    `ON CONFLICT (merchant_number, payment_id, attempt, number) DO UPDATE SET
      status = excluded.status, send_at_ms = excluded.send_at_ms, sent_at_ms = excluded.sent_at_ms,
      query_count = excluded.query_count, refund_id = excluded.refund_id,
      refunded_at_ms = excluded.refunded_at_ms, confirmed_by = excluded.confirmed_by,
      is_extra = excluded.is_extra, failure = excluded.failure`,
  ),
  refund_job: inserting(
    'refund_job',
    REFUND_JOB_COLUMNS,
    `ON CONFLICT (merchant_number, payment_id, attempt, number) DO UPDATE SET
      operation = excluded.operation, due_at_ms = excluded.due_at_ms, lease = 0`,
  ),
  refund_job_done: deleting('refund_job', { ...KEY, attempt: 'smallint', number: 'smallint' }),
  outbox: inserting(
    'outbox',
    OUTBOX_COLUMNS,
    `ON CONFLICT (merchant_number, payment_id, key) DO NOTHING`,
  ),
  inbox: inserting('inbox', INBOX_COLUMNS, 'ON CONFLICT DO NOTHING'),
  event: inserting('event', EVENT_COLUMNS),
  notice_direct: {
    columns: NOTICE_COLUMNS,
    sql: (u) => `
      INSERT INTO notice (merchant_number, event_id, endpoint_id, due_at_ms)
      SELECT u.merchant_number, u.event_id, '${DIRECT_ENDPOINT}', u.due_at_ms
      FROM ${u} WHERE ${PASSED}`,
  },
  notice: {
    columns: NOTICE_COLUMNS,
    sql: (u) => `
      INSERT INTO notice (merchant_number, event_id, endpoint_id, due_at_ms)
      SELECT u.merchant_number, u.event_id, w.id, u.due_at_ms
      FROM ${u}
      CROSS JOIN LATERAL (
        SELECT w.id FROM webhook_endpoint w
        WHERE w.merchant_number = u.merchant_number AND w.disabled_at_ms IS NULL OFFSET 0
      ) w
      WHERE ${PASSED} RETURNING merchant_number, event_id, endpoint_id`,
  },
};

/** The rows that were sent, as a table `u`; the first column's array is parameter number `first`. */
export function sentRows(columns: Columns, first: number): string {
  const arrays = Object.values(columns).map((type, at) => `$${first + at}::${type}[]`);
  return `unnest(${arrays.join(', ')}) AS u (${names(columns)})`;
}

function inserting(table: string, columns: Columns, onConflict = ''): Section {
  return {
    columns,
    sql: (u) => `
      INSERT INTO ${table} (${names(columns)})
      SELECT ${names(columns)} FROM ${u} WHERE ${PASSED} ${onConflict}`,
  };
}

function deleting(table: string, columns: Columns): Section {
  const same = Object.keys(columns).map((name) => `t.${name} = u.${name}`);
  return {
    columns,
    sql: (u) => `DELETE FROM ${table} t USING ${u} WHERE ${same.join(' AND ')} AND ${PASSED}`,
  };
}

function names(columns: Columns): string {
  return Object.keys(columns).join(', ');
}

function assign(columns: readonly string[]): string {
  return columns.map((name) => `${name} = u.${name}`).join(', ');
}

function pick(columns: Columns, wanted: readonly string[]): Columns {
  return Object.fromEntries(Object.entries(columns).filter(([name]) => wanted.includes(name)));
}
