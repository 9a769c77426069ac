/** How a channel speaks, for the contract of connectors: what can be said, and what it has to mean. */
import type { Outcome } from '../core/outcome.ts';
import type { RefundOutcome } from '../core/refund-outcome.ts';
import type { RawNotification } from './connector.ts';
import type { Call, Customer, Headers, WireReply, WireRequest } from './scripted-channel.ts';

/** What a channel can say about an order or a refund, in nobody's words. */
export type Saying =
  | 'accepted'
  | 'waiting'
  | 'paid'
  | 'declined'
  | 'closed'
  | 'reversed'
  | 'not_existing'
  | 'refund_under_way'
  | 'refunded'
  | 'refunded_at_console'
  | 'refund_dead'
  | 'refund_stuck'
  | 'refund_exceeds'
  | 'no_funds'
  | 'too_soon'
  | 'something_unlisted';

/** Departures from the order's own number and amount, and from the refund's. */
export type Changes = {
  readonly orderNo?: string;
  readonly refundNo?: string;
  readonly amount?: unknown;
};

/** What a channel can say about the statement of a day. */
export type StatementSaying = 'ready' | 'creating' | 'no_trades' | 'something_unlisted';

/** How one channel speaks of statements. */
export type StatementDialect = {
  /** The reply that says so; `ready` names a file at that path, with that digest (SHA-256, hex). */
  readonly say: (
    saying: StatementSaying,
    day: string,
    file: { readonly path: string; readonly sha256: string },
  ) => WireReply;
  /** Whether the channel tells a digest. */
  readonly hasDigest: boolean;
};

/** How one channel speaks; written beside its connector's tests. */
export type Dialect = Customer & {
  readonly name: string;
  /** The secret that may stand in no evidence. */
  readonly secret: string;
  /** The reply that says so; null where that call cannot say it. */
  readonly say: (call: Call, saying: Saying, changes?: Changes) => WireReply | null;
  /** The headers that make a body the genuine reply to a request. */
  readonly seal: (request: WireRequest, body: string) => Headers;
  /** The same, from somebody without the key. */
  readonly forge: (request: WireRequest, body: string) => Headers;
  /** Null: it has no statements that can be fetched. */
  readonly statement: StatementDialect | null;
  /** A genuine notification; null where the channel never sends one like that. */
  readonly notify: (saying: Saying, changes?: Changes) => RawNotification | null;
};

/** What one of these has to mean to us, in reply to that call. */
export type Expected = readonly [Call, Saying, Outcome['type'] | RefundOutcome['type']];

/** Amounts that are none. */
export const AMOUNTS: readonly (readonly [string, unknown])[] = [
  ['as a text', '1999'],
  ['as a fraction', 1999.5],
  ['of nothing', 0],
  ['below nothing', -1999],
  ['that is no exact number', 2 ** 53],
  ['that is null', null],
  ['that is a list', [1999]],
];

/** What becomes of a body on a bad way. */
export const BROKEN_BODIES: readonly (readonly [string, (body: string) => string])[] = [
  ['cut in the middle', (body) => body.slice(0, -2)],
  ['empty', () => ''],
  ['a page of HTML', () => '<html><body>502 Bad Gateway</body></html>'],
  ['null', () => 'null'],
  ['a list', (body) => `[${body}]`],
  ['followed by another', (body) => body + body],
];
