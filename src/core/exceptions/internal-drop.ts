/**
 * Internal drop (内部掉单): the two books lie in two databases, and one has not heard what the other one
 * told it. Each message is tried in line, then by the relay; where even its outbox row was lost, a scan
 * makes it anew from what the books themselves say, and a worker has it taken in.
 */
import type { Consequences, Context } from '../decision.ts';
import { openCase, resolveCase } from '../decision.ts';
import type { KindDescription } from './kind.ts';

export const INTERNAL_DROP: KindDescription = {
  kind: 'internal_drop',
  zh: '内部掉单',
  what: 'The channel book and the payment book did not know the same, and no message was under way.',
  noticed: 'A scan of what changed lately finds a message that the other book has not taken in.',
  response: 'Put it into the internal-drop table, have the other book take it in, take it out.',
  over: 'The other book has taken the message in.',
  toldToMerchant: false,
  actions: [],
  seen: 'The channel order is succeeded while the payment is still processing. A read, sync and the result page look into the channel book too, so nobody is told less than we know.',
  why: 'The two books lie in two databases, and the message between them was lost or its record could not be written.',
  practise: ['internal_drop'],
};

/**
 * A drop that a scan found was healed by the compensation worker: it counts, and is over. A worker that
 * died before it took the row out tells it again, which is no second drop: a key is taken in once for ever.
 */
export function recordHealedDrop(
  messageKey: string,
  amountMinor: number,
  out: Consequences,
  context: Context,
): void {
  const isTold = out.cases.some(
    (one) => one.kind === 'internal_drop' && one.subject === messageKey,
  );
  if (isTold) return;
  openCase(out, context, {
    kind: 'internal_drop',
    subject: messageKey,
    attempt: null,
    owner: 'platform',
    nextAction: 'The compensation worker has the other book take the message in.',
    moneyAtRiskMinor: amountMinor,
    toldToMerchant: INTERNAL_DROP.toldToMerchant,
  });
  const words = 'Found by a scan, and taken in by the other book.';
  const { toldToMerchant } = INTERNAL_DROP;
  resolveCase(out, context, 'internal_drop', messageKey, words, toldToMerchant);
}
