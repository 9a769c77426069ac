/** A sample of the proof about copies; at full size: `npm run prove copies`. */
import { expect, it } from 'vitest';
import { proveCopies } from '../proofs/copies.ts';
import { freshDatabase } from '../support/database.ts';

it('twenty copies of a notification at two processes at once count once', async () => {
  const databaseUrl = await freshDatabase();
  const report = await proveCopies({ databaseUrl, notifications: 20, copies: 20, seed: 11 });
  expect(report).toMatchObject({
    acknowledged: [200, 200],
    otherAnswers: [],
    paid: 20,
    events: 20,
    toldTwice: 0,
    noticesTaken: 20,
    noticesCounted: 20,
    charges: 20,
    unbalanced: 0,
    auditBroken: [],
  });
  expect(report.chargedMinor).toBe(report.orderedMinor);
  expect(report.verdict).toBe('proven');
}, 60_000);
