/** The auditor's part about money: every charge and every return in the channels' books, held against ours. */
import type { Charge } from '../sandbox/book-order.ts';
import type {
  Audit,
  AuditedCharge,
  AuditedPayment,
  AuditedReadable,
  AuditedRefund,
  AuditReport,
  Books,
} from './audit-record.ts';

/** I1: every charge that a channel took is the winner, returned, taken back, or owned in the open. */
export function auditCharges({ books, payments }: Audit, report: AuditReport): void {
  const byOrderNo = new Map(
    payments.flatMap((one) =>
      one.payment.channel_orders.map((order) => [order.channel_order_no, { one, order }] as const),
    ),
  );
  const taken = new Set<string>();
  for (const charge of books.charges) {
    taken.add(`${charge.outNo} ${charge.tradeNo}`);
    const found = byOrderNo.get(charge.outNo);
    const known = found?.order.charges.find((one) => one.channel_transaction_no === charge.tradeNo);
    // Money that its channel took back before anybody heard of it concerns nobody.
    if (!known && charge.reversedAtMs !== null) continue;
    if (!found || !known) {
      const { order, one } = found ?? {};
      const where = one ? `${one.payment.id} is not known (${order?.status})` : 'nobody knows';
      report('I1', `charge ${charge.tradeNo} of ${where}`);
    } else auditCharge(books, charge, { ...found, known }, report);
  }
  for (const { payment } of payments) {
    for (const { channel_order_no: orderNo, charges } of payment.channel_orders) {
      for (const { channel_transaction_no: tradeNo } of charges) {
        if (taken.has(`${orderNo} ${tradeNo}`)) continue;
        report('I17', `charge ${tradeNo} of ${payment.id} was never taken by any channel`);
      }
    }
  }
}

type Place = {
  readonly one: AuditedReadable;
  readonly order: AuditedPayment['channel_orders'][number];
  readonly known: AuditedCharge;
};

function auditCharge(books: Books, charge: Charge, place: Place, report: AuditReport): void {
  const { one, known } = place;
  const { payment } = one;
  const { tradeNo, amountMinor, currency } = charge;
  if (known.amount !== amountMinor || known.currency !== currency) {
    const booked = `${known.amount} ${known.currency}`;
    report('I2', `charge ${tradeNo} is ${amountMinor} ${currency}, booked as ${booked}`);
  }
  const returnedMinor = returnedOf(books, charge);
  // What went back beyond the charge, by others than us, is owned by a case of its own.
  const isExplained = payment.exceptions.some((other) => other.kind === 'excess_refund');
  if (returnedMinor > amountMinor && !isExplained) {
    report('I4', `${returnedMinor} of charge ${tradeNo} of ${payment.id} went back`);
  }
  if (charge.reversedAtMs !== null) {
    if (known.winner && payment.reversed_at === null) {
      report('I9', `charge ${tradeNo} of ${payment.id} was taken back, and still pays it`);
    }
    return;
  }
  if (known.winner || returnedMinor >= amountMinor || isOwned(place)) return;
  report('I1', `charge ${tradeNo} of ${payment.id} is neither winner nor owned`);
}

function returnedOf({ refunds }: Books, { outNo, tradeNo }: Charge): number {
  return refunds
    .filter((one) => one.outNo === outNo && one.tradeNo === tradeNo)
    .reduce((sum, one) => sum + one.amountMinor, 0);
}

/** Whether an open case names this charge or its return, or a named person has let it be. */
function isOwned({ one: { payment, refunds }, order, known }: Place): boolean {
  const tradeNo = known.channel_transaction_no;
  const returns = refunds.filter(
    (one) => one.channel_transaction_no === tradeNo && one.reason !== 'requested',
  );
  if (returns.some((one) => one.failure?.code === 'given_up')) return true;
  return payment.exceptions.some((one) => {
    if (one.status !== 'open' || one.channel_order !== order.id) return false;
    if (known.held) return one.kind === 'amount_mismatch';
    const numbers = returns.flatMap((back) => back.channel_refunds);
    if (one.kind === 'unknown_refund') {
      return numbers.some((number) => number.channel_refund_no === one.subject);
    }
    const kinds = ['duplicate_payment', 'expired_payment', 'failed_refund'];
    return kinds.includes(one.kind) && one.subject.endsWith(`:${tradeNo}`);
  });
}

/** I5: what we say went back is what the channels gave back, by number and to the last unit. */
export function auditRefunds({ books, payments }: Audit, report: AuditReport): void {
  for (const one of payments) {
    const orderNos = new Set(one.payment.channel_orders.map((order) => order.channel_order_no));
    const theirs = books.refunds.filter((refund) => orderNos.has(refund.outNo));
    auditSums(books, one, theirs, report);
    const ours = one.refunds.flatMap((refund) => refund.channel_refunds);
    for (const { channel_refund_no: no, status, amount } of ours) {
      const paid = theirs.filter((refund) => refund.refundNo === no);
      const isPaid = paid.some((refund) => refund.amountMinor === amount);
      if (isPaid !== (status === 'succeeded')) {
        report('I5', `${no} is ${status}, its channel paid it ${paid.length} times`);
      }
    }
    const numbers = new Set(ours.map((number) => number.channel_refund_no));
    for (const { refundNo, amountMinor } of theirs) {
      if (refundNo === null || numbers.has(refundNo)) continue;
      report('I5', `${amountMinor} went back under ${refundNo}, which is no number of ours`);
    }
    for (const refund of one.refunds) auditRefund(one.payment, refund, report);
  }
}

function auditSums(
  books: Books,
  { payment, refunds }: AuditedReadable,
  theirs: Books['refunds'],
  report: AuditReport,
): void {
  const charges = payment.channel_orders.flatMap((order) => order.charges);
  const knownOf = (tradeNo: string): AuditedCharge | undefined =>
    charges.find((one) => one.channel_transaction_no === tradeNo);
  const counted = theirs.filter(
    (one) => one.currency === payment.currency && !knownOf(one.tradeNo)?.held,
  );
  // What a channel took back of a surplus counts as returned, once it was owed.
  const revoked = books.charges.filter((one) => {
    const known = knownOf(one.tradeNo);
    const wasOwed = refunds.some((refund) => refund.channel_transaction_no === one.tradeNo);
    const isOurs = known?.currency === payment.currency;
    return one.reversedAtMs !== null && isOurs && !known.winner && wasOwed;
  });
  const theirsMinor = [...counted, ...revoked].reduce((sum, one) => sum + one.amountMinor, 0);
  const oursMinor = payment.amount_refunded + payment.surplus.returned;
  if (oursMinor !== theirsMinor) {
    report('I5', `${payment.id} says that ${oursMinor} went back, its channels ${theirsMinor}`);
  }
}

/** I18 and I19: a refund has its end, or somebody's open case. */
function auditRefund(payment: AuditedPayment, refund: AuditedRefund, report: AuditReport): void {
  if (refund.status === 'succeeded' || refund.status === 'failed') return;
  const numbers = refund.channel_refunds.map((one) => one.channel_refund_no);
  const hasCase = payment.exceptions.some(
    (one) =>
      one.status === 'open' &&
      ((one.kind === 'unknown_refund' && numbers.includes(one.subject)) ||
        (one.kind === 'failed_refund' && isAbout(refund, one.subject))),
  );
  if (!hasCase) report('I18', `refund ${refund.id} of ${payment.id} is ${refund.status} for ever`);
}

function isAbout(refund: AuditedRefund, refundKey: string): boolean {
  return refund.merchant_refund_no === null
    ? refundKey.endsWith(`:${refund.channel_transaction_no}`)
    : refundKey === `merchant:${refund.merchant_refund_no}`;
}
