/**
 * Effects: what must happen next. They are committed with the state, and a committed effect *is*
 * its job row. At most one row lives per key.
 */
import type { Evidence, Operation } from './outcome.ts';
import type { Message } from './message.ts';
import type { Snapshot } from './snapshot.ts';

export const EVENT_TYPES = [
  'payment.succeeded',
  'payment.closed',
  'payment.reopened',
  'payment.reversed',
  'payment.surplus_refunded',
  'payment.channel_order_failed',
  'refund.succeeded',
  'refund.failed',
  'refund.requires_action',
  'exception.opened',
  'exception.resolved',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

export type Effect =
  /** Send the order to its channel. Its guard is the committed order itself: found by age and queried. */
  | { readonly type: 'submit'; readonly attempt: number }
  /** One row of the dropped-order table; key: the channel order. A later one replaces an earlier one. */
  | {
      readonly type: 'ask';
      readonly attempt: number;
      readonly operation: 'query' | 'close';
      readonly dueAtMs: number;
    }
  /** Nothing more to ask about this order: its row goes. */
  | { readonly type: 'ask_done'; readonly attempt: number }
  /**
   * One row of the table of refund jobs; key: the channel refund. `send` sends it, `query` asks about it,
   * and `held` is due never: the brake keeps it until a person lets go.
   */
  | {
      readonly type: 'refund_job';
      readonly attempt: number;
      readonly number: number;
      readonly operation: 'send' | 'query' | 'held';
      readonly dueAtMs: number;
    }
  /** To the other book, where that lies in another database: an outbox row, until it is taken in there. */
  | { readonly type: 'message'; readonly key: string; readonly message: Message }
  /** A message of the other book was taken in: an inbox row, so that it counts once. */
  | { readonly type: 'received'; readonly book: 'payment' | 'channel'; readonly key: string }
  /** Nothing to do about this channel refund until somebody decides, or for ever: its row goes. */
  | { readonly type: 'refund_job_done'; readonly attempt: number; readonly number: number }
  /** The payment's validity ends then; key: the payment. */
  | { readonly type: 'expire'; readonly dueAtMs: number }
  /** Tell the merchant; `id` is the event's and the key of its notices. */
  | {
      readonly type: 'event';
      readonly id: string;
      readonly event: EventType;
      readonly subjectKey: string | null;
      readonly snapshot: Snapshot;
    };

/** One line of a payment's history: an input that was accepted, and what it changed. */
export type HistoryEntry = {
  readonly input: string;
  readonly attempt: number | null;
  readonly evidence:
    | (Omit<Evidence, 'operation'> & { readonly operation: Operation | null })
    | null;
  /** The outcome's name, for inputs that carry one. */
  readonly outcome: string | null;
  /** `payment: pending → processing`, `order 1: …`, one line per change, in words for people. */
  readonly changes: readonly string[];
};
