/** One channel account of the configuration, checked field by field. */
import { isRecord } from './json-object.ts';
import { CONNECTIONS_MIN } from './http.ts';

export type ChannelAccount = {
  readonly channel: string;
  readonly account: string;
  readonly secret: string;
  /** Scheme, host and port. */
  readonly baseUrl: string;
  readonly connectTimeoutMs: number;
  readonly readTimeoutMs: number;
  readonly callDeadlineMs: number;
  readonly connectionsMax: number;
  readonly queriesPerSecond: number;
  /** When to ask about an order, as `ChannelRules` has it; null for what the channel advises. */
  readonly queryDelaysMs: readonly number[] | null;
  /** The same for a refund, as `RefundRules` has it. */
  readonly refundQueryDelaysMs: readonly number[] | null;
  /** Pause before a refund that was refused for now is sent again; null for what the channel advises. */
  readonly refundRetryMs: number | null;
  /** Least time between two refunds of one order; null for what the channel asks. */
  readonly refundGapMs: number | null;
  /** What the channel keeps of a payment, in hundredths of a percent; null: not known, so fees are not compared. */
  readonly feeBasisPoints: number | null;
};

type TextField = { readonly form: RegExp; readonly says: string };

const TEXTS = {
  channel: { form: /^[a-z][0-9a-z_]{0,31}$/, says: 'the name of a channel' },
  account: { form: /^[0-9A-Za-z_-]{1,64}$/, says: '1 to 64 of [0-9A-Za-z_-]' },
  secret: { form: /^[\x21-\x7e]{16,512}$/, says: '16 to 512 printable ASCII characters' },
  base_url: {
    form: /^https?:\/\/[^/?#@\s]+\/?$/,
    says: 'an http(s) address without path or login',
  },
} as const satisfies Record<string, TextField>;

type NumberField = { readonly standard: number; readonly min: number; readonly max: number };

/** Standard, smallest and largest value; the standard timeouts nest in the standard request deadline. */
const NUMBERS = {
  connect_timeout_ms: { standard: 1_000, min: 1, max: 60_000 },
  read_timeout_ms: { standard: 4_000, min: 1, max: 60_000 },
  call_deadline_ms: { standard: 5_000, min: 1, max: 120_000 },
  connections_max: { standard: 64, min: CONNECTIONS_MIN, max: 10_000 },
  queries_per_second: { standard: 50, min: 1, max: 100_000 },
} as const satisfies Record<string, NumberField>;

const DELAYS = ['query_delays_ms', 'refund_query_delays_ms'] as const;
/** Pauses that the channel advises, unless they are given. */
const PAUSES = ['refund_retry_ms', 'refund_gap_ms'] as const;
const FEE = 'fee_basis_points';
const FEE_BASIS_POINTS_MAX = 10_000;
const OVERRIDES: readonly string[] = [...DELAYS, ...PAUSES, FEE];
const KNOWN: readonly string[] = [...Object.keys(TEXTS), ...Object.keys(NUMBERS), ...OVERRIDES];
/** A plan longer than this is a mistake; the last delay repeats anyway. */
const DELAYS_MAX = 50;
const DELAY_MS_MAX = 24 * 3_600_000;

/**
 * Reads one account; puts one sentence per fault into `faults`, naming the field under `name`, and
 * answers null when there was any. The value of a secret is never repeated.
 */
export function readChannelAccount(
  value: unknown,
  name: string,
  faults: string[],
): ChannelAccount | null {
  if (!isRecord(value)) {
    faults.push(`${name} must be an object with channel, account, secret and base_url.`);
    return null;
  }
  const before = faults.length;
  for (const field of Object.keys(value)) {
    if (KNOWN.includes(field)) continue;
    faults.push(`${name}.${field} does not exist; known: ${KNOWN.join(', ')}.`);
  }
  const text = (field: keyof typeof TEXTS): string => readText(value, name, field, faults);
  const number = (field: keyof typeof NUMBERS): number => readNumber(value, name, field, faults);
  const account = {
    channel: text('channel'),
    account: text('account'),
    secret: text('secret'),
    baseUrl: text('base_url').replace(/\/$/, ''),
    connectTimeoutMs: number('connect_timeout_ms'),
    readTimeoutMs: number('read_timeout_ms'),
    callDeadlineMs: number('call_deadline_ms'),
    connectionsMax: number('connections_max'),
    queriesPerSecond: number('queries_per_second'),
    queryDelaysMs: readDelays(value, name, 'query_delays_ms', faults),
    refundQueryDelaysMs: readDelays(value, name, 'refund_query_delays_ms', faults),
    refundRetryMs: readPause(value, name, 'refund_retry_ms', faults),
    refundGapMs: readPause(value, name, 'refund_gap_ms', faults),
    feeBasisPoints: readFee(value, name, faults),
  };
  if (account.baseUrl !== '' && !URL.canParse(account.baseUrl)) {
    faults.push(`${name}.base_url must be ${TEXTS.base_url.says}.`);
  }
  return faults.length > before ? null : account;
}

function readText(
  value: Readonly<Record<string, unknown>>,
  name: string,
  field: keyof typeof TEXTS,
  faults: string[],
): string {
  const { form, says } = TEXTS[field];
  const found = value[field];
  if (typeof found === 'string' && form.test(found)) return found;
  const missing = found === undefined ? ' It is missing.' : '';
  faults.push(`${name}.${field} must be ${says}.${missing}`);
  return '';
}

function readNumber(
  value: Readonly<Record<string, unknown>>,
  name: string,
  field: keyof typeof NUMBERS,
  faults: string[],
): number {
  const { standard, min, max } = NUMBERS[field];
  const found = value[field] ?? standard;
  if (typeof found === 'number' && Number.isSafeInteger(found) && found >= min && found <= max) {
    return found;
  }
  faults.push(`${name}.${field} must be a whole number from ${min} to ${max}.`);
  return standard;
}

function isPause(value: unknown): value is number {
  return (
    typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 && value <= DELAY_MS_MAX
  );
}

function readPause(
  value: Readonly<Record<string, unknown>>,
  name: string,
  field: (typeof PAUSES)[number],
  faults: string[],
): number | null {
  const found = value[field];
  if (found === undefined) return null;
  if (isPause(found)) return found;
  faults.push(`${name}.${field} must be a whole number from 1 to ${DELAY_MS_MAX}.`);
  return null;
}

function readDelays(
  value: Readonly<Record<string, unknown>>,
  name: string,
  field: (typeof DELAYS)[number],
  faults: string[],
): readonly number[] | null {
  const found = value[field];
  if (found === undefined) return null;
  const isPlan = Array.isArray(found) && found.length > 0 && found.length <= DELAYS_MAX;
  if (isPlan && found.every(isPause)) return found;
  faults.push(
    `${name}.${field} must be a list of 1 to ${DELAYS_MAX} whole numbers from 1 to ${DELAY_MS_MAX}.`,
  );
  return null;
}

function readFee(
  value: Readonly<Record<string, unknown>>,
  name: string,
  faults: string[],
): number | null {
  const found = value[FEE];
  if (found === undefined) return null;
  if (typeof found === 'number' && Number.isInteger(found) && found >= 0) {
    if (found <= FEE_BASIS_POINTS_MAX) return found;
  }
  faults.push(`${name}.${FEE} must be a whole number from 0 to ${FEE_BASIS_POINTS_MAX}.`);
  return null;
}
