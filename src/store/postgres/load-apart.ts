/**
 * Reading whole payments whose books lie in two databases: each half by its own statement, side by side.
 * What the halves say need not fit together at every instant; which message is missing shows it.
 */
import type { Aggregate, Apart } from '../../core/aggregate.ts';
import { idToUuid } from '../../core/id.ts';
import type { PaymentKey } from '../store.ts';
import type { Pool } from './pool.ts';
import type { ChannelRefundRow, RefundRow } from './refund-rows.ts';
import type { CaseRow, ChargeRow, OrderRow, PaymentRow } from './rows.ts';
import { toAggregate } from './rows.ts';

/** The two databases. */
export type BookPools = { readonly payment: Pool; readonly channel: Pool };

const KEYS = 'unnest($1::integer[], $2::uuid[]) AS k (merchant_number, id)';

const LOAD_PAYMENTS = `
  SELECT p.*,
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

type PaymentHalf = PaymentRow & {
  refunds: RefundRow[] | null;
  cases: CaseRow[] | null;
  received: string[] | null;
};
type ChannelHalf = {
  merchant_number: number;
  id: string;
  version: number;
  orders: OrderRow[] | null;
  charges: ChargeRow[] | null;
  channel_refunds: ChannelRefundRow[] | null;
  cases: CaseRow[] | null;
  received: string[] | null;
};

/** See `Store.load`. A payment is there when the payment book has it; the channel book may have nothing of it yet. */
export async function loadApart(
  pools: BookPools,
  keys: readonly PaymentKey[],
): Promise<(Aggregate | null)[]> {
  const values = [
    `{${keys.map((key) => key.merchantNumber).join(',')}}`,
    `{${keys.map((key) => idToUuid(key.paymentId)).join(',')}}`,
  ];
  // The channel book first: what it tells may then be known to the payment book, never the reverse.
  const channels = await pools.channel.query<ChannelHalf>({
    name: 'load_channels',
    text: LOAD_CHANNELS,
    values,
  });
  const payments = await pools.payment.query<PaymentHalf>({
    name: 'load_payments',
    text: LOAD_PAYMENTS,
    values,
  });
  const halves = new Map(channels.rows.map((row) => [keyOf(row), row]));
  const byId = new Map(payments.rows.map((row) => [keyOf(row), row]));
  return keys.map(({ merchantNumber, paymentId }) => {
    const name = `${merchantNumber}:${idToUuid(paymentId)}`;
    const payment = byId.get(name);
    return payment ? joined(payment, halves.get(name)) : null;
  });
}

function keyOf(row: { merchant_number: number; id: string }): string {
  return `${row.merchant_number}:${row.id}`;
}

function joined(payment: PaymentHalf, channel: ChannelHalf | undefined): Aggregate {
  const apart: Apart = {
    channelVersion: channel?.version ?? 0,
    receivedByPaymentBook: payment.received ?? [],
    receivedByChannelBook: channel?.received ?? [],
  };
  const cases = [...(payment.cases ?? []), ...(channel?.cases ?? [])].toSorted(
    (a, b) => a.opened_at_ms - b.opened_at_ms || (a.id < b.id ? -1 : 1),
  );
  const row = {
    ...payment,
    orders: channel?.orders ?? null,
    charges: channel?.charges ?? null,
    channel_refunds: channel?.channel_refunds ?? null,
    cases,
  };
  return toAggregate(row, apart);
}
