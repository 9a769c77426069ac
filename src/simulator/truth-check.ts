/** What each commit must have in common with the channels' own truth. */
import type { Aggregate } from '../core/aggregate.ts';
import type { ChannelOrder } from '../core/channel-order.ts';
import type { ChannelRefund } from '../core/channel-refund.ts';
import type { SimulatedBrake } from './brake.ts';
import type { SimulatedChannels } from './channel.ts';
import type { Report } from './report.ts';
import type { Marks } from './marks.ts';

export type TruthOptions = {
  readonly channels: SimulatedChannels;
  readonly brake: SimulatedBrake;
  readonly marks: Marks;
  readonly report: Report;
};

/** A check of what a move says against what the channels know. */
export function truthCheck(
  options: TruthOptions,
): (before: Aggregate | null, after: Aggregate) => void {
  return (before, after) => {
    for (const order of after.orders) {
      const old = before?.orders.find((one) => one.attempt === order.attempt);
      if (old === order) continue;
      checkEnd(old, order, options);
      checkCharges(old, order, options);
      for (const { refundId } of order.foreignReturns.slice(old?.foreignReturns.length ?? 0)) {
        const theirs = options.channels.desk.all().find((one) => one.refundId === refundId);
        if (theirs?.refundNo) options.marks.reach('refund_extra_found');
      }
      for (const refund of order.refunds) {
        const former = old?.refunds.find((one) => one.number === refund.number);
        if (former !== refund) checkRefund(former, order, refund, options);
      }
    }
  };
}

/** I6: an order ends unpaid only where its channel will not take its money any more. */
function checkEnd(
  before: ChannelOrder | undefined,
  order: ChannelOrder,
  { channels, report }: TruthOptions,
): void {
  const isNegative = order.status === 'failed' || order.status === 'closed';
  if (!isNegative || before?.status === order.status || before?.status === 'held') return;
  const { state } = channels.truth(order.channel, order.account, order.channelOrderNo);
  // What nobody ever sent cannot come any more; anything else can, until its validity is over there.
  const isSent = order.deathEvidence !== 'never_sent';
  const mayStillCome = isSent && state === 'NOT_EXIST' && channels.nowMs < order.validUntilMs;
  if (state !== 'WAITING' && state !== 'PAYING' && !mayStillCome) return;
  const { channelOrderNo, status, deathEvidence } = order;
  report('I6', `${channelOrderNo} is ${status} by ${deathEvidence}, its channel says ${state}`);
}

/** I2 and I17: what is booked as charged was charged, to the last unit and in that currency. */
function checkCharges(
  before: ChannelOrder | undefined,
  order: ChannelOrder,
  { channels, report }: TruthOptions,
): void {
  const fresh = order.charges.slice(before?.charges.length ?? 0);
  if (fresh.length === 0) return;
  const { charges } = channels.truth(order.channel, order.account, order.channelOrderNo);
  for (const charge of fresh) {
    const taken = charges.find((one) => one.tradeNo === charge.transactionNo);
    if (!taken) report('I17', `${charge.transactionNo} was never taken by any channel`);
    else if (taken.amountMinor !== charge.amountMinor || taken.currency !== charge.currency) {
      const theirs = `${taken.amountMinor} ${taken.currency}`;
      const ours = `${charge.amountMinor} ${charge.currency}`;
      report('I2', `${charge.transactionNo} is ${theirs}, booked as ${ours}`);
    }
  }
}

function checkRefund(
  before: ChannelRefund | undefined,
  order: ChannelOrder,
  refund: ChannelRefund,
  { channels, brake, report }: TruthOptions,
): void {
  const { channelRefundNo, status, amountMinor, currency } = refund;
  const { channel, account } = order;
  const isFirstSending = refund.sentAtMs !== null && (before?.sentAtMs ?? null) === null;
  if (refund.isAutomatic && isFirstSending) {
    const hasPass = brake.takePass({ channel, account, amountMinor, currency });
    if (!hasPass) report('brake', `${channelRefundNo} left without the brake`);
  }
  if (before?.status === status) return;
  const theirs = channels.desk.ofNumber(channel, channelRefundNo);
  // I5: returned means returned, under that number and to the last unit.
  const isReturned = theirs.some(
    (one) => one.state === 'SUCCESS' && one.amountMinor === amountMinor,
  );
  if (status === 'succeeded' && !isReturned) {
    report('I5', `${channelRefundNo} is booked as returned, and its channel returned nothing`);
  }
  // I6: dead means dead; a number that may still move money is not declared so, but by a person.
  const mayMove = theirs.some((one) => !one.wasDenied);
  if (status === 'failed' && refund.failure?.code !== 'given_up' && mayMove) {
    report('I6', `${channelRefundNo} is failed, its channel has it as ${theirs.at(-1)?.state}`);
  }
}
