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
};
