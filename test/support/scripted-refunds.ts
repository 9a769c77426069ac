/** What a channel may say about a refund, and what the books of a scripted payment come to. */
import type { RefundOutcome } from '../../src/core/refund-outcome.ts';
import type { ScriptedPayment } from './scripted-payment.ts';

type Word<Type extends RefundOutcome['type']> = Extract<RefundOutcome, { type: Type }>;

export const TAKEN: Word<'pending'> = { type: 'pending', channelCode: 'PROCESSING' };
export const NO_ANSWER: Word<'unknown'> = {
  type: 'unknown',
  reason: 'timeout',
  channelCode: 'no_answer',
};
export const NO_SUCH_REFUND: Word<'not_found'> = { type: 'not_found', channelCode: 'NOT_EXIST' };
export const CLOSED_FOR_GOOD: Word<'failed'> = {
  type: 'failed',
  code: 'refund_closed',
  message: 'The refund was closed.',
  channelCode: 'CLOSED',
};
export const ABNORMAL: Word<'requires_action'> = {
  type: 'requires_action',
  code: 'payer_account_abnormal',
  message: "The payer's account takes no money.",
  channelCode: 'ABNORMAL',
};
export const NO_FUNDS: Word<'refused_for_now'> = {
  type: 'refused_for_now',
  code: 'not_enough_funds',
  message: 'The account lacks funds.',
  channelCode: 'NOT_ENOUGH',
};
export const TOO_SOON: Word<'refused_for_now'> = {
  type: 'refused_for_now',
  code: 'too_soon',
  message: 'Wait.',
  channelCode: 'TOO_SOON',
};

/** What an account holds after everything that was booked: credits less debits, in minor units. */
export function balanceOf(
  payment: ScriptedPayment,
  book: 'channel' | 'payment',
  account: string,
): number {
  return payment.postings
    .filter((one) => one.book === book)
    .reduce(
      (sum, { debit, credit, amountMinor }) =>
        sum + (Number(credit === account) - Number(debit === account)) * amountMinor,
      0,
    );
}
