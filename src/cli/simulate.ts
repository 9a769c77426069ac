/** `tieout simulate`: many payments on a virtual clock, through every fault that a seed draws; judged by the channels' books. */
import { runSimulation } from '../simulator/simulation.ts';
import type { Command } from './command.ts';
import { integerFlag } from './command.ts';
import { newProgress, print, say } from './terminal.ts';

const PAYMENTS_PER_SEED = 50;

export const simulate: Command = {
  name: 'simulate',
  takes: '',
  summary:
    'Simulate payments through random faults, deterministically; exit 1 when a rule is broken',
  flags: {
    seed: { type: 'string', value: 'N', help: 'The first seed (default 1)' },
    payments: {
      type: 'string',
      value: 'N',
      help: `Payments in all, ${PAYMENTS_PER_SEED} per seed (default 2000)`,
    },
    trace: { type: 'boolean', help: 'Print every event of the first seed' },
  },
  run: async (invocation) => {
    const first = integerFlag(invocation, 'seed', 1, { min: 0, max: 2 ** 31 });
    const payments = integerFlag(invocation, 'payments', 2_000, { min: 1, max: 10_000_000 });
    const seeds = Math.ceil(payments / PAYMENTS_PER_SEED);
    const progress = newProgress('seeds', seeds);
    const startedAtMs = performance.now();
    const faults: Record<string, number> = {};
    let events = 0;
    let violations = 0;
    for (let at = 0; at < seeds; at++) {
      const trace = at === 0 && invocation.flags.trace === true ? { trace: say } : {};
      const result = await runSimulation({
        seed: first + at,
        payments: PAYMENTS_PER_SEED,
        ...trace,
      });
      for (const [kind, count] of Object.entries(result.faults))
        faults[kind] = (faults[kind] ?? 0) + count;
      for (const { id, words } of result.violations) say(`✗ seed ${result.seed} ${id}: ${words}`);
      events += result.events;
      violations += result.violations.length;
      progress.update(at + 1);
    }
    progress.end();
    const seconds = (performance.now() - startedAtMs) / 1000;
    const figures = {
      seeds,
      payments: seeds * PAYMENTS_PER_SEED,
      faults,
      violations,
      events_per_s: Math.round(events / seconds),
    };
    print(
      invocation.json
        ? JSON.stringify(figures)
        : `${figures.payments} payments, ${violations} violations`,
    );
    return violations === 0 ? 0 : 1;
  },
};
