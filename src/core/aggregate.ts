/** Everything that one decision needs: a payment, its channel orders, and its cases. */
import type { ChannelOrder } from './channel-order.ts';
import type { Case } from './exceptions/kind.ts';
import type { Payment } from './payment.ts';

export type Aggregate = {
  readonly payment: Payment;
  /** In the order of their attempts, starting with 1. */
  readonly orders: readonly ChannelOrder[];
  /** Open and resolved ones, in the order in which they were opened. */
  readonly cases: readonly Case[];
  /** Null where both books share one database, one version and one commit. */
  readonly apart: Apart | null;
};

/** What the books know of each other where they lie in two databases. */
export type Apart = {
  /** The channel book's own version of this payment; 0 while it has nothing of it. */
  readonly channelVersion: number;
  /** Keys of the messages that each book has taken in (`messageKey`). */
  readonly receivedByPaymentBook: readonly string[];
  readonly receivedByChannelBook: readonly string[];
};
