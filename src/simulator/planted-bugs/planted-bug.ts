/**
 * A planted bug: a deliberate defect, put between two parts from outside. A simulator is worth what it
 * finds, so each of these must be found by a rule of its own, and none may show in a payment that is paid at
 * once (both tested). Only tests and proofs ever switch one on. The unit tests of a file never see one, because it
 * stands between the files and not in them: that they stay green shows nothing about those tests.
 */
import type { Aggregate } from '../../core/aggregate.ts';
import type { ChannelOrder } from '../../core/channel-order.ts';
import type { Input } from '../../core/input.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Connector } from '../../channels/connector.ts';
import type { Applied, Door } from '../../runtime/apply.ts';
import type { Coupling } from '../../runtime/config.ts';
import type { AggregateChange, PaymentKey, Step, Store } from '../../store/store.ts';
import type { Sabotage } from '../process.ts';

export type PlantedBug = {
  readonly name: string;
  /** What is wrong, and where in public it was seen, if it was. */
  readonly words: string;
  /** The rules that may find it. */
  readonly foundBy: readonly string[];
  /** The coupling in which it shows; `together` unless it is named. */
  readonly coupling?: Coupling;
  /** A fresh defect for one run: what it remembers lives as long as the run. */
  readonly plant: () => Sabotage;
};

/** A defect in what a connector answers to a question. */
export function inQueries(change: (outcome: Outcome, order: ChannelOrder) => Outcome): Sabotage {
  return {
    connector: (honest) => ({
      ...honest,
      query: async (order, deadlineAtMs) => {
        const answer = await honest.query(order, deadlineAtMs);
        return { ...answer, outcome: change(answer.outcome, order) };
      },
    }),
  };
}

/** A defect in a connector, beside what it does honestly. */
export function inConnector(change: (honest: Connector) => Partial<Connector>): Sabotage {
  return { connector: (honest) => ({ ...honest, ...change(honest) }) };
}

/** A defect at the door: inputs are changed, or swallowed (`null`), before they are decided. */
export function atDoor(
  change: (
    input: Input,
    find: () => Promise<Aggregate | null>,
  ) => Input | null | Promise<Input | null>,
): Sabotage {
  return {
    door: (honest, store): Door => ({
      ...honest,
      apply: async (key, input) => {
        const find = async (): Promise<Aggregate | null> => await findIn(store, key);
        const changed = await change(input, find);
        return changed ? await honest.apply(key, changed) : await swallowed(store, key);
      },
    }),
  };
}

/** A defect in what is committed: the state, or what should follow from it. */
export function inCommits(change: (one: AggregateChange) => AggregateChange): Sabotage {
  return {
    store: (honest): Store => ({
      ...honest,
      write: async (changes, lease) => await honest.write(changes.map(change), lease),
    }),
  };
}

/** A change with each of its steps changed. */
export function withSteps(one: AggregateChange, change: (step: Step) => Step): AggregateChange {
  return { ...one, steps: one.steps.map(change) };
}

/** What answers an input that was swallowed: everything as it was. */
export async function swallowed(store: Store, key: PaymentKey): Promise<Applied> {
  const aggregate = await findIn(store, key);
  return { decision: { type: 'unchanged', attempt: null }, aggregate };
}

async function findIn(store: Store, key: PaymentKey): Promise<Aggregate | null> {
  const [aggregate] = await store.load([key]);
  return aggregate ?? null;
}
