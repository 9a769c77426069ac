import { expect, test } from 'vitest';
import { PLANTED_BUGS } from './planted-bugs/catalogue.ts';
import { shrink } from './shrink.ts';

const PAYMENTS = 12;

test('a failing seed is told with the few faults and payments that it needs', {
  timeout: 240_000,
}, async () => {
  const bug = PLANTED_BUGS.find((one) => one.name === 'strangers_believed');
  const sabotage = bug?.plant() ?? {};
  const found = await shrink({ seed: 33, payments: PAYMENTS, coupling: 'together', sabotage });
  expect(found?.violation.id).toBe('I17');
  expect(found?.payments.length).toBeLessThanOrEqual(3);
  expect(found?.faults.length).toBeLessThanOrEqual(5);
  // A lie of some kind is among them.
  expect(found?.faults.some((one) => one.startsWith('notification_'))).toBe(true);
});

test('a seed that breaks no rule has nothing to shrink', { timeout: 240_000 }, async () => {
  expect(await shrink({ seed: 1, payments: PAYMENTS })).toBeNull();
});
