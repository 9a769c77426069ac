/**
 * The day by which every channel of the pretend world makes its statements: Beijing's, from midnight
 * to midnight, with the statement ready at nine in the morning after it.
 */
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Beijing, in minutes east of UTC. */
const UTC_OFFSET_MINUTES = 480;

/** How long after the end of its day a statement is ready, in minutes. */
const READY_AFTER_MINUTES = 9 * 60;

export type DayBounds = {
  /** The first millisecond of the day. */
  readonly fromMs: number;
  /** The first of the next. */
  readonly untilMs: number;
  /** When the statement of the day is ready, unless somebody has it made earlier. */
  readonly readyAtMs: number;
};

/** The bounds of a day, written `2026-11-18`. */
export function dayBounds(day: string): DayBounds {
  const fromMs = Date.parse(`${day}T00:00:00.000Z`) - UTC_OFFSET_MINUTES * MINUTE_MS;
  const untilMs = fromMs + DAY_MS;
  return { fromMs, untilMs, readyAtMs: untilMs + READY_AFTER_MINUTES * MINUTE_MS };
}

/** The day before. */
export function dayBefore(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00.000Z`) - DAY_MS).toISOString().slice(0, 10);
}

/** Whether a text is a day of the calendar, written `2026-11-18`. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const atMs = Date.parse(`${text}T00:00:00.000Z`);
  return !Number.isNaN(atMs) && new Date(atMs).toISOString().startsWith(text);
}

/** A moment on the channel's clock, as `2026-11-18T09:00:20.000+08:00`. */
export function channelTimeText(atMs: number): string {
  const local = new Date(atMs + UTC_OFFSET_MINUTES * MINUTE_MS).toISOString();
  return local.replace('Z', '+08:00');
}
