/** Every planted bug is found, within so many seeds, by a rule of its own; prints the table. */
import { findBug, PLANTED_BUGS } from '../../src/simulator/planted-bugs/catalogue.ts';

export type PlantedBugsOptions = {
  readonly seed: number;
  readonly seedsMax: number;
  readonly onProgress: (line: string) => void;
};

/** Runs all of them; `found` names for each the rule and the seed. */
export async function provePlantedBugs({ seed, seedsMax, onProgress }: PlantedBugsOptions) {
  const found: Record<string, string> = {};
  let foundCount = 0;
  let seedsWorst = 0;
  for (const bug of PLANTED_BUGS) {
    const { name, invariant, seed: at, words } = await findBug(bug, seed, seedsMax);
    found[name] = invariant === null ? 'not found' : `${invariant} at seed ${at}`;
    if (at !== null) seedsWorst = Math.max(seedsWorst, at - seed + 1);
    foundCount += Number(invariant !== null);
    onProgress(`${name.padEnd(44)} ${String(invariant).padEnd(6)} seed ${at}: ${words}`);
  }
  const bugs = PLANTED_BUGS.length;
  const verdict = foundCount === bugs ? ('proven' as const) : ('broken' as const);
  return { bugs, found: foundCount, seeds_worst: seedsWorst, by: found, verdict };
}
