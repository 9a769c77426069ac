import { expect, test } from 'vitest';
import { proveKills } from '../proofs/kills.ts';

test('a platform that is killed between call and commit, and a killed database, lose nothing that was acknowledged', async () => {
  const report = await proveKills({
    points: [
      'pay.after_call',
      'notification.before_answer',
      'notice.after_call',
      'notice.after_birth',
    ],
    moments: [{ answers: 3, delayMs: 0, twice: false }],
    payments: 5,
    seed: 4,
    parallel: 3,
  });
  expect(report).toMatchObject({ lost: [], auditBroken: [], findings: [], neverHit: [] });
  expect(report.kills).toEqual({ process: 4, database: 1 });
  expect(report.acknowledged).toBeGreaterThan(20);
  expect(report.verdict).toBe('proven');
}, 180_000);

test('a platform that is killed between two databases loses nothing and leaves nothing between them', async () => {
  const report = await proveKills({
    // A half that is left in doubt is resolved after 20 s: those points are for the full size.
    points: ['relay.after_take_in', 'two_phase.before_prepare'],
    role: 'api',
    moments: [],
    payments: 3,
    seed: 4,
    parallel: 3,
  });
  expect(report).toMatchObject({ lost: [], auditBroken: [], findings: [], neverHit: [] });
  expect(report.kills).toEqual({ process: 2, database: 0 });
  expect(report.verdict).toBe('proven');
}, 180_000);
