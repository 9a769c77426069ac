/**
 * Messages between two databases: the outbox of either book, and the internal-drop table. Rows are
 * claimed under a lease, like every job; taking a message in twice is harmless.
 */
import { idToUuid, uuidToId } from '../../core/id.ts';
import type { Message } from '../../core/message.ts';
import type { KeyedMessage } from '../../core/missing-messages.ts';
import type { MessageName, WaitingMessage } from '../book-databases.ts';
import type { PaymentKey } from '../store.ts';
import { NEW_LEASE } from './dropped-orders.ts';
import type { Pool } from './pool.ts';

type MessageTable = 'outbox' | 'internal_drop';

const claimOf = (table: MessageTable, order: string): string => `
  WITH claimed AS (
    UPDATE ${table} t SET due_at_ms = $2::bigint + $3::bigint, lease = ${NEW_LEASE}
    FROM (
      SELECT merchant_number, payment_id, key FROM ${table} WHERE due_at_ms <= $2
      ORDER BY due_at_ms LIMIT $1 FOR UPDATE SKIP LOCKED
    ) q
    WHERE t.merchant_number = q.merchant_number AND t.payment_id = q.payment_id AND t.key = q.key
    RETURNING t.*
  )
  SELECT merchant_number, payment_id, key, message, lease FROM claimed
  ORDER BY merchant_number, payment_id, ${order}`;

const CLAIM: Readonly<Record<MessageTable, string>> = {
  outbox: claimOf('outbox', 'version, position'),
  internal_drop: claimOf('internal_drop', 'found_at_ms, key'),
};

const dropOf = (table: MessageTable): string => `
  DELETE FROM ${table} t USING unnest($1::integer[], $2::uuid[], $3::text[])
    AS u (merchant_number, payment_id, key)
  WHERE t.merchant_number = u.merchant_number AND t.payment_id = u.payment_id AND t.key = u.key`;

const IN_OUTBOX = `
  SELECT o.merchant_number, o.payment_id, o.key
  FROM unnest($1::integer[], $2::uuid[], $3::text[]) AS u (merchant_number, payment_id, key)
  JOIN outbox o ON o.merchant_number = u.merchant_number AND o.payment_id = u.payment_id
    AND o.key = u.key`;

const ADD_DROPS = `
  INSERT INTO internal_drop (merchant_number, payment_id, key, message, found_at_ms, due_at_ms)
  SELECT u.merchant_number, u.payment_id, u.key, u.message::jsonb, $5, $5
  FROM unnest($1::integer[], $2::uuid[], $3::text[], $4::text[])
    AS u (merchant_number, payment_id, key, message)
  ORDER BY u.merchant_number, u.payment_id, u.key
  ON CONFLICT DO NOTHING RETURNING 1`;

type Row = {
  merchant_number: number;
  payment_id: string;
  key: string;
  message: Message;
  lease: number;
};

/** Takes due messages of a table, those of one payment in their order. */
export async function claimMessages(
  pool: Pool,
  table: MessageTable,
  limit: number,
  nowMs: number,
  leaseMs: number,
): Promise<WaitingMessage[]> {
  const { rows } = await pool.query<Row>({
    name: `claim_${table}`,
    text: CLAIM[table],
    values: [limit, nowMs, leaseMs],
  });
  return rows.map((row) => ({
    merchantNumber: row.merchant_number,
    paymentId: uuidToId('pay', row.payment_id),
    key: row.key,
    message: row.message,
    lease: row.lease,
  }));
}

/** Those of the messages that stand in a book's outbox. */
export async function inOutbox(
  pool: Pool,
  messages: readonly MessageName[],
): Promise<MessageName[]> {
  const { rows } = await pool.query<Pick<Row, 'merchant_number' | 'payment_id' | 'key'>>({
    name: 'in_outbox',
    text: IN_OUTBOX,
    values: namesOf(messages),
  });
  return rows.map((row) => ({
    merchantNumber: row.merchant_number,
    paymentId: uuidToId('pay', row.payment_id),
    key: row.key,
  }));
}

/** The other book has taken these in: whoever still holds them may let go of them too. */
export async function dropMessages(
  pool: Pool,
  table: MessageTable,
  messages: readonly MessageName[],
): Promise<void> {
  if (messages.length === 0) return;
  await pool.query({
    name: `drop_${table}`,
    text: dropOf(table),
    values: namesOf(messages),
  });
}

/** Puts messages into the internal-drop table; answers how many were not there yet. */
export async function addInternalDrops(
  pool: Pool,
  drops: readonly (PaymentKey & KeyedMessage)[],
  nowMs: number,
): Promise<number> {
  if (drops.length === 0) return 0;
  const { rows } = await pool.query({
    name: 'add_internal_drops',
    text: ADD_DROPS,
    values: [...namesOf(drops), drops.map((one) => JSON.stringify(one.message)), nowMs],
  });
  return rows.length;
}

function namesOf(messages: readonly MessageName[]): (number[] | string[])[] {
  return [
    messages.map((one) => one.merchantNumber),
    messages.map((one) => idToUuid(one.paymentId)),
    messages.map((one) => one.key),
  ];
}
