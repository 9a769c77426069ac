/**
 * The business day (账务日) of a channel account: which of the channel's days a moment belongs to.
 *
 * A channel counts days in its own zone, and some cut them before midnight (日切 23:00). Matching never
 * rests on it: lines match by number whatever the date. The day only says what is still to be expected.
 */
const MINUTE_MS = 60_000;
export const DAY_MS = 24 * 60 * MINUTE_MS;
const DAYS_OF_ERA = 146_097;
/** 1970-01-01, counted from 0000-03-01. */
const EPOCH_DAY = 719_468;

export type BusinessClock = {
  /** The channel's zone, in minutes east of UTC. */
  readonly utcOffsetMinutes: number;
  /** Minutes after midnight at which its day begins; negative: before midnight (-60: at 23:00 of the day before). */
  readonly dayStartMinutes: number;
};

/** The zone of every mainland channel, whose days begin at midnight. */
export const CHINA_DAY: BusinessClock = { utcOffsetMinutes: 480, dayStartMinutes: 0 };

/** The business day of a moment, as `2026-11-18`. */
export function businessDayOf(atMs: number, clock: BusinessClock): string {
  return dayText(Math.floor((atMs + shiftMs(clock)) / DAY_MS));
}

/** First millisecond of a business day, and the first of the next. */
export function businessDayBounds(
  day: string,
  clock: BusinessClock,
): { readonly fromMs: number; readonly untilMs: number } {
  const fromMs = dayNumber(day) * DAY_MS - shiftMs(clock);
  return { fromMs, untilMs: fromMs + DAY_MS };
}

/** The day `count` days later (earlier when negative). */
export function addDays(day: string, count: number): string {
  return dayText(dayNumber(day) + count);
}

/** Whether a text is a day of the calendar, written `2026-11-18`. */
export function isDay(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && dayText(dayNumber(text)) === text;
}

/** First millisecond of a day in UTC. */
export function utcMidnightMs(day: string): number {
  return dayNumber(day) * DAY_MS;
}

function shiftMs(clock: BusinessClock): number {
  return (clock.utcOffsetMinutes - clock.dayStartMinutes) * MINUTE_MS;
}

/**
 * Days since 1970-01-01 in the Gregorian calendar, by arithmetic, for the core uses no clock. Years are
 * taken to begin in March, so that the leap day is the last of its year; 400 years have 146 097 days.
 */
function dayNumber(day: string): number {
  const month = Number(day.slice(5, 7));
  const year = Number(day.slice(0, 4)) - (month <= 2 ? 1 : 0);
  const era = Math.floor(year / 400);
  const yearOfEra = year - era * 400;
  const dayOfYear =
    Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + Number(day.slice(8, 10)) - 1;
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * DAYS_OF_ERA + dayOfEra - EPOCH_DAY;
}

function dayText(number: number): string {
  const shifted = number + EPOCH_DAY;
  const era = Math.floor(shifted / DAYS_OF_ERA);
  const dayOfEra = shifted - era * DAYS_OF_ERA;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch + (monthFromMarch < 10 ? 3 : -9);
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${String(year).padStart(4, '0')}-${twoDigits(month)}-${twoDigits(day)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
