/** ISO 8601 durations of fixed length: weeks, days, hours, minutes, seconds. Months and years have none. */
const DURATION =
  /^P(?:(\d{1,4})W|(?:(\d{1,4})D)?(?:T(?=\d)(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8}(?:\.\d{1,3})?)S)?)?)$/;

/** Milliseconds of `PT20S`, `P1D`, `P1DT2H`, `PT0.5S`; null for anything else, also for no time at all. */
export function durationMs(text: string): number | null {
  const found = DURATION.exec(text);
  if (!found) return null;
  const [weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = found
    .slice(1)
    .map((part) => Number(part ?? 0));
  const wholeMs = (((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60_000;
  const totalMs = wholeMs + Math.round(seconds * 1000);
  return totalMs > 0 ? totalMs : null;
}
