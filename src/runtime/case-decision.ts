/** A named person's decision about a case: looked at first without a trace, if wanted, or taken. 人工处理。 */
import type { Aggregate } from '../core/aggregate.ts';
import { decide } from '../core/decide.ts';
import type { Context, Decision, Refusal } from '../core/decision.ts';
import type { OperatorDecision } from '../core/input.ts';
import type { PaymentKey, Store } from '../store/store.ts';
import type { Door } from './apply.ts';
import type { Clock } from './clock.ts';
import type { Performer } from './perform.ts';

export type DecidedCase =
  | {
      readonly type: 'decided';
      readonly aggregate: Aggregate;
      /** What changed, or would change, in words: one line per change. */
      readonly changes: readonly string[];
    }
  | { readonly type: 'refused'; readonly refusal: Refusal };

export type CaseDecisions = {
  /**
   * Puts the decision in. Before a refund is given up its channel is asked once more: it may have paid it
   * meanwhile, and then there is nothing to give up. A dry run decides on what is stored now and writes nothing: its aggregate is
   * the payment as it would be.
   */
  decide(key: PaymentKey, input: OperatorDecision, dryRun: boolean): Promise<DecidedCase>;
};

export type CaseDecisionsOptions = {
  readonly store: Pick<Store, 'load'>;
  readonly door: Pick<Door, 'apply'>;
  readonly performer: Pick<Performer, 'performRefund'>;
  readonly clock: Pick<Clock, 'nowMs'>;
  /** The door's own, for dry runs. */
  readonly context: () => Context;
};

/** How long a person waits for a channel's last word. */
const LAST_WORD_WITHIN_MS = 5_000;

/** Decisions over these parts. */
export function newCaseDecisions(options: CaseDecisionsOptions): CaseDecisions {
  const { store, door, context } = options;
  return {
    decide: async (key, input, dryRun) => {
      if (!dryRun) {
        if (input.action === 'give_up_refund') await askLastWord(key, input.caseId, options);
        const { decision, aggregate } = await door.apply(key, input);
        return answered(decision, aggregate);
      }
      const [before] = await store.load([key]);
      if (!before) return refused('There is no such payment.');
      const decision = decide(before, input, context());
      return answered(decision, decision.type === 'changed' ? decision.aggregate : before);
    },
  };
}

/** Asks about every number of a refund that ever left. No answer stops nobody: a person has decided. */
async function askLastWord(
  key: PaymentKey,
  caseId: string,
  { store, performer, clock }: CaseDecisionsOptions,
): Promise<void> {
  const [aggregate] = await store.load([key]);
  const subject = aggregate?.cases.find((one) => one.id === caseId)?.subject;
  const deadlineAtMs = clock.nowMs() + LAST_WORD_WITHIN_MS;
  const call = { planned: false, deadlineAtMs, permit: null };
  let latest = aggregate;
  for (const { attempt, refunds } of aggregate?.orders ?? []) {
    for (const { number, refundKey, sentAtMs, status } of refunds) {
      if (!latest || refundKey !== subject || sentAtMs === null || status === 'succeeded') continue;
      const applied = await performer.performRefund(latest, attempt, number, 'query', call);
      latest = applied?.aggregate ?? latest;
    }
  }
}

function answered(decision: Decision, aggregate: Aggregate | null): DecidedCase {
  if (decision.type === 'refused') return { type: 'refused', refusal: decision.refusal };
  if (!aggregate) return refused('There is no such payment.');
  const changes = decision.type === 'changed' ? decision.history.changes : [];
  return { type: 'decided', aggregate, changes };
}

function refused(detail: string): DecidedCase {
  return { type: 'refused', refusal: { code: 'not_found', detail, askFirst: [] } };
}
