/** Times as statements write them, `2026-11-18 09:00:20`, in a zone that the file does not name. */
import { isDay, utcMidnightMs } from '../core/reconciliation/business-day.ts';

const ZERO = 48;
const MINUTE_MS = 60_000;

/** Reads local times of one zone. It remembers the last day, which a file's lines share. */
export type LocalClock = {
  /** Epoch milliseconds of `2026-11-18 09:00:20`; NaN where the text is no such time. */
  msOf(text: string): number;
};

/** A clock for times `utcOffsetMinutes` east of UTC. */
export function localClock(utcOffsetMinutes: number): LocalClock {
  let dayText = '';
  let dayMs = Number.NaN;
  const msOf = (text: string): number => {
    if (text.length !== 19 || text[10] !== ' ' || text[13] !== ':' || text[16] !== ':')
      return Number.NaN;
    if (!text.startsWith(dayText) || dayText === '') {
      const day = text.slice(0, 10);
      if (!isDay(day)) return Number.NaN;
      dayText = day;
      dayMs = utcMidnightMs(day) - utcOffsetMinutes * MINUTE_MS;
    }
    const hours = twoDigits(text, 11, 23);
    const minutes = twoDigits(text, 14, 59);
    // A leap second is told as :60 by some clocks; it is the second before it for us.
    const seconds = Math.min(twoDigits(text, 17, 60), 59);
    return dayMs + ((hours * 60 + minutes) * 60 + seconds) * 1000;
  };
  return { msOf };
}

/** `2026年11月18日 00:00:00` → its day, where it is midnight; null otherwise. */
export function chineseMidnight(text: string): string | null {
  const match = /^(\d{4})年(\d{2})月(\d{2})日 00:00:00$/.exec(text.trim());
  if (!match) return null;
  const day = `${match[1]}-${match[2]}-${match[3]}`;
  return isDay(day) ? day : null;
}

/** The number at two digits; NaN where they are none or above `max`. */
function twoDigits(text: string, at: number, max: number): number {
  const tens = text.charCodeAt(at) - ZERO;
  const ones = text.charCodeAt(at + 1) - ZERO;
  if (!(tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9)) return Number.NaN;
  const value = tens * 10 + ones;
  return value > max ? Number.NaN : value;
}
