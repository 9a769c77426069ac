import { describe, expect, test } from 'vitest';
import { newBooks, play, runUntil, START_MS, submission, wordsOf } from './books-rig.ts';
import type { PendingNotification } from './notification.ts';
import { chooseScenario, SCENARIOS, scenarioNames } from './scenarios.ts';
import { scenarioTimes } from './scenario-times.ts';

const HOUR_MS = 3_600_000;
const { channel, account, outNo } = submission();

/** When a notification went out, counted from the order, and what it said. */
function lines(sent: readonly PendingNotification[]) {
  return sent.map((notification) => {
    const { state, amount } = wordsOf(notification);
    return [notification.dueAtMs - START_MS, notification.manner, state, amount];
  });
}

describe('the table of scenarios', () => {
  test('gives each reserved amount to one scenario, chosen by amount unless a name is given', () => {
    const amounts = scenarioNames().flatMap((name) => SCENARIOS[name].amountMinor ?? []);
    expect(new Set(amounts).size).toBe(amounts.length);
    expect(chooseScenario(null, 8_800_003)).toBe('lost_notification');
    expect(chooseScenario('success', 8_800_003)).toBe('success');
    expect(chooseScenario(null, 8_800_099)).toBeNull();
    expect(chooseScenario(null, 1999)).toBeNull();
  });

  test('has its long times compressed together, and its races left alone', () => {
    const times = scenarioTimes(0.1);
    expect(times).toMatchObject({
      payerAtOnceMs: 50,
      payerAcceptedMs: 400,
      payerSlowMs: 800,
      notificationLateMs: 6_000,
      queryDownMs: 12_000,
      outageMs: 60_000,
    });
    expect(times.resendLadderMs.slice(0, 3)).toEqual([1_500, 1_500, 3_000]);
    expect(() => scenarioTimes(0)).toThrow(RangeError);
  });
});

describe('in the scenario', () => {
  test('success the payer pays at once and one notification says so', () => {
    expect(lines(play('success', HOUR_MS).sent)).toEqual([[50, 'true', 'PAID', 1999]]);
  });

  test('unmatched_notification a word about somebody else comes beside the true one, both genuine', () => {
    const { sent } = play('unmatched_notification', HOUR_MS);
    expect(lines(sent)).toEqual([
      [50, 'true', 'PAID', 1999],
      [50, 'true', 'PAID', 1999],
    ]);
    const numbers = sent.map((one) => wordsOf(one)['out_no']);
    expect(numbers).toEqual([outNo, expect.stringMatching(/^OTHER-/u)]);
  });

  test('slow_payer the payer pays after 8 seconds', () => {
    expect(lines(play('slow_payer', HOUR_MS).sent)).toEqual([[8_000, 'true', 'PAID', 1999]]);
  });

  test.each(['lost_notification', 'timeout_accepted', 'query_down'] as const)(
    '%s the money is taken and no word of it comes',
    (scenario) => {
      const { charge, sent } = play(scenario, HOUR_MS);
      expect(charge?.amountMinor).toBe(1999);
      expect(sent).toEqual([]);
    },
  );

  test('late_notification the word comes 60 seconds after the money', () => {
    expect(lines(play('late_notification', HOUR_MS).sent)).toEqual([
      [60_050, 'true', 'PAID', 1999],
    ]);
  });

  test('duplicate_notification five equal words come, two of them in one millisecond', () => {
    const { sent } = play('duplicate_notification', HOUR_MS);
    expect(sent.map(({ dueAtMs }) => dueAtMs - START_MS)).toEqual([50, 50, 70, 110, 250]);
    expect(new Set(sent.map(({ body }) => body)).size).toBe(1);
    expect(new Set(sent.map(({ id }) => id)).size).toBe(5);
  });

  test('reordered_notification an older WAITING follows the PAID', () => {
    const { sent } = play('reordered_notification', HOUR_MS);
    expect(lines(sent)).toEqual([
      [50, 'true', 'PAID', 1999],
      [350, 'true', 'WAITING', 1999],
    ]);
    const [paid, waiting] = sent.map(wordsOf);
    expect(String(waiting?.['sent_at']) < String(paid?.['sent_at'])).toBe(true);
    expect(waiting?.['notify_id']).not.toBe(paid?.['notify_id']);
  });

  test('forged_notification a forger and a probe speak before there is any money', () => {
    const books = newBooks();
    books.pay(submission({ scenario: 'forged_notification' }), START_MS);
    const lies = runUntil(books, START_MS + 900);
    expect(lines(lies)).toEqual([
      [50, 'wrong', 'PAID', 1999],
      [50, 'probe', 'PAID', 1999],
    ]);
    expect(lies.every(({ resends }) => !resends)).toBe(true);
    expect(books.charges()).toEqual([]);
    const truth = runUntil(books, START_MS + HOUR_MS);
    expect(lines(truth)).toEqual([[1_000, 'true', 'PAID', 1999]]);
    const claimed = [...lies, ...truth].map((notification) => wordsOf(notification)['trade_no']);
    expect(claimed[2]).toBe(books.charges()[0]?.tradeNo);
    expect(claimed[0]).not.toBe(claimed[2]);
  });

  test('tampered_amount the channel took a fen less and says so everywhere', () => {
    const { books, charge, sent } = play('tampered_amount', HOUR_MS);
    expect(charge?.amountMinor).toBe(1998);
    expect(lines(sent)).toEqual([[50, 'true', 'PAID', 1998]]);
    const answer = books.query(channel, account, outNo, START_MS + HOUR_MS);
    expect(answer.order?.charge?.amountMinor).toBe(1998);
  });

  test('tampered_notification only the word has another amount', () => {
    const { charge, sent } = play('tampered_notification', HOUR_MS);
    expect(charge?.amountMinor).toBe(1999);
    expect(lines(sent)).toEqual([[50, 'true', 'PAID', 1998]]);
  });

  test('declined the channel says no, in the answer of a quick payment or by notification', () => {
    const { books, charge, sent } = play('declined', HOUR_MS);
    expect(charge).toBeNull();
    expect(lines(sent)).toEqual([[50, 'true', 'DECLINED', 1999]]);
    expect(sent.map(wordsOf)).toMatchObject([{ code: 'INSUFFICIENT_BALANCE' }]);
    expect(books.query(channel, account, outNo, START_MS + HOUR_MS).state).toBe('DECLINED');
    const quick = submission({ outNo: 'B0000001', product: 'quickpay', scenario: 'declined' });
    expect(books.pay(quick, START_MS)).toMatchObject({ result: 'DECLINED' });
  });

  test('close_race the payer pays in the instant of the close, if the order is still valid', () => {
    const { books } = play('close_race', 60_000);
    const nowMs = START_MS + 60_000;
    expect(books.query(channel, account, outNo, nowMs).state).toBe('WAITING');
    expect(books.close(channel, account, outNo, nowMs)).toEqual({ result: 'PAID' });
    expect(books.charges()).toMatchObject([{ paidAtMs: nowMs }]);
    expect(lines(runUntil(books, nowMs))).toEqual([[60_000, 'true', 'PAID', 1999]]);
    const late = play('close_race', 60_000).books;
    const answer = late.close(channel, account, outNo, submission().expireAtMs);
    expect(answer).toEqual({ result: 'CLOSED' });
  });

  test('channel_outage the word comes when the outage is over', () => {
    expect(lines(play('channel_outage', HOUR_MS).sent)).toEqual([[600_000, 'true', 'PAID', 1999]]);
  });
});

describe('the channel that never notifies', () => {
  test.each(scenarioNames())('sends nothing in the scenario %s', (scenario) => {
    const books = newBooks();
    books.pay(submission({ channel: 'query_only', scenario }), START_MS);
    books.close('query_only', account, outNo, START_MS + 60_000);
    expect(runUntil(books, START_MS + HOUR_MS)).toEqual([]);
  });
});

describe('a quick payment', () => {
  test('without a scenario is answered and not notified', () => {
    const books = newBooks();
    books.pay(submission({ product: 'quickpay' }), START_MS);
    expect(books.charges()).toHaveLength(1);
    expect(runUntil(books, START_MS + HOUR_MS)).toEqual([]);
  });

  test('that was only accepted is paid later and notified, unless the scenario loses the word', () => {
    const books = newBooks();
    books.pay(submission({ product: 'quickpay_accepted' }), START_MS);
    const lost = { product: 'quickpay_accepted', scenario: 'lost_notification' } as const;
    books.pay(submission({ ...lost, outNo: 'B0000001' }), START_MS);
    expect(lines(runUntil(books, START_MS + HOUR_MS))).toEqual([[400, 'true', 'PAID', 1999]]);
    expect(books.charges().map(({ paidAtMs }) => paidAtMs - START_MS)).toEqual([400, 400]);
  });
});
