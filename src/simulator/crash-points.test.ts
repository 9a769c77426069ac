import { describe, expect, test } from 'vitest';
import { crashEverywhere, STORIES } from './crash-points.ts';

describe('a process that dies once', { timeout: 240_000 }, () => {
  // Every point runs in `prove crash-points`; here each 50th.
  test.each(STORIES)('in the story of $flow', async (story) => {
    const { points, violations } = await crashEverywhere(story, 50);
    expect(violations).toEqual([]);
    expect(points).toBeGreaterThan(5);
  });
});
