/**
 * Reading a payment whose books lie in two databases: each half by a statement of its own.
 */
import { idToUuid, uuidToId } from '../../core/id.ts';
import type { ChannelHalf, PaymentHalf } from '../book-databases.ts';
import type { PaymentKey } from '../store.ts';
import type { Pool } from './pool.ts';
import type { AggregateRow, CaseRow, PaymentRow } from './rows.ts';
import { toCase, toOrders, toPayment } from './rows.ts';
import type { RefundRow } from './refund-rows.ts';

const KEYS = 'unnest($1::integer[], $2::uuid[]) AS k (merchant_number, id)';

const LOAD_PAYMENTS = `
  SELECT p.*,
    (SELECT b.seen_channel_version FROM book_change b
      WHERE b.merchant_number = p.merchant_number AND b.payment_id = p.id) AS seen_channel_version,
    CASE WHEN p.refund_count > 0 THEN
      (SELECT json_agg(r ORDER BY r.created_at_ms, r.id) FROM refund r
        WHERE r.merchant_number = p.merchant_number AND r.payment_id = p.id) END AS refunds,
    (SELECT json_agg(c ORDER BY c.opened_at_ms, c.id) FROM exception_case c
      WHERE c.merchant_number = p.merchant_number AND c.payment_id = p.id) AS cases,
    (SELECT json_agg(i.key ORDER BY i.taken_at_ms, i.key) FROM inbox i
      WHERE i.merchant_number = p.merchant_number AND i.payment_id = p.id) AS received
  FROM ${KEYS}
  CROSS JOIN LATERAL (
    SELECT * FROM payment p WHERE p.merchant_number = k.merchant_number AND p.id = k.id OFFSET 0
  ) p`;

const LOAD_CHANNELS = `
  SELECT b.merchant_number, b.payment_id AS id, b.version,
    (SELECT json_agg(o ORDER BY o.attempt) FROM channel_order o
      WHERE o.merchant_number = b.merchant_number AND o.payment_id = b.payment_id) AS orders,
    (SELECT json_agg(j ORDER BY j.version, j.paid_at_ms, j.transaction_no COLLATE "C") FROM journal j
      WHERE j.merchant_number = b.merchant_number AND j.payment_id = b.payment_id
        AND j.book = 'channel' AND j.transaction_no IS NOT NULL) AS charges,
    (SELECT json_agg(r ORDER BY r.attempt, r.number) FROM channel_refund r
      WHERE r.merchant_number = b.merchant_number AND r.payment_id = b.payment_id) AS channel_refunds,
    (SELECT json_agg(c ORDER BY c.opened_at_ms, c.id) FROM exception_case c
      WHERE c.merchant_number = b.merchant_number AND c.payment_id = b.payment_id) AS cases,
    (SELECT json_agg(i.key ORDER BY i.taken_at_ms, i.key) FROM inbox i
      WHERE i.merchant_number = b.merchant_number AND i.payment_id = b.payment_id) AS received
  FROM ${KEYS}
  CROSS JOIN LATERAL (
    SELECT * FROM book_change b
    WHERE b.merchant_number = k.merchant_number AND b.payment_id = k.id OFFSET 0
  ) b`;

type Half = { cases: CaseRow[] | null; received: string[] | null };
type PaymentHalfRow = PaymentRow &
  Half & { refunds: RefundRow[] | null; seen_channel_version: number | null };
type ChannelHalfRow = Half &
  Pick<
    AggregateRow,
    'merchant_number' | 'id' | 'version' | 'orders' | 'charges' | 'channel_refunds'
  >;

/** What the payment book knows, in the order asked; null where it has no such payment. */
export async function loadPaymentHalves(
  pool: Pool,
  keys: readonly PaymentKey[],
): Promise<(PaymentHalf | null)[]> {
  const { rows } = await pool.query<PaymentHalfRow>({
    name: 'load_payments',
    text: LOAD_PAYMENTS,
    values: valuesOf(keys),
  });
  return inOrder(keys, rows).map(
    (row) =>
      row && {
        payment: toPayment(row, row.refunds ?? []),
        seenChannelVersion: row.seen_channel_version ?? 0,
        cases: (row.cases ?? []).map(toCase),
        received: row.received ?? [],
      },
  );
}

/** What the channel book knows, in the order asked; null where it has nothing of a payment yet. */
export async function loadChannelHalves(
  pool: Pool,
  keys: readonly PaymentKey[],
): Promise<(ChannelHalf | null)[]> {
  const { rows } = await pool.query<ChannelHalfRow>({
    name: 'load_channels',
    text: LOAD_CHANNELS,
    values: valuesOf(keys),
  });
  return inOrder(keys, rows).map(
    (row) =>
      row && {
        version: row.version,
        orders: toOrders(row),
        cases: (row.cases ?? []).map(toCase),
        received: row.received ?? [],
      },
  );
}

function valuesOf(keys: readonly PaymentKey[]): string[] {
  return [
    `{${keys.map((key) => key.merchantNumber).join(',')}}`,
    `{${keys.map((key) => idToUuid(key.paymentId)).join(',')}}`,
  ];
}

function inOrder<Row extends { merchant_number: number; id: string }>(
  keys: readonly PaymentKey[],
  rows: readonly Row[],
): (Row | null)[] {
  const byName = new Map(
    rows.map((row) => [`${row.merchant_number}:${uuidToId('pay', row.id)}`, row]),
  );
  return keys.map((key) => byName.get(`${key.merchantNumber}:${key.paymentId}`) ?? null);
}
