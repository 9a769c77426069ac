import { describe, expect, test } from 'vitest';
import { closeOutcome, notificationOutcome, payOutcome, queryOutcome } from './outcome-map.ts';

const TRADE = { trade_no: 't1', amount: 5, currency: 'CNY', paid_at: '2026-11-24T09:02:04+08:00' };

describe('errors of a pay call', () => {
  test.each([
    [400, 'PARAM_ERROR', 'failed'],
    [400, 'ORDER_CLOSED', 'closed'],
    [400, 'OUT_NO_REUSED', 'unknown'],
    [400, 'SOMETHING_NEW', 'unknown'],
    [401, 'SIGN_ERROR', 'unknown'],
    [429, 'BUSY', 'unknown'],
    [500, 'SYSTEM_ERROR', 'unknown'],
    [503, 'SYSTEM_ERROR', 'unknown'],
    [500, 'ORDER_CLOSED', 'unknown'],
    [500, 'PARAM_ERROR', 'unknown'],
  ])('%s %s → %s', (status, code, expected) => {
    const outcome = payOutcome(status, { result: 'ERROR', code, message: 'm' }, 'qr');
    expect(outcome).toMatchObject({ type: expected, channelCode: code });
  });

  test.each([400, 401, 429, 500, 503])(
    '%s says nothing about an order that is asked for or closed',
    (status) => {
      for (const code of [
        'PARAM_ERROR',
        'ORDER_CLOSED',
        'BUSY',
        'SYSTEM_ERROR',
        'NOT_EXIST',
        'CLOSED',
      ]) {
        expect(queryOutcome(status, { result: 'ERROR', code }).type).toBe('unknown');
        expect(closeOutcome(status, { result: 'ERROR', code }).type).toBe('unknown');
      }
    },
  );
});

const query = (state: string, trades: unknown) =>
  queryOutcome(200, { result: 'OK', state, trades });

describe('a query', () => {
  test('names every charge, with its own time', () => {
    expect(query('PAID', [TRADE, { ...TRADE, trade_no: 't2' }])).toEqual({
      type: 'succeeded',
      channelCode: 'PAID',
      charges: ['t1', 't2'].map((transactionNo) => ({
        transactionNo,
        amountMinor: 5,
        currency: 'CNY',
        paidAtMs: Date.UTC(2026, 10, 24, 1, 2, 4),
      })),
    });
  });

  test('names what was taken back beside what stands', () => {
    const back = { ...TRADE, trade_no: 't2', state: 'REVERSED', reversed_at: TRADE.paid_at };
    const reversedAtMs = Date.UTC(2026, 10, 24, 1, 2, 4);
    expect(query('PAID', [TRADE, back])).toMatchObject({
      type: 'succeeded',
      charges: [{ transactionNo: 't1' }],
      reversals: [{ transactionNo: 't2', reversedAtMs }],
    });
    expect(query('REVERSED', [{ ...back, trade_no: 't1' }, back])).toMatchObject({
      type: 'reversed',
      transactionNo: 't1',
      further: [{ transactionNo: 't2', reversedAtMs }],
    });
  });

  test.each([
    ['no trade', []],
    ['no list', undefined],
    ['a list that is none', { length: 1 }],
    ['a trade that is none', [null]],
    ['one readable trade and one not', [TRADE, { ...TRADE, trade_no: '' }]],
    ['one trade twice', [TRADE, { ...TRADE, amount: 6 }]],
    ['a lower-case currency', [{ ...TRADE, currency: 'cny' }]],
    ['a number as trade number', [{ ...TRADE, trade_no: 1 }]],
    ['a trade number with a space', [{ ...TRADE, trade_no: 't 1' }]],
    ['no time', [{ ...TRADE, paid_at: undefined }]],
    ['a time in words', [{ ...TRADE, paid_at: 'yesterday' }]],
    ['a time that is no day', [{ ...TRADE, paid_at: '2026-13-45T00:00:00Z' }]],
  ])('PAID with %s is unknown', (_name, trades) => {
    expect(query('PAID', trades).type).toBe('unknown');
  });

  test.each(['WAITING', 'PAYING', 'DECLINED', 'CLOSED', 'NOT_EXIST'])(
    '%s that lists a trade contradicts itself',
    (state) => {
      expect(query(state, [TRADE])).toMatchObject({
        type: 'unknown',
        reason: expect.stringContaining('lists a trade'),
      });
    },
  );

  test.each(['constructor', '__proto__', 'paid', 'PAID ', '', 'x'.repeat(100)])(
    'the state %j is not known',
    (state) => {
      expect(query(state, []).type).toBe('unknown');
    },
  );
});

describe('a definite no', () => {
  test.each([
    ['INSUFFICIENT_BALANCE', 'insufficient_funds'],
    ['PAYER_CANCELLED', 'payer_canceled'],
    ['CARD_EATEN_BY_DOG', 'declined'],
  ])('for %s is %s', (code, ours) => {
    expect(payOutcome(200, { result: 'DECLINED', code, message: '不行' }, 'quickpay')).toEqual({
      type: 'failed',
      code: ours,
      message: '不行',
      channelCode: code,
    });
  });

  test('needs no reason, and a message is bounded and can be stored', () => {
    const message = `a\0b\ud800${'x'.repeat(1_000)}`;
    const outcome = notificationOutcome({ event: 'payment', state: 'DECLINED', message });
    expect(outcome).toMatchObject({ type: 'failed', code: 'declined', channelCode: 'DECLINED' });
    expect(outcome).toHaveProperty('message', expect.stringMatching(/^a\ufffdb\ufffdx{252}$/));
  });
});

test('a notification of another event says nothing about the payment', () => {
  expect(notificationOutcome({ event: 'refund', state: 'PAID', ...TRADE }).type).toBe('unknown');
  expect(notificationOutcome({ state: 'PAID', ...TRADE }).type).toBe('unknown');
});

test('an accepted card payment has nothing to show, and a card payment can be paid at once', () => {
  expect(payOutcome(200, { result: 'ACCEPTED' }, 'quickpay_accepted')).toEqual({
    type: 'pending',
    nextAction: null,
    channelCode: 'ACCEPTED',
  });
  expect(payOutcome(200, { result: 'PAID', ...TRADE }, 'quickpay').type).toBe('succeeded');
});
