/**
 * The sandbox's words and what they mean to us, as tables. A word that is not listed means
 * `unknown`, and so does an answer that contradicts itself.
 */
import type { NextAction, Outcome, ReversalFact } from '../../core/outcome.ts';
import { evidenceText } from '../evidence-text.ts';
import { readCharge, readRefunds, readTrade } from './trade-list.ts';
import type { Trade } from './trade-list.ts';
import {
  ERROR_MEANINGS,
  messageOf,
  readMoney,
  readTime,
  saidIn,
  unknown,
  unknownOf,
  wordOf,
} from './word-reading.ts';
import type { Words } from './word-reading.ts';

type Meaning = Outcome['type'];

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
  // It was paid and taken back: only a query tells which charge and when.
  ['400 ERROR ORDER_REVERSED', 'unknown'],
]);

const QUERY_MEANINGS: ReadonlyMap<string, Meaning> = new Map([
  ...ERROR_MEANINGS,
  ['200 OK WAITING', 'pending'],
  ['200 OK PAYING', 'pending'],
  ['200 OK PAID', 'succeeded'],
  ['200 OK REVERSED', 'reversed'],
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
  ['reversal REVERSED', 'reversed'],
]);

/** The channel's reasons for a no, in our words; another reason is still a no. */
const FAILURE_CODES: ReadonlyMap<string, string> = new Map([
  ['INSUFFICIENT_BALANCE', 'insufficient_funds'],
  ['PAYER_CANCELLED', 'payer_canceled'],
  ['PARAM_ERROR', 'request_refused'],
]);
const FAILURE_CODE_OTHER = 'declined';

const URL_LENGTH_MAX = 2_048;

/** What the reply to a pay call says about an order of this product. */
export function payOutcome(status: number, words: Words, product: string): Outcome {
  const { said, channelCode } = saidIn(status, words, null);
  const meaning = PAY_MEANINGS.get(said);
  if (meaning === 'succeeded') return succeeded([charged(words)], channelCode);
  if (meaning === 'pending') return accepted(words, product, channelCode);
  return outcomeOf(meaning, said, channelCode, words);
}

/** What the reply to a query says. */
export function queryOutcome(status: number, words: Words): Outcome {
  const { said, channelCode } = saidIn(status, words, 'state');
  const meaning = QUERY_MEANINGS.get(said);
  const { trades = [], refunds = [] } = words;
  if (!Array.isArray(trades)) return unknown('The list of trades is not readable.', channelCode);
  if (!Array.isArray(refunds)) return unknown('The list of refunds is not readable.', channelCode);
  if (meaning === 'reversed') return reversed(trades.map(readTrade), channelCode);
  if (meaning !== 'succeeded') {
    if (meaning !== undefined && trades.length + refunds.length > 0) {
      return unknown(`The channel says ${said} and lists a trade all the same.`, channelCode);
    }
    return outcomeOf(meaning, said, channelCode, words);
  }
  const outcome = succeeded(trades.map(readTrade), channelCode);
  if (outcome.type !== 'succeeded' || words['refunds'] === undefined) return outcome;
  const listed = readRefunds(refunds);
  return listed === null
    ? unknown('The channel lists a refund that cannot be read.', channelCode)
    : { ...outcome, refunds: listed };
}

/** What the reply to a close says. */
export function closeOutcome(status: number, words: Words): Outcome {
  const { said, channelCode } = saidIn(status, words, null);
  return outcomeOf(CLOSE_MEANINGS.get(said), said, channelCode, words);
}

/** What an authentic notification says. */
export function notificationOutcome(words: Words): Outcome {
  const state = wordOf(words, 'state');
  const said = `${wordOf(words, 'event')} ${state}`;
  const meaning = NOTIFICATION_MEANINGS.get(said);
  if (meaning === 'succeeded') return succeeded([charged(words)], state);
  if (meaning === 'reversed') return reversal(words, state);
  return outcomeOf(meaning, said, state, words);
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
      return unknownOf(said, true, channelCode);
    case 'succeeded':
    case 'reversed':
    case undefined:
      return unknownOf(said, false, channelCode);
  }
}

function failed(words: Words, channelCode: string): Outcome {
  const reason = Object.hasOwn(words, 'code') ? wordOf(words, 'code') : channelCode;
  return {
    type: 'failed',
    code: FAILURE_CODES.get(reason) ?? FAILURE_CODE_OTHER,
    message: messageOf(words),
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
function succeeded(trades: readonly (Trade | null)[], channelCode: string): Outcome {
  const usable = trades.filter((trade) => trade !== null);
  const standing = usable.filter((trade) => trade.reversedAtMs === null);
  if (standing.length === 0 || usable.length < trades.length) {
    return unknown(
      `The channel says ${channelCode} without a trade that can be used.`,
      channelCode,
    );
  }
  if (new Set(usable.map(({ charge }) => charge.transactionNo)).size < usable.length) {
    return unknown('The channel lists one trade twice.', channelCode);
  }
  const charges = standing.map(({ charge }) => charge);
  const reversals = usable.flatMap(reversalOf);
  return {
    type: 'succeeded',
    charges,
    ...(reversals.length > 0 && { reversals }),
    channelCode,
  };
}

function reversalOf({ charge, reversedAtMs }: Trade): ReversalFact[] {
  return reversedAtMs === null ? [] : [{ transactionNo: charge.transactionNo, reversedAtMs }];
}

/** A trade that words of a payment name; they name only those that stand. */
function charged(words: Words): Trade | null {
  const charge = readCharge(words);
  return charge === null ? null : { charge, reversedAtMs: null };
}

/** A success revoked, if every trade is readable and none of them stands. */
function reversed(trades: readonly (Trade | null)[], channelCode: string): Outcome {
  const [first, ...further] = trades.flatMap((trade) => (trade ? reversalOf(trade) : []));
  if (first === undefined || 1 + further.length < trades.length) {
    return withoutReversal(channelCode);
  }
  return { type: 'reversed', ...first, ...(further.length > 0 && { further }), channelCode };
}

/** The same, as a notification says it: the time of the payment is not repeated. */
function reversal(words: Words, channelCode: string): Outcome {
  const money = readMoney(words);
  const reversedAtMs = readTime(words['reversed_at']);
  if (money === null || reversedAtMs === null) return withoutReversal(channelCode);
  return { type: 'reversed', transactionNo: money.transactionNo, reversedAtMs, channelCode };
}

function withoutReversal(channelCode: string): Outcome {
  const reason = `The channel says ${channelCode} without a reversed trade that can be used.`;
  return unknown(reason, channelCode);
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
