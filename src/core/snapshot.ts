/**
 * What a merchant was told must stay what it was: an event keeps the changing part of its payment,
 * as it stood at that version. The rest is read from the payment, where it never changes, or only
 * ever grows: a winner that was set, a charge that was learned (I15).
 *
 * What stands at its usual value is left out, because each success writes one of these.
 */
import type { Aggregate } from './aggregate.ts';
import type { ChannelOrder } from './channel-order.ts';
import type { Case } from './exceptions/kind.ts';
import type { Payment } from './payment.ts';

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
  'status' | 'expiresAtMs' | 'closing' | 'closeReason' | 'surplusReceivedMinor' | 'surplusHeldMinor'
>;

export type Snapshot = {
  readonly version: number;
  readonly payment: Partial<ChangingPayment>;
  readonly isPaid: boolean;
  /** Charges are only ever added, so their count restores them. */
  readonly orders: readonly (Partial<ChangingOrder> & {
    readonly attempt: number;
    readonly chargeCount: number;
  })[];
  readonly cases: readonly Case[];
};

const USUAL_PAYMENT = {
  closing: null,
  closeReason: null,
  surplusReceivedMinor: 0,
  surplusHeldMinor: 0,
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
export function snapshotOf({ payment, orders, cases }: Aggregate): Snapshot {
  const { status, expiresAtMs, closing, closeReason, surplusReceivedMinor, surplusHeldMinor } =
    payment;
  return {
    version: payment.version,
    payment: unusual(
      { status, expiresAtMs, closing, closeReason, surplusReceivedMinor, surplusHeldMinor },
      USUAL_PAYMENT,
    ),
    isPaid: payment.winner !== null,
    orders: orders.map((order) => {
      const { closeStep, queryCount, awaitsStatement, confirmedBy, failure, nextAction } = order;
      const changing = { closeStep, queryCount, awaitsStatement, confirmedBy, failure, nextAction };
      return {
        attempt: order.attempt,
        chargeCount: order.charges.length,
        status: order.status,
        ...unusual(changing, USUAL_ORDER),
      };
    }),
    cases,
  };
}

/** The aggregate as it stood when the snapshot was taken; `later` is the same payment at any later time. */
export function restoreSnapshot(later: Aggregate, snapshot: Snapshot): Aggregate {
  const orders = snapshot.orders.flatMap(({ chargeCount, ...changing }) => {
    const order = later.orders.find((one) => one.attempt === changing.attempt);
    if (!order) return [];
    return [
      { ...order, ...USUAL_ORDER, ...changing, charges: order.charges.slice(0, chargeCount) },
    ];
  });
  const { version, isPaid } = snapshot;
  const winner = isPaid ? later.payment.winner : null;
  const payment = { ...later.payment, ...USUAL_PAYMENT, ...snapshot.payment, version, winner };
  return { payment, orders, cases: snapshot.cases };
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
