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

describe('a planted bug', { timeout: 240_000 }, () => {
  test.each(SAMPLE)('%s is found by a rule that names it', async (name) => {
    const bug = PLANTED_BUGS.find((one) => one.name === name);
    if (!bug) throw new Error(`there is no bug ${name}`);
    const found = await findBug(bug, 1, 20);
    expect(bug.foundBy).toContain(found.invariant);
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
