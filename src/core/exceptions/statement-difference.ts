/**
 * Statement difference (对账差异): the channel's statement and our books have the same thing and differ in
 * its amount, its fee or its state; or a file that was settled came again with other words. Nothing is
 * booked from it before somebody has cleared it up.
 */
import type { Consequences, Context } from '../decision.ts';
import { openCase, resolveCase } from '../decision.ts';
import { CHANNEL_ONLY } from './channel-only.ts';
import type { StatementDifference } from '../reconciliation/difference.ts';
import type { KindDescription } from './kind.ts';
import { PLATFORM_ONLY } from './platform-only.ts';

export const STATEMENT_DIFFERENCE: KindDescription = {
  kind: 'statement_difference',
  zh: '对账差异',
  what: "The channel's statement and our books name the same charge or refund with another amount, fee or state, or a rewritten statement contradicts the earlier one.",
  noticed:
    'The daily comparison of a statement with our books, or of two versions of one statement.',
  response:
    'Ask the channel; what it confirms is settled by that answer. Else keep the books as they are, and ask a person.',
  over: 'The channel confirms one side, or a person has cleared it up with the channel.',
  toldToMerchant: false,
  actions: ['resolve'],
  seen: 'Finance sees it among the differences of the day, with both amounts.',
  why: "A coupon or fee was booked otherwise, the channel's file is wrong, or somebody changed an amount on the way.",
  practise: [],
  practiseStatement: ['cent_off', 'fee_off', 'repeated_line', 'rewritten_amount'],
};

const KINDS = {
  channel_only: CHANNEL_ONLY,
  platform_only: PLATFORM_ONLY,
  statement_difference: STATEMENT_DIFFERENCE,
} as const;

/** Opens the case of a difference; one that is open already stays as it is. */
export function openDifference(
  difference: StatementDifference,
  out: Consequences,
  context: Context,
): void {
  const { kind, subject, attempt, owner, nextAction, moneyAtRiskMinor } = difference;
  const { toldToMerchant } = KINDS[kind];
  openCase(out, context, {
    kind,
    subject,
    attempt,
    owner,
    nextAction,
    moneyAtRiskMinor,
    toldToMerchant,
  });
}

/** Books and statement agree again: the words say what proves it. */
export function resolveDifference(
  {
    kind,
    subject,
    words,
  }: Pick<StatementDifference, 'kind' | 'subject'> & { readonly words: string },
  out: Consequences,
  context: Context,
): void {
  resolveCase(out, context, kind, subject, words, KINDS[kind].toldToMerchant);
}
