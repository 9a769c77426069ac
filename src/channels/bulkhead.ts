/**
 * A bulkhead (隔舱): so many calls to one channel at a time, and no queue. A channel that hangs fills
 * its own places and nobody else's, and whoever finds no place is told at once.
 */
import type { Permit } from './connector.ts';

export type BulkheadCounts = {
  readonly limit: number;
  readonly inUse: number;
  /** Places given since the start. */
  readonly granted: number;
  /** Requests for a place that found none since the start. */
  readonly refused: number;
};

export type Bulkhead = {
  /** A place, or null when all are taken. Never waits. Releasing a permit twice frees one place. */
  acquire(): Permit | null;
  counts(): BulkheadCounts;
};

/** A bulkhead with `limit` places. Throws a RangeError unless the limit is a whole number from 1. */
export function newBulkhead(limit: number): Bulkhead {
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw new RangeError(`a bulkhead needs at least one place, not ${limit}`);
  }
  let inUse = 0;
  let granted = 0;
  let refused = 0;
  return {
    acquire: () => {
      if (inUse >= limit) {
        refused += 1;
        return null;
      }
      inUse += 1;
      granted += 1;
      let isHeld = true;
      return {
        release: () => {
          if (!isHeld) return;
          isHeld = false;
          inUse -= 1;
        },
      };
    },
    counts: () => ({ limit, inUse, granted, refused }),
  };
}
