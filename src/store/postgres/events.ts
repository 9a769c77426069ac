/** What merchants were told: events, and how each notice of them went. Always of one merchant. */
import type { EventType } from '../../core/effect.ts';
import { idToUuid, uuidToId } from '../../core/id.ts';
import type { Snapshot } from '../../core/snapshot.ts';
import type { PaymentKey } from '../store.ts';
import type { Page, Paged } from './keyset.ts';
import { takePage, UUID_MAX } from './keyset.ts';
import type { Pool } from './pool.ts';
import { DIRECT_ENDPOINT } from './sections.ts';
import { withLongNames } from './short-names.ts';

/** An event as it was decided; its object is the payment restored from the snapshot. */
export type StoredEvent = PaymentKey & {
  readonly eventId: string;
  readonly event: EventType;
  readonly atMs: number;
  /** The payment's version that the event tells of. */
  readonly version: number;
  /** `kind:subject` of the case that an exception event is about. */
  readonly subjectKey: string | null;
  readonly snapshot: Snapshot;
};

/** One event on its way to one endpoint (null: the payment's own `notice_url`), with each try of it. */
export type Delivery = PaymentKey & {
  readonly eventId: string;
  readonly event: EventType;
  readonly endpointId: string | null;
  /** The oldest first. A status of 0 means that no HTTP answer came. */
  readonly tries: readonly DeliveryTry[];
  /** When it is tried next; null when it was accepted, or is not tried any more. */
  readonly nextTryAtMs: number | null;
};

export type DeliveryTry = {
  readonly atMs: number;
  readonly durationMs: number;
  readonly responseStatus: number;
  readonly error: string | null;
};

export type EventRow = {
  merchant_number: number;
  id: string;
  payment_id: string;
  type: EventType;
  version: number;
  at_ms: number;
  subject_key: string | null;
  snapshot: Snapshot;
};

export const EVENT_COLUMNS =
  'e.merchant_number, e.id, e.payment_id, e.type, e.version, e.at_ms, e.subject_key, e.snapshot';

/** How much later than its decision an event's id may have been made: far longer than a decision takes. */
const EVENT_ID_WITHIN_MS = 5_000;

/**
 * The events of one payment, without an index of their own: an event's id carries the time of the
 * history row of its version, so each row of the history leads to its events through the primary key.
 */
export const EVENTS_OF_PAYMENT = `
  SELECT ${EVENT_COLUMNS} FROM history h CROSS JOIN LATERAL (
    SELECT * FROM event e
    WHERE e.merchant_number = h.merchant_number
      AND e.id >= (lpad(to_hex(h.at_ms - ${EVENT_ID_WITHIN_MS}), 12, '0') || repeat('0', 20))::uuid
      AND e.id < (lpad(to_hex(h.at_ms + ${EVENT_ID_WITHIN_MS}), 12, '0') || repeat('0', 20))::uuid
      AND e.payment_id = h.payment_id AND e.version = h.version OFFSET 0
  ) e
  WHERE h.merchant_number = $1 AND h.payment_id = $2`;

const LIST = `
  SELECT ${EVENT_COLUMNS} FROM event e
  WHERE e.merchant_number = $1 AND e.id < $2 AND ($3::text IS NULL OR e.type = $3)
  ORDER BY e.id DESC LIMIT $4`;

const LIST_OF_PAYMENT = `
  SELECT * FROM (${EVENTS_OF_PAYMENT}) e
  WHERE e.id < $3 AND ($4::text IS NULL OR e.type = $4)
  ORDER BY e.id DESC LIMIT $5`;

const GET = `SELECT ${EVENT_COLUMNS} FROM event e WHERE e.merchant_number = $1 AND e.id = $2`;

// Both sides by primary key: what was tried, and what still waits.
const DELIVERIES = `
  SELECT e.id AS event_id, e.payment_id, e.type, d.endpoint_id, d.tries, d.due_at_ms
  FROM unnest($2::uuid[]) WITH ORDINALITY AS k (id, position)
  CROSS JOIN LATERAL (
    SELECT e.id, e.payment_id, e.type FROM event e WHERE e.merchant_number = $1 AND e.id = k.id OFFSET 0
  ) e
  CROSS JOIN LATERAL (
    SELECT x.endpoint_id, max(x.due_at_ms) AS due_at_ms,
      json_agg(json_build_array(x.at_ms, x.duration_ms, x.response_status, x.error) ORDER BY x.at_ms)
        FILTER (WHERE x.at_ms IS NOT NULL) AS tries
    FROM (
      SELECT t.endpoint_id, t.at_ms, t.duration_ms, t.response_status, t.error, NULL::bigint AS due_at_ms
      FROM webhook_delivery t WHERE t.merchant_number = $1 AND t.event_id = e.id
      UNION ALL
      SELECT n.endpoint_id, NULL, NULL, NULL, NULL, n.due_at_ms
      FROM notice n WHERE n.merchant_number = $1 AND n.event_id = e.id
    ) x
    WHERE $3::uuid IS NULL OR x.endpoint_id = $3
    GROUP BY x.endpoint_id OFFSET 0
  ) d
  ORDER BY k.position, d.endpoint_id`;

type DeliveryRow = {
  event_id: string;
  payment_id: string;
  type: EventType;
  endpoint_id: string;
  tries: [number, number, number, string | null][] | null;
  due_at_ms: number | null;
};

/** A merchant's events, the newest first; of one type, of one payment, or all. */
export async function listEvents(
  pool: Pool,
  merchantNumber: number,
  wanted: Page & { type: EventType | null; paymentId: string | null },
): Promise<Paged<StoredEvent>> {
  const before = wanted.startingAfter === null ? UUID_MAX : idToUuid(wanted.startingAfter);
  const last = [before, wanted.type, wanted.limit + 1];
  const { rows } = await pool.query<EventRow>(
    wanted.paymentId === null
      ? { name: 'list_events', text: LIST, values: [merchantNumber, ...last] }
      : {
          name: 'list_events_of_payment',
          text: LIST_OF_PAYMENT,
          values: [merchantNumber, idToUuid(wanted.paymentId), ...last],
        },
  );
  return takePage(rows.map(toStoredEvent), wanted.limit);
}

/** One event of this merchant, or null. */
export async function getEvent(
  pool: Pool,
  merchantNumber: number,
  eventId: string,
): Promise<StoredEvent | null> {
  const { rows } = await pool.query<EventRow>({
    name: 'get_event',
    text: GET,
    values: [merchantNumber, idToUuid(eventId)],
  });
  return rows.map(toStoredEvent)[0] ?? null;
}

/** All deliveries of these events, in their order. */
export async function deliveriesOf(
  pool: Pool,
  merchantNumber: number,
  eventIds: readonly string[],
  endpointId: string | null,
): Promise<Delivery[]> {
  const { rows } = await pool.query<DeliveryRow>({
    name: 'deliveries',
    text: DELIVERIES,
    values: [
      merchantNumber,
      eventIds.map(idToUuid),
      endpointId === null ? null : idToUuid(endpointId),
    ],
  });
  return rows.map((row) => toDelivery(row, merchantNumber));
}

/**
 * A merchant's deliveries, the newest event first. A page covers up to `limit` events, each with all
 * its endpoints; `lastEventId` is where the next page starts after, and null when this is the last one.
 */
export async function listDeliveries(
  pool: Pool,
  merchantNumber: number,
  wanted: Page & { eventId: string | null; endpointId: string | null },
): Promise<{ items: Delivery[]; lastEventId: string | null }> {
  const { limit, startingAfter, eventId, endpointId } = wanted;
  if (eventId !== null) {
    return {
      items: await deliveriesOf(pool, merchantNumber, [eventId], endpointId),
      lastEventId: null,
    };
  }
  const page = { limit, startingAfter, type: null, paymentId: null };
  const events = await listEvents(pool, merchantNumber, page);
  const eventIds = events.items.map((one) => one.eventId);
  return {
    items: await deliveriesOf(pool, merchantNumber, eventIds, endpointId),
    lastEventId: events.hasMore ? (eventIds.at(-1) ?? null) : null,
  };
}

/** A row of `EVENT_COLUMNS` in our words. */
export function toStoredEvent(row: EventRow): StoredEvent {
  return {
    merchantNumber: row.merchant_number,
    paymentId: uuidToId('pay', row.payment_id),
    eventId: uuidToId('evt', row.id),
    event: row.type,
    atMs: row.at_ms,
    version: row.version,
    subjectKey: row.subject_key,
    snapshot: withLongNames(row.snapshot),
  };
}

function toDelivery(row: DeliveryRow, merchantNumber: number): Delivery {
  return {
    merchantNumber,
    paymentId: uuidToId('pay', row.payment_id),
    eventId: uuidToId('evt', row.event_id),
    event: row.type,
    endpointId: row.endpoint_id === DIRECT_ENDPOINT ? null : uuidToId('we', row.endpoint_id),
    tries: (row.tries ?? []).map(([atMs, durationMs, responseStatus, error]) => ({
      atMs,
      durationMs,
      responseStatus,
      error,
    })),
    nextTryAtMs: row.due_at_ms,
  };
}
