import { describe, expect, test } from 'vitest';
import { FaultRuleError, Faults } from './faults.ts';

/** Which of a thousand calls a rule of that seed hits. */
const draw = (seed: number) => {
  const faults = new Faults(1);
  faults.add({ operation: 'pay', effect: 'reset_before', probability: 0.3, seed });
  return Array.from({ length: 1_000 }, () => faults.drawForCall('sandbox', 'pay') !== null);
};

describe('a fault rule', () => {
  test('befalls its own operation and channel only', () => {
    const faults = new Faults(1);
    faults.add({ channel: 'sandbox', operation: 'query', effect: 'http_500' });
    expect(faults.drawForCall('sandbox', 'pay')).toBeNull();
    expect(faults.drawForCall('query_only', 'query')).toBeNull();
    expect(faults.drawForNotification('sandbox')).toBeNull();
    expect(faults.drawForCall('sandbox', 'query')).toBe('http_500');
  });

  test('without a channel befalls every channel', () => {
    const faults = new Faults(1);
    faults.add({ operation: 'notify', effect: 'drop' });
    expect(faults.drawForNotification('sandbox')).toBe('drop');
    expect(faults.drawForNotification('query_only')).toBe('drop');
  });

  test('ends after its times, counts its hits, and lets the next rule speak', () => {
    const faults = new Faults(1);
    faults.add({ operation: 'pay', effect: 'timeout_after', times: 2 });
    faults.add({ operation: 'pay', effect: 'slow' });
    const drawn = [1, 2, 3].map(() => faults.drawForCall('sandbox', 'pay'));
    expect(drawn).toEqual(['timeout_after', 'timeout_after', 'slow']);
    expect(faults.list().map(({ hits }) => hits)).toEqual([2, 1]);
  });

  test('draws the same calls for the same seed, and about its share of them', () => {
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    const hits = draw(7).filter(Boolean).length;
    expect(hits).toBeGreaterThan(250);
    expect(hits).toBeLessThan(350);
  });

  test('can be removed, alone or with all others', () => {
    const faults = new Faults(1);
    const first = faults.add({ operation: 'pay', effect: 'http_429' });
    faults.add({ operation: 'close', effect: 'garbage' });
    faults.add({ operation: 'query', effect: 'garbage' });
    expect(faults.remove(first.id)).toBe(1);
    expect(faults.remove('no such rule')).toBe(0);
    expect(faults.drawForCall('sandbox', 'pay')).toBeNull();
    expect(faults.remove(null)).toBe(2);
    expect(faults.list()).toEqual([]);
  });

  test.each([
    ['operation', { operation: 'payout', effect: 'drop' }],
    ['effect', { operation: 'pay', effect: 'drop' }],
    ['effect', { operation: 'refund', effect: 'drop' }],
    ['effect', { operation: 'notify', effect: 'http_500' }],
    ['effect', { operation: 'pay' }],
    ['probability', { operation: 'pay', effect: 'slow', probability: 1.1 }],
    ['times', { operation: 'pay', effect: 'slow', times: 0 }],
    ['seed', { operation: 'pay', effect: 'slow', seed: 0.5 }],
    ['channel', { operation: 'pay', effect: 'slow', channel: 3 }],
  ])('with a wrong %s is refused by name', (field, request) => {
    const add = () => new Faults(1).add(request);
    expect(add).toThrow(FaultRuleError);
    expect(add).toThrow(expect.objectContaining({ field }));
  });
});
