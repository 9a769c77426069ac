import { describe, expect, test } from 'vitest';
import type { RefundCall } from '../connector.ts';
import { queryOutcome } from './outcome-map.ts';
import {
  refundNotificationOutcome,
  refundOutcome,
  refundQueryOutcome,
} from './refund-outcome-map.ts';

const CALL: RefundCall = {
  channelOrderNo: 'A0000001',
  channelRefundNo: 'A0000001R1',
  transactionNo: 't1',
  amountMinor: 5,
  currency: 'CNY',
  chargedMinor: 7,
};
const MONEY = { trade_no: 't1', amount: 5, currency: 'CNY' };
const DONE = {
  refund_no: 'A0000001R1',
  refund_id: 'R1',
  ...MONEY,
  state: 'SUCCESS',
  refunded_at: '2026-11-24T09:02:04+08:00',
};
const FACT = {
  channelRefundNo: 'A0000001R1',
  refundId: 'R1',
  transactionNo: 't1',
  amountMinor: 5,
  currency: 'CNY',
  refundedAtMs: Date.UTC(2026, 10, 24, 1, 2, 4),
};

const error = (status: number, code: string) =>
  refundOutcome(status, { result: 'ERROR', code, message: '不行' }, CALL);

describe('an error of a refund call', () => {
  test.each([
    ['REFUND_EXCEEDS', { type: 'failed', code: 'exceeds_charge' }],
    ['REFUND_WINDOW_OVER', { type: 'failed', code: 'refund_window_over' }],
    ['NOT_ENOUGH', { type: 'refused_for_now', code: 'not_enough_funds' }],
    ['TOO_SOON', { type: 'refused_for_now', code: 'too_soon' }],
    ['TOO_MANY_REFUNDS', { type: 'refused_for_now', code: 'too_many' }],
  ])('%s is a no of its own kind', (code, expected) => {
    expect(error(400, code)).toEqual({ ...expected, message: '不行', channelCode: code });
  });

  test.each([
    [400, 'REFUND_NO_REUSED'],
    [400, 'TRADE_NOT_EXIST'],
    [400, 'PARAM_ERROR'],
    [400, 'SOMETHING_NEW'],
    [400, 'CLOSED'],
    [401, 'SIGN_ERROR'],
    [429, 'BUSY'],
    [429, 'TOO_SOON'],
    [500, 'SYSTEM_ERROR'],
    [500, 'REFUND_EXCEEDS'],
    [200, 'REFUND_EXCEEDS'],
  ])('%s %s proves nothing about the number', (status, code) => {
    expect(error(status, code)).toMatchObject({ type: 'unknown', channelCode: code });
  });

  test.each(['REFUND_EXCEEDS', 'NOT_ENOUGH', 'NOT_EXIST', 'CLOSED', 'PARAM_ERROR', 'BUSY'])(
    '%s in reply to a question says nothing about the refund',
    (code) => {
      for (const status of [400, 401, 429, 500, 503]) {
        const outcome = refundQueryOutcome(status, { result: 'ERROR', code }, CALL);
        expect(outcome.type).toBe('unknown');
      }
    },
  );
});

describe('a reply about a refund', () => {
  test.each([refundOutcome, refundQueryOutcome])('tells money that is back', (read) => {
    expect(read(200, { result: 'OK', ...DONE }, CALL)).toEqual({
      type: 'succeeded',
      refund: FACT,
      channelCode: 'SUCCESS',
    });
  });

  test.each([
    ['another number', { refund_no: 'A0000001R2' }],
    ['no number', { refund_no: undefined }],
    ['another charge', { trade_no: 't2' }],
    ['another amount', { amount: 6 }],
    ['another currency', { currency: 'USD' }],
    ['no time', { refunded_at: undefined }],
    ['no number of the channel', { refund_id: '' }],
    ['an unlisted state', { state: 'FROZEN' }],
    ['the state of nothing', { state: '__proto__' }],
  ])('with %s is unknown', (_name, change) => {
    for (const read of [refundOutcome, refundQueryOutcome]) {
      expect(read(200, { result: 'OK', ...DONE, ...change }, CALL).type).toBe('unknown');
    }
  });

  test('of another amount is no more to be believed when it is a no', () => {
    const dead = { result: 'OK', ...DONE, state: 'CLOSED', amount: 6 };
    expect(refundQueryOutcome(200, dead, CALL).type).toBe('unknown');
  });

  test('says why a number is dead or stuck, also in words that we do not know', () => {
    const say = (state: string, code?: string) =>
      refundQueryOutcome(200, { result: 'OK', ...DONE, state, ...(code && { code }) }, CALL);
    expect(say('CLOSED', 'REFUND_CLOSED')).toMatchObject({ type: 'failed', code: 'refund_closed' });
    expect(say('CLOSED', 'REFUND_EXCEEDS')).toMatchObject({ code: 'exceeds_charge' });
    expect(say('CLOSED')).toMatchObject({ code: 'refund_refused', channelCode: 'CLOSED' });
    expect(say('ABNORMAL', 'USER_ACCOUNT_ABNORMAL')).toMatchObject({
      type: 'requires_action',
      code: 'payer_account_abnormal',
    });
  });

  test('that the channel has not taken is not found, by a question only', () => {
    const words = { result: 'OK', refund_no: 'A0000001R1', state: 'NOT_EXIST' };
    expect(refundQueryOutcome(200, words, CALL).type).toBe('not_found');
    expect(refundOutcome(200, words, CALL).type).toBe('unknown');
    const other = { ...words, refund_no: 'A0000001R2' };
    expect(refundQueryOutcome(200, other, CALL).type).toBe('unknown');
  });
});

describe('a notification about a refund', () => {
  test('without our number is about one that was made at the console', () => {
    const { refund_no: _, ...words } = DONE;
    expect(refundNotificationOutcome({ event: 'refund', ...words })).toEqual({
      type: 'succeeded',
      refund: { ...FACT, channelRefundNo: null },
      channelCode: 'SUCCESS',
    });
  });

  test('with a number that is none, or of another event, proves no money', () => {
    for (const change of [{ refund_no: 7 }, { refund_no: '' }, { event: 'payment' }]) {
      const words = { event: 'refund', ...DONE, ...change };
      expect(refundNotificationOutcome(words).type).toBe('unknown');
    }
  });
});

describe('a query of an order', () => {
  const TRADE = { ...MONEY, paid_at: '2026-11-24T01:02:04Z' };
  const REVERSED = { ...TRADE, state: 'REVERSED', reversed_at: '2026-11-24T01:03:00Z' };
  const query = (state: string, trades: unknown, refunds?: unknown) =>
    queryOutcome(200, { result: 'OK', state, trades, refunds });

  test('lists the refunds that were done, and not those that are under way or came to nothing', () => {
    const { refund_no: _, ...unnumbered } = DONE;
    const listed = [
      DONE,
      { ...unnumbered, refund_id: 'R2' },
      { ...DONE, refund_id: 'R3', state: 'PROCESSING' },
      { ...DONE, refund_id: 'R4', state: 'CLOSED' },
      { ...DONE, refund_id: 'R5', state: 'ABNORMAL' },
    ];
    expect(query('PAID', [TRADE], listed)).toMatchObject({
      type: 'succeeded',
      refunds: [FACT, { ...FACT, refundId: 'R2', channelRefundNo: null }],
    });
  });

  test.each([
    ['a refund in a state that is not listed', [{ ...DONE, state: 'FROZEN' }]],
    ['one refund twice', [DONE, DONE]],
    ['a refund without its time', [{ ...DONE, refunded_at: null }]],
    ['something that is no refund', [null]],
    ['no list', { length: 0 }],
  ])('with %s is unknown', (_name, refunds) => {
    expect(query('PAID', [TRADE], refunds).type).toBe('unknown');
  });

  test('leaves out charges that were taken back, and is reversed when none is left', () => {
    expect(query('PAID', [REVERSED, { ...TRADE, trade_no: 't2' }])).toMatchObject({
      type: 'succeeded',
      charges: [{ transactionNo: 't2' }],
    });
    expect(query('REVERSED', [REVERSED])).toEqual({
      type: 'reversed',
      transactionNo: 't1',
      reversedAtMs: Date.UTC(2026, 10, 24, 1, 3),
      channelCode: 'REVERSED',
    });
  });

  test.each([
    ['PAID with every charge reversed', 'PAID', [REVERSED]],
    ['REVERSED with a charge that stands', 'REVERSED', [REVERSED, { ...TRADE, trade_no: 't2' }]],
    ['REVERSED without a charge', 'REVERSED', []],
    ['REVERSED without its time', 'REVERSED', [{ ...REVERSED, reversed_at: undefined }]],
    ['a trade in a state that is not listed', 'PAID', [{ ...TRADE, state: 'FROZEN' }]],
  ])('that says %s contradicts itself', (_name, state, trades) => {
    expect(query(state, trades).type).toBe('unknown');
  });
});
