/** What of a payment is set aside for refunds, was returned, and can still be asked back. */
import type { Payment } from './payment.ts';
import type { Refund } from './refund.ts';
import { isSurplus, REFUND_MOVES } from './refund.ts';

/** What is set aside of the winner for refunds, sent or not: everything that has not failed (I4). */
export function reservedMinor(payment: Pick<Payment, 'refunds'>): number {
  return sumOf(
    payment,
    (one) => !isSurplus(one) && one.status !== 'failed' && !isReturnedUnreserved(one),
  );
}

/**
 * Whether the channel returned it after it had failed. What had been set aside was free by then and may be
 * promised again, so it counts as returned and never as set aside: a fact may not fail at a limit.
 */
export function isReturnedUnreserved(refund: Pick<Refund, 'status' | 'failure'>): boolean {
  return refund.status === 'succeeded' && refund.failure !== null;
}

/** What was returned of the winner, by us and at the channel's own console. */
export function refundedMinor(payment: Pick<Payment, 'refunds' | 'foreignReturnedMinor'>): number {
  const ours = sumOf(payment, (one) => !isSurplus(one) && one.status === 'succeeded');
  return ours + payment.foreignReturnedMinor;
}

/** What was returned of the money beside the winner. */
export function surplusReturnedMinor(
  payment: Pick<Payment, 'refunds' | 'surplusTakenBackMinor' | 'currency'>,
): number {
  const ours = sumOf(
    payment,
    (one) => isSurplus(one) && one.status === 'succeeded' && one.currency === payment.currency,
  );
  return ours + payment.surplusTakenBackMinor;
}

/** What a merchant may still ask back; 0 when there is no winner, or the channel revoked it. */
export function refundableMinor(payment: Payment): number {
  if (!payment.winner || payment.reversedAtMs !== null) return 0;
  const unreserved = sumOf(payment, (one) => !isSurplus(one) && isReturnedUnreserved(one));
  const gone = reservedMinor(payment) + unreserved + payment.foreignReturnedMinor;
  const left = payment.winner.amountMinor - gone;
  return Math.max(0, left);
}

/** The payment with one refund changed; throws when the move is not in the table, which would be our bug. */
export function withRefund(payment: Payment, key: string, change: Partial<Refund>): Payment {
  const refunds = payment.refunds.map((one) => {
    if (one.key !== key) return one;
    const { status = one.status } = change;
    if (status !== one.status && !REFUND_MOVES[one.status].includes(status)) {
      throw new Error(`refund ${one.id} cannot go from ${one.status} to ${status}`);
    }
    return { ...one, ...change };
  });
  return { ...payment, refunds };
}

function sumOf(payment: Pick<Payment, 'refunds'>, isMeant: (refund: Refund) => boolean): number {
  return payment.refunds.filter(isMeant).reduce((sum, one) => sum + one.amountMinor, 0);
}
