import { describe, expect, test } from 'vitest';
import { COUPLINGS } from '../runtime/config.ts';
import { FAULT_KINDS, isOfStatement } from './fault-kinds.ts';
import { onlyRates } from './faults.ts';
import { addSeed, faultCount, NO_FIGURES, unreached } from './figures.ts';
import { runSimulation } from './simulation.ts';

const PAYMENTS = 50;
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

describe('a simulated platform', { timeout: 240_000 }, () => {
  test.each(COUPLINGS)(
    'ties out under every mixture of faults, its books coupled: %s',
    async (coupling) => {
      let figures = NO_FIGURES;
      for (const seed of SEEDS) {
        const result = await runSimulation({ seed, payments: PAYMENTS, coupling });
        expect(result.violations).toEqual([]);
        figures = addSeed(figures, result);
      }
      expect(faultCount(figures)).toBeGreaterThan(2 * SEEDS.length * PAYMENTS);
    },
  );

  test('meets every kind of fault and every situation that matters', async () => {
    const rates = onlyRates(FAULT_KINDS, 0.5);
    let figures = NO_FIGURES;
    for (const coupling of COUPLINGS) {
      for (const seed of [1, 2, 3, 4]) {
        const result = await runSimulation({ seed, payments: 150, coupling, rates });
        expect(result.violations).toEqual([]);
        figures = addSeed(figures, result);
      }
    }
    // Late money that is returned takes luck: a payer after the close, and a merchant that does not accept it.
    const late = onlyRates(['paid_after_close'], 1);
    figures = addSeed(figures, await runSimulation({ seed: 1, payments: 300, rates: late }));
    for (const seed of SEEDS)
      figures = addSeed(figures, await runSimulation({ seed, payments: PAYMENTS }));
    const expected = FAULT_KINDS.filter((kind) => !isOfStatement(kind));
    expect(expected.filter((kind) => !figures.faults[kind])).toEqual([]);
    expect(unreached(figures)).toEqual([]);
  });

  test.each(COUPLINGS)('does the same thing twice, event by event: %s', async (coupling) => {
    const first = await runSimulation({ seed: 11, payments: PAYMENTS, coupling });
    expect(await runSimulation({ seed: 11, payments: PAYMENTS, coupling })).toEqual(first);
  });

  test('does another thing for another seed, and for another coupling', async () => {
    const runs = [
      { seed: 11, coupling: 'relay' },
      { seed: 12, coupling: 'relay' },
      { seed: 11, coupling: 'two_phase' },
    ] as const;
    const hashes = new Set<string>();
    for (const one of runs) {
      hashes.add((await runSimulation({ ...one, payments: 10 })).traceHash);
    }
    expect(hashes.size).toBe(runs.length);
  });

  test.each(COUPLINGS)('has nothing to heal where nothing goes wrong: %s', async (coupling) => {
    const options = { seed: 1, payments: PAYMENTS, coupling, rates: {} };
    const { faults, violations, marks } = await runSimulation(options);
    expect([faults, violations]).toEqual([{}, []]);
    expect(marks.internal_drop_healed).toBeUndefined();
  });
});
