import { describe, expect, test } from 'vitest';
import { crashEverywhere, GROUNDS, STORIES } from './crash-points.ts';

const CASES = GROUNDS.flatMap((ground) => STORIES.map((story) => ({ ...ground, ...story })));

describe('a process that dies once', { timeout: 240_000 }, () => {
  // Every point runs in `prove crash-points`; here each 200th.
  test.each(CASES)(
    'in the story of $flow, $coupling, lost messages: $losesMessages',
    async (one) => {
      const { points, violations } = await crashEverywhere(one, one, 200);
      expect(violations).toEqual([]);
      expect(points).toBeGreaterThan(1);
    },
  );
});
