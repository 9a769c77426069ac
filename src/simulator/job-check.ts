/** I19: nobody waits for nobody. Whatever is not finished has a row that brings it up again, or a person. */
import type { Aggregate } from '../core/aggregate.ts';
import { isOpen } from '../core/channel-order.ts';
import { isInFlight } from '../core/channel-refund.ts';
import type { MemoryTables } from '../store/memory-store.ts';
import type { Report } from './report.ts';

/** How far the sweep looks back behind its watermark; what is younger may still be found. */
const OVERLAP_MS = 60_000;

/** Looks at a payment beside the tables of jobs. */
export function checkOwned(aggregate: Aggregate, tables: MemoryTables, report: Report): void {
  checkQuestions(aggregate, tables, report);
  checkEnd(aggregate, tables, report);
  checkRefundJobs(aggregate, tables, report);
}

/** Of the orders; where the books lie apart, each brings its first question with it. */
export function checkQuestions(
  { payment, orders, apart }: Aggregate,
  tables: MemoryTables,
  report: Report,
): void {
  for (const order of orders) {
    const needsQuestion = isOpen(order) && !order.awaitsStatement;
    if (!needsQuestion || tables.hasQuestion(payment.id, order.attempt)) continue;
    // The sweep finds the orders of unfinished payments only.
    if (!apart && isYoung(payment, tables) && isUnfinished(payment)) continue;
    report('I19', `${payment.id}: order ${order.attempt} is ${order.status}, and nobody asks`);
  }
}

/** Of the payment: something ends its validity. */
export function checkEnd({ payment }: Aggregate, tables: MemoryTables, report: Report): void {
  const isHeld = payment.tries.some((one) => one.status === 'held');
  const needsEnd = isUnfinished(payment) && payment.closing === null && !isHeld;
  if (needsEnd && !isYoung(payment, tables) && !tables.hasExpiry(payment.id)) {
    report('I19', `${payment.id}: the payment is ${payment.status}, and nothing ends it`);
  }
}

function isYoung({ createdAtMs }: Aggregate['payment'], tables: MemoryTables): boolean {
  return createdAtMs >= tables.watermarkMs() - OVERLAP_MS;
}

function isUnfinished({ status }: Aggregate['payment']): boolean {
  return status === 'pending' || status === 'processing';
}

/** Of each refund that is not final: a live job, or an open case of a person. */
export function checkRefundJobs(
  { payment, orders, cases }: Aggregate,
  tables: MemoryTables,
  report: Report,
): void {
  for (const { attempt, refunds } of orders) {
    for (const refund of refunds) {
      const { number, status, refundKey, channelRefundNo } = refund;
      const needsJob = status === 'owed' || isInFlight(refund);
      if (needsJob && !tables.hasRefundJob(payment.id, attempt, number)) {
        report('I19', `${channelRefundNo} is ${status}, and nobody asks`);
      }
      const needsPerson = status === 'held_back' || status === 'requires_action';
      const isOwned = cases.some(
        (one) =>
          one.kind === 'failed_refund' && one.subject === refundKey && one.resolvedAtMs === null,
      );
      if (needsPerson && !isOwned)
        report('I19', `${channelRefundNo} is ${status}, owned by nobody`);
    }
  }
}
