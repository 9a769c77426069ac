/** The timeline of one payment: each input that was accepted, what was told, and how that went. */
import { idToUuid } from '../../core/id.ts';
import type { Operation, Via } from '../../core/outcome.ts';
import type { EventType } from '../../core/effect.ts';
import type { PaymentKey } from '../store.ts';
import { usualCreation } from './creation.ts';
import type { EventRow } from './events.ts';
import { deliveriesOf, EVENTS_OF_PAYMENT, toStoredEvent } from './events.ts';
import type { Pool } from './pool.ts';

export type TimelineEntry =
  | {
      readonly type: 'input';
      readonly atMs: number;
      readonly version: number;
      readonly input: string;
      readonly attempt: number | null;
      readonly outcome: string | null;
      readonly via: Via | null;
      readonly operation: Operation | null;
      /** The words that prove it, as they came. */
      readonly raw: string | null;
      readonly changes: readonly string[];
    }
  | {
      readonly type: 'event';
      readonly atMs: number;
      readonly version: number;
      readonly eventId: string;
      readonly event: EventType;
      readonly subjectKey: string | null;
    }
  | {
      readonly type: 'delivery';
      readonly atMs: number;
      readonly eventId: string;
      /** Null: the payment's own `notice_url`. */
      readonly endpointId: string | null;
      readonly durationMs: number;
      readonly responseStatus: number;
      readonly error: string | null;
    };

export type InputEntry = Extract<TimelineEntry, { type: 'input' }>;

const HISTORY = `
  SELECT at_ms AS "atMs", version, input, attempt, outcome, via,
    coalesce(operation, CASE WHEN via IN ('query', 'notification') THEN via END) AS operation, raw,
    string_to_array(changes, chr(10)) AS changes
  FROM history WHERE merchant_number = $1 AND payment_id = $2 ORDER BY version`;

const CREATION = `
  SELECT p.created_at_ms AS "atMs", o.channel FROM payment p
  JOIN channel_order o ON o.merchant_number = p.merchant_number AND o.payment_id = p.id AND o.attempt = 1
  WHERE p.merchant_number = $1 AND p.id = $2`;

/** Each input that was accepted, in order; empty when there is no such payment. */
export async function historyOf(pool: Pool, key: PaymentKey): Promise<InputEntry[]> {
  const values = [key.merchantNumber, idToUuid(key.paymentId)];
  const [{ rows }, created] = await Promise.all([
    pool.query<Omit<InputEntry, 'type'>>({ name: 'history', text: HISTORY, values }),
    pool.query<{ atMs: number; channel: string }>({ name: 'creation', text: CREATION, values }),
  ]);
  const stored = rows.map((row): InputEntry => ({ type: 'input', ...row }));
  const [creation] = created.rows;
  if (stored[0]?.version === 1 || !creation) return stored;
  const { atMs, channel } = creation;
  const usual = usualCreation(key.paymentId, channel);
  return [{ type: 'input', atMs, ...usual, via: null, operation: null, raw: null }, ...stored];
}

/** Everything that happened to a payment, in order; empty when there is no such payment. */
export async function timelineOf(
  pool: Pool,
  key: PaymentKey,
  channelPool = pool,
): Promise<TimelineEntry[]> {
  const values = [key.merchantNumber, idToUuid(key.paymentId)];
  const [inputs, inChannelBook, eventRows] = await Promise.all([
    historyOf(pool, key),
    channelPool === pool ? [] : historyOf(channelPool, key),
    pool.query<EventRow>({ name: 'events_of_payment', text: EVENTS_OF_PAYMENT, values }),
  ]);
  const events = eventRows.rows.map(toStoredEvent);
  const eventIds = events.map((one) => one.eventId);
  const deliveries = await deliveriesOf(pool, key.merchantNumber, eventIds, null);
  const entries: TimelineEntry[] = [
    ...inputs,
    ...events.map(({ atMs, version, eventId, event, subjectKey }) => ({
      type: 'event' as const,
      atMs,
      version,
      eventId,
      event,
      subjectKey,
    })),
    ...deliveries.flatMap(({ eventId, endpointId, tries }) =>
      tries.map((one) => ({ type: 'delivery' as const, eventId, endpointId, ...one })),
    ),
  ];
  // Two books count their versions each for itself: between them only time tells the order.
  return inChannelBook.length === 0 ? inOrder(entries) : byTime(inChannelBook, inOrder(entries));
}

function byTime(
  inChannelBook: readonly TimelineEntry[],
  rest: readonly TimelineEntry[],
): TimelineEntry[] {
  const merged: TimelineEntry[] = [];
  const waiting = [...inChannelBook];
  for (const one of rest) {
    while (waiting[0] && waiting[0].atMs < one.atMs) merged.push(...waiting.splice(0, 1));
    merged.push(one);
  }
  return [...merged, ...waiting];
}

/**
 * Versions are the order of what was decided, whatever the clocks of two processes said; deliveries
 * have only their time, and stand behind everything decided by then.
 */
function inOrder(entries: readonly TimelineEntry[]): TimelineEntry[] {
  const decided = entries
    .filter((one) => one.type !== 'delivery')
    .sort((a, b) => a.version - b.version || (a.type === 'input' ? -1 : 1));
  const delivered = entries
    .filter((one) => one.type === 'delivery')
    .sort((a, b) => a.atMs - b.atMs);
  const merged: TimelineEntry[] = [];
  for (const one of decided) {
    while (delivered[0] && delivered[0].atMs < one.atMs) merged.push(...delivered.splice(0, 1));
    merged.push(one);
  }
  return [...merged, ...delivered];
}
