/**
 * The payment book (支付账本): what a merchant ordered, the tries that were allowed for it, its winner
 * and its end. It decides about one payment and tells the channel book in messages.
 */
import { chargeKey } from './charge.ts';
import type { Consequences, Context } from './decision.ts';
import { tellHeld } from './exceptions/amount-mismatch.ts';
import { acceptsLateMoney, validUntilMs } from './exceptions/expired-payment.ts';
import { openSurplus } from './exceptions/surplus.ts';
import type { CreatePayment, RequestedTry } from './input.ts';
import { postSurplus, postWinner } from './journal.ts';
import type { ToPaymentBook } from './message.ts';
import type { CloseReason, Payment } from './payment.ts';
import { movedPayment, openTries, withTry } from './payment.ts';
import { oweSurplus } from './payment-refunds.ts';

type ChargeMessage = Extract<ToPaymentBook, { type: 'charge' }>;
type HeldMessage = Extract<ToPaymentBook, { type: 'charge_held' }>;
type DeadMessage = Extract<ToPaymentBook, { type: 'try_dead' }>;

/** A new payment, not yet tried at any channel. */
export function newPayment(input: CreatePayment, out: Consequences, context: Context): Payment {
  const expiresAtMs = context.nowMs + (input.expiresInMs ?? context.policy.expiresInMsDefault);
  planExpiry(expiresAtMs, out, context);
  return {
    id: input.paymentId,
    merchantNumber: input.merchantNumber,
    merchantOrderNo: input.merchantOrderNo,
    amountMinor: input.amountMinor,
    currency: input.currency,
    subject: input.subject,
    returnUrl: input.returnUrl,
    noticeUrl: input.noticeUrl,
    metadata: input.metadata,
    createdAtMs: context.nowMs,
    latePayment: input.latePayment,
    status: 'pending',
    expiresAtMs,
    version: 0,
    tries: [],
    winner: null,
    closing: null,
    closeReason: null,
    surplusReceivedMinor: 0,
    surplusHeldMinor: 0,
    refunds: [],
    foreignReturnedMinor: 0,
    surplusTakenBackMinor: 0,
    reversedAtMs: null,
  };
}

/** Whether asking for the payment again reopens it: closed by expiry, and never paid. */
export function canReopen(payment: Payment): boolean {
  const neverPaid = payment.tries.every((one) => one.status === 'dead');
  return payment.status === 'closed' && payment.closeReason !== 'merchant' && neverPaid;
}

/** The payment open again, with a fresh validity. */
export function reopen(
  payment: Payment,
  expiresInMs: number | null,
  out: Consequences,
  context: Context,
): Payment {
  const expiresAtMs = context.nowMs + (expiresInMs ?? context.policy.expiresInMsDefault);
  out.effects.push({ type: 'expire', dueAtMs: expiresAtMs });
  out.events.push({ event: 'payment.reopened', subjectKey: null });
  return movedPayment(payment, 'pending', { expiresAtMs, closeReason: null });
}

/** Allows a try: from here on the payment may be paid at that channel. */
export function allowTry(
  payment: Payment,
  requested: RequestedTry,
  out: Consequences,
  context: Context,
): Payment {
  const attempt = payment.tries.length + 1;
  const { channel, account, product } = requested;
  const { validityMsMin } = context.rules(channel, account);
  const untilMs = validUntilMs(payment, validityMsMin, context.nowMs);
  out.toChannelBook.push({
    type: 'open_try',
    attempt,
    channel,
    account,
    product,
    amountMinor: payment.amountMinor,
    currency: payment.currency,
    validUntilMs: untilMs,
    isFirst: payment.version === 0 && !context.isApart,
  });
  const usual = { attempt, channel, product, status: 'allowed', neverOpened: false } as const;
  const fresh = context.isApart ? { ...usual, account, validUntilMs: untilMs } : usual;
  return movedPayment(payment, 'processing', { tries: [...payment.tries, fresh] });
}

/** Starts closing, or closes at once when no try can be paid any more. */
export function beginClosing(
  payment: Payment,
  reason: 'merchant' | 'expired',
  out: Consequences,
): Payment {
  const open = openTries(payment);
  if (open.length === 0) return closed(payment, reason, out);
  for (const one of open) out.toChannelBook.push({ type: 'close_try', attempt: one.attempt });
  return { ...payment, closing: reason };
}

/** The channel book has the order. */
export function tryOpened(payment: Payment, attempt: number): Payment {
  // The word may come after later ones, where the books lie apart.
  if (payment.tries.some((one) => one.attempt === attempt && one.status !== 'allowed')) {
    return payment;
  }
  return withTry(payment, attempt, { status: 'open' });
}

/** A try has ended unpaid, with evidence. The payment can be tried again, or its closing is complete. */
export function tryDead(payment: Payment, message: DeadMessage, out: Consequences): Payment {
  const isPaid = payment.tries.some(
    (one) => one.attempt === message.attempt && one.status === 'paid',
  );
  if (isPaid) return payment;
  const after = withTry(payment, message.attempt, {
    status: 'dead',
    neverOpened: message.neverOpened,
  });
  if (message.evidence === 'channel_failed') {
    out.events.push({ event: 'payment.channel_order_failed', subjectKey: String(message.attempt) });
  }
  if (message.evidence === 'held_money_returned' || message.evidence === 'channel_reversed') {
    // While its money was held nothing ended the payment; from here on its validity counts again.
    out.effects.push({ type: 'expire', dueAtMs: after.expiresAtMs });
  }
  if (after.status !== 'processing' || openTries(after).length > 0) return after;
  if (after.tries.some((one) => one.status === 'held')) return after;
  return after.closing ? closed(after, after.closing, out) : movedPayment(after, 'pending');
}

/** A charge is money in every state: the first one pays an open payment, any other is returned to its payer. */
export function acceptCharge(
  before: Payment,
  message: ChargeMessage,
  out: Consequences,
  context: Context,
): Payment {
  const { attempt, charge, via } = message;
  if (message.wasHeld) return returnHeld(before, message, out, context);
  const payment = withTry(before, attempt, { status: 'paid' });
  const mayWin = payment.status !== 'closed' || acceptsLateMoney(payment, charge);
  if (payment.winner === null && mayWin) {
    out.postings.push(postWinner(payment.merchantNumber, charge));
    out.events.push({ event: 'payment.succeeded', subjectKey: null });
    for (const one of openTries(payment))
      out.toChannelBook.push({ type: 'close_try', attempt: one.attempt });
    const { transactionNo, amountMinor, paidAtMs } = charge;
    const winner = { attempt, transactionNo, amountMinor, paidAtMs, via };
    return movedPayment(payment, 'succeeded', { winner, closing: null, closeReason: null });
  }
  const reason = payment.winner ? 'duplicate' : 'late';
  const kind = payment.winner ? 'duplicate_payment' : 'expired_payment';
  openSurplus(kind, attempt, charge, out, context);
  return addSurplus(payment, attempt, charge, reason, out, context);
}

/** Money beside the winner: booked as owed to its payer, and returned in full. */
function addSurplus(
  payment: Payment,
  attempt: number,
  charge: ChargeMessage['charge'],
  reason: 'duplicate' | 'late' | 'mismatch',
  out: Consequences,
  context: Context,
): Payment {
  const key = chargeKey(attempt, charge.transactionNo);
  out.postings.push(postSurplus(payment.merchantNumber, key, charge));
  const minor = charge.currency === payment.currency ? charge.amountMinor : 0;
  const surplusReceivedMinor = payment.surplusReceivedMinor + minor;
  return oweSurplus({ ...payment, surplusReceivedMinor }, attempt, charge, reason, out, context);
}

/** A person sends held money back: it was never a winner, and is owed to its payer from here on. */
function returnHeld(
  payment: Payment,
  { attempt, charge, endsHold }: ChargeMessage,
  out: Consequences,
  context: Context,
): Payment {
  const minor = charge.currency === payment.currency ? charge.amountMinor : 0;
  const after = { ...payment, surplusHeldMinor: payment.surplusHeldMinor - minor };
  if (endsHold) tellHeld('exception.resolved', attempt, out);
  return addSurplus(after, attempt, charge, 'mismatch', out, context);
}

/** Other money than ordered: the try is held, and nothing closes or retries the payment until a person decides. */
export function acceptHeld(before: Payment, message: HeldMessage, out: Consequences): Payment {
  const alreadyPaid = before.tries.some(
    (one) => one.attempt === message.attempt && one.status === 'paid',
  );
  if (message.beginsHold) tellHeld('exception.opened', message.attempt, out);
  const payment = alreadyPaid ? before : withTry(before, message.attempt, { status: 'held' });
  // A sum in another currency cannot be added to this payment's; its case names the amount.
  const heldMinor = message.charge.currency === payment.currency ? message.charge.amountMinor : 0;
  return { ...payment, closing: null, surplusHeldMinor: payment.surplusHeldMinor + heldMinor };
}

function closed(payment: Payment, reason: 'merchant' | 'expired', out: Consequences): Payment {
  const neverOpened = payment.tries.every((one) => one.neverOpened);
  const closeReason: CloseReason = reason === 'expired' && neverOpened ? 'never_opened' : reason;
  out.events.push({ event: 'payment.closed', subjectKey: null });
  return movedPayment(payment, 'closed', { closing: null, closeReason });
}

/**
 * A short validity gets its job at once. A longer one is given it by the sweep over young orders,
 * so that a payment that succeeds within seconds never writes and deletes a job row.
 */
function planExpiry(expiresAtMs: number, out: Consequences, context: Context): void {
  if (expiresAtMs - context.nowMs >= 2 * context.policy.sweepAgeMs) return;
  out.effects.push({ type: 'expire', dueAtMs: expiresAtMs });
}
