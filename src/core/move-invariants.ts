/** The invariants that show only in the way from one state of a payment to the next. */
import type { Aggregate } from './aggregate.ts';
import type { ChannelOrder, ChannelOrderStatus } from './channel-order.ts';
import { CHANNEL_ORDER_MOVES, isOpen } from './channel-order.ts';
import type { ChannelRefund } from './channel-refund.ts';
import type { Charge } from './charge.ts';
import type { Effect, EventType } from './effect.ts';
import { CATALOGUE } from './exceptions/catalogue.ts';
import type { Case } from './exceptions/kind.ts';
import type { Posting } from './journal.ts';
import { knownCharges } from './known-charge.ts';
import type { Payment, PaymentStatus } from './payment.ts';
import { PAYMENT_MOVES } from './payment.ts';
import { isSurplus } from './refund.ts';
import { snapshotOf } from './snapshot.ts';
import type { Broken } from './violation.ts';

/** I7: only legal moves; versions rise. */
export function checkLegalMoves(before: Aggregate | null, after: Aggregate, broken: Broken): void {
  const { payment } = after;
  if (versionsOf(after) <= (before ? versionsOf(before) : 0)) {
    broken('I7', `version ${payment.version} does not follow ${before?.payment.version}`);
  }
  if (!before) return;
  if (!canReach(PAYMENT_MOVES, before.payment.status, payment.status)) {
    broken('I7', `payment went from ${before.payment.status} to ${payment.status}`);
  }
  for (const order of before.orders) {
    const now = after.orders.find((one) => one.attempt === order.attempt);
    if (now && !canReach(CHANNEL_ORDER_MOVES, order.status, now.status)) {
      broken('I7', `order ${order.attempt} went from ${order.status} to ${now.status}`);
    }
  }
  const isReopened =
    before.payment.status === 'closed' &&
    payment.status !== 'closed' &&
    payment.status !== 'succeeded';
  if (isReopened && before.payment.closeReason === 'merchant') {
    broken('I7', 'a payment that its merchant closed was reopened');
  }
  if (!isReopened && payment.expiresAtMs !== before.payment.expiresAtMs) {
    broken('I7', 'the validity changed without a reopening');
  }
}

/** Where the books lie apart, either of them may have moved. */
function versionsOf({ payment, apart }: Aggregate): number {
  return payment.version + (apart?.channelVersion ?? 0);
}

/** Whether one state can lead to the other, in any number of moves. */
function canReach<S extends PaymentStatus | ChannelOrderStatus>(
  moves: Readonly<Record<S, readonly S[]>>,
  from: S,
  to: S,
): boolean {
  const seen = new Set<S>([from]);
  for (const status of seen) for (const next of moves[status]) seen.add(next);
  return seen.has(to);
}

const PAYMENT_FOR_LIFE: readonly (keyof Payment)[] = [
  'id',
  'merchantNumber',
  'merchantOrderNo',
  'amountMinor',
  'currency',
  'subject',
  'returnUrl',
  'noticeUrl',
  'createdAtMs',
];
const ORDER_FOR_LIFE: readonly (keyof ChannelOrder)[] = [
  'channel',
  'account',
  'product',
  'channelOrderNo',
  'amountMinor',
  'currency',
  'validUntilMs',
  'createdAtMs',
];

const REFUND_FOR_LIFE: readonly (keyof ChannelRefund)[] = [
  'refundKey',
  'channelRefundNo',
  'transactionNo',
  'amountMinor',
  'currency',
];

/** A charge stays what it was; that it was released or reversed is added to it once. */
function isSameCharge(before: Charge, after: Charge | undefined): boolean {
  if (!after) return false;
  const isKept =
    (before.releasedAtMs ?? after.releasedAtMs) === after.releasedAtMs &&
    (before.reversedAtMs ?? after.reversedAtMs) === after.reversedAtMs;
  const { releasedAtMs, reversedAtMs } = after;
  return isKept && sameJson({ ...before, releasedAtMs, reversedAtMs }, after);
}

/** I11 and I13: what is for life stays, and orders, charges and cases are only ever added. */
export function checkNothingForgotten(
  before: Aggregate | null,
  after: Aggregate,
  broken: Broken,
): void {
  if (!before) return;
  for (const field of PAYMENT_FOR_LIFE) {
    if (before.payment[field] !== after.payment[field]) broken('I13', `${field} changed`);
  }
  for (const order of before.orders) {
    const now = after.orders.find((one) => one.attempt === order.attempt);
    if (!now) {
      broken('I11', `order ${order.attempt} is gone`);
      continue;
    }
    for (const field of ORDER_FOR_LIFE) {
      if (order[field] !== now[field]) broken('I13', `${field} of order ${order.attempt} changed`);
    }
    const kept = order.charges.every((charge, at) => isSameCharge(charge, now.charges[at]));
    if (!kept) broken('I11', `a charge of order ${order.attempt} changed`);
    for (const refund of order.refunds) {
      const then = now.refunds.find((one) => one.number === refund.number);
      for (const field of REFUND_FOR_LIFE) {
        if (refund[field] !== then?.[field]) {
          broken('I13', `${field} of channel refund ${refund.channelRefundNo} changed`);
        }
      }
    }
    const foreign = order.foreignReturns.every((one, at) => sameJson(one, now.foreignReturns[at]));
    if (!foreign) broken('I11', `a return without us of order ${order.attempt} changed`);
  }
  for (const one of before.cases) {
    const now = after.cases.find((other) => other.id === one.id);
    if (!now) broken('I11', `the case ${one.kind} ${one.subject} is gone`);
    else if (one.resolvedAtMs !== null && !sameJson(one, now)) {
      broken('I11', `the case ${one.kind} ${one.subject} changed after its end`);
    }
  }
}

/** I3: one winner, for ever, booked once. */
export function checkOneWinner(
  before: Aggregate | null,
  after: Aggregate,
  postings: readonly Posting[],
  broken: Broken,
): void {
  const old = before?.payment.winner ?? null;
  const { winner } = after.payment;
  if (old !== null && !sameJson(old, winner)) {
    broken('I3', `the winner changed from ${old.transactionNo} to ${winner?.transactionNo}`);
  }
  const booked = postings.filter((one) => one.entry === 'winner').length;
  const isNew = old === null && winner !== null;
  if (booked !== (isNew ? 1 : 0)) broken('I3', `the winner was booked ${booked} times`);
}

const ACCOUNTS = {
  channel: /^(?:channel_receivable:|suspense:|settled:|fees:|between_books$)/,
  payment: /^(?:merchant_payable:|payer_owed:|between_books$)/,
};

/** I8: each posting balances by its shape. */
export function checkPostings(postings: readonly Posting[], broken: Broken): void {
  for (const { book, entry, debit, credit, amountMinor } of postings) {
    if (!Number.isSafeInteger(amountMinor) || amountMinor <= 0) {
      broken('I8', `${entry} books ${amountMinor}`);
    }
    if (debit === credit || !ACCOUNTS[book].test(debit) || !ACCOUNTS[book].test(credit)) {
      broken('I8', `${entry} moves from ${credit} to ${debit} in the ${book} book`);
    }
  }
}

/** I8: where both books have said everything, the two mirrors between them cancel out. */
export function checkBetweenBooks(postings: readonly Posting[], broken: Broken): void {
  const betweenMinor = new Map<string, number>();
  for (const { debit, credit, amountMinor, currency } of postings) {
    const sign = Number(debit === 'between_books') - Number(credit === 'between_books');
    betweenMinor.set(currency, (betweenMinor.get(currency) ?? 0) + sign * amountMinor);
  }
  for (const [currency, sumMinor] of betweenMinor) {
    if (sumMinor !== 0) broken('I8', `${sumMinor} ${currency} are left between the books`);
  }
}

/** I9: the journal has each new event of money once in each book, and nothing else. */
export function checkBookedCharges(
  before: Aggregate | null,
  after: Aggregate,
  postings: readonly Posting[],
  broken: Broken,
): void {
  const known = new Set(before ? moneyEvents(before) : []);
  const due = moneyEvents(after).filter((one) => !known.has(one));
  // One move may give a refund up and then learn that it was carried out after all.
  const returned = after.payment.refunds.filter((one) => one.status === 'succeeded');
  const passing = new Set(returned.map((one) => bookedAs('payment', `given_up:${one.key}`, one)));
  const booked = postings
    .map((one) => bookedAs(one.book, one.entry, one))
    .filter((one) => !passing.has(one));
  const left = due.filter((one) => !booked.includes(one));
  for (const one of left) broken('I9', `not booked: ${one}`);
  const excess = booked.filter((one, at) => !due.includes(one) || booked.indexOf(one) !== at);
  if (excess.length > 0) broken('I9', `booked without its event, or twice: ${excess.join(', ')}`);
}

/** Everything that must stand in the journal for the state as it is. */
function moneyEvents(aggregate: Aggregate): string[] {
  const { payment, orders } = aggregate;
  const events: string[] = [];
  for (const { key, charge, isWinner } of knownCharges(aggregate)) {
    events.push(bookedAs('channel', `charge:${key}`, charge));
    const isReleased = charge.releasedAtMs !== null;
    if (isReleased) events.push(bookedAs('channel', `released:${key}`, charge));
    const reachedPayments = !charge.held || isReleased;
    if (reachedPayments) {
      events.push(bookedAs('payment', isWinner ? 'winner' : `surplus:${key}`, charge));
    }
    if (charge.reversedAtMs === null) continue;
    events.push(bookedAs('channel', `reversed:${key}`, charge));
    if (reachedPayments) events.push(bookedAs('payment', `reversed:${key}`, charge));
  }
  for (const order of orders) {
    for (const one of order.refunds.filter((refund) => refund.status === 'succeeded')) {
      events.push(bookedAs('channel', `refund:${one.channelRefundNo}`, one));
      const entry = `foreign:${order.attempt}:${one.refundId}`;
      if (one.isExtra) events.push(bookedAs('payment', entry, one));
    }
    for (const one of order.foreignReturns) {
      const entry = `foreign:${order.attempt}:${one.refundId}`;
      events.push(bookedAs('channel', entry, one));
      const isHeld = order.charges.some(
        ({ transactionNo, held, releasedAtMs }) =>
          transactionNo === one.transactionNo && held && releasedAtMs === null,
      );
      if (!isHeld) events.push(bookedAs('payment', entry, one));
    }
  }
  for (const refund of payment.refunds) {
    if (!isSurplus(refund)) events.push(bookedAs('payment', `refund:${refund.key}`, refund));
    if (refund.status === 'succeeded') {
      events.push(bookedAs('payment', `returned:${refund.key}`, refund));
    }
    // What the channel took back without us was never given up: it was booked as taken back.
    if (refund.status === 'failed' && refund.failure?.code !== 'returned_elsewhere') {
      events.push(bookedAs('payment', `given_up:${refund.key}`, refund));
    }
  }
  return events;
}

function bookedAs(
  book: Posting['book'],
  entry: string,
  sum: { readonly amountMinor: number; readonly currency: string },
): string {
  return `${book} ${entry} ${sum.amountMinor} ${sum.currency}`;
}

/** I14: a refund that is on its way has its job. */
export function checkRefundJobs(
  before: Aggregate | null,
  after: Aggregate,
  effects: readonly Effect[],
  broken: Broken,
): void {
  for (const order of after.orders) {
    const orderBefore = before?.orders.find((one) => one.attempt === order.attempt);
    for (const refund of order.refunds) {
      const old = orderBefore?.refunds.find((one) => one.number === refund.number);
      if (old?.status === refund.status) continue;
      const last = effects.findLast(
        (one) =>
          (one.type === 'refund_job' || one.type === 'refund_job_done') &&
          one.attempt === order.attempt &&
          one.number === refund.number,
      );
      const needsJob = refund.status === 'owed' || (refund.status === 'sending' && !last);
      if (needsJob && last?.type !== 'refund_job') {
        broken('I14', `channel refund ${refund.channelRefundNo} is ${refund.status} by no job`);
      }
    }
  }
}

/** I14: state and what must follow from it are one commit. */
export function checkJobs(
  before: Aggregate | null,
  after: Aggregate,
  effects: readonly Effect[],
  broken: Broken,
): void {
  for (const order of after.orders) {
    const old = before?.orders.find((one) => one.attempt === order.attempt);
    const jobs = effects.filter(
      (one) => (one.type === 'ask' || one.type === 'ask_done') && one.attempt === order.attempt,
    );
    const last = jobs.at(-1)?.type;
    const mustBeAsked = isOpen(order) && !order.awaitsStatement;
    if (mustBeAsked && last === 'ask_done') {
      broken('I14', `order ${order.attempt} is open and its job was dropped`);
    }
    // Only the orders of a new payment are found by its age; an order added later is not.
    if (mustBeAsked && !old && before && last !== 'ask') {
      broken('I14', `order ${order.attempt} was added without its first question`);
    }
    if (mustBeAsked && old && order.closeStep !== old.closeStep && last !== 'ask') {
      broken('I14', `order ${order.attempt} is being closed (${order.closeStep}) by no job`);
    }
    const hasWinnerNow = after.payment.winner !== null && (before?.payment.winner ?? null) === null;
    if (hasWinnerNow && mustBeAsked && order.closeStep === 'none') {
      broken('I14', `order ${order.attempt} stays open beside the winner, and nobody closes it`);
    }
    if (order.awaitsStatement && !old?.awaitsStatement && last !== 'ask_done') {
      broken('I14', `order ${order.attempt} was handed over and its job stayed`);
    }
    const isSubmitted = effects.some(
      (one) => one.type === 'submit' && one.attempt === order.attempt,
    );
    if (!old && order.status === 'created' && !isSubmitted) {
      broken('I14', `order ${order.attempt} is not submitted by anybody`);
    }
  }
  const isReopened =
    before?.payment.status === 'closed' &&
    (after.payment.status === 'pending' || after.payment.status === 'processing');
  if (isReopened && !effects.some((one) => one.type === 'expire')) {
    broken('I14', 'the payment was reopened without an end');
  }
}

/** I15: merchants are told what happened, once. */
export function checkEvents(
  before: Aggregate | null,
  after: Aggregate,
  effects: readonly Effect[],
  broken: Broken,
): void {
  const events = effects.filter((one) => one.type === 'event');
  const countOf = (type: EventType): number => events.filter((one) => one.event === type).length;
  const isPaidNow = after.payment.winner !== null && (before?.payment.winner ?? null) === null;
  if (countOf('payment.succeeded') !== (isPaidNow ? 1 : 0)) {
    broken('I15', `payment.succeeded was told ${countOf('payment.succeeded')} times`);
  }
  const isClosedNow = after.payment.status === 'closed' && before?.payment.status !== 'closed';
  if (isClosedNow && countOf('payment.closed') === 0) broken('I15', 'the closing was not told');
  for (const { event, snapshot } of events) {
    const { version } = snapshot;
    if (version <= (before?.payment.version ?? 0) || version > after.payment.version) {
      broken('I15', `${event} tells version ${version}`);
    }
  }
  const told = CATALOGUE.filter((kind) => kind.toldToMerchant).map((kind) => kind.kind);
  for (const one of after.cases.filter((other) => told.includes(other.kind))) {
    const old = before?.cases.find((other) => other.id === one.id);
    const isTold = (type: EventType): boolean =>
      events.some(
        (event) => event.event === type && event.subjectKey === `${one.kind}:${one.subject}`,
      );
    if (isTellable(one) && !isTellable(old) && !isTold('exception.opened')) {
      broken('I15', `${one.kind} was opened in silence`);
    }
    const isOver = one.resolvedAtMs !== null && (old?.resolvedAtMs ?? null) === null;
    if (isOver && isTellable(one) && !isTold('exception.resolved')) {
      broken('I15', `${one.kind} ended in silence`);
    }
  }
}

/** I15: what merchants are told is the state at that version, as it was decided. */
export function checkSnapshots(after: Aggregate, effects: readonly Effect[], broken: Broken): void {
  for (const effect of effects) {
    if (effect.type !== 'event') continue;
    const { version, channelVersion } = effect.snapshot;
    if (version !== after.payment.version || channelVersion !== after.apart?.channelVersion)
      continue;
    if (!sameJson(effect.snapshot, snapshotOf(after))) {
      broken('I15', `${effect.event} tells something else than version ${version}`);
    }
  }
}

/** A doubted amount is told once it is held, which is when a person gets it. */
function isTellable(one: Case | undefined): boolean {
  return one !== undefined && (one.kind !== 'amount_mismatch' || one.owner === 'operations');
}

/** Plain data compared by value; the order of keys counts, as one function writes them all. */
function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
