/**
 * The sandbox's words and what they mean to us, as tables. A word that is not listed means
 * `unknown`, and so does an answer that contradicts itself.
 */
import type { ChargeFact, NextAction, Outcome } from '../../core/outcome.ts';
import { evidenceText } from '../evidence-text.ts';
import { isRecord } from '../json-object.ts';

type Meaning = Outcome['type'];
export type Words = Readonly<Record<string, unknown>>;

/** Keys are the HTTP status, the result, and the state or the error code where there is one. */
type Meanings = readonly (readonly [string, Meaning])[];

/** Errors that leave everything open, whatever was asked. */
const ERROR_MEANINGS: Meanings = [
  ['401 ERROR SIGN_ERROR', 'unknown'],
  ['429 ERROR BUSY', 'unknown'],
  ['500 ERROR SYSTEM_ERROR', 'unknown'],
  ['503 ERROR SYSTEM_ERROR', 'unknown'],
];

const PAY_MEANINGS: ReadonlyMap<string, Meaning> = new Map([
  ...ERROR_MEANINGS,
  ['200 ACCEPTED', 'pending'],
  ['200 PAID', 'succeeded'],
  ['200 DECLINED', 'failed'],
  ['400 ERROR PARAM_ERROR', 'failed'],
  // The number was shut before, perhaps by a close that came ahead of the order: nobody can pay it.
  ['400 ERROR ORDER_CLOSED', 'closed'],
  // An order under our number exists there with other content, and it may be paid.
  ['400 ERROR OUT_NO_REUSED', 'unknown'],
]);

const QUERY_MEANINGS: ReadonlyMap<string, Meaning> = new Map([
  ...ERROR_MEANINGS,
  ['200 OK WAITING', 'pending'],
  ['200 OK PAYING', 'pending'],
  ['200 OK PAID', 'succeeded'],
  ['200 OK DECLINED', 'failed'],
  ['200 OK CLOSED', 'closed'],
  ['200 OK NOT_EXIST', 'not_found'],
  // A question that the channel did not take says nothing about the order.
  ['400 ERROR PARAM_ERROR', 'unknown'],
]);

const CLOSE_MEANINGS: ReadonlyMap<string, Meaning> = new Map([
  ...ERROR_MEANINGS,
  ['200 CLOSED', 'closed'],
  // The payer is paying, so it cannot be closed now.
  ['200 PAYING', 'pending'],
  // Paid, but a close names no charge: only a query tells which and how much.
  ['200 PAID', 'unknown'],
  ['400 ERROR PARAM_ERROR', 'unknown'],
]);

/** Event and state of a notification. */
const NOTIFICATION_MEANINGS: ReadonlyMap<string, Meaning> = new Map([
  ['payment PAID', 'succeeded'],
  ['payment WAITING', 'pending'],
  ['payment DECLINED', 'failed'],
]);

/** The channel's reasons for a no, in our words; another reason is still a no. */
const FAILURE_CODES: ReadonlyMap<string, string> = new Map([
  ['INSUFFICIENT_BALANCE', 'insufficient_funds'],
  ['PAYER_CANCELLED', 'payer_canceled'],
  ['PARAM_ERROR', 'request_refused'],
]);
const FAILURE_CODE_OTHER = 'declined';

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
  'code_url',
  'pay_url',
]);

const MESSAGE_LENGTH_MAX = 256;
const URL_LENGTH_MAX = 2_048;

/** What the reply to a pay call says about an order of this product. */
export function payOutcome(status: number, words: Words, product: string): Outcome {
  const { said, channelCode } = saidIn(status, words, null);
  const meaning = PAY_MEANINGS.get(said);
  if (meaning === 'succeeded') return succeeded([readCharge(words)], channelCode);
  if (meaning === 'pending') return accepted(words, product, channelCode);
  return outcomeOf(meaning, said, channelCode, words);
}

/** What the reply to a query says. */
export function queryOutcome(status: number, words: Words): Outcome {
  const { said, channelCode } = saidIn(status, words, 'state');
  const meaning = QUERY_MEANINGS.get(said);
  const trades = words['trades'] ?? [];
  if (!Array.isArray(trades)) return unknown('The list of trades is not readable.', channelCode);
  if (meaning === 'succeeded') return succeeded(trades.map(readCharge), channelCode);
  if (meaning !== undefined && trades.length > 0) {
    return unknown(`The channel says ${said} and lists a trade all the same.`, channelCode);
  }
  return outcomeOf(meaning, said, channelCode, words);
}

/** What the reply to a close says. */
export function closeOutcome(status: number, words: Words): Outcome {
  const { said, channelCode } = saidIn(status, words, null);
  return outcomeOf(CLOSE_MEANINGS.get(said), said, channelCode, words);
}

/** The key of a reply in the tables, and the one word of it that is kept as the channel's code. */
function saidIn(status: number, words: Words, stateField: 'state' | null) {
  const result = wordOf(words, 'result');
  const field = result === 'ERROR' ? 'code' : stateField;
  const channelCode = field === null ? result : wordOf(words, field);
  const said = field === null ? `${status} ${result}` : `${status} ${result} ${channelCode}`;
  return { said, channelCode };
}

/** What an authentic notification says. */
export function notificationOutcome(words: Words): Outcome {
  const state = wordOf(words, 'state');
  const said = `${wordOf(words, 'event')} ${state}`;
  const meaning = NOTIFICATION_MEANINGS.get(said);
  if (meaning === 'succeeded') return succeeded([readCharge(words)], state);
  return outcomeOf(meaning, said, state, words);
}

/** The outcome for which nobody knows what became of the order; the reason is one sentence. */
export function unknown(reason: string, channelCode: string): Outcome {
  return { type: 'unknown', reason, channelCode };
}

/** Outcomes that carry no money. */
function outcomeOf(
  meaning: Meaning | undefined,
  said: string,
  channelCode: string,
  words: Words,
): Outcome {
  switch (meaning) {
    case 'failed':
      return failed(words, channelCode);
    case 'closed':
      return { type: 'closed', channelCode };
    case 'not_found':
      return { type: 'not_found', channelCode };
    case 'pending':
      return { type: 'pending', nextAction: null, channelCode };
    case 'unknown':
      return unknown(
        `The channel says ${said}, which leaves open what became of the order.`,
        channelCode,
      );
    case 'succeeded':
    case undefined:
      return unknown(
        `The channel says ${said}, which is not a word that we know here.`,
        channelCode,
      );
  }
}

function failed(words: Words, channelCode: string): Outcome {
  const reason = Object.hasOwn(words, 'code') ? wordOf(words, 'code') : channelCode;
  const message = words['message'];
  return {
    type: 'failed',
    code: FAILURE_CODES.get(reason) ?? FAILURE_CODE_OTHER,
    message: typeof message === 'string' ? evidenceText(message, MESSAGE_LENGTH_MAX) : '',
    channelCode: reason,
  };
}

function accepted(words: Words, product: string, channelCode: string): Outcome {
  let nextAction: NextAction | null = null;
  if (product === 'qr') {
    const qrContent = words['code_url'];
    if (!isPlainText(qrContent))
      return unknown('The order was accepted without a code to show.', channelCode);
    nextAction = { type: 'display_qr', qrContent };
  } else if (product === 'redirect') {
    const url = words['pay_url'];
    if (!isWebAddress(url))
      return unknown('The order was accepted without a page to go to.', channelCode);
    nextAction = { type: 'redirect', url };
  }
  return { type: 'pending', nextAction, channelCode };
}

/** Money, if every charge is readable and none is listed twice; half an answer is no answer. */
function succeeded(charges: readonly (ChargeFact | null)[], channelCode: string): Outcome {
  const usable = charges.filter((charge) => charge !== null);
  if (usable.length === 0 || usable.length < charges.length) {
    return unknown(
      `The channel says ${channelCode} without a trade that can be used.`,
      channelCode,
    );
  }
  if (new Set(usable.map((charge) => charge.transactionNo)).size < usable.length) {
    return unknown('The channel lists one trade twice.', channelCode);
  }
  return { type: 'succeeded', charges: usable, channelCode };
}

/** One charge, or null when any of its fields is missing or not in the one form that it may have. */
function readCharge(words: unknown): ChargeFact | null {
  if (!isRecord(words)) return null;
  const transactionNo = words['trade_no'];
  const amountMinor = words['amount'];
  const currency = words['currency'];
  const paidAtMs = readTime(words['paid_at']);
  if (typeof transactionNo !== 'string' || !/^[\x21-\x7e]{1,64}$/.test(transactionNo)) return null;
  if (typeof amountMinor !== 'number' || !Number.isSafeInteger(amountMinor) || amountMinor < 1)
    return null;
  if (typeof currency !== 'string' || !/^[A-Z]{3}$/.test(currency)) return null;
  return paidAtMs === null ? null : { transactionNo, amountMinor, currency, paidAtMs };
}

const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

function readTime(value: unknown): number | null {
  if (typeof value !== 'string' || !RFC_3339.test(value)) return null;
  const timeMs = Date.parse(value);
  return timeMs > 0 ? timeMs : null;
}

/** A word of the channel in the form in which its words come; anything else is not repeated. */
function wordOf(words: Words, field: string): string {
  const value = words[field];
  return typeof value === 'string' && /^[\x21-\x7e]{1,64}$/.test(value) ? value : 'unreadable';
}

function isPlainText(value: unknown): value is string {
  if (typeof value !== 'string' || value === '' || value.length > URL_LENGTH_MAX) return false;
  return value === evidenceText(value, URL_LENGTH_MAX);
}

/** Payers are sent there, so nothing but a web address will do. */
function isWebAddress(value: unknown): value is string {
  if (!isPlainText(value)) return false;
  const protocol = URL.parse(value)?.protocol;
  return protocol === 'http:' || protocol === 'https:';
}
