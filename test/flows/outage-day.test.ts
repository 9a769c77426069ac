/** A sample of the proof about an outage; at full size: `npm run prove outage-day`. */
import { expect, it } from 'vitest';
import { proveOutageDay } from '../proofs/outage-day.ts';
import { freshDatabase } from '../support/database.ts';

it('after a day without workers everything that was due is done, and nothing is too old', async () => {
  const report = await proveOutageDay({ databaseUrl: await freshDatabase(), ofEachKind: 1 });
  expect(report).toMatchObject({
    payments: 32,
    succeeded: 16,
    closed: 16,
    unresolved: 0,
    toldBefore: 0,
    findings: [],
    auditBroken: [],
  });
  expect(report.noticesBefore).toBeGreaterThanOrEqual(4);
  expect(report.openBefore).toBeGreaterThanOrEqual(20);
  expect(report.verdict).toBe('proven');
}, 90_000);
