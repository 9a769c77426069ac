/** A sample of the proof about races; at full size: `npm run prove races`. */
import { expect, it } from 'vitest';
import { proveRaces } from '../proofs/races.ts';
import { proveScanRace } from '../proofs/scan-race.ts';
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

it('one surplus found by notification, query and scan at once counts once, and without the inbox it does not', async () => {
  const urls = await Promise.all(Array.from({ length: 4 }, freshDatabase));
  const report = await proveScanRace({ urls, rounds: 8, controlRounds: 4, seed: 3 });
  expect(report).toMatchObject({ wrong: 0, examples: [], verdict: 'proven' });
}, 120_000);
