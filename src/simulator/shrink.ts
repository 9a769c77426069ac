/**
 * Shrinking of a failing seed: first the faults that it does not need are taken away, then the payments,
 * by halves and ever smaller parts (ddmin, Zeller). Each fault has a random stream of its own, so one that
 * goes leaves the others where they were. 最小化失败场景。
 */
import { FAULT_KINDS } from './fault-kinds.ts';
import type { SimulatedViolation, SimulationOptions } from './simulation.ts';
import { runSimulation } from './simulation.ts';

export type Shrunk = {
  readonly seed: number;
  readonly violation: SimulatedViolation;
  /** What must go wrong: kind, where, and at which of its occasions. */
  readonly faults: readonly string[];
  /** Which payments must be there, by their place. */
  readonly payments: readonly number[];
  readonly runs: number;
};

const RUNS_MAX = 400;

/** The smallest scenario found that still breaks the same rule; null when the seed breaks none. */
export async function shrink(
  options: SimulationOptions,
  onProgress: (words: string) => void = () => {},
): Promise<Shrunk | null> {
  let runs = 0;
  const run = async (
    faults: ReadonlySet<string> | null,
    payments: ReadonlySet<number>,
    onHit?: (occurrence: string) => void,
  ): Promise<readonly SimulatedViolation[]> => {
    runs += 1;
    const control = { ...(faults && { only: faults }), ...(onHit && { onHit }) };
    const result = await runSimulation({ ...options, control, onlyPayments: payments });
    return result.violations;
  };
  const all = new Set(Array.from({ length: options.payments }, (_, at) => at));
  const hit: string[] = [];
  const [violation] = await run(null, all, (occurrence) => hit.push(occurrence));
  if (!violation) return null;
  const isBroken = (violations: readonly SimulatedViolation[]): boolean =>
    violations.some((one) => one.id === violation.id);
  onProgress(`${hit.length} faults, ${all.size} payments: ${violation.id}`);
  const mayRun = (): boolean => runs < RUNS_MAX;
  let payments = await ddmin(
    [...all],
    async (some) => isBroken(await run(null, new Set(some))),
    mayRun,
  );
  onProgress(`${payments.length} payments are left`);
  let faults = await dropKinds(hit, async (some) =>
    isBroken(await run(new Set(some), new Set(payments))),
  );
  onProgress(`${faults.length} faults are left`);
  faults = await ddmin(
    faults,
    async (some) => isBroken(await run(new Set(some), new Set(payments))),
    mayRun,
  );
  payments = await ddmin(
    payments,
    async (some) => isBroken(await run(new Set(faults), new Set(some))),
    mayRun,
  );
  return { seed: options.seed, violation, faults, payments, runs };
}

/** Whole kinds first: most of them have nothing to do with it. */
async function dropKinds(
  occurrences: readonly string[],
  fails: (some: readonly string[]) => Promise<boolean>,
): Promise<string[]> {
  let left = [...occurrences];
  for (const kind of FAULT_KINDS) {
    const without = left.filter((one) => !one.startsWith(`${kind}|`));
    if (without.length < left.length && (await fails(without))) left = without;
  }
  return left;
}

/** The smallest part found for which `fails` still holds; it must hold for the whole. */
async function ddmin<T>(
  whole: readonly T[],
  fails: (some: readonly T[]) => Promise<boolean>,
  mayRun: () => boolean,
): Promise<T[]> {
  let left = [...whole];
  let parts = 2;
  while (left.length > 0 && mayRun()) {
    const size = Math.ceil(left.length / parts);
    let isSmaller = false;
    for (let from = 0; from < left.length && mayRun(); from += size) {
      const without = [...left.slice(0, from), ...left.slice(from + size)];
      if (!(await fails(without))) continue;
      left = without;
      parts = Math.max(parts - 1, 2);
      isSmaller = true;
      break;
    }
    if (isSmaller) continue;
    if (size === 1) return left;
    parts = Math.min(parts * 2, left.length);
  }
  return left;
}
