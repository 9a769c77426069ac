/** Every planted bug, and the search for the seed that finds one. */
import { COMMIT_BUGS } from './commit-bugs.ts';
import { OUTCOME_BUGS } from './outcome-bugs.ts';
import { COUPLING_BUGS } from './coupling-bugs.ts';
import type { PlantedBug } from './planted-bug.ts';
import { REFUND_BUGS } from './refund-bugs.ts';
import { runSimulation } from '../simulation.ts';

export const PLANTED_BUGS: readonly PlantedBug[] = [
  ...OUTCOME_BUGS,
  ...REFUND_BUGS,
  ...COMMIT_BUGS,
  ...COUPLING_BUGS,
];

export type Found = {
  readonly name: string;
  /** The rule that found it; null when none of those that may did so in time. */
  readonly invariant: string | null;
  readonly seed: number | null;
  readonly words: string;
};

const PAYMENTS = 50;

/** Runs seeds with the bug until one of its rules finds it. */
export async function findBug(
  bug: PlantedBug,
  firstSeed: number,
  seedsMax: number,
): Promise<Found> {
  const { name, foundBy, coupling = 'together' } = bug;
  for (let seed = firstSeed; seed < firstSeed + seedsMax; seed++) {
    const sabotage = bug.plant();
    const { violations } = await runSimulation({ seed, payments: PAYMENTS, coupling, sabotage });
    const found = violations.find((one) => foundBy.includes(one.id));
    if (found) return { name, invariant: found.id, seed, words: found.words };
  }
  return { name, invariant: null, seed: null, words: 'not found' };
}
