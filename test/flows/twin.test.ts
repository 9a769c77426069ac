import { expect, test } from 'vitest';
import { COUPLINGS } from '../../src/runtime/config.ts';
import { runTwin } from '../proofs/twin.ts';
import { freshDatabase } from '../support/database.ts';

test.each(COUPLINGS)(
  'a simulated run asks memory and PostgreSQL the same and is answered the same: %s',
  async (coupling) => {
    const [databaseUrl, channelDatabaseUrl] = await Promise.all([freshDatabase(), freshDatabase()]);
    const run = { seed: 3, payments: 8, coupling, databaseUrl, channelDatabaseUrl };
    const { violations, faults } = await runTwin(run);
    expect(violations).toEqual([]);
    expect(faults).toBeGreaterThan(8);
  },
  120_000,
);
