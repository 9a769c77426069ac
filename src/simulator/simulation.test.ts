import { describe, expect, test } from 'vitest';
import { FAULT_KINDS } from './fault-kinds.ts';
import { onlyRates } from './faults.ts';
import { addSeed, NO_FIGURES, unreached } from './figures.ts';
import type { SimulationResult } from './simulation.ts';
import { runSimulation } from './simulation.ts';

const PAYMENTS = 50;
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

async function simulated(seeds: readonly number[]): Promise<SimulationResult[]> {
  const results: SimulationResult[] = [];
  for (const seed of seeds) results.push(await runSimulation({ seed, payments: PAYMENTS }));
  return results;
}

describe('a simulated platform', { timeout: 240_000 }, () => {
  test('ties out under every mixture of faults', async () => {
    const results = await simulated(SEEDS);
    expect(results.flatMap((one) => one.violations)).toEqual([]);
    const counts = results.map((one) => Object.values(one.faults).reduce((a, b) => a + b, 0));
    const faultCount = counts.reduce((a, b) => a + b, 0);
    expect(faultCount).toBeGreaterThan(2 * SEEDS.length * PAYMENTS);
  });

  test('meets every kind of fault and every situation that matters', async () => {
    const rates = onlyRates(FAULT_KINDS, 0.4);
    let figures = NO_FIGURES;
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const result = await runSimulation({ seed, payments: 200, rates });
      expect(result.violations).toEqual([]);
      figures = addSeed(figures, result);
    }
    for (const seed of SEEDS)
      figures = addSeed(figures, await runSimulation({ seed, payments: PAYMENTS }));
    expect(FAULT_KINDS.filter((kind) => !figures.faults[kind])).toEqual([]);
    expect(unreached(figures)).toEqual([]);
  });

  test('does the same thing twice, event by event, and another thing for another seed', async () => {
    const [first, again, other] = await simulated([11, 11, 12]);
    expect(again).toEqual(first);
    expect(other?.traceHash).not.toBe(first?.traceHash);
  });

  test('has nothing to heal where nothing goes wrong', async () => {
    const { faults, violations } = await runSimulation({ seed: 1, payments: PAYMENTS, rates: {} });
    expect([faults, violations]).toEqual([{}, []]);
  });
});
