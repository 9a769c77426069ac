/**
 * The auditor of the simulated world. It knows the channels' own books, what merchants were told, and
 * the payments like every merchant can read them: nothing of how the platform came to them.
 */
import type { Charge } from '../sandbox/book-order.ts';
import type { BookRefund } from '../sandbox/book-refund.ts';

export type AuditedPayment = {
  readonly id: string;
  readonly merchant_order_no: string;
  readonly status: string;
  readonly amount: number;
  readonly amount_received: number;
  readonly amount_refunded: number;
  readonly surplus: {
    readonly received: number;
    readonly returned: number;
    readonly held: number;
  };
  readonly version: number;
  readonly channel_orders: readonly {
    readonly id: string;
    readonly channel_order_no: string;
    readonly status: string;
    readonly awaiting: string | null;
    readonly charges: readonly {
      readonly channel_transaction_no: string;
      readonly amount: number;
      readonly winner: boolean;
      readonly held: boolean;
    }[];
  }[];
  readonly exceptions: readonly {
    readonly kind: string;
    readonly status: string;
    readonly subject: string;
    readonly channel_order: string | null;
  }[];
};

export type AuditedTold = {
  readonly by: string;
  readonly atMs: number;
  readonly payment: AuditedPayment;
  readonly notice: {
    readonly eventId: string;
    readonly endpoint: string;
    readonly event: string;
  } | null;
};

export type Books = {
  readonly charges: readonly Charge[];
  /** Money that channels gave back; nothing that came to nothing. */
  readonly refunds: readonly BookRefund[];
  /** What the channel says about a number: PAID, DECLINED, CLOSED, NOT_EXIST, … */
  readonly stateOf: (channelOrderNo: string) => string;
};

export type Audit = {
  readonly books: Books;
  readonly payments: readonly AuditedPayment[];
  readonly told: readonly AuditedTold[];
  readonly acknowledged: readonly {
    readonly merchantOrderNo: string;
    readonly paymentId: string;
    readonly amountMinor: number;
  }[];
};

type Report = (id: string, words: string) => void;

/** Compares the three and reports whatever does not tie out. */
export function audit(one: Audit, report: Report): void {
  auditCharges(one, report);
  auditReturned(one, report);
  auditPayments(one, report);
  auditTold(one, report);
  auditAcknowledged(one, report);
}

/** I1: every charge that a channel took is the winner, or owned in the open. */
function auditCharges({ books, payments }: Audit, report: Report): void {
  const byOrderNo = new Map(
    payments.flatMap((payment) =>
      payment.channel_orders.map((order) => [order.channel_order_no, { payment, order }] as const),
    ),
  );
  const taken = new Set<string>();
  for (const charge of books.charges) {
    taken.add(`${charge.outNo} ${charge.tradeNo}`);
    const found = byOrderNo.get(charge.outNo);
    if (!found) {
      report('I1', `charge ${charge.tradeNo} was taken for ${charge.outNo}, which nobody knows`);
      continue;
    }
    const { payment, order } = found;
    const known = order.charges.find((one) => one.channel_transaction_no === charge.tradeNo);
    if (!known) {
      report('I1', `charge ${charge.tradeNo} of ${payment.id} is not known (${order.status})`);
      continue;
    }
    if (known.amount !== charge.amountMinor) {
      report('I2', `charge ${charge.tradeNo} is ${charge.amountMinor}, booked as ${known.amount}`);
    }
    const returnedMinor = returnedOf(books, charge);
    if (returnedMinor > charge.amountMinor) {
      report('I4', `${returnedMinor} of charge ${charge.tradeNo} of ${payment.id} went back`);
    }
    const isReturned = returnedMinor === charge.amountMinor;
    if (!known.winner && !isReturned && !isOwned(payment, order.id, known)) {
      report('I1', `charge ${charge.tradeNo} of ${payment.id} is neither winner nor owned`);
    }
  }
  for (const payment of payments) {
    for (const { channel_order_no: orderNo, charges } of payment.channel_orders) {
      for (const { channel_transaction_no: tradeNo } of charges) {
        if (taken.has(`${orderNo} ${tradeNo}`)) continue;
        report('I17', `charge ${tradeNo} of ${payment.id} was never taken by any channel`);
      }
    }
  }
}

function returnedOf({ refunds }: Books, { outNo, tradeNo }: Charge): number {
  return refunds
    .filter((one) => one.outNo === outNo && one.tradeNo === tradeNo)
    .reduce((sum, one) => sum + one.amountMinor, 0);
}

/** I5: what we say went back is what the channels gave back, to the last unit. */
function auditReturned({ books, payments }: Audit, report: Report): void {
  for (const payment of payments) {
    const orderNos = new Set(payment.channel_orders.map((order) => order.channel_order_no));
    const theirs = books.refunds
      .filter((one) => orderNos.has(one.outNo))
      .reduce((sum, one) => sum + one.amountMinor, 0);
    const ours = payment.amount_refunded + payment.surplus.returned;
    if (ours !== theirs) {
      report('I5', `${payment.id} says that ${ours} went back, its channels say ${theirs}`);
    }
  }
}

/** Whether an open case of its payment names this charge. */
function isOwned(
  payment: AuditedPayment,
  orderId: string,
  charge: { readonly channel_transaction_no: string; readonly held: boolean },
): boolean {
  return payment.exceptions.some((one) => {
    if (one.status !== 'open' || one.channel_order !== orderId) return false;
    if (charge.held) return one.kind === 'amount_mismatch';
    const isSurplus = one.kind === 'duplicate_payment' || one.kind === 'expired_payment';
    return isSurplus && one.subject.endsWith(`:${charge.channel_transaction_no}`);
  });
}

function auditPayments({ books, payments }: Audit, report: Report): void {
  for (const payment of payments) {
    const charges = payment.channel_orders.flatMap((order) => order.charges);
    const winners = charges.filter((one) => one.winner);
    const isPaid = payment.status === 'succeeded';
    if (winners.length !== (isPaid ? 1 : 0)) {
      report('I3', `${payment.id} is ${payment.status} with ${winners.length} winners`);
    }
    if (payment.amount_received !== (isPaid ? payment.amount : 0)) {
      report('I2', `${payment.id} of ${payment.amount} received ${payment.amount_received}`);
    }
    const sumMinor = charges.reduce((sum, one) => sum + one.amount, 0);
    const { received, held } = payment.surplus;
    if (sumMinor !== payment.amount_received + received + held) {
      report('I9', `${payment.id} does not add up to what its charges are`);
    }
    for (const order of payment.channel_orders) {
      const state = books.stateOf(order.channel_order_no);
      // Only a channel can say no; one that waits, shut the order or was paid did not say it.
      if (order.status === 'failed' && state !== 'DECLINED' && state !== 'NOT_EXIST') {
        report('I6', `${payment.id} has a failed order that its channel calls ${state}`);
      }
    }
    auditEnd(payment, report);
  }
}

/** I18: it ends. What is still open is held for a person. */
function auditEnd(payment: AuditedPayment, report: Report): void {
  const isHeld = payment.channel_orders.some((one) => one.status === 'held');
  const isOver = payment.status === 'succeeded' || payment.status === 'closed';
  if (!isOver && !isHeld) report('I18', `${payment.id} is ${payment.status} for ever`);
  for (const order of payment.channel_orders) {
    if (order.awaiting === null) continue;
    report('I18', `${payment.id} has an order that is ${order.status} for ever`);
  }
  for (const { kind, status } of payment.exceptions) {
    const isHealing = kind === 'external_drop' || kind === 'internal_drop';
    if (isHealing && status === 'open') report('I18', `${payment.id} has an ${kind} for ever`);
  }
}

/** I15 and I16: merchants are told the truth, once per version, and in the end they are told. */
function auditTold({ books, payments, told }: Audit, report: Report): void {
  const chargesByOrderNo = Map.groupBy(books.charges, (charge) => charge.outNo);
  const bodies = new Map<string, string>();
  for (const { by, atMs, payment } of told) {
    const name = `${payment.id} v${payment.version}`;
    const body = JSON.stringify(payment);
    const known = bodies.get(name);
    if (known !== undefined && known !== body) {
      report('I15', `${name} was told in two ways`);
    }
    bodies.set(name, body);
    if (payment.status !== 'succeeded') continue;
    const isCharged = payment.channel_orders.some(({ channel_order_no: orderNo }) =>
      (chargesByOrderNo.get(orderNo) ?? []).some((charge) => charge.paidAtMs <= atMs + CLOCKS_MS),
    );
    if (!isCharged) report('I15', `${payment.id} was told as paid by ${by}, and nobody had paid`);
  }
  const byPayment = Map.groupBy(told, (one) => one.payment.id);
  for (const payment of payments) auditNotices(payment, byPayment.get(payment.id) ?? [], report);
}

/** How far the clocks of channels and merchants may be apart. */
const CLOCKS_MS = 5_000;

function auditNotices(payment: AuditedPayment, told: readonly AuditedTold[], report: Report): void {
  const notices = told.filter((one) => one.notice !== null);
  const events = new Map(notices.map((one) => [one.notice?.eventId, one.notice?.event]));
  const successes = [...events.values()].filter((event) => event === 'payment.succeeded').length;
  if (successes !== (payment.status === 'succeeded' ? 1 : 0)) {
    report('I16', `${payment.id} is ${payment.status}, told as paid by ${successes} events`);
  }
  const isOver = payment.status === 'succeeded' || payment.status === 'closed';
  const last = notices.toSorted((a, b) => a.payment.version - b.payment.version).at(-1);
  if (isOver && last?.payment.status !== payment.status) {
    report('I15', `${payment.id} is ${payment.status}, last told as ${last?.payment.status}`);
  }
}

/** I25 and I12: what was acknowledged is still there, and one number is one payment. */
function auditAcknowledged({ payments, acknowledged }: Audit, report: Report): void {
  const byId = new Map(payments.map((payment) => [payment.id, payment]));
  const byOrderNo = new Map<string, string>();
  for (const { merchantOrderNo, paymentId, amountMinor } of acknowledged) {
    const payment = byId.get(paymentId);
    if (payment?.amount !== amountMinor || payment.merchant_order_no !== merchantOrderNo) {
      report('I25', `the acknowledged payment ${paymentId} of ${merchantOrderNo} is not there`);
    }
    const former = byOrderNo.get(merchantOrderNo);
    if (former !== undefined && former !== paymentId) {
      report('I12', `${merchantOrderNo} was acknowledged as ${former} and as ${paymentId}`);
    }
    byOrderNo.set(merchantOrderNo, paymentId);
  }
}
