/**
 * What a merchant was told must stay what it was: an event keeps the changing part of its payment,
 * as it stood at that version. The rest is read from the payment, where it never changes, or only
 * ever grows: a winner that was set, a charge that was learned (I15).
 *
 * What stands at its usual value is left out, because each success writes one of these.
 */
import type { Aggregate } from './aggregate.ts';
import type { ChannelOrder } from './channel-order.ts';
import type { ChannelRefund } from './channel-refund.ts';
import { isHeldNow } from './charge.ts';
import type { Case } from './exceptions/kind.ts';
import type { Payment } from './payment.ts';
import type { Refund } from './refund.ts';

type ChangingOrder = Pick<
  ChannelOrder,
  | 'status'
  | 'closeStep'
  | 'queryCount'
  | 'awaitsStatement'
  | 'confirmedBy'
  | 'failure'
  | 'nextAction'
>;
type ChangingPayment = Pick<
  Payment,
  | 'status'
  | 'expiresAtMs'
  | 'closing'
  | 'closeReason'
  | 'surplusReceivedMinor'
  | 'surplusHeldMinor'
  | 'foreignReturnedMinor'
  | 'surplusTakenBackMinor'
  | 'reversedAtMs'
>;
type ChangingRefund = Pick<Refund, 'id' | 'status' | 'failure' | 'returnedAtMs'>;
type ChangingChannelRefund = Pick<
  ChannelRefund,
  'number' | 'status' | 'sentAtMs' | 'refundId' | 'refundedAtMs' | 'failure'
>;

export type Snapshot = {
  readonly version: number;
  /** The channel book's own version; left out where both books share one. */
  readonly channelVersion?: number;
  readonly payment: Partial<ChangingPayment>;
  readonly isPaid: boolean;
  /** Left out where there are none, as in most payments. */
  readonly refunds?: readonly ChangingRefund[];
  /** Charges are only ever added, so their count restores them. */
  readonly orders: readonly (Partial<ChangingOrder> & {
    readonly attempt: number;
    readonly chargeCount: number;
    /** Which of the charges, by place, were held in suspense. */
    readonly heldCharges?: readonly number[];
    readonly refunds?: readonly ChangingChannelRefund[];
  })[];
  readonly cases: readonly Case[];
};

const USUAL_PAYMENT = {
  closing: null,
  closeReason: null,
  surplusReceivedMinor: 0,
  surplusHeldMinor: 0,
  foreignReturnedMinor: 0,
  surplusTakenBackMinor: 0,
  reversedAtMs: null,
} as const;
const USUAL_ORDER = {
  closeStep: 'none',
  queryCount: 0,
  awaitsStatement: false,
  confirmedBy: null,
  failure: null,
  nextAction: null,
} as const;

/** The changing part of an aggregate. */
export function snapshotOf({ payment, orders, cases, apart }: Aggregate): Snapshot {
  const changing: ChangingPayment = {
    status: payment.status,
    expiresAtMs: payment.expiresAtMs,
    closing: payment.closing,
    closeReason: payment.closeReason,
    surplusReceivedMinor: payment.surplusReceivedMinor,
    surplusHeldMinor: payment.surplusHeldMinor,
    foreignReturnedMinor: payment.foreignReturnedMinor,
    surplusTakenBackMinor: payment.surplusTakenBackMinor,
    reversedAtMs: payment.reversedAtMs,
  };
  const refunds = payment.refunds.map(
    ({ id, status, failure, returnedAtMs }): ChangingRefund => ({
      id,
      status,
      failure,
      returnedAtMs,
    }),
  );
  return {
    version: payment.version,
    ...(apart && { channelVersion: apart.channelVersion }),
    payment: unusual(changing, USUAL_PAYMENT),
    isPaid: payment.winner !== null,
    ...(refunds.length > 0 && { refunds }),
    orders: orders.map(snapshotOfOrder),
    cases,
  };
}

function snapshotOfOrder(order: ChannelOrder): Snapshot['orders'][number] {
  const { closeStep, queryCount, awaitsStatement, confirmedBy, failure, nextAction } = order;
  const changing = { closeStep, queryCount, awaitsStatement, confirmedBy, failure, nextAction };
  const heldCharges = order.charges.flatMap((charge, at) => (isHeldNow(charge) ? [at] : []));
  const refunds = order.refunds.map(
    ({
      number,
      status,
      sentAtMs,
      refundId,
      refundedAtMs,
      failure: reason,
    }): ChangingChannelRefund => ({
      number,
      status,
      sentAtMs,
      refundId,
      refundedAtMs,
      failure: reason,
    }),
  );
  return {
    attempt: order.attempt,
    chargeCount: order.charges.length,
    status: order.status,
    ...unusual(changing, USUAL_ORDER),
    ...(heldCharges.length > 0 && { heldCharges }),
    ...(refunds.length > 0 && { refunds }),
  };
}

/** The aggregate as it stood when the snapshot was taken; `later` is the same payment at any later time. */
export function restoreSnapshot(later: Aggregate, snapshot: Snapshot): Aggregate {
  const orders = snapshot.orders.flatMap((then) => {
    const order = later.orders.find((one) => one.attempt === then.attempt);
    return order ? [restoreOrder(order, then)] : [];
  });
  const { version, channelVersion, isPaid } = snapshot;
  const winner = isPaid ? later.payment.winner : null;
  const refunds = restoreRefunds(later.payment.refunds, snapshot.refunds ?? []);
  const payment = {
    ...later.payment,
    ...USUAL_PAYMENT,
    ...snapshot.payment,
    version,
    winner,
    refunds,
  };
  // What the books had heard of each other then is nobody's business any more.
  const apart =
    channelVersion === undefined
      ? null
      : { channelVersion, receivedByPaymentBook: [], receivedByChannelBook: [] };
  return { payment, orders, cases: snapshot.cases, apart };
}

function restoreOrder(order: ChannelOrder, then: Snapshot['orders'][number]): ChannelOrder {
  const { chargeCount, heldCharges = [], refunds = [], ...changing } = then;
  const charges = order.charges
    .slice(0, chargeCount)
    .map((charge, at) =>
      heldCharges.includes(at) ? { ...charge, releasedAtMs: null, reversedAtMs: null } : charge,
    );
  const known = refunds.flatMap((one) => {
    const refund = order.refunds.find((other) => other.number === one.number);
    return refund ? [{ ...refund, ...one }] : [];
  });
  return { ...order, ...USUAL_ORDER, ...changing, charges, refunds: known };
}

function restoreRefunds(later: readonly Refund[], then: readonly ChangingRefund[]): Refund[] {
  return then.flatMap((one) => {
    const refund = later.find((other) => other.id === one.id);
    return refund ? [{ ...refund, ...one }] : [];
  });
}

function unusual<T extends object>(
  values: T,
  usual: Partial<Record<keyof T, unknown>>,
): Partial<T> {
  const kept: Partial<T> = { ...values };
  for (const name of Object.keys(usual)) {
    const key = name as keyof T;
    if (values[key] === usual[key]) delete kept[key];
  }
  return kept;
}
