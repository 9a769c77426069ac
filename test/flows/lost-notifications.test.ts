/** A sample of the proof about lost notifications; at full size: `npm run prove lost-notifications`. */
import { expect, it } from 'vitest';
import { proveLostNotifications } from '../proofs/lost-notifications.ts';
import { freshDatabase } from '../support/database.ts';

it('lost notifications are healed by the first query, though more is due than can be asked at once', async () => {
  const report = await proveLostNotifications({
    databaseUrl: await freshDatabase(),
    payments: 20,
    firstQueryMs: 1_000,
    // Generous, for a busy machine; the full size keeps the real target.
    targetMs: 8_000,
    queriesPerSecond: 200,
    connectionsMax: 8,
  });
  expect(report).toMatchObject({ succeeded: 20, confirmedByQuery: 20, told: 20 });
  expect(report.healedMs.p50).toBeGreaterThanOrEqual(1_000);
  expect(report.verdict).toBe('proven');
}, 60_000);
