/** What a decision changed, in words for people: one line per change, for the timeline and `explain`. */
import type { Aggregate } from './aggregate.ts';
import type { ChannelOrder } from './channel-order.ts';
import { majorText } from './money.ts';
import type { Payment } from './payment.ts';

/** The lines that tell `after` from `before`; empty when a person would see no difference. */
export function describeChanges(before: Aggregate | null, after: Aggregate): string[] {
  const lines: string[] = [];
  const { payment } = after;
  if (before === null) lines.push(`payment created: ${payment.status}`);
  else if (before.payment.status !== payment.status) {
    lines.push(`payment: ${before.payment.status} → ${payment.status}`);
  }
  if (payment.closing !== (before?.payment.closing ?? null) && payment.closing !== null) {
    lines.push(`payment is being closed (${payment.closing})`);
  }
  for (const order of after.orders) {
    const old = before?.orders.find((one) => one.attempt === order.attempt);
    const name = `channel order ${order.attempt}`;
    if (!old) lines.push(`${name} created at ${order.channel}: ${order.channelOrderNo}`);
    else if (old.status !== order.status) lines.push(`${name}: ${old.status} → ${order.status}`);
    if (order.awaitsStatement && !old?.awaitsStatement)
      lines.push(`${name} handed over to reconciliation`);
    if (old && order.closeStep !== old.closeStep && order.closeStep !== 'none') {
      lines.push(`${name}: close step ${order.closeStep}`);
    }
    for (const charge of order.charges.slice(old?.charges.length ?? 0)) {
      lines.push(
        `charge ${charge.transactionNo} of ${sumText(charge)} ${charge.held ? 'held' : 'learned'}`,
      );
    }
    describeReturns(old, order, lines);
  }
  describeRefunds(before?.payment ?? null, payment, lines);
  for (const one of after.cases) {
    const old = before?.cases.find((other) => other.id === one.id);
    if (!old) lines.push(`case ${one.kind} opened`);
    if (one.resolvedAtMs !== null && (old?.resolvedAtMs ?? null) === null) {
      lines.push(`case ${one.kind} resolved: ${one.resolution}`);
    }
    if (old && old.owner !== one.owner) lines.push(`case ${one.kind} handed to ${one.owner}`);
  }
  return lines;
}

function describeRefunds(before: Payment | null, after: Payment, lines: string[]): void {
  for (const refund of after.refunds) {
    const old = before?.refunds.find((one) => one.key === refund.key);
    const name = `refund ${refund.merchantRefundNo ?? `of charge ${refund.transactionNo}`}`;
    if (!old) lines.push(`${name} of ${sumText(refund)} owed (${refund.reason})`);
    else if (old.status !== refund.status) lines.push(`${name}: ${old.status} → ${refund.status}`);
  }
  if (after.reversedAtMs !== null && (before?.reversedAtMs ?? null) === null) {
    lines.push('payment reversed: its channel took the money back');
  }
}

function describeReturns(
  before: ChannelOrder | undefined,
  after: ChannelOrder,
  lines: string[],
): void {
  for (const [at, charge] of after.charges.entries()) {
    const old = before?.charges[at];
    if (charge.releasedAtMs !== null && !old?.releasedAtMs) {
      lines.push(`held charge ${charge.transactionNo} is returned by a person`);
    }
    if (charge.reversedAtMs !== null && !old?.reversedAtMs) {
      lines.push(`charge ${charge.transactionNo} was reversed by the channel`);
    }
  }
  for (const refund of after.refunds) {
    const old = before?.refunds.find((one) => one.number === refund.number);
    const name = `channel refund ${refund.channelRefundNo}`;
    if (!old) lines.push(`${name} of ${sumText(refund)} planned`);
    else if (old.status !== refund.status) lines.push(`${name}: ${old.status} → ${refund.status}`);
  }
  for (const foreign of after.foreignReturns.slice(before?.foreignReturns.length ?? 0)) {
    lines.push(`${sumText(foreign)} returned by others (${foreign.refundId})`);
  }
}

function sumText(sum: { readonly amountMinor: number; readonly currency: string }): string {
  return `${majorText(sum.amountMinor, sum.currency)} ${sum.currency}`;
}
