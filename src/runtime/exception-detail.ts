/** A case as it is looked at by itself: with what a person can decide about it now. */
import type { Aggregate } from '../core/aggregate.ts';
import type { Case } from '../core/exceptions/kind.ts';
import { possibleActions } from '../core/operator-decision.ts';
import { exceptionObject } from './payment-object.ts';

/** Renders one case. Notices do not carry `actions`: what was possible then says nothing later. */
export function exceptionDetail(aggregate: Aggregate, one: Case) {
  return {
    ...exceptionObject(aggregate.payment, one),
    actions: possibleActions(aggregate, one),
  };
}
