/**
 * The day of a file that does not name it: the one that most of its lines are of. A few strays around
 * midnight are the channel's cut-off, not another file.
 */
import { businessDayOf, DAY_MS } from '../core/reconciliation/business-day.ts';

const MINUTE_MS = 60_000;

export type DayTally = {
  add(atMs: number | null): void;
  /** The day of most lines, the earlier of equals; null without lines that have a time. */
  most(): string | null;
};

/** An empty tally of days that begin at midnight, `utcOffsetMinutes` east of UTC. */
export function newDayTally(utcOffsetMinutes: number): DayTally {
  const counts = new Map<number, number>();
  return {
    add: (atMs) => {
      if (atMs === null) return;
      const day = Math.floor((atMs + utcOffsetMinutes * MINUTE_MS) / DAY_MS);
      counts.set(day, (counts.get(day) ?? 0) + 1);
    },
    most: () => {
      const [first] = [...counts].toSorted(([a, x], [b, y]) => y - x || a - b);
      if (first === undefined) return null;
      return businessDayOf(first[0] * DAY_MS, { utcOffsetMinutes: 0, dayStartMinutes: 0 });
    },
  };
}
