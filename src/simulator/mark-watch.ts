/** Which marks a committed move has reached. */
import type { Aggregate } from '../core/aggregate.ts';
import type { ChannelOrder } from '../core/channel-order.ts';
import { isOpen } from '../core/channel-order.ts';
import type { Case } from '../core/exceptions/kind.ts';
import type { Refund } from '../core/refund.ts';
import { isSurplus } from '../core/refund.ts';
import type { Marks } from './marks.ts';

/** Notes what is new in a move. */
export function noteMarks(before: Aggregate | null, after: Aggregate, marks: Marks): void {
  const { payment, orders } = after;
  const was = before?.payment;
  if (was?.status === 'closed' && payment.status === 'succeeded')
    marks.reach('late_money_accepted');
  if (was?.status === 'closed' && payment.status === 'pending') marks.reach('reopened');
  if (payment.closeReason === 'never_opened' && was?.closeReason !== 'never_opened') {
    marks.reach('closed_never_opened');
  }
  if (payment.reversedAtMs !== null && !was?.reversedAtMs) marks.reach('payment_reversed');
  const openCount = orders.filter(isOpen).length;
  if (openCount > 1 && (before?.orders.length ?? 0) < orders.length) marks.reach('overlap');
  for (const refund of payment.refunds) {
    const old = was?.refunds.find((one) => one.key === refund.key);
    if (old !== refund) noteRefund(old, refund, after, marks);
  }
  for (const order of orders) {
    const old = before?.orders.find((one) => one.attempt === order.attempt);
    if (old !== order) noteOrder(old, order, marks);
  }
  for (const one of after.cases) {
    const isNew = !before?.cases.some((other) => other.id === one.id);
    if (isNew) noteCase(one, marks);
  }
}

function noteRefund(
  before: Refund | undefined,
  refund: Refund,
  { payment }: Aggregate,
  marks: Marks,
): void {
  if (before?.status === refund.status) return;
  if (refund.status === 'requires_action') marks.reach('refund_stuck');
  if (refund.failure?.code === 'exceeds_charge' && payment.foreignReturnedMinor > 0) {
    marks.reach('refund_after_console');
  }
  if (refund.status !== 'succeeded' || !isSurplus(refund)) return;
  if (refund.reason === 'late') marks.reach('late_money_returned');
  else if (refund.reason === 'mismatch') marks.reach('held_returned');
  else if (payment.winner?.attempt === refund.attempt) marks.reach('duplicate_same_order');
  else marks.reach('duplicate_other_order');
}

function noteOrder(before: ChannelOrder | undefined, order: ChannelOrder, marks: Marks): void {
  if (order.awaitsStatement && !before?.awaitsStatement) marks.reach('handed_over');
  if (order.status === 'held' && before?.status !== 'held') marks.reach('amount_held');
  if (order.foreignReturns.length > (before?.foreignReturns.length ?? 0)) {
    marks.reach('console_refund_found');
  }
  for (const refund of order.refunds) {
    const old = before?.refunds.find((one) => one.number === refund.number);
    if (!old && refund.round > 1) marks.reach('refund_second_number');
    if (refund.isExtra && !old?.isExtra) marks.reach('refund_extra_found');
  }
}

function noteCase({ kind }: Case, marks: Marks): void {
  if (kind === 'conflicting_outcome') marks.reach('contradiction');
  if (kind === 'internal_drop') marks.reach('internal_drop_healed');
}
