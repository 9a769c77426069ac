/** A named person's decision about a case: looked at first without a trace, if wanted, or taken. 人工处理。 */
import type { Aggregate } from '../core/aggregate.ts';
import { decide } from '../core/decide.ts';
import type { Context, Decision, Refusal } from '../core/decision.ts';
import type { OperatorDecision } from '../core/input.ts';
import type { PaymentKey, Store } from '../store/store.ts';
import type { Door } from './apply.ts';

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
   * Puts the decision in. A dry run decides on what is stored now and writes nothing: its aggregate is
   * the payment as it would be.
   */
  decide(key: PaymentKey, input: OperatorDecision, dryRun: boolean): Promise<DecidedCase>;
};

/** Decisions over this door; `context` is the door's own. */
export function newCaseDecisions(
  store: Pick<Store, 'load'>,
  door: Pick<Door, 'apply'>,
  context: () => Context,
): CaseDecisions {
  return {
    decide: async (key, input, dryRun) => {
      if (!dryRun) {
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

function answered(decision: Decision, aggregate: Aggregate | null): DecidedCase {
  if (decision.type === 'refused') return { type: 'refused', refusal: decision.refusal };
  if (!aggregate) return refused('There is no such payment.');
  const changes = decision.type === 'changed' ? decision.history.changes : [];
  return { type: 'decided', aggregate, changes };
}

function refused(detail: string): DecidedCase {
  return { type: 'refused', refusal: { code: 'not_found', detail, askFirst: [] } };
}
