/** The invariants that a payment shows by itself, at rest. */
import type { Aggregate } from './aggregate.ts';
import type { ChannelOrder, ChannelOrderStatus } from './channel-order.ts';
import { isOpen } from './channel-order.ts';
import { chargeKey, isHeldNow } from './charge.ts';
import type { Case } from './exceptions/kind.ts';
import { channelOrderNo, channelRefundNo } from './id.ts';
import { knownCharges } from './known-charge.ts';
import type { Try } from './payment.ts';
import { openTries } from './payment.ts';
import { isInFlight, isLive } from './channel-refund.ts';
import { isSurplus, surplusKey } from './refund.ts';
import { reservedMinor } from './refund-sums.ts';
import type { Broken } from './violation.ts';

/** I2: paid means captured, the same money, at the order that the winner names. */
export function checkWinner({ payment, orders }: Aggregate, broken: Broken): void {
  const { winner } = payment;
  if ((payment.status === 'succeeded') !== (winner !== null)) {
    broken('I2', `the payment is ${payment.status} and its winner is ${winner?.transactionNo}`);
  }
  if (!winner) return;
  const order = orders.find((one) => one.attempt === winner.attempt);
  const charge = order?.charges.find((one) => one.transactionNo === winner.transactionNo);
  if (!charge) {
    broken('I2', `the winner ${winner.transactionNo} is no charge of order ${winner.attempt}`);
    return;
  }
  if (charge.held) broken('I2', `the winner ${winner.transactionNo} is held money`);
  const isSame =
    charge.amountMinor === payment.amountMinor &&
    winner.amountMinor === payment.amountMinor &&
    charge.currency === payment.currency;
  if (!isSame) {
    broken('I2', `the winner is ${charge.amountMinor} ${charge.currency}, not what was ordered`);
  }
}

/** What makes an order failed: its channel said no, or the complete statements of its days lack it. */
const FAILURES: ReadonlySet<ChannelOrder['deathEvidence']> = new Set([
  'channel_failed',
  'statement_silent',
]);

/** I6: no negative end without evidence, of an order, of a try, or of the payment. */
export function checkNegativeEnds({ payment, orders }: Aggregate, broken: Broken): void {
  for (const order of orders) {
    const isNegative = order.status === 'failed' || order.status === 'closed';
    if (isNegative && order.deathEvidence === null) {
      broken('I6', `order ${order.attempt} is ${order.status} without evidence`);
    }
    if (order.status === 'failed' && !FAILURES.has(order.deathEvidence)) {
      broken('I6', `order ${order.attempt} is failed by ${order.deathEvidence}`);
    }
  }
  if (payment.status !== 'closed') return;
  for (const one of openTries(payment)) {
    broken('I6', `the payment is closed and try ${one.attempt} is ${one.status}`);
  }
}

const TRY_STATUS: Readonly<Record<ChannelOrderStatus, readonly Try['status'][]>> = {
  created: ['open'],
  pending: ['open'],
  unknown: ['open'],
  held: ['held'],
  succeeded: ['paid'],
  failed: ['dead'],
  closed: ['dead'],
  // Held money that was reversed leaves a try that was never paid.
  reversed: ['paid', 'dead'],
};
/** Once a charge of its order was reversed, a try that it had paid stays paid, whatever comes after. */
const isPaidForLife = (order: ChannelOrder, one: Try): boolean =>
  one.status === 'paid' && order.charges.some((charge) => charge.reversedAtMs !== null);

/** I7: the two books say the same about each try, and every status fits to what it stands on. */
export function checkStatuses({ payment, orders }: Aggregate, broken: Broken): void {
  if (orders.length !== payment.tries.length) {
    broken('I7', `${payment.tries.length} tries and ${orders.length} orders`);
  }
  for (const [at, order] of orders.entries()) {
    const one = payment.tries[at];
    if (order.attempt !== at + 1 || one?.attempt !== at + 1) {
      broken('I7', `order ${order.attempt} and try ${one?.attempt} stand at place ${at + 1}`);
    }
    const fits =
      one && (TRY_STATUS[order.status].includes(one.status) || isPaidForLife(order, one));
    if (!fits) {
      broken('I7', `try ${order.attempt} is ${one?.status} and its order is ${order.status}`);
    }
    if (isOpen(order)) continue;
    if (order.closeStep !== 'none' || order.awaitsStatement || order.nextAction !== null) {
      broken('I7', `order ${order.attempt} is ${order.status} and still waits for something`);
    }
  }
  const standing = payment.tries.some((one) => one.status === 'open' || one.status === 'held');
  if (payment.status === 'processing' && !standing) {
    broken('I7', 'the payment is processing and no try is open or held');
  }
  if (payment.status === 'pending' && openTries(payment).length > 0) {
    broken('I7', 'the payment is pending and a try is open');
  }
  if (payment.closing !== null && payment.status !== 'processing') {
    broken('I7', `the payment is being closed and ${payment.status}`);
  }
  if ((payment.status === 'closed') !== (payment.closeReason !== null)) {
    broken('I7', `the payment is ${payment.status}, close reason ${payment.closeReason}`);
  }
}

/** I9: every charge is the winner, surplus or held, and the sums say so. */
export function checkSums(aggregate: Aggregate, broken: Broken): void {
  const { payment } = aggregate;
  let surplusMinor = 0;
  let heldMinor = 0;
  for (const { charge, isWinner } of knownCharges(aggregate)) {
    if (charge.currency !== payment.currency || isWinner) continue;
    if (isHeldNow(charge)) heldMinor += charge.amountMinor;
    else if (!charge.held || charge.releasedAtMs !== null) surplusMinor += charge.amountMinor;
  }
  if (surplusMinor !== payment.surplusReceivedMinor) {
    broken('I9', `surplus charges sum to ${surplusMinor}, not ${payment.surplusReceivedMinor}`);
  }
  if (heldMinor !== payment.surplusHeldMinor) {
    broken('I9', `held charges sum to ${heldMinor}, not ${payment.surplusHeldMinor}`);
  }
}

/** I13: one number, one meaning: the order's own, for the payment's money, each charge once. */
export function checkNumbers({ payment, orders }: Aggregate, broken: Broken): void {
  for (const order of orders) {
    if (order.channelOrderNo !== channelOrderNo(payment.id, order.attempt)) {
      broken('I13', `order ${order.attempt} has the number ${order.channelOrderNo}`);
    }
    if (order.amountMinor !== payment.amountMinor || order.currency !== payment.currency) {
      broken('I13', `order ${order.attempt} is about ${order.amountMinor} ${order.currency}`);
    }
    const numbers = new Set(order.charges.map((charge) => charge.transactionNo));
    if (numbers.size !== order.charges.length) {
      broken('I13', `order ${order.attempt} has the same charge twice`);
    }
  }
}

/** I19: money that is not the winner, and an order that nobody asks about, have a case with an owner. */
export function checkOwners(aggregate: Aggregate, broken: Broken): void {
  const { payment, orders, cases } = aggregate;
  const openOf = (kind: Case['kind'], subject: string): Case | undefined =>
    cases.find((one) => one.kind === kind && one.subject === subject && one.resolvedAtMs === null);
  for (const order of orders) {
    const drop = openOf('external_drop', String(order.attempt));
    if (isOpen(order) && order.awaitsStatement && drop?.owner !== 'reconciliation') {
      broken('I19', `order ${order.attempt} awaits a statement that nobody was told of`);
    }
    if (!isOpen(order) && drop) {
      broken('I19', `order ${order.attempt} is ${order.status} and its drop is still open`);
    }
    const isHeld = order.charges.some(isHeldNow);
    const mismatch = openOf('amount_mismatch', String(order.attempt));
    if (isHeld && mismatch?.owner !== 'operations') {
      broken('I19', `order ${order.attempt} holds money that no person has to decide about`);
    }
  }
  for (const { attempt, charge, isWinner } of knownCharges(aggregate)) {
    if (isWinner || (charge.held && charge.releasedAtMs === null)) continue;
    const subject = chargeKey(attempt, charge.transactionNo);
    const isOwned = cases.some(
      (one) =>
        (one.kind === 'duplicate_payment' || one.kind === 'expired_payment') &&
        one.subject === subject,
    );
    if (!isOwned && !charge.held) broken('I19', `the surplus charge ${subject} has no case`);
    const isOwed = payment.refunds.some((one) => one.key === surplusKey(subject));
    if (!isOwed) broken('I1', `the surplus charge ${subject} is returned by nobody`);
  }
  for (const one of cases) {
    if (one.resolvedAtMs !== null && one.resolution === null) {
      broken('I19', `the case ${one.kind} ${one.subject} is over without a proof`);
    }
  }
}

/** I4: what is set aside for refunds never exceeds what was charged; a surplus is owed once, and whole. */
export function checkReserve({ payment, orders }: Aggregate, broken: Broken): void {
  const reserved = reservedMinor(payment);
  if (reserved > (payment.winner?.amountMinor ?? 0)) {
    broken('I4', `${reserved} is set aside, of ${payment.winner?.amountMinor ?? 0} charged`);
  }
  const keys = new Set(payment.refunds.map((one) => one.key));
  if (keys.size !== payment.refunds.length) broken('I5', 'two refunds have one key');
  for (const refund of payment.refunds.filter(isSurplus)) {
    const order = orders.find((one) => one.attempt === refund.attempt);
    const charge = order?.charges.find((one) => one.transactionNo === refund.transactionNo);
    const isWhole =
      charge?.amountMinor === refund.amountMinor && charge.currency === refund.currency;
    if (!isWhole) broken('I4', `the return ${refund.key} is not of its whole charge`);
  }
}

/** I5 and I13: each channel refund carries out one refund, under its own number, one at a time. */
export function checkChannelRefunds({ payment, orders }: Aggregate, broken: Broken): void {
  for (const order of orders) {
    for (const [at, one] of order.refunds.entries()) {
      const wanted = payment.refunds.find((other) => other.key === one.refundKey);
      if (one.number !== at + 1) broken('I13', `channel refund ${one.number} stands at ${at + 1}`);
      if (one.channelRefundNo !== channelRefundNo(order.channelOrderNo, one.number)) {
        broken('I13', `channel refund ${one.number} has the number ${one.channelRefundNo}`);
      }
      const isSame =
        wanted?.amountMinor === one.amountMinor &&
        wanted.currency === one.currency &&
        wanted.transactionNo === one.transactionNo;
      if (!isSame) broken('I13', `channel refund ${one.channelRefundNo} is about other money`);
    }
    for (const refund of payment.refunds.filter((one) => one.attempt === order.attempt)) {
      const rounds = order.refunds.filter((one) => one.refundKey === refund.key);
      if (rounds.length === 0) broken('I19', `the refund ${refund.key} is sent by nobody`);
      if (rounds.filter(isLive).length > 1) {
        broken('I5', `two numbers are alive for the refund ${refund.key}`);
      }
      const isOver = refund.status === 'succeeded' || refund.status === 'failed';
      if (isOver && rounds.some((one) => isLive(one) && !isInFlight(one))) {
        broken('I5', `the refund ${refund.key} is ${refund.status} and may still be sent`);
      }
      const returned = rounds.filter((one) => one.status === 'succeeded').length;
      if ((refund.status === 'succeeded') !== returned > 0) {
        broken('I5', `the refund ${refund.key} is ${refund.status}, returned ${returned} times`);
      }
    }
  }
}

/** I19: a case about a refund can be ended by somebody: it lasts no longer than what it is about. */
export function checkRefundCases({ payment, orders, cases }: Aggregate, broken: Broken): void {
  const live = orders.flatMap((order) => order.refunds).filter(isLive);
  for (const one of cases.filter((other) => other.resolvedAtMs === null)) {
    const isUnknown = one.kind === 'unknown_refund';
    if (isUnknown && !live.some((refund) => refund.channelRefundNo === one.subject)) {
      broken('I19', `the case of the unknown refund ${one.subject} has outlived it`);
    }
    if (one.kind !== 'failed_refund') continue;
    const refund = payment.refunds.find((other) => other.key === one.subject);
    if (refund?.status !== 'pending' && refund?.status !== 'requires_action') {
      broken('I19', `${one.subject} is ${refund?.status} and has a case that nobody can end`);
    }
  }
}
