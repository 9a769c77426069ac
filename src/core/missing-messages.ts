/**
 * What each book must have told the other, made from what the book itself says. Where the books lie in
 * two databases, whatever of it the other one has not taken in is the internal drop (内部掉单) of this
 * payment. The same message has the same key as the one that was sent, so nothing counts twice.
 */
import type { Aggregate } from './aggregate.ts';
import type { ChannelOrder } from './channel-order.ts';
import { isNeverOpened } from './channel-order.ts';
import type { Charge } from './charge.ts';
import { takenBackOf } from './channel-refund.ts';
import { isHeldNow } from './charge.ts';
import { isHandedOver } from './exceptions/unknown-refund.ts';
import type { Message, ToChannelBook, ToPaymentBook } from './message.ts';
import { messageKey, refusalMark } from './message.ts';
import type { Payment } from './payment.ts';
import { isSurplus } from './refund.ts';

/** A message under the key by which it counts once. */
export type KeyedMessage = { readonly key: string; readonly message: Message };

/** What is missing in either book, oldest first; empty where both share one database. */
export function missingMessages({ payment, orders, apart }: Aggregate): KeyedMessage[] {
  if (!apart) return [];
  const toPayment = orders.flatMap(toldByOrder);
  const toChannel = toldByPayment(payment, orders, apart.receivedByPaymentBook);
  return [
    ...missing(toChannel, apart.receivedByChannelBook),
    ...missing(toPayment, apart.receivedByPaymentBook),
  ];
}

function missing(messages: readonly Message[], received: readonly string[]): KeyedMessage[] {
  const known = new Set(received);
  return messages
    .map((message) => ({ key: messageKey(message), message }))
    .filter(({ key }) => !known.has(key));
}

/** Everything that a channel order must have told the payment book. */
function toldByOrder(order: ChannelOrder): ToPaymentBook[] {
  const { attempt, deathEvidence, status } = order;
  const told: ToPaymentBook[] = [];
  if (deathEvidence !== 'never_sent') told.push({ type: 'try_opened', attempt });
  for (const charge of order.charges) told.push(...toldByCharge(order, charge));
  for (const foreign of order.foreignReturns) {
    if (!isHeldCharge(order, foreign.transactionNo)) {
      const takenBackMinor = takenBackOf(order.foreignReturns, foreign.transactionNo);
      told.push({ type: 'foreign_return', attempt, foreign, takenBackMinor });
    }
  }
  told.push(...toldByRefunds(order));
  const isDead = (status === 'failed' || status === 'closed') && deathEvidence !== null;
  const wasHeldOnly =
    status === 'reversed' && order.charges.every((charge) => charge.held && !isHeldNow(charge));
  if (isDead || wasHeldOnly) {
    const evidence = deathEvidence ?? 'channel_reversed';
    const neverOpened = isNeverOpened(evidence);
    const chargeCount = order.charges.length;
    told.push({ type: 'try_dead', attempt, evidence, neverOpened, chargeCount });
  }
  return told;
}

function toldByCharge({ attempt, charges }: ChannelOrder, charge: Charge): ToPaymentBook[] {
  const { transactionNo, amountMinor, currency, paidAtMs, via, held } = charge;
  const named = { transactionNo, amountMinor, currency, paidAtMs };
  const told: ToPaymentBook[] = [];
  const heldNos = charges.filter((one) => one.held).map((one) => one.transactionNo);
  if (held) {
    const beginsHold = heldNos[0] === transactionNo;
    told.push({ type: 'charge_held', attempt, charge: named, beginsHold });
  }
  if (!held || charge.releasedAtMs !== null) {
    const endsHold = held && heldNos.at(-1) === transactionNo;
    const how: Pick<typeof charge, 'via'> = { via: held ? 'operator' : via };
    told.push({ type: 'charge', attempt, charge: named, ...how, wasHeld: held, endsHold });
  }
  if (charge.reversedAtMs !== null) {
    const wasHeld = held && charge.releasedAtMs === null;
    const endsHold = wasHeld && heldNos.at(-1) === transactionNo;
    const { reversedAtMs } = charge;
    told.push({ type: 'charge_reversed', attempt, charge: named, reversedAtMs, wasHeld, endsHold });
  }
  return told;
}

function toldByRefunds({ attempt, refunds }: ChannelOrder): ToPaymentBook[] {
  const told: ToPaymentBook[] = [];
  for (const refund of refunds) {
    const { refundKey, refundId, refundedAtMs, status, failure } = refund;
    if (status === 'succeeded' && refundId !== null) {
      const { transactionNo, amountMinor, currency, confirmedBy } = refund;
      const at = refundedAtMs ?? 0;
      const via = confirmedBy ?? 'query';
      const foreign = { refundId, transactionNo, amountMinor, currency, refundedAtMs: at, via };
      told.push(
        refund.isExtra
          ? { type: 'foreign_return', attempt, foreign, takenBackMinor: amountMinor }
          : { type: 'return_result', refundKey, attempt, refundedAtMs: at },
      );
    }
    const isLast = refunds.findLast((one) => one.refundKey === refundKey) === refund;
    const isStuck = status === 'requires_action' || isHandedOver(refund);
    const isRefused = isStuck || (status === 'failed' && isLast);
    if (!isRefused || !failure || failure.code === 'given_up') continue;
    const end = status === 'failed' ? 'dead' : 'stuck';
    const { code, message } = failure;
    const of = refusalMark(refund);
    told.push({ type: 'return_refused', refundKey, attempt, end, of, code, message });
  }
  return told;
}

/** Everything that the payment must have told the channel book. */
function toldByPayment(
  payment: Payment,
  orders: readonly ChannelOrder[],
  received: readonly string[],
): ToChannelBook[] {
  const told: ToChannelBook[] = [];
  const { amountMinor, currency } = payment;
  for (const { attempt, channel, product, account, validUntilMs, status } of payment.tries) {
    if (account === undefined || validUntilMs === undefined) continue;
    const money = { amountMinor, currency };
    const place = { channel, account, product };
    told.push({ type: 'open_try', attempt, ...place, ...money, validUntilMs, isFirst: false });
    const isUnwanted = payment.closing !== null || payment.winner !== null;
    const isOpen = status === 'allowed' || status === 'open';
    if (isUnwanted && isOpen) told.push({ type: 'close_try', attempt });
  }
  for (const refund of payment.refunds) {
    const { key: refundKey, attempt, transactionNo, status, failure } = refund;
    const isAutomatic = isSurplus(refund);
    const sum = { amountMinor: refund.amountMinor, currency: refund.currency };
    told.push({ type: 'return_money', refundKey, attempt, transactionNo, ...sum, isAutomatic });
    const isGivenUp = failure?.code === 'given_up' || failure?.code === 'returned_elsewhere';
    if (status === 'failed' && isGivenUp) told.push({ type: 'give_up_return', refundKey, attempt });
    if (status === 'pending') {
      told.push(...retriesOf(refundKey, attempt, orders, received));
    }
  }
  return told;
}

/** A refund that is pending although the payment book knows of its refusal was ordered once more. */
function retriesOf(
  refundKey: string,
  attempt: number,
  orders: readonly ChannelOrder[],
  received: readonly string[],
): ToChannelBook[] {
  const order = orders.find((one) => one.attempt === attempt);
  const last = order?.refunds.findLast((one) => one.refundKey === refundKey);
  if (!last) return [];
  const isStuck = last.status === 'requires_action' || isHandedOver(last);
  if (!isStuck && last.status !== 'failed') return [];
  const of = refusalMark(last);
  if (!received.includes(`return_refused:${refundKey}:${of}`)) return [];
  return [{ type: 'retry_return', refundKey, attempt, of }];
}

function isHeldCharge({ charges }: ChannelOrder, transactionNo: string): boolean {
  return charges.some(
    (one) => one.transactionNo === transactionNo && one.held && one.releasedAtMs === null,
  );
}
