/**
 * An exception kind is a named way in which the world and our books part; a case is one occurrence.
 * 异常类型与差错单.
 */

import type { OperatorAction } from '../input.ts';

/** Every kind that the API may ever name, also those that later parts of the product bring. */
export const EXCEPTION_KINDS = [
  'external_drop',
  'internal_drop',
  'duplicate_payment',
  'expired_payment',
  'amount_mismatch',
  'conflicting_outcome',
  'reversed_payment',
  'unknown_refund',
  'failed_refund',
  'excess_refund',
  'unmatched_notification',
  'undelivered_notice',
  'channel_only',
  'platform_only',
  'statement_difference',
  'statement_missing',
] as const;
export type ExceptionKind = (typeof EXCEPTION_KINDS)[number];

const OF_PAYMENT_BOOK: ReadonlySet<ExceptionKind> = new Set([
  'internal_drop',
  'duplicate_payment',
  'expired_payment',
  'excess_refund',
  'reversed_payment',
  'undelivered_notice',
] as const);

/** In which book the cases of a kind are kept. */
export function bookOf(kind: ExceptionKind): 'payment' | 'channel' {
  return OF_PAYMENT_BOOK.has(kind) ? 'payment' : 'channel';
}

/** Who has to act. The platform heals by itself; the others are people. */
export type CaseOwner = 'platform' | 'reconciliation' | 'operations' | 'merchant';

export type Case = {
  readonly id: string;
  readonly kind: ExceptionKind;
  /** What it is about, unique inside payment and kind: an attempt, a charge, an event. */
  readonly subject: string;
  readonly attempt: number | null;
  readonly openedAtMs: number;
  readonly owner: CaseOwner;
  /** One sentence: what happens next, and who does it. */
  readonly nextAction: string;
  readonly deadlineAtMs: number;
  readonly moneyAtRiskMinor: number;
  readonly resolvedAtMs: number | null;
  /** One sentence: what proved it over. */
  readonly resolution: string | null;
};

/** What a person may decide about a notification that nobody could place. */
export type NotificationAction = 'adopt' | 'dismiss';

/** How a kind describes itself to a reader, to `explain` and to the documentation. */
export type KindDescription = {
  readonly kind: ExceptionKind;
  readonly zh: string;
  readonly what: string;
  readonly noticed: string;
  readonly response: string;
  readonly over: string;
  /** Merchants are told of a case only where money moves or a person must act. */
  readonly toldToMerchant: boolean;
  /** Where and how a merchant or an operator meets it. */
  readonly seen: string;
  /** What usually stands behind it. */
  readonly why: string;
  /** Scenarios of the sandbox that bring it about, the plainest first. */
  readonly practise: readonly string[];
  /** Faults of the sandbox's statements that do, for kinds that only a day's end finds. */
  readonly practiseStatement?: readonly string[];
  /** What a person may decide about an open case of this kind. */
  readonly actions: readonly (OperatorAction | NotificationAction)[];
};

/** The order in which the cases of a payment stand and are told: as they were opened. */
export function inCaseOrder(a: Case, b: Case): number {
  if (a.openedAtMs !== b.openedAtMs) return a.openedAtMs - b.openedAtMs;
  return a.id < b.id ? -1 : 1;
}
