/**
 * A connector performs calls at one channel and turns that channel's words into ours. It decides
 * nothing: every answer becomes one of the outcomes, and what it does not understand is `unknown`.
 */
import type { ChannelOrder } from '../core/channel-order.ts';
import type { NextAction, Outcome } from '../core/outcome.ts';
import type { ChannelRules } from '../core/policy.ts';
import type { BusinessClock } from '../core/reconciliation/business-day.ts';
import type { RefundOutcome } from '../core/refund-outcome.ts';

/** An outcome with the words it came in, bounded in length and free of secrets. */
export type Answer = { readonly outcome: Outcome; readonly raw: string };

/** The same for a refund. */
export type RefundAnswer = { readonly outcome: RefundOutcome; readonly raw: string };

/** One refund as it is sent to a channel; a resend carries the same values, for life (I13). */
export type RefundCall = {
  readonly channelOrderNo: string;
  readonly channelRefundNo: string;
  /** The charge to give back. */
  readonly transactionNo: string;
  readonly amountMinor: number;
  readonly currency: string;
  /** What was charged under that transaction. */
  readonly chargedMinor: number;
};

/** What a pay call needs beside the order itself. */
export type PayDetails = {
  readonly subject: string;
  readonly returnUrl: string | null;
  readonly metadata: Readonly<Record<string, string>>;
};

/** A place in the channel's bulkhead; a call may only leave while one is held. */
export type Permit = { release(): void };

export type RawNotification = {
  /** Lower-case header names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
};

/** What a notification turned out to be. Only `authentic` may change anything. */
export type NotificationReading =
  | { readonly type: 'refused'; readonly reason: string }
  | {
      readonly type: 'authentic';
      readonly channelOrderNo: string;
      /** The account that the message names: it must be the order's own. */
      readonly account: string;
      readonly outcome: Outcome;
      readonly raw: string;
    }
  /** A word about a refund; without our number it was made at the channel's own console. */
  | {
      readonly type: 'authentic_refund';
      readonly channelOrderNo: string;
      readonly channelRefundNo: string | null;
      readonly account: string;
      readonly outcome: RefundOutcome;
      readonly raw: string;
    };

/** How a channel makes statements. */
export type StatementRules = {
  /** Which of its days a movement belongs to. */
  readonly clock: BusinessClock;
  /** When a statement is ready as a rule, in minutes after the end of its day. */
  readonly readyAtMinutes: number;
  /** The formats in which its files come, by code. */
  readonly formats: readonly string[];
  /**
   * What the channel keeps of a payment, in hundredths of a percent, a half rounded up, and gives back of
   * a refund's own amount; null: fees are booked as the statement has them, and not compared.
   */
  readonly feeBasisPoints: number | null;
};

/**
 * What became of a statement that was asked for. Only the channel's own word makes a day without
 * movements `no_trades`; whatever is not understood, cut off or unlike its digest is `unknown`.
 */
export type StatementFetch =
  | {
      /** The whole file, as far as the channel lets us tell. */
      readonly type: 'file';
      readonly name: string;
      /** To be read once, and not to be left unread: it holds an open file until its end or its `return`. */
      readonly bytes: AsyncIterable<Uint8Array>;
      /** The digest as the channel tells it, which is that of the bytes; null where it tells none. */
      readonly sha256: string | null;
    }
  | { readonly type: 'not_ready'; readonly raw: string }
  | { readonly type: 'no_trades'; readonly raw: string }
  | { readonly type: 'unknown'; readonly raw: string };

/** A reply to a channel in its own words. */
export type NotificationReply = {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
};

export type Connector = {
  readonly channel: string;
  readonly account: string;
  readonly rules: ChannelRules;
  /** Currencies the account takes. */
  readonly currencies: readonly string[];
  /** The longest that any one call can take: connect, send and read, in milliseconds. */
  readonly callDeadlineMs: number;
  /** Questions per second that the channel allows this account. */
  readonly queriesPerSecond: number;
  /** A place for one call, or null when the bulkhead is full. Never waits. */
  acquire(): Permit | null;
  /** Sends the order. A resend carries the same number and amount. */
  pay(order: ChannelOrder, details: PayDetails, deadlineAtMs: number): Promise<Answer>;
  query(order: ChannelOrder, deadlineAtMs: number): Promise<Answer>;
  close(order: ChannelOrder, deadlineAtMs: number): Promise<Answer>;
  /** Asks the channel to give a charge back, whole or in part. A resend carries the same number and amount. */
  refund(call: RefundCall, deadlineAtMs: number): Promise<RefundAnswer>;
  /** Asks what became of a refund, by our number for it. */
  queryRefund(call: RefundCall, deadlineAtMs: number): Promise<RefundAnswer>;
  /** Null: this channel makes no statements that can be fetched. */
  readonly statement: StatementRules | null;
  /**
   * Fetches the statement of a business day (`2026-11-18`): asks for it, and brings the file where it
   * is ready. A large file may take longer than `callDeadlineMs`, and its place in the bulkhead with it;
   * only `deadlineAtMs` ends it.
   */
  fetchStatement(day: string, deadlineAtMs: number): Promise<StatementFetch>;
  /** The signed link of an `opensByLink` product, derived from the order alone. */
  link(order: ChannelOrder, details: PayDetails): NextAction;
  /**
   * Verifies the signature over the raw bytes before reading any business field. A message that was
   * kept is read again as of the time at which it came, `receivedAtMs`.
   */
  readNotification(message: RawNotification, receivedAtMs?: number): NotificationReading;
  readonly acknowledge: NotificationReply;
  readonly refuse: NotificationReply;
};

/** The connectors of this installation, by channel and account. */
export type Connectors = {
  /** The account a merchant's order goes to, or null when there is no such channel. */
  forChannel(channel: string): Connector | null;
  /** The connector of an order or of a notification's path, or null. */
  get(channel: string, account: string): Connector | null;
  readonly all: readonly Connector[];
};
