/** Writing a batch of decided changes: one statement, one commit, each payment under its own guard. */
import { uuidToId } from '../../core/id.ts';
import type { AggregateChange, NoticeLease, WriteResult } from '../store.ts';
import { inLockOrder } from '../store.ts';
import type { EndpointRow } from './leased-notices.ts';
import { noticesOf } from './leased-notices.ts';
import type { Pool } from './pool.ts';
import type { SectionName } from './sections.ts';
import { SECTIONS, sentRows } from './sections.ts';
import { columnArrays } from './array-literal.ts';
import type { BookPart } from './change-rows.ts';
import { collectRows } from './change-rows.ts';

/** See `Store.write`. */
export async function write(
  pool: Pool,
  changes: readonly AggregateChange[],
  lease: NoticeLease | null = null,
): Promise<WriteResult[]> {
  return await writeBook(pool, changes, { book: 'both', hopMs: 0 }, lease);
}

/** The same for one book in a database of its own. Runs on a pool, or inside a transaction of a client. */
export async function writeBook(
  pool: Pick<Pool, 'query'>,
  changes: readonly AggregateChange[],
  part: BookPart,
  lease: NoticeLease | null = null,
): Promise<WriteResult[]> {
  // A statement can change a payment once: of several changes the first one stands.
  const first = new Map(changes.toReversed().map((one) => [one.after.payment.id, one]));
  // Rows are locked in one order by everybody, or two batches would wait for each other.
  const sorted = [...first.values()].toSorted(inLockOrder);
  const sections = collectRows(sorted, part, lease?.leaseMs ?? 0);
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

const SECTION_NAMES = Object.keys(SECTIONS).filter((name): name is SectionName => name in SECTIONS);
const statements = new Map<string, { name: string; text: string }>();

const ROOTS: ReadonlySet<SectionName> = new Set([
  'payment_insert',
  'payment_update',
  'book_insert',
  'book_update',
] as const);

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
    const isRoot = ROOTS.has(name);
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
