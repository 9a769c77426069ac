import { expect, test } from 'vitest';
import type { KillPlan } from '../proofs/kill-plans.ts';
import { KILL_PLANS } from '../proofs/kill-plans.ts';
import { proveKills } from '../proofs/kills.ts';

/** Plans of the full proof by coupling, point and the part that dies. */
function plans(...names: readonly string[]): KillPlan[] {
  return names.flatMap((name) =>
    KILL_PLANS.filter(({ coupling, point, role }) => name === `${coupling} ${point} ${role}`),
  );
}

test('a platform that is killed between call and commit, and a killed database, lose nothing that was acknowledged', async () => {
  const report = await proveKills({
    plans: plans(
      'together pay.after_call api',
      'relay notification.before_answer api',
      'together notice.after_call worker',
      'two_phase notice.after_birth worker',
    ),
    moments: [
      { coupling: 'together', victim: 'both', answers: 3, delayMs: 0, twice: false, awayMs: 0 },
    ],
    payments: 5,
    seed: 4,
  });
  expect(report).toMatchObject({ lost: [], auditBroken: [], findings: [], neverPassed: [] });
  expect(report.kills).toEqual({ process: 4, database: 1 });
  expect(report.acknowledged).toBeGreaterThan(20);
  expect(report.verdict).toBe('proven');
}, 180_000);

test('a platform that is killed between two databases loses nothing and leaves nothing between them; the relay alone brings what was left', async () => {
  const report = await proveKills({
    // A half that is left in doubt is resolved after 20 s: those points are for the full size.
    plans: plans('relay relay.before_hop api', 'two_phase two_phase.before_prepare api'),
    moments: [],
    payments: 3,
    seed: 4,
  });
  expect(report).toMatchObject({ lost: [], auditBroken: [], findings: [], neverPassed: [] });
  expect(report.kills).toEqual({ process: 2, database: 0 });
  expect(report.relayed).toBeGreaterThan(0);
  expect(report.verdict).toBe('proven');
}, 180_000);

test('one of two databases that is killed alone makes the API say so, and loses nothing', async () => {
  const alone = { answers: 3, delayMs: 0, twice: false, awayMs: 1_500 } as const;
  const report = await proveKills({
    plans: [],
    moments: [
      { coupling: 'relay', victim: 'payment', ...alone },
      { coupling: 'two_phase', victim: 'channel', ...alone },
    ],
    payments: 3,
    seed: 4,
  });
  expect(report).toMatchObject({ lost: [], auditBroken: [], findings: [] });
  expect(report.kills).toEqual({ process: 0, database: 2 });
  expect(report.unavailable).toBeGreaterThan(0);
  expect(report.verdict).toBe('proven');
}, 180_000);
