/**
 * Excess refund (多退款): money went back to a payer that we had not asked the channel for, or not any
 * more: a refund made at the channel's own console, or one that the channel had called dead. It counts,
 * whoever did it, and a person finds out why.
 */
import type { Consequences, Context } from '../decision.ts';
import { openCase } from '../decision.ts';
import { refundedMinor } from '../refund-sums.ts';
import type { Payment } from '../payment.ts';
import type { KindDescription } from './kind.ts';

export const EXCESS_REFUND: KindDescription = {
  kind: 'excess_refund',
  zh: '渠道侧退款',
  what: 'The channel returned money that the platform had not asked it to return.',
  noticed: 'A query, a notification or a statement lists a refund without a number of ours.',
  response: 'Book it, take it off what can still be refunded, and ask a person why.',
  over: 'A person explains it.',
  toldToMerchant: true,
  actions: ['resolve'],
  seen: 'amount_refunded, or surplus.returned, rises without a refund of yours, and less can be refunded.',
  why: "Somebody refunded at the channel's own console, a support desk of the channel did, or a number that the channel had called dead returned the money after all.",
  practise: ['console_refund'],
};

/** A return without us: a case of `subject`, with what was returned beyond the charge at risk. */
export function openExcess(
  payment: Payment,
  subject: string,
  attempt: number,
  amountMinor: number,
  out: Consequences,
  context: Context,
): void {
  const beyondMinor = refundedMinor(payment) - (payment.winner?.amountMinor ?? 0);
  openCase(out, context, {
    kind: 'excess_refund',
    subject,
    attempt,
    owner: 'operations',
    nextAction:
      beyondMinor > 0
        ? 'More was returned than was charged: claim the difference, then resolve the case.'
        : 'Find out who refunded it at the channel, then resolve the case.',
    moneyAtRiskMinor: amountMinor,
    toldToMerchant: EXCESS_REFUND.toldToMerchant,
  });
}
