import { expect, test } from 'vitest';
import { COUPLINGS } from '../../src/runtime/config.ts';
import { FAULT_KINDS, isOfStatement } from '../../src/simulator/fault-kinds.ts';
import { onlyRates } from '../../src/simulator/faults.ts';
import { runDays } from '../proofs/days.ts';
import { freshDatabase } from '../support/database.ts';

const met: Record<string, number> = {};

test.each(COUPLINGS)(
  'days whose statements are late, wrong or rewritten all end, each lie under its name: %s',
  async (coupling) => {
    const [databaseUrl, channelDatabaseUrl] = await Promise.all([freshDatabase(), freshDatabase()]);
    const rates = onlyRates([...FAULT_KINDS.filter(isOfStatement), 'crash', 'call_lost'], 1);
    const run = { seed: 2, payments: 36, days: 2, rates, coupling };
    const { violations, planted, daysClosed } = await runDays({
      ...run,
      databaseUrl,
      channelDatabaseUrl,
    });
    expect(violations).toEqual([]);
    expect(daysClosed).toBeGreaterThan(5 * run.days);
    for (const [kind, count] of Object.entries(planted)) met[kind] = count;
  },
  120_000,
);

test('every way in which a statement can be wrong was met', () => {
  expect(Object.keys(met).toSorted()).toEqual(FAULT_KINDS.filter(isOfStatement).toSorted());
});
