const SERIAL_DIGITS = 10;

/** 28 digits: time, seed and a counter, so that no two runs and no two entries share one. */
export function serialNumber(atMs: number, seed: number, serial: number): string {
  const time = String(atMs).padStart(13, '0');
  const run = String(seed % 100_000).padStart(5, '0');
  return `${time}${run}${String(serial).padStart(SERIAL_DIGITS, '0')}`;
}

/** The counter in such a number. */
export function serialOf(number: string): number {
  return Number(number.slice(-SERIAL_DIGITS));
}
