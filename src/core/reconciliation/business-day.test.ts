import { describe, expect, test } from 'vitest';
import {
  addDays,
  businessDayBounds,
  businessDayOf,
  CHINA_DAY,
  isDay,
  utcMidnightMs,
} from './business-day.ts';

const CUT_AT_23 = { utcOffsetMinutes: 480, dayStartMinutes: -60 };

describe('the business day of a moment', () => {
  test.each([
    ['2026-11-17T16:00:00.000Z', CHINA_DAY, '2026-11-18'],
    ['2026-11-18T15:59:59.999Z', CHINA_DAY, '2026-11-18'],
    ['2026-11-18T16:00:00.000Z', CHINA_DAY, '2026-11-19'],
    ['2026-11-18T14:59:59.999Z', CUT_AT_23, '2026-11-18'],
    ['2026-11-18T15:00:00.000Z', CUT_AT_23, '2026-11-19'],
    ['2026-11-18T07:59:59.999Z', { utcOffsetMinutes: -480, dayStartMinutes: 0 }, '2026-11-17'],
  ])('%s, %j → %s', (moment, clock, day) => {
    expect(businessDayOf(Date.parse(moment), clock)).toBe(day);
  });

  test('every moment lies within the bounds of its day, and days touch each other', () => {
    for (const clock of [CHINA_DAY, CUT_AT_23]) {
      for (let hour = 0; hour < 24 * 800; hour += 7) {
        const atMs = Date.UTC(2024, 0, 1, hour);
        const day = businessDayOf(atMs, clock);
        const { fromMs, untilMs } = businessDayBounds(day, clock);
        expect(fromMs <= atMs && atMs < untilMs).toBe(true);
        expect(businessDayBounds(addDays(day, 1), clock).fromMs).toBe(untilMs);
      }
    }
  });
});

describe('the calendar', () => {
  test("is the engine's own, over leap years and centuries", () => {
    for (let day = -80_000; day < 120_000; day += 1) {
      const ms = day * 86_400_000;
      const text = new Date(ms).toISOString().slice(0, 10);
      if (businessDayOf(ms, { utcOffsetMinutes: 0, dayStartMinutes: 0 }) !== text)
        expect.unreachable(text);
      if (utcMidnightMs(text) !== ms || !isDay(text)) expect.unreachable(text);
    }
    expect(addDays('2024-02-28', 1)).toBe('2024-02-29');
    expect(addDays('2026-01-01', -1)).toBe('2025-12-31');
  });

  test.each([
    '2026-02-29',
    '2026-13-01',
    '2026-00-10',
    '2026-11-31',
    '2026-11-00',
    '2026-1-1',
    '20261118',
    '',
    '2026-11-18 ',
  ])('%j is no day', (text) => {
    expect(isDay(text)).toBe(false);
  });
});
