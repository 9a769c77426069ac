/**
 * What a merchant was told must stay what it was: an event keeps the changing part of its payment,
 * as it stood at that version, and the rest is read from the payment, where it never changes (I15).
 */
import type { Aggregate } from './aggregate.ts';
import type { ChannelOrder } from './channel-order.ts';
import type { Case } from './exceptions/kind.ts';
import type { Payment } from './payment.ts';

type ChangingPayment = Omit<
  Payment,
  | 'id'
  | 'merchantNumber'
  | 'merchantOrderNo'
  | 'amountMinor'
  | 'currency'
  | 'subject'
  | 'returnUrl'
  | 'noticeUrl'
  | 'metadata'
  | 'createdAtMs'
  | 'tries'
>;
type ChangingOrder = Pick<
  ChannelOrder,
  | 'attempt'
  | 'status'
  | 'closeStep'
  | 'queryCount'
  | 'awaitsStatement'
  | 'confirmedBy'
  | 'failure'
  | 'nextAction'
> & {
  /** How many of its charges were known. Charges are only ever added, so a count restores them. */
  readonly chargeCount: number;
};

export type Snapshot = {
  readonly payment: ChangingPayment;
  readonly orders: readonly ChangingOrder[];
  readonly cases: readonly Case[];
};

/** The changing part of an aggregate. */
export function snapshotOf({ payment, orders, cases }: Aggregate): Snapshot {
  return {
    payment: {
      status: payment.status,
      expiresAtMs: payment.expiresAtMs,
      version: payment.version,
      winner: payment.winner,
      closing: payment.closing,
      closeReason: payment.closeReason,
      surplusReceivedMinor: payment.surplusReceivedMinor,
      surplusHeldMinor: payment.surplusHeldMinor,
    },
    orders: orders.map((order) => ({
      attempt: order.attempt,
      status: order.status,
      closeStep: order.closeStep,
      queryCount: order.queryCount,
      awaitsStatement: order.awaitsStatement,
      confirmedBy: order.confirmedBy,
      failure: order.failure,
      nextAction: order.nextAction,
      chargeCount: order.charges.length,
    })),
    cases,
  };
}

/** The aggregate as it stood when the snapshot was taken; `later` is the same payment at any later time. */
export function restoreSnapshot(later: Aggregate, snapshot: Snapshot): Aggregate {
  const orders = snapshot.orders.flatMap(({ chargeCount, ...changing }) => {
    const order = later.orders.find((one) => one.attempt === changing.attempt);
    return order ? [{ ...order, ...changing, charges: order.charges.slice(0, chargeCount) }] : [];
  });
  return { payment: { ...later.payment, ...snapshot.payment }, orders, cases: snapshot.cases };
}
