/**
 * The auditor of the simulated world. It knows the channels' own books, what merchants were told, and
 * the payments like every merchant can read them: nothing of how the platform came to them.
 */
import type {
  Audit,
  AuditedCharge,
  AuditedPayment,
  AuditedRefund,
  AuditReport,
  Books,
} from './audit-record.ts';
import { auditCharges, auditRefunds } from './auditor-money.ts';
import { auditTold } from './auditor-told.ts';

/** Compares them and reports whatever does not tie out. */
export function audit(one: Audit, report: AuditReport): void {
  auditCharges(one, report);
  auditRefunds(one, report);
  auditPayments(one, report);
  auditTold(one, report);
  auditAcknowledged(one, report);
}

function auditPayments({ books, payments }: Audit, report: AuditReport): void {
  for (const { payment, refunds } of payments) {
    const charges = payment.channel_orders.flatMap((order) => order.charges);
    const winners = charges.filter((one) => one.winner);
    const isPaid = payment.status === 'succeeded';
    if (winners.length !== (isPaid ? 1 : 0)) {
      report('I3', `${payment.id} is ${payment.status} with ${winners.length} winners`);
    }
    if (payment.amount_received !== (isPaid ? payment.amount : 0)) {
      report('I2', `${payment.id} of ${payment.amount} received ${payment.amount_received}`);
    }
    const standing = charges.filter(
      (one) => one.currency === payment.currency && !wentWhileHeld(books, one, refunds),
    );
    const sumMinor = standing.reduce((sum, one) => sum + one.amount, 0);
    const { received, held } = payment.surplus;
    if (sumMinor !== payment.amount_received + received + held) {
      report('I9', `${payment.id} does not add up to what its charges are`);
    }
    for (const order of payment.channel_orders) {
      const state = books.stateOf(order.channel_order_no);
      // Only a channel can say no: to a payer, to a number that it shut before, or to one it never took.
      const isNo = state === 'DECLINED' || state === 'CLOSED' || state === 'NOT_EXIST';
      if (order.status === 'failed' && !isNo) {
        report('I6', `${payment.id} has a failed order that its channel calls ${state}`);
      }
      if (order.status === 'closed' && (state === 'WAITING' || state === 'PAYING')) {
        report('I6', `${payment.id} has a closed order that its channel calls ${state}`);
      }
    }
    auditEnd(payment, report);
  }
}

/** Held money that its channel took back has left suspense, and was never owed to anybody. */
function wentWhileHeld(
  { charges }: Books,
  { channel_transaction_no: tradeNo, winner }: AuditedCharge,
  refunds: readonly AuditedRefund[],
): boolean {
  const charge = charges.find((one) => one.tradeNo === tradeNo);
  if (!charge || charge.reversedAtMs === null) return false;
  const isMismatch = (one: AuditedRefund): boolean => one.channel_transaction_no === tradeNo;
  return !winner && !refunds.some(isMismatch);
}

/** I18: it ends. What is still open is held for a person. */
function auditEnd(payment: AuditedPayment, report: AuditReport): void {
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

/** I25 and I12: what was acknowledged is still there, and one number is one payment. */
function auditAcknowledged(
  { payments, acknowledged, acknowledgedRefunds }: Audit,
  report: AuditReport,
): void {
  const byId = new Map(payments.map((one) => [one.payment.id, one]));
  const byOrderNo = new Map<string, string>();
  for (const { merchantOrderNo, paymentId, amountMinor } of acknowledged) {
    const payment = byId.get(paymentId)?.payment;
    if (payment?.amount !== amountMinor || payment.merchant_order_no !== merchantOrderNo) {
      report('I25', `the acknowledged payment ${paymentId} of ${merchantOrderNo} is not there`);
    }
    const former = byOrderNo.get(merchantOrderNo);
    if (former !== undefined && former !== paymentId) {
      report('I12', `${merchantOrderNo} was acknowledged as ${former} and as ${paymentId}`);
    }
    byOrderNo.set(merchantOrderNo, paymentId);
  }
  for (const { merchantRefundNo, paymentId, amountMinor } of acknowledgedRefunds) {
    const known = byId
      .get(paymentId)
      ?.refunds.filter((one) => one.merchant_refund_no === merchantRefundNo);
    if (known?.length !== 1 || known[0]?.amount !== amountMinor) {
      report('I25', `the acknowledged refund ${merchantRefundNo} of ${paymentId} is not there`);
    }
  }
}
