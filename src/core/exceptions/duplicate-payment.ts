/**
 * Duplicate payment (重复支付): one merchant order, two charges. One winner, for ever; every other
 * charge is owed to its payer and stays an open case until it is returned.
 */
import { chargeKey } from '../charge.ts';
import type { Consequences, Context } from '../decision.ts';
import { openCase } from '../decision.ts';
import type { ChargeFact } from '../outcome.ts';
import type { KindDescription } from './kind.ts';

export const DUPLICATE_PAYMENT: KindDescription = {
  kind: 'duplicate_payment',
  zh: '重复支付',
  what: 'A second charge was taken for a payment that already has its winner.',
  noticed: 'A charge is learned while another charge of the same payment is the winner.',
  response: 'Book it as owed to the payer and keep it open until it is returned.',
  over: 'The money was returned in full.',
  toldToMerchant: true,
};

/** A charge beside the winner: an open case with the amount at risk. */
export function openDuplicate(
  attempt: number,
  charge: ChargeFact,
  out: Consequences,
  context: Context,
): void {
  openCase(out, context, {
    kind: 'duplicate_payment',
    subject: chargeKey(attempt, charge.transactionNo),
    attempt,
    owner: 'operations',
    nextAction: 'Return the money to its payer at the channel.',
    moneyAtRiskMinor: charge.amountMinor,
    toldToMerchant: DUPLICATE_PAYMENT.toldToMerchant,
  });
}
