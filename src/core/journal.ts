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
import { chargeKey } from './charge.ts';
import type { ChannelOrder } from './channel-order.ts';

export type Posting = {
  readonly book: 'channel' | 'payment';
  readonly entry: string;
  readonly debit: string;
  readonly credit: string;
  readonly amountMinor: number;
  readonly currency: string;
  /** For entries that book a charge: which one. The channel book's charge entries are its list of charges. */
  readonly charge: { readonly attempt: number; readonly fact: Charge } | null;
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
