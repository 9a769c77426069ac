import { describe, expect, test } from 'vitest';
import { runSimulation } from '../simulation.ts';
import { findBug, PLANTED_BUGS } from './catalogue.ts';

/** All of them run in `prove planted-bugs`; here those that are found soon. */
const SAMPLE = [
  'timeout_is_failed',
  'late_success_dropped',
  'strangers_believed',
  'reserve_released_on_a_timeout',
  'refund_resent_with_another_amount',
  'console_refund_ignored',
  'acknowledged_before_durable',
  'event_lost_with_its_state',
  'write_not_durable',
  'job_dropped_when_claimed',
];

/** Seeds whose one payment is paid at once: nobody has to ask the channel, and nothing comes after it. */
async function happySeeds(): Promise<number[]> {
  const seeds: number[] = [];
  for (let seed = 1; seed <= 100 && seeds.length < 4; seed++) {
    let isAsked = false;
    const trace = (line: string): void => {
      isAsked ||= line.includes('query:');
    };
    const run = { seed, payments: 1, coupling: 'together', rates: {}, trace } as const;
    const { ends } = await runSimulation(run);
    const isPaid = ends['payment.succeeded'] === 1 && Object.keys(ends).length === 1;
    if (isPaid && !isAsked) seeds.push(seed);
  }
  return seeds;
}

describe('a planted bug', { timeout: 240_000 }, () => {
  test.each(SAMPLE)('%s is found by a rule that names it', async (name) => {
    const bug = PLANTED_BUGS.find((one) => one.name === name);
    if (!bug) throw new Error(`there is no bug ${name}`);
    const found = await findBug(bug, 1, 20);
    expect(bug.foundBy).toContain(found.invariant);
  });

  test('each leaves the happy path alone: paid once, told, and nothing else', async () => {
    const seeds = await happySeeds();
    expect(seeds.length).toBeGreaterThanOrEqual(3);
    for (const bug of PLANTED_BUGS) {
      const { coupling = 'together' } = bug;
      for (const seed of seeds) {
        const run = { seed, payments: 1, coupling, rates: {}, sabotage: bug.plant() };
        const { violations, ends } = await runSimulation(run);
        expect({ bug: bug.name, violations, ends }).toEqual({
          bug: bug.name,
          violations: [],
          ends: { 'payment.succeeded': 1 },
        });
      }
    }
  });

  test('there are at least 25, each under a name of its own', () => {
    const names = new Set(PLANTED_BUGS.map((one) => one.name));
    expect(names.size).toBe(PLANTED_BUGS.length);
    expect(names.size).toBeGreaterThanOrEqual(25);
  });

  test('nothing is found where nothing was planted', async () => {
    const { violations } = await runSimulation({ seed: 1, payments: 50, sabotage: {} });
    expect(violations).toEqual([]);
  });
});
