/**
 * What a duplicate and late money have in common: a charge beside the winner, returned in full, under
 * one key for that charge, without anybody asking.
 */
import { chargeKey } from '../charge.ts';
import type { Consequences, Context } from '../decision.ts';
import { openCase, resolveCase } from '../decision.ts';
import type { ChargeFact } from '../outcome.ts';
import type { Refund } from '../refund.ts';

type SurplusKind = 'duplicate_payment' | 'expired_payment';

/** Opens the case of a charge that the platform returns. */
export function openSurplus(
  kind: SurplusKind,
  attempt: number,
  charge: ChargeFact,
  out: Consequences,
  context: Context,
): void {
  openCase(out, context, {
    kind,
    subject: chargeKey(attempt, charge.transactionNo),
    attempt,
    owner: 'platform',
    nextAction: 'The platform returns the money to its payer at the channel.',
    moneyAtRiskMinor: charge.amountMinor,
    toldToMerchant: true,
  });
}

/** Closes the case of a charge whose money is where it belongs; the words say what proves it. */
export function resolveSurplus(
  refund: Refund,
  words: string,
  out: Consequences,
  context: Context,
): void {
  const subject = chargeKey(refund.attempt, refund.transactionNo);
  const kinds = { duplicate: 'duplicate_payment', late: 'expired_payment' } as const;
  if (refund.reason !== 'duplicate' && refund.reason !== 'late') return;
  resolveCase(out, context, kinds[refund.reason], subject, words, true);
}
