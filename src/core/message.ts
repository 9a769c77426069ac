/**
 * Messages between the two books. With one database they are applied inside the same decision and
 * commit; with two, each of them becomes an outbox row and an inbox row. 两账本之间的消息。
 */
import { chargeKey } from './charge.ts';
import type { DeathEvidence } from './channel-order.ts';
import type { ForeignReturn } from './channel-refund.ts';
import type { ChargeFact, Via } from './outcome.ts';

/** Payment book → channel book. */
export type ToChannelBook =
  | {
      readonly type: 'open_try';
      readonly attempt: number;
      readonly channel: string;
      readonly account: string;
      readonly product: string;
      readonly amountMinor: number;
      readonly currency: string;
      readonly validUntilMs: number;
      /** The first try of a new payment is found by its age; any other brings its first question with it. */
      readonly isFirst: boolean;
    }
  | { readonly type: 'close_try'; readonly attempt: number }
  | {
      readonly type: 'return_money';
      readonly refundKey: string;
      readonly attempt: number;
      readonly transactionNo: string;
      readonly amountMinor: number;
      readonly currency: string;
      /** Nobody but the platform asked for it: the brake counts it. */
      readonly isAutomatic: boolean;
    }
  /** A person decided: try once more what the channel did not do, or let it be. */
  | {
      readonly type: 'retry_return';
      readonly refundKey: string;
      readonly attempt: number;
      /** Which refusal it answers (`refusalMark`). */
      readonly of: string;
    }
  | { readonly type: 'give_up_return'; readonly refundKey: string; readonly attempt: number };

/** Channel book → payment book. */
export type ToPaymentBook =
  | { readonly type: 'try_opened'; readonly attempt: number }
  | {
      readonly type: 'try_dead';
      readonly attempt: number;
      readonly evidence: DeathEvidence;
      /** True when the channel never knew the order. */
      readonly neverOpened: boolean;
      /** How many charges the order had by then: one that was dead may hold money later, and die again. */
      readonly chargeCount: number;
    }
  | {
      readonly type: 'charge';
      readonly attempt: number;
      readonly charge: ChargeFact;
      readonly via: Via;
      /** Money that was held until a person decided to return it: never a winner. */
      readonly wasHeld: boolean;
      /** Nothing of the order is held any more. */
      readonly endsHold: boolean;
    }
  | {
      readonly type: 'charge_held';
      readonly attempt: number;
      readonly charge: ChargeFact;
      /** Nothing of the order was held before. */
      readonly beginsHold: boolean;
    }
  | {
      readonly type: 'charge_reversed';
      readonly attempt: number;
      readonly charge: ChargeFact;
      readonly reversedAtMs: number;
      /** Held money never reached the payment book. */
      readonly wasHeld: boolean;
      readonly endsHold: boolean;
    }
  | {
      readonly type: 'return_result';
      readonly refundKey: string;
      readonly attempt: number;
      readonly refundedAtMs: number;
    }
  | {
      readonly type: 'return_refused';
      readonly refundKey: string;
      readonly attempt: number;
      /** `dead`: every number tried is dead. `stuck`: a person must act before it can go on. */
      readonly end: 'dead' | 'stuck';
      /** Which sending was refused (`refusalMark`): the same number may be refused again. */
      readonly of: string;
      readonly code: string;
      readonly message: string;
    }
  | {
      readonly type: 'foreign_return';
      readonly attempt: number;
      readonly foreign: ForeignReturn;
      /** What of that charge had gone back without us by then, this return included. */
      readonly takenBackMinor: number;
    };

export type Message = ToChannelBook | ToPaymentBook;
export type Book = 'payment' | 'channel';

/** The name of one refusal of a channel refund: its place, and when it was sent. */
export function refusalMark(refund: {
  readonly number: number;
  readonly sentAtMs: number | null;
}): string {
  return `${refund.number}@${refund.sentAtMs ?? 0}`;
}

/**
 * The key of a message inside its payment: the same event has the same key, whether the message was
 * sent when it happened, sent again, or made anew from the books by a scan. Whoever has taken it in
 * once takes no copy.
 */
export function messageKey(message: Message): string {
  switch (message.type) {
    case 'open_try':
    case 'close_try':
    case 'try_opened':
      return `${message.type}:${message.attempt}`;
    case 'try_dead':
      return `${message.type}:${message.attempt}:${message.chargeCount}`;
    case 'charge':
    case 'charge_held':
    case 'charge_reversed':
      return `${message.type}:${chargeKey(message.attempt, message.charge.transactionNo)}`;
    case 'return_money':
    case 'give_up_return':
    case 'return_result':
      return `${message.type}:${message.refundKey}`;
    case 'retry_return':
    case 'return_refused':
      return `${message.type}:${message.refundKey}:${message.of}`;
    case 'foreign_return':
      return `${message.type}:${message.attempt}:${message.foreign.refundId}`;
  }
}

const TO_CHANNEL_BOOK: ReadonlySet<string> = new Set<ToChannelBook['type']>([
  'open_try',
  'close_try',
  'return_money',
  'retry_return',
  'give_up_return',
]);

/** Whose message it is: the book that takes it in. */
export function isToChannelBook(message: Message): message is ToChannelBook {
  return TO_CHANNEL_BOOK.has(message.type);
}

/** The book that has to say a message. */
export function senderOf(message: Message): Book {
  return isToChannelBook(message) ? 'payment' : 'channel';
}
