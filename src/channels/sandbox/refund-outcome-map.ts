/**
 * The sandbox's words about refunds and what they mean to us, as tables. Only words that prove a
 * number dead for good are `failed`; a word that is not listed means `unknown`.
 */
import type { RefundOutcome } from '../../core/refund-outcome.ts';
import type { RefundCall } from '../connector.ts';
import { readRefund } from './trade-list.ts';
import {
  ERROR_MEANINGS,
  messageOf,
  readMoney,
  saidIn,
  unknown,
  unknownOf,
  wordOf,
} from './word-reading.ts';
import type { Meanings, Words } from './word-reading.ts';

type Meaning = RefundOutcome['type'];

/** Where a refund stands that the channel has taken. */
const STATE_MEANINGS: Meanings<Meaning> = [
  ['200 OK PROCESSING', 'pending'],
  ['200 OK SUCCESS', 'succeeded'],
  ['200 OK CLOSED', 'failed'],
  ['200 OK ABNORMAL', 'requires_action'],
];

const REFUND_MEANINGS: ReadonlyMap<string, Meaning> = new Map([
  ...ERROR_MEANINGS,
  ...STATE_MEANINGS,
  // These two the channel remembers: the number stays dead.
  ['400 ERROR REFUND_EXCEEDS', 'failed'],
  ['400 ERROR REFUND_WINDOW_OVER', 'failed'],
  ['400 ERROR NOT_ENOUGH', 'refused_for_now'],
  ['400 ERROR TOO_SOON', 'refused_for_now'],
  ['400 ERROR TOO_MANY_REFUNDS', 'refused_for_now'],
  // A refund with other content exists under our number, and its money may be moving.
  ['400 ERROR REFUND_NO_REUSED', 'unknown'],
  ['400 ERROR TRADE_NOT_EXIST', 'unknown'],
  // Says nothing about an earlier send of the same number.
  ['400 ERROR PARAM_ERROR', 'unknown'],
]);

const REFUND_QUERY_MEANINGS: ReadonlyMap<string, Meaning> = new Map([
  ...ERROR_MEANINGS,
  ...STATE_MEANINGS,
  ['200 OK NOT_EXIST', 'not_found'],
  ['400 ERROR PARAM_ERROR', 'unknown'],
]);

/** Event and state of a notification. */
const NOTIFICATION_MEANINGS: ReadonlyMap<string, Meaning> = new Map([
  ['refund PROCESSING', 'pending'],
  ['refund SUCCESS', 'succeeded'],
  ['refund CLOSED', 'failed'],
  ['refund ABNORMAL', 'requires_action'],
]);

/** The channel's reasons, in our words. */
const FAILURE_CODES: ReadonlyMap<string, string> = new Map([
  ['REFUND_EXCEEDS', 'exceeds_charge'],
  ['REFUND_WINDOW_OVER', 'refund_window_over'],
  ['REFUND_CLOSED', 'refund_closed'],
  ['USER_ACCOUNT_ABNORMAL', 'payer_account_abnormal'],
]);
const FAILURE_CODE_OTHER = 'refund_refused';

type WaitCode = Extract<RefundOutcome, { type: 'refused_for_now' }>['code'];

const WAIT_CODES: ReadonlyMap<string, WaitCode> = new Map([
  ['NOT_ENOUGH', 'not_enough_funds'],
  ['TOO_SOON', 'too_soon'],
  ['TOO_MANY_REFUNDS', 'too_many'],
]);

/** What the reply to a refund call says. */
export function refundOutcome(status: number, words: Words, call: RefundCall): RefundOutcome {
  return replyOutcome(REFUND_MEANINGS, status, words, call);
}

/** What the reply to a question about a refund says. */
export function refundQueryOutcome(status: number, words: Words, call: RefundCall): RefundOutcome {
  return replyOutcome(REFUND_QUERY_MEANINGS, status, words, call);
}

/** What an authentic notification about a refund says. */
export function refundNotificationOutcome(words: Words): RefundOutcome {
  const state = wordOf(words, 'state');
  const said = `${wordOf(words, 'event')} ${state}`;
  return outcomeOf(NOTIFICATION_MEANINGS.get(said), said, state, words);
}

function replyOutcome(
  meanings: ReadonlyMap<string, Meaning>,
  status: number,
  words: Words,
  call: RefundCall,
): RefundOutcome {
  const { said, channelCode } = saidIn(status, words, 'state');
  const meaning = meanings.get(said);
  const isAnswer = words['result'] === 'OK';
  if (isAnswer && words['refund_no'] !== call.channelRefundNo) {
    return unknown('The reply is about another refund.', channelCode);
  }
  if (isAnswer && meaning !== 'not_found' && !isAbout(call, words)) {
    return unknown('The reply is about another charge or another amount.', channelCode);
  }
  return outcomeOf(meaning, said, channelCode, words);
}

function isAbout(call: RefundCall, words: Words): boolean {
  const money = readMoney(words);
  return (
    money?.transactionNo === call.transactionNo &&
    money.amountMinor === call.amountMinor &&
    money.currency === call.currency
  );
}

function outcomeOf(
  meaning: Meaning | undefined,
  said: string,
  channelCode: string,
  words: Words,
): RefundOutcome {
  switch (meaning) {
    case 'succeeded': {
      const refund = readRefund(words);
      return refund === null
        ? unknown(`The channel says ${said} without a refund that can be used.`, channelCode)
        : { type: 'succeeded', refund, channelCode };
    }
    case 'pending':
    case 'not_found':
      return { type: meaning, channelCode };
    case 'failed':
    case 'requires_action': {
      const reason = Object.hasOwn(words, 'code') ? wordOf(words, 'code') : channelCode;
      const code = FAILURE_CODES.get(reason) ?? FAILURE_CODE_OTHER;
      return { type: meaning, code, message: messageOf(words), channelCode: reason };
    }
    case 'refused_for_now': {
      const code = WAIT_CODES.get(channelCode);
      if (code === undefined) throw new Error(`${channelCode} has no reason to wait`);
      return { type: 'refused_for_now', code, message: messageOf(words), channelCode };
    }
    case 'unknown':
    case undefined:
      return unknownOf(said, meaning !== undefined, channelCode);
  }
}
