import { describe, expect, test } from 'vitest';
import { newBulkhead } from './bulkhead.ts';

describe('a bulkhead', () => {
  test('gives its places, then refuses at once, and counts both', () => {
    const bulkhead = newBulkhead(2);
    const first = bulkhead.acquire();
    expect(bulkhead.acquire()).not.toBeNull();
    expect(bulkhead.acquire()).toBeNull();
    expect(bulkhead.counts()).toEqual({ limit: 2, inUse: 2, granted: 2, refused: 1 });
    first?.release();
    expect(bulkhead.acquire()).not.toBeNull();
  });

  test('frees one place for a permit that is released twice', () => {
    const bulkhead = newBulkhead(2);
    const first = bulkhead.acquire();
    bulkhead.acquire();
    first?.release();
    first?.release();
    expect(bulkhead.counts().inUse).toBe(1);
    expect(bulkhead.acquire()).not.toBeNull();
    expect(bulkhead.acquire()).toBeNull();
  });

  test.each([0, -1, 1.5, Number.NaN])('cannot have %s places', (limit) => {
    expect(() => newBulkhead(limit)).toThrow(RangeError);
  });
});
