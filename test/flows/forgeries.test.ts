/** A sample of the proof about forged notifications; at full size: `npm run prove forgeries`. */
import { expect, it } from 'vitest';
import { proveForgeries } from '../proofs/forgeries.ts';
import { freshDatabase } from '../support/database.ts';

it('no forged notification changes a payment, and every genuine one is taken', async () => {
  const databaseUrl = await freshDatabase();
  const report = await proveForgeries({ databaseUrl, forged: 300, genuine: 300, seed: 7 });
  expect(report).toMatchObject({
    forged: 300,
    genuine: 300,
    serverErrors: 0,
    forgedTaken: [],
    changedByForgery: [],
    genuineRefused: [],
    genuineWithoutEffect: [],
  });
  expect(report.forgedShapes).toBeGreaterThanOrEqual(60);
  expect(report.verdict).toBe('proven');
}, 60_000);
