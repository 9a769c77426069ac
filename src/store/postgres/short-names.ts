/**
 * Names inside the small objects that every success writes: stored short, because the names are
 * longer than the values, and read back long. Names that are not listed stay as they are, so a new
 * field needs no entry here, and rows from before this list are read as well.
 */
const SHORT: Readonly<Record<string, string>> = {
  attempt: 'a',
  confirmedBy: 'b',
  cases: 'c',
  expiresAtMs: 'e',
  channel: 'h',
  chargeCount: 'n',
  orders: 'o',
  payment: 'p',
  product: 'q',
  status: 's',
  neverOpened: 'u',
  version: 'v',
  isPaid: 'w',
};
const LONG = Object.fromEntries(Object.entries(SHORT).map(([long, short]) => [short, long]));

/** The object under short names, all the way down. */
export function withShortNames<T extends object>(value: T): T {
  return renamed(value, SHORT) as T;
}

/** What `withShortNames` made, as it was. */
export function withLongNames<T>(stored: T): T {
  return renamed(stored, LONG) as T;
}

function renamed(value: unknown, names: Readonly<Record<string, string>>): unknown {
  if (Array.isArray(value)) return value.map((one) => renamed(one, names));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([key, one]) => [names[key] ?? key, renamed(one, names)]));
}
