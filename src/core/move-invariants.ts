/** The invariants that show only in the way from one state of a payment to the next. */
import type { Aggregate } from './aggregate.ts';
import type { ChannelOrder, ChannelOrderStatus } from './channel-order.ts';
import { CHANNEL_ORDER_MOVES, isOpen } from './channel-order.ts';
import type { Effect, EventType } from './effect.ts';
import { CATALOGUE } from './exceptions/catalogue.ts';
import type { Posting } from './journal.ts';
import { knownCharges } from './known-charge.ts';
import type { Payment, PaymentStatus } from './payment.ts';
import { PAYMENT_MOVES } from './payment.ts';
import { snapshotOf } from './snapshot.ts';
import type { Broken } from './violation.ts';

/** I7: only legal moves; versions rise. */
export function checkLegalMoves(before: Aggregate | null, after: Aggregate, broken: Broken): void {
  const { payment } = after;
  if (payment.version <= (before?.payment.version ?? 0)) {
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
  const isReopened = before.payment.status === 'closed' && payment.status !== 'closed';
  if (isReopened && before.payment.closeReason === 'merchant') {
    broken('I7', 'a payment that its merchant closed was reopened');
  }
  if (!isReopened && payment.expiresAtMs !== before.payment.expiresAtMs) {
    broken('I7', 'the validity changed without a reopening');
  }
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
    const kept = order.charges.every((charge, at) => sameJson(charge, now.charges[at]));
    if (!kept) broken('I11', `a charge of order ${order.attempt} changed`);
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

/** I8: each posting balances by its shape; the two mirrors between the books cancel out. */
export function checkPostings(postings: readonly Posting[], broken: Broken): void {
  const betweenMinor = new Map<string, number>();
  for (const { book, entry, debit, credit, amountMinor, currency } of postings) {
    if (!Number.isSafeInteger(amountMinor) || amountMinor <= 0) {
      broken('I8', `${entry} books ${amountMinor}`);
    }
    if (debit === credit || !ACCOUNTS[book].test(debit) || !ACCOUNTS[book].test(credit)) {
      broken('I8', `${entry} moves from ${credit} to ${debit} in the ${book} book`);
    }
    const sign = Number(debit === 'between_books') - Number(credit === 'between_books');
    betweenMinor.set(currency, (betweenMinor.get(currency) ?? 0) + sign * amountMinor);
  }
  for (const [currency, sumMinor] of betweenMinor) {
    if (sumMinor !== 0) broken('I8', `${sumMinor} ${currency} are left between the books`);
  }
}

/** I9: the journal has each new charge once in each book, and nothing else. */
export function checkBookedCharges(
  before: Aggregate | null,
  after: Aggregate,
  postings: readonly Posting[],
  broken: Broken,
): void {
  const known = new Set(before ? knownCharges(before).map((one) => one.key) : []);
  const due: string[] = [];
  for (const { key, charge, isWinner } of knownCharges(after)) {
    if (known.has(key)) continue;
    due.push(bookedAs('channel', `charge:${key}`, charge));
    if (charge.held) continue;
    due.push(bookedAs('payment', isWinner ? 'winner' : `surplus:${key}`, charge));
  }
  const booked = postings.map((one) => bookedAs(one.book, one.entry, one));
  const left = due.filter((one) => !booked.includes(one));
  for (const one of left) broken('I9', `not booked: ${one}`);
  if (booked.length + left.length !== due.length) {
    const excess = booked.filter((one, at) => !due.includes(one) || booked.indexOf(one) !== at);
    broken('I9', `booked without a charge, or twice: ${excess.join(', ')}`);
  }
}

function bookedAs(
  book: Posting['book'],
  entry: string,
  sum: { readonly amountMinor: number; readonly currency: string },
): string {
  return `${book} ${entry} ${sum.amountMinor} ${sum.currency}`;
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
  const isReopened = before?.payment.status === 'closed' && after.payment.status !== 'closed';
  if (isReopened && !effects.some((one) => one.type === 'expire')) {
    broken('I14', 'the payment was reopened without an end');
  }
}

/** I15: merchants are told what happened, once, and what they are told is the state at that version. */
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
    if (version === after.payment.version && !sameJson(snapshot, snapshotOf(after))) {
      broken('I15', `${event} tells something else than version ${version}`);
    }
  }
  const told = CATALOGUE.filter((kind) => kind.toldToMerchant).map((kind) => kind.kind);
  for (const one of after.cases.filter((other) => told.includes(other.kind))) {
    const old = before?.cases.find((other) => other.id === one.id);
    const isTold = (type: EventType): boolean =>
      events.some(
        (event) => event.event === type && event.subjectKey === `${one.kind}:${one.subject}`,
      );
    if (!old && !isTold('exception.opened')) broken('I15', `${one.kind} was opened in silence`);
    const isOver = one.resolvedAtMs !== null && (old?.resolvedAtMs ?? null) === null;
    if (isOver && !isTold('exception.resolved')) broken('I15', `${one.kind} ended in silence`);
  }
}

/** Plain data compared by value; the order of keys counts, as one function writes them all. */
function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
