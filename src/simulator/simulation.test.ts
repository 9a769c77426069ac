import { describe, expect, test } from 'vitest';
import type { Connector } from '../channels/connector.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Door } from '../runtime/apply.ts';
import type { Store } from '../store/store.ts';
import { FAULT_KINDS, onlyRates } from './faults.ts';
import type { Sabotage } from './process.ts';
import type { SimulationResult } from './simulation.ts';
import { runSimulation } from './simulation.ts';

const PAYMENTS = 50;
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

async function simulated(seeds: readonly number[]): Promise<SimulationResult[]> {
  const results: SimulationResult[] = [];
  for (const seed of seeds) results.push(await runSimulation({ seed, payments: PAYMENTS }));
  return results;
}

describe('a simulated platform', { timeout: 60_000 }, () => {
  test('ties out under every mixture of faults', async () => {
    const results = await simulated(SEEDS);
    expect(results.flatMap((one) => one.violations)).toEqual([]);
    const counts = results.map((one) => Object.values(one.faults).reduce((a, b) => a + b, 0));
    const faultCount = counts.reduce((a, b) => a + b, 0);
    expect(faultCount).toBeGreaterThan(2 * SEEDS.length * PAYMENTS);
  });

  test('meets every kind of fault', async () => {
    const rates = onlyRates(FAULT_KINDS, 0.4);
    const { faults, violations } = await runSimulation({ seed: 4, payments: 300, rates });
    expect(FAULT_KINDS.filter((kind) => !faults[kind])).toEqual([]);
    expect(violations).toEqual([]);
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

// The simulator is only worth as much as it can find: each of these parts breaks one rule, and must be
// caught by the rule that it breaks.
describe('a broken part is found out', { timeout: 60_000 }, () => {
  async function caught(sabotage: Sabotage): Promise<string[]> {
    const ids = new Set<string>();
    for (const seed of SEEDS) {
      const { violations } = await runSimulation({ seed, payments: PAYMENTS, sabotage });
      for (const { id } of violations) ids.add(id);
      if (ids.size > 0) break;
    }
    return [...ids];
  }

  test('a connector that takes a timeout for a no (I6)', async () => {
    const failed = (outcome: Outcome): Outcome =>
      outcome.type === 'unknown'
        ? { type: 'failed', code: 'timeout', message: '', channelCode: outcome.channelCode }
        : outcome;
    const connector = (honest: Connector): Connector => ({
      ...honest,
      query: async (order, deadlineAtMs) => {
        const answer = await honest.query(order, deadlineAtMs);
        return { ...answer, outcome: failed(answer.outcome) };
      },
    });
    expect(await caught({ connector })).toContain('I6');
  });

  test('a store that acknowledges what it lost (I25)', async () => {
    let writes = 0;
    const store = (honest: Store): Store => ({
      ...honest,
      write: async (changes) => {
        writes += 1;
        if (writes % 40 === 0) return changes.map(() => 'written' as const);
        return await honest.write(changes);
      },
    });
    expect(await caught({ store })).toContain('I25');
  });

  test('a door that drops a notification about more money (I1)', async () => {
    const door = (honest: Door): Door => ({
      ...honest,
      apply: async (key, input) => {
        const isCopy = input.type === 'outcome_learned' && input.evidence.via === 'notification';
        if (!isCopy) return await honest.apply(key, input);
        const unknown: Outcome = { type: 'unknown', reason: 'dropped', channelCode: 'dropped' };
        return await honest.apply(key, { ...input, outcome: unknown });
      },
    });
    expect(await caught({ door })).toContain('I1');
  });

  test('a connector that sends the same number for two things (I13)', async () => {
    const connector = (honest: Connector): Connector => ({
      ...honest,
      pay: async (order, details, deadlineAtMs) => {
        const answer = await honest.pay(order, details, deadlineAtMs);
        await honest.pay({ ...order, amountMinor: order.amountMinor + 1 }, details, deadlineAtMs);
        return answer;
      },
    });
    expect(await caught({ connector })).toContain('I13');
  });

  test('a receiver that believes strangers (I17)', async () => {
    const connector = (honest: Connector): Connector => ({
      ...honest,
      readNotification: (message) => {
        const signature = `true for ${honest.account}`;
        return honest.readNotification({ ...message, headers: { signature } });
      },
    });
    expect(await caught({ connector })).toContain('I17');
  });
});
