/** The auditor's part about words: what merchants heard, held against the payments and the channels' books. */
import type { Audit, AuditedReadable, AuditedTold, AuditReport } from './audit-record.ts';

/** I15 and I16: merchants are told the truth, once per version, and in the end they are told. */
export function auditTold({ books, payments, told }: Audit, report: AuditReport): void {
  const chargesByOrderNo = Map.groupBy(books.charges, (charge) => charge.outNo);
  const bodies = new Map<string, string>();
  for (const { by, atMs, payment, refunds } of told) {
    const name = `${payment.id} v${payment.version}`;
    const body = JSON.stringify([payment, refunds]);
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
  for (const one of payments) auditNotices(one, byPayment.get(one.payment.id) ?? [], report);
}

/** How far the clocks of channels and merchants may be apart. */
const CLOCKS_MS = 5_000;

function auditNotices(
  { payment, refunds }: AuditedReadable,
  told: readonly AuditedTold[],
  report: AuditReport,
): void {
  const notices = told.filter((one) => one.notice !== null);
  const events = new Map(notices.map((one) => [one.notice?.eventId, one.notice?.event]));
  const successes = [...events.values()].filter((event) => event === 'payment.succeeded').length;
  if (successes !== (payment.status === 'succeeded' ? 1 : 0)) {
    report('I16', `${payment.id} is ${payment.status}, told as paid by ${successes} events`);
  }
  for (const refund of refunds) {
    const event = `refund.${refund.status}`;
    const isTold = notices.some(
      ({ notice }) =>
        notice?.event === event && notice.subjectKey === `merchant:${refund.merchant_refund_no}`,
    );
    const isFinal = refund.status === 'succeeded' || refund.status === 'failed';
    if (refund.merchant_refund_no !== null && isFinal && !isTold) {
      report('I16', `${refund.id} is ${refund.status}, and its merchant was not told`);
    }
  }
  const isOver = payment.status === 'succeeded' || payment.status === 'closed';
  const last = notices.toSorted((a, b) => a.payment.version - b.payment.version).at(-1);
  if (isOver && last?.payment.status !== payment.status) {
    report('I15', `${payment.id} is ${payment.status}, last told as ${last?.payment.status}`);
  }
}
