/** Many simulated payments, seed by seed, over the three couplings in turn; what was done is kept, so that a run that ended goes on where it stood. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { coverageById } from '../../src/simulator/fault-ids.ts';
import type { Figures } from '../../src/simulator/figures.ts';
import { addSeed, faultCount, NO_FIGURES, unreached } from '../../src/simulator/figures.ts';
import { runSimulation } from '../../src/simulator/simulation.ts';

const PAYMENTS_PER_SEED = 50;
const REPLAYED_EVERY = 20;
const SAVED_EVERY = 20;

export type SimulationProofOptions = {
  readonly payments: number;
  readonly seed: number;
  /** Where the state of an unfinished run is kept. */
  readonly folder: string;
  readonly onProgress: (line: string) => void;
};

type State = {
  readonly figures: Figures;
  readonly replayed: number;
  readonly unequal: number;
  readonly cpuMs: number;
  /** Payments by coupling. */
  readonly byCoupling: Readonly<Record<string, number>>;
};

/** Runs the seeds that are left; each twentieth runs twice and must come out the same, event by event. */
export async function proveSimulation(options: SimulationProofOptions) {
  const { payments, seed, folder, onProgress } = options;
  const seeds = Math.ceil(payments / PAYMENTS_PER_SEED);
  const path = join(folder, `simulation-${seed}-${payments}.json`);
  let state = readState(path);
  for (let at = state.figures.seeds; at < seeds; at++) {
    state = await oneSeed(state, seed + at, onProgress);
    if ((at + 1) % SAVED_EVERY !== 0) continue;
    writeFileSync(path, JSON.stringify(state));
    const { figures } = state;
    onProgress(
      `${figures.payments} payments, ${faultCount(figures)} faults, ${figures.violations} violations`,
    );
  }
  // The next run is another one.
  writeFileSync(path, '');
  const { figures, replayed, unequal, cpuMs } = state;
  const missing = unreached(figures);
  const isProven = figures.violations + unequal + missing.length === 0;
  return {
    payments: figures.payments,
    faults: faultCount(figures),
    violations: figures.violations,
    replayed,
    unequal,
    payments_per_cpu_s: Math.round(figures.payments / (cpuMs / 1_000)),
    by_coupling: state.byCoupling,
    messages: figures.messages,
    by_fault_id: coverageById(figures.faults, figures.marks),
    marks: figures.marks,
    unreached: missing,
    verdict: isProven ? ('proven' as const) : ('broken' as const),
  };
}

async function oneSeed(
  state: State,
  seed: number,
  onProgress: (line: string) => void,
): Promise<State> {
  const before = process.cpuUsage();
  const result = await runSimulation({ seed, payments: PAYMENTS_PER_SEED });
  const { user, system } = process.cpuUsage(before);
  for (const { id, words } of result.violations) onProgress(`✗ seed ${seed} ${id}: ${words}`);
  const figures = addSeed(state.figures, result);
  const { coupling, payments } = result;
  const byCoupling = {
    ...state.byCoupling,
    [coupling]: (state.byCoupling[coupling] ?? 0) + payments,
  };
  const cpuMs = state.cpuMs + (user + system) / 1_000;
  if (seed % REPLAYED_EVERY !== 0) return { ...state, figures, cpuMs, byCoupling };
  const again = await runSimulation({ seed, payments: PAYMENTS_PER_SEED });
  const isEqual = again.traceHash === result.traceHash && again.events === result.events;
  const replayed = state.replayed + 1;
  const unequal = state.unequal + Number(!isEqual);
  return { figures, cpuMs, byCoupling, replayed, unequal };
}

function readState(path: string): State {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const fresh = { figures: NO_FIGURES, replayed: 0, unequal: 0, cpuMs: 0, byCoupling: {} };
  return text === '' ? fresh : (JSON.parse(text) as State);
}
