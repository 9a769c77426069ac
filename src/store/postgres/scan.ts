/** What the scan for internal drops reads of a book, on its primary or on a replica. */
import { idToUuid, uuidToId } from '../../core/id.ts';
import type { ChangedPayment } from '../book-databases.ts';
import type { PaymentKey } from '../store.ts';
import type { Pool } from './pool.ts';

type Book = 'payment' | 'channel';
type KeyRow = { merchant_number: number; payment_id: string };

const WATERMARK = 'SELECT watermark_ms FROM sweep WHERE name = $1';
const MOVE_WATERMARK = `
  INSERT INTO sweep (name, watermark_ms) VALUES ($1, $2)
  ON CONFLICT (name) DO UPDATE SET watermark_ms = greatest(sweep.watermark_ms, excluded.watermark_ms)`;
const CHANGED = `
  SELECT merchant_number, payment_id, changed_at_ms FROM book_change
  WHERE changed_at_ms >= $1 AND changed_at_ms < $2 ORDER BY changed_at_ms LIMIT $3`;
const PAGE = `
  SELECT merchant_number, id AS payment_id FROM payment
  WHERE (merchant_number, id) > ($1, $2) ORDER BY merchant_number, id LIMIT $3`;
const FIRST_UUID = '00000000-0000-0000-0000-000000000000';

/** Up to when changes of a book were looked at. */
export async function scannedToMs(pool: Pool, book: Book): Promise<number> {
  const { rows } = await pool.query<{ watermark_ms: number }>({
    name: 'drops_watermark',
    text: WATERMARK,
    values: [`drops:${book}`],
  });
  return rows[0]?.watermark_ms ?? 0;
}

/** Changes up to `toMs` were looked at; never goes back. */
export async function moveScan(pool: Pool, book: Book, toMs: number): Promise<void> {
  const values = [`drops:${book}`, toMs];
  await pool.query({ name: 'move_drops', text: MOVE_WATERMARK, values });
}

/** See `BookReader.changedBetween`. */
export async function changedBetween(
  reader: Pool,
  fromMs: number,
  toMs: number,
  limit: number,
): Promise<ChangedPayment[]> {
  const { rows } = await reader.query<KeyRow & { changed_at_ms: number }>({
    name: 'changed_between',
    text: CHANGED,
    values: [fromMs, toMs, limit],
  });
  return rows.map((row) => ({ ...keyOf(row), changedAtMs: row.changed_at_ms }));
}

/** Whether a replica has replayed everything that the primary had written by now. */
export async function hasReplayed(primary: Pool, replica: Pool): Promise<boolean> {
  const { rows: written } = await primary.query<{ lsn: string }>(
    'SELECT pg_current_wal_lsn()::text AS lsn',
  );
  const { rows: replayed } = await replica.query<{ is_there: boolean | null }>({
    text: 'SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS is_there',
    values: [written[0]?.lsn ?? '0/0'],
  });
  return replayed[0]?.is_there === true;
}

/** See `PaymentDatabase.page`. */
export async function page(
  pool: Pool,
  after: PaymentKey | null,
  limit: number,
): Promise<PaymentKey[]> {
  const values = [
    after?.merchantNumber ?? 0,
    after ? idToUuid(after.paymentId) : FIRST_UUID,
    limit,
  ];
  const { rows } = await pool.query<KeyRow>({ text: PAGE, values });
  return rows.map(keyOf);
}

function keyOf(row: KeyRow): PaymentKey {
  return { merchantNumber: row.merchant_number, paymentId: uuidToId('pay', row.payment_id) };
}
