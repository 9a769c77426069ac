/**
 * Reversed payment (冲正): the channel revoked a success that merchants had been told of. The payment
 * stays succeeded and keeps its winner; that its money is gone is a fact of its own.
 */
import { chargeKey } from '../charge.ts';
import type { Consequences, Context } from '../decision.ts';
import { openCase } from '../decision.ts';
import type { ChargeFact } from '../outcome.ts';
import type { Payment } from '../payment.ts';
import type { KindDescription } from './kind.ts';

export const REVERSED_PAYMENT: KindDescription = {
  kind: 'reversed_payment',
  zh: '支付被冲正',
  what: 'The channel took back the charge that had paid the payment.',
  noticed: 'A query, a notification or a statement says that the charge was reversed.',
  response: 'Book it, tell the merchant, and refuse further refunds of that money.',
  over: 'The merchant and a person have settled what was delivered.',
  toldToMerchant: true,
  actions: ['resolve'],
  seen: 'The payment stays succeeded with reversed_at set, the channel order is reversed, you are told payment.reversed, and refunds answer 409 payment_reversed.',
  why: 'The bank recalled the money, a risk control of the channel struck, or its own booking failed after it had said paid.',
  practise: ['reversed'],
};

/** The winner's money is gone: a case for people. */
export function openReversed(
  payment: Payment,
  attempt: number,
  charge: ChargeFact,
  out: Consequences,
  context: Context,
): void {
  const isPromised = payment.refunds.some((one) => one.status !== 'failed');
  openCase(out, context, {
    kind: 'reversed_payment',
    subject: chargeKey(attempt, charge.transactionNo),
    attempt,
    owner: 'operations',
    nextAction: isPromised
      ? 'Refunds of this payment exist as well: check that the payer is not paid back twice.'
      : 'Settle with the merchant what was delivered, then resolve the case.',
    moneyAtRiskMinor: charge.amountMinor,
    toldToMerchant: REVERSED_PAYMENT.toldToMerchant,
  });
}
