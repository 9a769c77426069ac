import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WALLET_RULES } from '../../test/support/scripted-rules.ts';
import { POLICY_DEFAULT, queryDelayMs } from './policy.ts';

const delayMs = (orderNo: string, count: number): number =>
  queryDelayMs(WALLET_RULES, POLICY_DEFAULT, orderNo, count);

test('the first question comes exactly when the channel advises', () => {
  fc.assert(
    fc.property(fc.string(), (orderNo) => {
      expect(delayMs(orderNo, 0)).toBe(WALLET_RULES.queryDelaysMs[0]);
    }),
  );
});

test('every later one is moved by at most the jitter, and the last pause repeats', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 100 }), (orderNo, count) => {
      const plannedMs = WALLET_RULES.queryDelaysMs[Math.min(count, 3)] ?? 0;
      const shareMoved = Math.abs(delayMs(orderNo, count) / plannedMs - 1);
      expect(shareMoved).toBeLessThanOrEqual(POLICY_DEFAULT.jitterShare + 0.001);
    }),
  );
});

test('orders do not ask in step, and the same order decides the same way twice', () => {
  const delays = Array.from({ length: 200 }, (_, at) => delayMs(`ORDER${at}`, 2));
  expect(new Set(delays).size).toBeGreaterThan(150);
  expect(delays).toEqual(Array.from({ length: 200 }, (_, at) => delayMs(`ORDER${at}`, 2)));
});
