/**
 * The journal (分录): each book's money, double entry, append-only.
 *
 * An entry moves one amount from one account to another of the same book and currency, so every
 * posting sums to zero by its shape. The entry's name is unique inside its payment: the same event
 * cannot be booked twice, and a second `winner` entry is refused by the database, which is how
 * "one winner, for ever" (I3) is kept even if all of our code were wrong.
 *
 * `between_books` mirrors the other book. At rest the two mirrors cancel out; what is left is the
 * internal drop, in minor units.
 */
import type { Charge } from './charge.ts';
import { chargeKey, isHeldNow } from './charge.ts';
import type { ChannelOrder } from './channel-order.ts';
import type { ChannelRefund, ForeignReturn } from './channel-refund.ts';
import type { Via } from './outcome.ts';
import type { Refund } from './refund.ts';

export type Posting = {
  readonly book: 'channel' | 'payment';
  readonly entry: string;
  readonly debit: string;
  readonly credit: string;
  readonly amountMinor: number;
  readonly currency: string;
  /** For entries that book a charge: which one. The channel book's charge entries are its list of charges. */
  readonly charge: { readonly attempt: number; readonly fact: Charge } | null;
  /** For entries that record something else about a charge: its reversal, its release, a return made without us. */
  readonly about?: {
    readonly attempt: number;
    readonly transactionNo: string;
    readonly atMs: number;
    readonly via: Via;
  };
};

type Sum = { readonly amountMinor: number; readonly currency: string };

/** The channel took money; good money is owed to the payment book, held money lies in suspense. */
export function postChargeLearned(order: ChannelOrder, charge: Charge): Posting {
  const account = `${order.channel}/${order.account}`;
  return {
    book: 'channel',
    entry: `charge:${chargeKey(order.attempt, charge.transactionNo)}`,
    debit: `channel_receivable:${account}`,
    credit: charge.held ? `suspense:${account}` : 'between_books',
    amountMinor: charge.amountMinor,
    currency: charge.currency,
    charge: { attempt: order.attempt, fact: charge },
  };
}

/** The charge pays the payment. */
export function postWinner(merchantNumber: number, sum: Sum): Posting {
  return paymentPosting('winner', 'between_books', `merchant_payable:${merchantNumber}`, sum);
}

/** The charge is money that nobody asked for: it is owed to its payer. */
export function postSurplus(merchantNumber: number, key: string, sum: Sum): Posting {
  return paymentPosting(`surplus:${key}`, 'between_books', `payer_owed:${merchantNumber}`, sum);
}

/** Held money belongs to its payer after all: it leaves suspense for the payment book. */
export function postReleasedFromHold(order: ChannelOrder, charge: Charge, atMs: number): Posting {
  const { amountMinor, currency, transactionNo } = charge;
  return {
    book: 'channel',
    entry: `released:${chargeKey(order.attempt, transactionNo)}`,
    debit: `suspense:${order.channel}/${order.account}`,
    credit: 'between_books',
    amountMinor,
    currency,
    charge: null,
    about: { attempt: order.attempt, transactionNo, atMs, via: 'operator' },
  };
}

/** The channel took a charge back itself: the receivable goes, and so does what it was owed to. */
export function postReversedAtChannel(
  order: ChannelOrder,
  charge: Charge,
  reversedAtMs: number,
  via: Via,
): Posting {
  const account = `${order.channel}/${order.account}`;
  const { amountMinor, currency, transactionNo } = charge;
  return {
    book: 'channel',
    entry: `reversed:${chargeKey(order.attempt, transactionNo)}`,
    debit: isHeldNow(charge) ? `suspense:${account}` : 'between_books',
    credit: `channel_receivable:${account}`,
    amountMinor,
    currency,
    charge: null,
    about: { attempt: order.attempt, transactionNo, atMs: reversedAtMs, via },
  };
}

/** The channel returned what we asked it to. */
export function postRefundedAtChannel(order: ChannelOrder, refund: ChannelRefund): Posting {
  return {
    book: 'channel',
    entry: `refund:${refund.channelRefundNo}`,
    debit: 'between_books',
    credit: `channel_receivable:${order.channel}/${order.account}`,
    amountMinor: refund.amountMinor,
    currency: refund.currency,
    charge: null,
  };
}

/** Somebody returned money at the channel's own console. */
export function postForeignAtChannel(
  order: ChannelOrder,
  foreign: ForeignReturn,
  isHeld: boolean,
): Posting {
  const account = `${order.channel}/${order.account}`;
  const { refundId, transactionNo, amountMinor, currency, refundedAtMs, via } = foreign;
  return {
    book: 'channel',
    entry: `foreign:${order.attempt}:${refundId}`,
    debit: isHeld ? `suspense:${account}` : 'between_books',
    credit: `channel_receivable:${account}`,
    amountMinor,
    currency,
    charge: null,
    about: { attempt: order.attempt, transactionNo, atMs: refundedAtMs, via },
  };
}

/** A merchant asked for money back: it is set aside for the payer. */
export function postReserved(merchantNumber: number, refund: Refund): Posting {
  return paymentPosting(
    `refund:${refund.key}`,
    `merchant_payable:${merchantNumber}`,
    `payer_owed:${merchantNumber}`,
    refund,
  );
}

/** The payer has it back. `wasGivenUp`: what was set aside had gone back to the merchant before. */
export function postReturned(merchantNumber: number, refund: Refund, wasGivenUp: boolean): Posting {
  const from = wasGivenUp ? 'merchant_payable' : 'payer_owed';
  return paymentPosting(
    `returned:${refund.key}`,
    `${from}:${merchantNumber}`,
    'between_books',
    refund,
  );
}

/** The payer will not get it by this way: what was set aside goes (back) to the merchant. */
export function postGivenUp(merchantNumber: number, refund: Refund): Posting {
  return paymentPosting(
    `given_up:${refund.key}`,
    `payer_owed:${merchantNumber}`,
    `merchant_payable:${merchantNumber}`,
    refund,
  );
}

/** The channel took money back, by a reversal or at its console; `isWinner` says whose money that was. */
export function postTakenBack(
  merchantNumber: number,
  entry: string,
  isWinner: boolean,
  sum: Sum,
): Posting {
  const account = isWinner ? 'merchant_payable' : 'payer_owed';
  return paymentPosting(entry, `${account}:${merchantNumber}`, 'between_books', sum);
}

function paymentPosting(entry: string, debit: string, credit: string, sum: Sum): Posting {
  return {
    book: 'payment',
    entry,
    debit,
    credit,
    amountMinor: sum.amountMinor,
    currency: sum.currency,
    charge: null,
  };
}
