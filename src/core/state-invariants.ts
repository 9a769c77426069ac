/** The invariants that a payment shows by itself, at rest. */
import type { Aggregate } from './aggregate.ts';
import type { ChannelOrderStatus } from './channel-order.ts';
import { isOpen } from './channel-order.ts';
import { chargeKey } from './charge.ts';
import type { Case } from './exceptions/kind.ts';
import { channelOrderNo } from './id.ts';
import { knownCharges } from './known-charge.ts';
import type { Try } from './payment.ts';
import { openTries } from './payment.ts';
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

/** I6: no negative end without evidence, of an order, of a try, or of the payment. */
export function checkNegativeEnds({ payment, orders }: Aggregate, broken: Broken): void {
  for (const order of orders) {
    const isNegative = order.status === 'failed' || order.status === 'closed';
    if (isNegative && order.deathEvidence === null) {
      broken('I6', `order ${order.attempt} is ${order.status} without evidence`);
    }
    if (order.status === 'failed' && order.deathEvidence !== 'channel_failed') {
      broken('I6', `order ${order.attempt} is failed by ${order.deathEvidence}`);
    }
  }
  if (payment.status !== 'closed') return;
  for (const one of openTries(payment)) {
    broken('I6', `the payment is closed and try ${one.attempt} is ${one.status}`);
  }
}

const TRY_STATUS: Readonly<Record<ChannelOrderStatus, Try['status']>> = {
  created: 'open',
  pending: 'open',
  unknown: 'open',
  held: 'held',
  succeeded: 'paid',
  failed: 'dead',
  closed: 'dead',
  reversed: 'paid',
};

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
    if (one?.status !== TRY_STATUS[order.status]) {
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
    if (charge.held && charge.currency === payment.currency) heldMinor += charge.amountMinor;
    else if (!charge.held && !isWinner) surplusMinor += charge.amountMinor;
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
  const { orders, cases } = aggregate;
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
    const isHeld = order.charges.some((charge) => charge.held);
    const mismatch = openOf('amount_mismatch', String(order.attempt));
    if (isHeld && mismatch?.owner !== 'operations') {
      broken('I19', `order ${order.attempt} holds money that no person has to decide about`);
    }
  }
  for (const { attempt, charge, isWinner } of knownCharges(aggregate)) {
    if (charge.held || isWinner) continue;
    const subject = chargeKey(attempt, charge.transactionNo);
    const isOwned = cases.some(
      (one) =>
        (one.kind === 'duplicate_payment' || one.kind === 'expired_payment') &&
        one.subject === subject,
    );
    if (!isOwned) broken('I19', `the surplus charge ${subject} has no case`);
  }
  for (const one of cases) {
    if (one.resolvedAtMs !== null && one.resolution === null) {
      broken('I19', `the case ${one.kind} ${one.subject} is over without a proof`);
    }
  }
}
