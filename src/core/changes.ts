/** What a decision changed, in words for people: one line per change, for the timeline and `explain`. */
import type { Aggregate } from './aggregate.ts';
import { majorText } from './money.ts';

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
      const sum = `${majorText(charge.amountMinor, charge.currency)} ${charge.currency}`;
      lines.push(`charge ${charge.transactionNo} of ${sum} ${charge.held ? 'held' : 'learned'}`);
    }
  }
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
