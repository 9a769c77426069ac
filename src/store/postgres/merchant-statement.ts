/** A merchant's own day (商户对账单), from the payment book's journal: what was booked on it, in that order. */
import type { ClientBase } from 'pg';
import { uuidToId } from '../../core/id.ts';
import type { Try } from '../../core/payment.ts';
import type { Pool } from './pool.ts';
import { withLongNames } from './short-names.ts';

export type MerchantEntry = {
  readonly paymentId: string;
  readonly merchantOrderNo: string;
  readonly merchantRefundNo: string | null;
  /** The name of the posting: `winner`, `refund:…`, `returned:…`, `given_up:…`, `surplus:…`, `foreign:…`, `reversed:…`. */
  readonly entry: string;
  readonly debit: string;
  readonly credit: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly bookedAtMs: number;
  readonly attempt: number | null;
  readonly channel: string | null;
  readonly transactionNo: string | null;
  /** The channel's time, where the payment book knows it. */
  readonly atMs: number | null;
};

const PAGE_SIZE = 2_000;

const PAGE = `
  SELECT j.payment_id, j.entry, j.debit, j.credit, j.amount_minor, j.currency, j.booked_at_ms,
    p.merchant_order_no, p.tries, p.winner_attempt, p.winner_transaction_no, p.winner_paid_at_ms,
    r.merchant_refund_no, r.attempt AS refund_attempt, r.transaction_no AS refund_transaction_no, r.returned_at_ms
  FROM journal j
  JOIN payment p ON p.merchant_number = j.merchant_number AND p.id = j.payment_id
  LEFT JOIN refund r ON r.merchant_number = j.merchant_number AND r.payment_id = j.payment_id
    AND r.key = substr(j.entry, strpos(j.entry, ':') + 1)
  WHERE j.merchant_number = $1 AND j.book = 'payment' AND j.booked_at_ms >= $2 AND j.booked_at_ms < $3
    AND (j.booked_at_ms, j.payment_id, j.entry COLLATE "C") > ($4, $5::uuid, $6)
  ORDER BY j.booked_at_ms, j.payment_id, j.entry COLLATE "C" LIMIT ${PAGE_SIZE}`;

const NIL_UUID = '00000000-0000-0000-0000-000000000000';

/**
 * Everything that was booked for the merchant from one time until another, in pages. What is booked never
 * changes, so a day that has ended reads the same for ever. Costs by what all merchants booked meanwhile.
 */
export async function* merchantEntries(
  pool: Pool,
  merchantNumber: number,
  fromMs: number,
  untilMs: number,
): AsyncGenerator<readonly MerchantEntry[], void, void> {
  let after: { readonly atMs: number; readonly uuid: string; readonly entry: string } = {
    atMs: fromMs - 1,
    uuid: NIL_UUID,
    entry: '',
  };
  for (;;) {
    const values = [merchantNumber, fromMs, untilMs, after.atMs, after.uuid, after.entry];
    const rows = await readPage(pool, values);
    if (rows.length > 0) yield rows.map(toEntry);
    const last = rows.at(-1);
    if (!last || rows.length < PAGE_SIZE) return;
    after = { atMs: last.booked_at_ms, uuid: last.payment_id, entry: last.entry };
  }
}

/** The payment path plans by keys alone; a day is found by its rows lying together (BRIN). */
async function readPage(pool: Pool, values: readonly unknown[]): Promise<Row[]> {
  const client = await pool.connect();
  let isBroken = true;
  try {
    const rows = await inBulk(client, values);
    isBroken = false;
    return rows;
  } finally {
    client.release(isBroken);
  }
}

async function inBulk(client: ClientBase, values: readonly unknown[]): Promise<Row[]> {
  await client.query('BEGIN READ ONLY');
  await client.query(
    'SET LOCAL enable_bitmapscan = on; SET LOCAL enable_hashjoin = on; SET LOCAL plan_cache_mode = force_custom_plan',
  );
  const { rows } = await client.query<Row>(PAGE, [...values]);
  await client.query('COMMIT');
  return rows;
}

type Row = {
  payment_id: string;
  entry: string;
  debit: string;
  credit: string;
  amount_minor: number;
  currency: string;
  booked_at_ms: number;
  merchant_order_no: string;
  tries: Try[];
  winner_attempt: number | null;
  winner_transaction_no: string | null;
  winner_paid_at_ms: number | null;
  merchant_refund_no: string | null;
  refund_attempt: number | null;
  refund_transaction_no: string | null;
  returned_at_ms: number | null;
};

function toEntry(row: Row): MerchantEntry {
  const place = placeOf(row);
  const tries = withLongNames(row.tries);
  return {
    paymentId: uuidToId('pay', row.payment_id),
    merchantOrderNo: row.merchant_order_no,
    merchantRefundNo: row.merchant_refund_no,
    entry: row.entry,
    debit: row.debit,
    credit: row.credit,
    amountMinor: row.amount_minor,
    currency: row.currency,
    bookedAtMs: row.booked_at_ms,
    ...place,
    channel: tries.find((one) => one.attempt === place.attempt)?.channel ?? null,
  };
}

/** Which charge a posting is about: the winner, that of a refund, or the one that its own name says. */
function placeOf(row: Row): Pick<MerchantEntry, 'attempt' | 'transactionNo' | 'atMs'> {
  if (row.entry === 'winner') {
    const { winner_attempt: attempt, winner_transaction_no: transactionNo } = row;
    return { attempt, transactionNo, atMs: row.winner_paid_at_ms };
  }
  if (row.refund_attempt !== null) {
    const atMs = row.entry.startsWith('returned:') ? row.returned_at_ms : null;
    return { attempt: row.refund_attempt, transactionNo: row.refund_transaction_no, atMs };
  }
  const [kind, attempt, ...rest] = row.entry.split(':');
  const number = Number(attempt);
  // `foreign:<attempt>:<refund>` names the refund and not the charge.
  const transactionNo = kind === 'foreign' ? null : rest.join(':') || null;
  return { attempt: Number.isInteger(number) ? number : null, transactionNo, atMs: null };
}
