/** A sample of the proof about races; at full size: `npm run prove races`. */
import { expect, it } from 'vitest';
import { proveRaces } from '../proofs/races.ts';
import { freshDatabase } from '../support/database.ts';

it('clients that race by several doors end right, and the same races without their safeguard end wrong', async () => {
  const report = await proveRaces({
    databaseUrl: await freshDatabase(),
    controlDatabaseUrl: await freshDatabase(),
    rounds: 16,
    controlRounds: 16,
    seed: 3,
  });
  expect(report).toMatchObject({ deadlockErrors: 0, auditBroken: [], verdict: 'proven' });
  expect(report.races).toHaveLength(8);
}, 120_000);
