/** Reading single words of the sandbox's messages; what has not the one form it may have is not read. */
import { evidenceText } from '../evidence-text.ts';

export type Words = Readonly<Record<string, unknown>>;

/** Keys are the HTTP status, the result, and the state or the error code where there is one. */
export type Meanings<Meaning> = readonly (readonly [string, Meaning])[];

/** Errors that leave everything open, whatever was asked. */
export const ERROR_MEANINGS: Meanings<'unknown'> = [
  ['401 ERROR SIGN_ERROR', 'unknown'],
  ['429 ERROR BUSY', 'unknown'],
  ['500 ERROR SYSTEM_ERROR', 'unknown'],
  ['503 ERROR SYSTEM_ERROR', 'unknown'],
];

/** Fields that may come only once in one object, wherever they stand. */
export const BUSINESS_FIELDS: ReadonlySet<string> = new Set([
  'event',
  'account',
  'out_no',
  'result',
  'state',
  'trade_no',
  'amount',
  'currency',
  'paid_at',
  'code',
  'message',
  'trades',
  'refunds',
  'refund_no',
  'refund_id',
  'refunded_at',
  'reversed_at',
  'code_url',
  'pay_url',
  'day',
  'sha256',
  'url',
]);

const MESSAGE_LENGTH_MAX = 256;

/** The key of a reply in the tables, and the one word of it that is kept as the channel's code. */
export function saidIn(status: number, words: Words, stateField: 'state' | null) {
  const result = wordOf(words, 'result');
  const field = result === 'ERROR' ? 'code' : stateField;
  const channelCode = field === null ? result : wordOf(words, field);
  const said = field === null ? `${status} ${result}` : `${status} ${result} ${channelCode}`;
  return { said, channelCode };
}

/** The outcome for which nobody knows what became of the order or the refund. */
export type Unknown = {
  readonly type: 'unknown';
  readonly reason: string;
  readonly channelCode: string;
};

/** Nobody knows; the reason is one sentence. */
export function unknown(reason: string, channelCode: string): Unknown {
  return { type: 'unknown', reason, channelCode };
}

/** Nobody knows, because of what the channel said; `said` is its key in the tables. */
export function unknownOf(said: string, isListed: boolean, channelCode: string): Unknown {
  return unknown(
    isListed
      ? `The channel says ${said}, which leaves open what became of it.`
      : `The channel says ${said}, which is not a word that we know here.`,
    channelCode,
  );
}

/** The channel's sentence about a no, bounded; empty when there is none. */
export function messageOf(words: Words): string {
  const message = words['message'];
  return typeof message === 'string' ? evidenceText(message, MESSAGE_LENGTH_MAX) : '';
}

/** A charge or a refund of one: whose, and how much; null when anything is missing or malformed. */
export function readMoney(
  words: Words,
): { transactionNo: string; amountMinor: number; currency: string } | null {
  const transactionNo = readNumber(words['trade_no']);
  const amountMinor = words['amount'];
  const currency = words['currency'];
  if (transactionNo === null) return null;
  if (typeof amountMinor !== 'number' || !Number.isSafeInteger(amountMinor) || amountMinor < 1)
    return null;
  if (typeof currency !== 'string' || !/^[A-Z]{3}$/.test(currency)) return null;
  return { transactionNo, amountMinor, currency };
}

/** A number that the channel or we gave to something; null when it has not the form of one. */
export function readNumber(value: unknown): string | null {
  return typeof value === 'string' && /^[\x21-\x7e]{1,64}$/.test(value) ? value : null;
}

const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

/** Epoch milliseconds; null when it is no RFC 3339 time of this era. */
export function readTime(value: unknown): number | null {
  if (typeof value !== 'string' || !RFC_3339.test(value)) return null;
  const timeMs = Date.parse(value);
  return timeMs > 0 ? timeMs : null;
}

/** A word of the channel in the form in which its words come; anything else is not repeated. */
export function wordOf(words: Words, field: string): string {
  const value = words[field];
  return typeof value === 'string' && /^[\x21-\x7e]{1,64}$/.test(value) ? value : 'unreadable';
}
