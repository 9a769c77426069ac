/**
 * The payment book's side of returning money: who may ask for how much, what is owed, and what became
 * of it. What is sent to a channel, and how, is the channel book's business (channel-refunds).
 */
import { chargeKey } from './charge.ts';
import type { Consequences, Context, Refusal } from './decision.ts';
import { tellHeld } from './exceptions/amount-mismatch.ts';
import { openExcess } from './exceptions/excess-refund.ts';
import { openReversed } from './exceptions/reversed-payment.ts';
import { resolveSurplus } from './exceptions/surplus.ts';
import type { RequestRefund } from './input.ts';
import { postGivenUp, postReserved, postReturned, postTakenBack } from './journal.ts';
import type { ToPaymentBook } from './message.ts';
import { majorText } from './money.ts';
import type { ChargeFact } from './outcome.ts';
import type { Payment } from './payment.ts';
import type { Refund, RefundReason } from './refund.ts';
import { inRefundOrder, isSurplus, merchantRefundKey, surplusKey } from './refund.ts';
import { refundableMinor, withRefund } from './refund-sums.ts';

type MessageOf<Type extends ToPaymentBook['type']> = Extract<ToPaymentBook, { type: Type }>;

/** Why a merchant may not have this refund; null when it may. */
export function judgeRefund(
  payment: Payment,
  request: RequestRefund,
  windowMs: number,
  nowMs: number,
): Refusal | null {
  const { winner, currency } = payment;
  if (!winner) return refusal('payment_not_succeeded', `It is ${payment.status}.`);
  if (payment.reversedAtMs !== null) {
    return refusal('payment_reversed', 'The channel has taken the money back itself.');
  }
  if (nowMs > winner.paidAtMs + windowMs) {
    const days = Math.floor(windowMs / 86_400_000);
    return refusal('refund_window_over', `Its channel takes refunds for ${days} days.`);
  }
  const leftMinor = refundableMinor(payment);
  if (request.amountMinor > leftMinor) {
    return refusal(
      'refund_exceeds_payment',
      `${majorText(leftMinor, currency)} ${currency} can still be refunded, not ${majorText(request.amountMinor, currency)}.`,
    );
  }
  return null;
}

/** The payment with the merchant's refund owed and its money set aside; `judgeRefund` has allowed it. */
export function reserveRefund(
  payment: Payment,
  request: RequestRefund,
  out: Consequences,
  context: Context,
): Payment {
  const { winner } = payment;
  if (!winner) throw new Error(`payment ${payment.id} has nothing to refund`);
  const refund = newRefund(context, {
    key: merchantRefundKey(request.merchantRefundNo),
    merchantRefundNo: request.merchantRefundNo,
    attempt: winner.attempt,
    transactionNo: winner.transactionNo,
    amountMinor: request.amountMinor,
    currency: payment.currency,
    reason: 'requested',
    note: request.note,
  });
  out.postings.push(postReserved(payment.merchantNumber, refund));
  return owe(payment, refund, out);
}

/** The payment with a charge beside the winner owed back, in full, under the one key of that charge. */
export function oweSurplus(
  payment: Payment,
  attempt: number,
  charge: ChargeFact,
  reason: Exclude<RefundReason, 'requested'>,
  out: Consequences,
  context: Context,
): Payment {
  const { transactionNo, amountMinor, currency } = charge;
  const key = surplusKey(chargeKey(attempt, transactionNo));
  const origin = { attempt, transactionNo, amountMinor, currency };
  const refund = newRefund(context, {
    ...origin,
    key,
    merchantRefundNo: null,
    reason,
    note: null,
  });
  return owe(payment, refund, out);
}

function newRefund(
  context: Context,
  of: Omit<Refund, 'id' | 'createdAtMs' | 'status' | 'failure' | 'returnedAtMs'>,
): Refund {
  const fresh = { status: 'pending', failure: null, returnedAtMs: null } as const;
  return { id: context.newId('ref'), createdAtMs: context.nowMs, ...of, ...fresh };
}

function owe(payment: Payment, refund: Refund, out: Consequences): Payment {
  const { key: refundKey, attempt, transactionNo, amountMinor, currency } = refund;
  const isAutomatic = isSurplus(refund);
  const asked = { refundKey, attempt, transactionNo, amountMinor, currency, isAutomatic };
  out.toChannelBook.push({ type: 'return_money', ...asked });
  return { ...payment, refunds: [...payment.refunds, refund].toSorted(inRefundOrder) };
}

/** The channel returned the money. */
export function acceptReturned(
  payment: Payment,
  message: MessageOf<'return_result'>,
  out: Consequences,
  context: Context,
): Payment {
  const refund = payment.refunds.find((one) => one.key === message.refundKey);
  if (!refund || refund.status === 'succeeded') return payment;
  const wasGivenUp = refund.status === 'failed';
  out.postings.push(postReturned(payment.merchantNumber, refund, wasGivenUp));
  const event = isSurplus(refund) ? 'payment.surplus_refunded' : 'refund.succeeded';
  out.events.push({ event, subjectKey: refund.key });
  resolveSurplus(refund, 'The channel returned the money in full.', out, context);
  // A failure that stays beside a success says that nothing was set aside for it any more.
  const failure = wasGivenUp ? refund.failure : null;
  const done = { status: 'succeeded', returnedAtMs: message.refundedAtMs, failure } as const;
  const after = withRefund(payment, refund.key, done);
  // Nothing was set aside for it any more, so it may be more than was left.
  if (wasGivenUp) openExcess(after, refund.key, refund.attempt, refund.amountMinor, out, context);
  return after;
}

/** The channel will not return the money by itself: either every number is dead, or a person must act. */
export function acceptRefused(
  payment: Payment,
  message: MessageOf<'return_refused'>,
  out: Consequences,
): Payment {
  const refund = payment.refunds.find((one) => one.key === message.refundKey);
  if (!refund || (refund.status !== 'pending' && refund.status !== 'requires_action')) {
    return payment;
  }
  const failure = { code: message.code, message: message.message, of: message.of };
  // A surplus stays owed: nobody but a person may let it be.
  if (message.end === 'stuck' || isSurplus(refund)) {
    if (refund.status === 'requires_action') return payment;
    if (!isSurplus(refund)) {
      out.events.push({ event: 'refund.requires_action', subjectKey: refund.key });
    }
    return withRefund(payment, refund.key, { status: 'requires_action', failure });
  }
  out.postings.push(postGivenUp(payment.merchantNumber, refund));
  out.events.push({ event: 'refund.failed', subjectKey: refund.key });
  return withRefund(payment, refund.key, { status: 'failed', failure });
}

/** A person lets a refund be that the channel does not carry out: what was set aside goes to the merchant. */
export function giveUpRefund(
  payment: Payment,
  refund: Refund,
  by: string,
  out: Consequences,
  context: Context,
): Payment {
  out.postings.push(postGivenUp(payment.merchantNumber, refund));
  if (!isSurplus(refund)) out.events.push({ event: 'refund.failed', subjectKey: refund.key });
  const { key: refundKey, attempt } = refund;
  out.toChannelBook.push({ type: 'give_up_return', refundKey, attempt });
  resolveSurplus(refund, `${by} gave the return up.`, out, context);
  const failure = { code: 'given_up', message: `${by} gave it up.` };
  return withRefund(payment, refund.key, { status: 'failed', failure });
}

/** A person has the channel asked once more. */
export function retryRefund(payment: Payment, refund: Refund, out: Consequences): Payment {
  const { key: refundKey, attempt, failure } = refund;
  const of = failure?.of ?? '';
  out.toChannelBook.push({ type: 'retry_return', refundKey, attempt, of });
  return withRefund(payment, refundKey, { status: 'pending', failure: null });
}

/** Money was returned at the channel's own console: it counts, whoever did it. */
export function acceptForeign(
  payment: Payment,
  { attempt, foreign, takenBackMinor }: MessageOf<'foreign_return'>,
  out: Consequences,
  context: Context,
): Payment {
  const { transactionNo, amountMinor, refundId } = foreign;
  const isWinner = isWinnerCharge(payment, attempt, transactionNo);
  const entry = `foreign:${attempt}:${refundId}`;
  out.postings.push(postTakenBack(payment.merchantNumber, entry, isWinner, foreign));
  const after = takenBack(payment, isWinner, foreign);
  openExcess(after, `${attempt}:${refundId}`, attempt, amountMinor, out, context);
  if (isWinner) return after;
  const gone = { transactionNo, amountMinor: takenBackMinor };
  return settleReturnedElsewhere(after, attempt, gone, out, context);
}

/** The channel revoked a charge (冲正). A winner stays the winner, and everybody is told that its money is gone. */
export function acceptReversed(
  payment: Payment,
  message: MessageOf<'charge_reversed'>,
  out: Consequences,
  context: Context,
): Payment {
  const { attempt, charge, reversedAtMs } = message;
  const { transactionNo, amountMinor } = charge;
  if (message.wasHeld) {
    const heldMinor = charge.currency === payment.currency ? amountMinor : 0;
    if (message.endsHold) tellHeld('exception.resolved', attempt, out);
    return { ...payment, surplusHeldMinor: payment.surplusHeldMinor - heldMinor };
  }
  const isWinner = isWinnerCharge(payment, attempt, transactionNo);
  const entry = `reversed:${chargeKey(attempt, transactionNo)}`;
  out.postings.push(postTakenBack(payment.merchantNumber, entry, isWinner, charge));
  if (!isWinner) {
    const after = takenBack(payment, false, charge);
    const key = surplusKey(chargeKey(attempt, transactionNo));
    if (payment.refunds.some((one) => one.key === key && one.status === 'succeeded')) {
      // It had been returned already: its payer has it twice.
      openExcess(after, chargeKey(attempt, transactionNo), attempt, amountMinor, out, context);
    }
    return settleReturnedElsewhere(after, attempt, charge, out, context);
  }
  out.events.push({ event: 'payment.reversed', subjectKey: null });
  openReversed(payment, attempt, charge, out, context);
  return { ...payment, reversedAtMs };
}

/** The surplus of a charge that went back without us, whole, is not owed any more. */
function settleReturnedElsewhere(
  payment: Payment,
  attempt: number,
  gone: { readonly transactionNo: string; readonly amountMinor: number },
  out: Consequences,
  context: Context,
): Payment {
  const key = surplusKey(chargeKey(attempt, gone.transactionNo));
  const refund = payment.refunds.find((one) => one.key === key);
  if (!refund || refund.status === 'succeeded' || refund.status === 'failed') return payment;
  // A part went back: the channel will refuse the whole, and a person sees to it that the rest follows.
  if (gone.amountMinor < refund.amountMinor) return payment;
  const { key: refundKey } = refund;
  out.toChannelBook.push({ type: 'give_up_return', refundKey, attempt });
  resolveSurplus(refund, 'The channel took the money back without us.', out, context);
  const failure = { code: 'returned_elsewhere', message: 'The channel took it back without us.' };
  return withRefund(payment, key, { status: 'failed', failure });
}

function takenBack(
  payment: Payment,
  isWinner: boolean,
  { amountMinor, currency }: { readonly amountMinor: number; readonly currency: string },
): Payment {
  if (isWinner) {
    return { ...payment, foreignReturnedMinor: payment.foreignReturnedMinor + amountMinor };
  }
  const minor = currency === payment.currency ? amountMinor : 0;
  return { ...payment, surplusTakenBackMinor: payment.surplusTakenBackMinor + minor };
}

function isWinnerCharge({ winner }: Payment, attempt: number, transactionNo: string): boolean {
  return winner?.attempt === attempt && winner.transactionNo === transactionNo;
}

function refusal(code: Refusal['code'], detail: string): Refusal {
  return { code, detail, askFirst: [] };
}
