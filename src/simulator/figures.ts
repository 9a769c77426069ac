/** What many seeds come to together. */
import { MARK_NAMES } from './marks.ts';
import type { SimulationResult } from './simulation.ts';

export type Figures = {
  readonly seeds: number;
  readonly payments: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly marks: Readonly<Record<string, number>>;
  readonly messages: Readonly<Record<string, number>>;
  readonly events: number;
  readonly violations: number;
};

export const NO_FIGURES: Figures = {
  seeds: 0,
  payments: 0,
  faults: {},
  marks: {},
  messages: {},
  events: 0,
  violations: 0,
};

/** The figures with one more seed. */
export function addSeed(figures: Figures, result: SimulationResult): Figures {
  return {
    seeds: figures.seeds + 1,
    payments: figures.payments + result.payments,
    faults: summed(figures.faults, result.faults),
    marks: summed(figures.marks, result.marks),
    messages: summed(figures.messages, result.messages),
    events: figures.events + result.events,
    violations: figures.violations + result.violations.length,
  };
}

/** How many faults in all. */
export function faultCount({ faults }: Pick<Figures, 'faults'>): number {
  return Object.values(faults).reduce((sum, one) => sum + one, 0);
}

/** Situations that no seed has reached. */
export function unreached({ marks }: Pick<Figures, 'marks'>): string[] {
  return MARK_NAMES.filter((name) => !marks[name]);
}

function summed(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Record<string, number> {
  const sum: Record<string, number> = { ...a };
  for (const [name, count] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}
