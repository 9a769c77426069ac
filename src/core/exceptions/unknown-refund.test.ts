import { describe, expect, test } from 'vitest';
import { CARELESS, MINUTE, ScriptedPayment, paid } from '../../../test/support/scripted-payment.ts';
import { WALLET_RULES } from '../../../test/support/scripted-rules.ts';
import {
  balanceOf,
  CLOSED_FOR_GOOD,
  NO_ANSWER,
  NO_SUCH_REFUND,
  TAKEN,
} from '../../../test/support/scripted-refunds.ts';
import { duplicate, succeeded } from '../../../test/support/scripted-states.ts';

/** A surplus at a channel that would return the money twice if it were asked twice. */
function careless(): ScriptedPayment {
  const payment = new ScriptedPayment({ try: CARELESS });
  payment.notified(paid());
  payment.notified(paid({ transactionNo: 'T2' }));
  return payment;
}

/** Asks all planned questions of that channel; each answer leaves open what became of the refund. */
function askInVain(payment: ScriptedPayment): void {
  const count = WALLET_RULES.refund.queryDelaysMs.length;
  for (let asked = 0; asked < count; asked++) payment.answerRefund(NO_SUCH_REFUND);
}

describe('a refund that was not answered', () => {
  test('is asked about under its number, and what is set aside for it stays set aside', () => {
    const payment = succeeded();
    payment.refund(500);
    payment.answerRefund(NO_ANSWER);
    expect(payment.channelRefund()).toMatchObject({ status: 'unknown', queryCount: 0 });
    expect(payment.refundJobs.get('1:1')).toMatchObject({
      operation: 'query',
      dueAtMs: payment.nowMs + MINUTE,
    });
    expect(payment.payment.refunds[0]?.status).toBe('pending');
    expect(balanceOf(payment, 'payment', 'payer_owed:7')).toBe(500);
    expect(payment.refund(1_500, 'R-2').type).toBe('refused');
    expect(payment.told()).toEqual(['payment.succeeded']);
  });

  test('is nobody’s case until the first planned question brings nothing', () => {
    const payment = duplicate();
    payment.answerRefund(NO_ANSWER);
    expect(payment.openCase('unknown_refund')).toBeNull();
    payment.answerRefund(NO_ANSWER);
    expect(payment.openCase('unknown_refund')).toMatchObject({
      subject: payment.channelRefund().channelRefundNo,
      owner: 'platform',
      moneyAtRiskMinor: 1_999,
    });
    payment.answerRefund(payment.returned());
    expect(payment.openCase('unknown_refund')).toBeNull();
    expect(payment.payment.refunds[0]?.status).toBe('succeeded');
    expect(payment.refundJobs.size).toBe(0);
  });

  test('that the channel does not know is sent again, with the same number and the same money', () => {
    const payment = duplicate();
    payment.answerRefund(NO_ANSWER);
    const first = payment.channelRefund();
    payment.answerRefund(NO_SUCH_REFUND);
    expect(payment.nextRefundJob()?.operation).toBe('send');
    payment.answerRefund(TAKEN);
    const second = payment.channelRefund();
    expect(payment.order().refunds).toHaveLength(1);
    for (const field of ['channelRefundNo', 'amountMinor', 'currency', 'transactionNo'] as const) {
      expect(second[field]).toBe(first[field]);
    }
    expect(second.sentAtMs).toBeGreaterThan(first.sentAtMs ?? Number.POSITIVE_INFINITY);
  });

  test('is only asked about where a second sending could return the money twice', () => {
    const payment = careless();
    payment.answerRefund(NO_ANSWER);
    for (let asked = 0; asked < 20; asked++) {
      payment.answerRefund(NO_SUCH_REFUND);
      expect(payment.nextRefundJob()?.operation).toBe('query');
    }
    expect(payment.channelRefund().status).toBe('unknown');
  });

  test('that is not known to a question nobody planned is not sent again for it', () => {
    const payment = duplicate();
    payment.answerRefund(NO_ANSWER);
    payment.learnRefund(NO_SUCH_REFUND);
    expect(payment.channelRefund().status).toBe('unknown');
    expect(payment.refundJobs.get('1:1')?.operation).toBe('query');
  });

  test('that was accepted is not sent again when the channel forgets it', () => {
    const payment = duplicate();
    payment.answerRefund(TAKEN);
    payment.answerRefund(NO_SUCH_REFUND);
    expect(payment.channelRefund().status).toBe('pending');
    expect(payment.nextRefundJob()?.operation).toBe('query');
  });

  test('has no age limit: after a thousand questions it is still asked about, less and less often', () => {
    const payment = duplicate();
    payment.answerRefund(NO_ANSWER);
    let pauseMs = 0;
    for (let asked = 1; asked <= 1_000; asked++) {
      payment.answerRefund(NO_ANSWER);
      const nextMs = (payment.refundJobs.get('1:1')?.dueAtMs ?? 0) - payment.nowMs;
      expect(nextMs).toBeGreaterThanOrEqual(pauseMs);
      pauseMs = nextMs;
    }
    expect(payment.channelRefund()).toMatchObject({ status: 'unknown', queryCount: 1_000 });
    expect(pauseMs).toBe(WALLET_RULES.refund.queryDelaysMs.at(-1));
    expect(payment.payment.refunds[0]?.status).toBe('pending');
    expect(payment.aggregate.cases.filter((one) => one.kind === 'unknown_refund')).toHaveLength(1);
    payment.answerRefund(payment.returned());
    expect(payment.payment.refunds[0]?.status).toBe('succeeded');
  });

  test('keeps counting its questions when it is sent again and again', () => {
    const payment = duplicate();
    const pausesMs: number[] = [];
    for (let round = 0; round < 4; round++) {
      payment.answerRefund(NO_ANSWER);
      pausesMs.push((payment.refundJobs.get('1:1')?.dueAtMs ?? 0) - payment.nowMs);
      payment.answerRefund(NO_SUCH_REFUND);
    }
    expect(pausesMs).toEqual(pausesMs.toSorted((a, b) => a - b));
    expect(pausesMs.at(-1)).toBeGreaterThan(pausesMs[0] ?? 0);
  });

  test('is not asked for under another number before the former is proven dead', () => {
    const payment = duplicate();
    payment.answerRefund(NO_ANSWER);
    for (let asked = 0; asked < 10; asked++) payment.answerRefund(NO_ANSWER);
    expect(payment.order().refunds).toHaveLength(1);
    payment.answerRefund(CLOSED_FOR_GOOD);
    expect(payment.order().refunds.map((one) => [one.round, one.status])).toEqual([
      [1, 'failed'],
      [2, 'owed'],
    ]);
    expect(payment.openCase('unknown_refund')).toBeNull();
  });
});

describe('a refund that may not be sent twice, when all planned questions were asked in vain', () => {
  function usedUp(): ScriptedPayment {
    const payment = careless();
    payment.answerRefund(NO_ANSWER);
    askInVain(payment);
    return payment;
  }

  test('is a person’s to decide about, once, and stays owed and asked about', () => {
    const payment = usedUp();
    const { subject } = payment.openCase('unknown_refund') ?? {};
    expect(subject).toBe(payment.channelRefund().channelRefundNo);
    expect(payment.openCase('unknown_refund')?.owner).toBe('operations');
    expect(payment.payment.refunds[0]).toMatchObject({
      status: 'requires_action',
      failure: { code: 'no_word' },
    });
    expect(balanceOf(payment, 'payment', 'payer_owed:7')).toBe(1_999);
    const { refunds } = payment.payment;
    payment.answerRefund(NO_ANSWER);
    expect(payment.channelRefund().status).toBe('unknown');
    expect(payment.nextRefundJob()?.operation).toBe('query');
    expect(payment.payment.refunds).toBe(refunds);
  });

  test('is the platform’s until then: nobody may send it again or let it be', () => {
    const payment = careless();
    payment.answerRefund(NO_ANSWER);
    payment.answerRefund(NO_SUCH_REFUND);
    expect(payment.openCase('unknown_refund')?.owner).toBe('platform');
    for (const action of ['retry_refund', 'give_up_refund'] as const) {
      expect(payment.decideCase('unknown_refund', action)).toMatchObject({
        refusal: { code: 'action_not_possible' },
      });
    }
  });

  test('is sent again under its one number when a named person takes the risk', () => {
    const payment = usedUp();
    const decision = payment.decideCase('unknown_refund', 'retry_refund');
    if (decision.type !== 'changed') throw new Error('it was possible');
    expect(decision.history.evidence?.raw).toBe('Li Na: agreed');
    expect(payment.payment.refunds[0]).toMatchObject({ status: 'pending', failure: null });
    expect(payment.openCase('unknown_refund')?.owner).toBe('platform');
    expect(payment.nextRefundJob()).toMatchObject({ number: 1, operation: 'send' });
    payment.answerRefund(payment.returned());
    expect(payment.order().refunds).toHaveLength(1);
    expect(payment.payment.refunds[0]?.status).toBe('succeeded');
    expect(payment.openCase('unknown_refund')).toBeNull();
  });

  test('comes back to that person when the second sending is not answered either', () => {
    const payment = usedUp();
    payment.decideCase('unknown_refund', 'retry_refund');
    payment.answerRefund(NO_ANSWER);
    expect(payment.openCase('unknown_refund')?.owner).toBe('platform');
    payment.answerRefund(NO_SUCH_REFUND);
    expect(payment.openCase('unknown_refund')?.owner).toBe('operations');
    expect(payment.payment.refunds[0]?.status).toBe('requires_action');
    expect(payment.order().refunds).toHaveLength(1);
  });

  test('that a person lets be stays watched, and counts when it was returned after all', () => {
    const payment = usedUp();
    payment.decideCase('unknown_refund', 'give_up_refund');
    expect(payment.payment.refunds[0]?.failure?.code).toBe('given_up');
    expect(payment.channelRefund().status).toBe('unknown');
    expect(payment.openCase('unknown_refund')?.owner).toBe('platform');
    payment.answerRefund(NO_ANSWER);
    expect(payment.openCase('unknown_refund')?.owner).toBe('platform');
    payment.answerRefund(payment.returned());
    expect(payment.payment.refunds[0]?.status).toBe('succeeded');
    expect(payment.openCase('excess_refund')).not.toBeNull();
    expect(balanceOf(payment, 'payment', 'payer_owed:7')).toBe(0);
  });

  test('that the channel then says it has accepted is the platform’s again', () => {
    const payment = usedUp();
    payment.answerRefund(TAKEN);
    expect(payment.channelRefund()).toMatchObject({ status: 'pending', failure: null });
    expect(payment.openCase('unknown_refund')?.owner).toBe('platform');
    expect(payment.decideCase('unknown_refund', 'retry_refund').type).toBe('refused');
    payment.answerRefund(payment.returned());
    expect(payment.payment.refunds[0]?.status).toBe('succeeded');
  });

  test('is told to the merchant who had asked for it, as one that waits for a person', () => {
    const payment = new ScriptedPayment({ try: CARELESS });
    payment.notified(paid());
    payment.refund();
    payment.answerRefund(NO_ANSWER);
    askInVain(payment);
    expect(payment.told()).toEqual(['payment.succeeded', 'refund.requires_action']);
    expect(payment.refund(1, 'R-2').type).toBe('refused');
  });

  test('is not let be where its money could then be asked back once more under another number', () => {
    const payment = new ScriptedPayment({ try: CARELESS });
    payment.notified(paid());
    payment.refund();
    payment.answerRefund(NO_ANSWER);
    askInVain(payment);
    expect(payment.decideCase('unknown_refund', 'give_up_refund')).toMatchObject({
      refusal: { code: 'action_not_possible' },
    });
    expect(payment.decideCase('unknown_refund', 'retry_refund').type).toBe('changed');
  });
});

describe('the word that a refund is done', () => {
  test('may come before the answer to its sending, which then changes nothing', () => {
    const payment = succeeded();
    payment.refund();
    const job = payment.nextRefundJob();
    payment.decide({ type: 'refund_sending', attempt: 1, number: job?.number ?? 0 });
    payment.learnRefund(payment.returned(), { operation: 'notification' });
    expect(payment.payment.refunds[0]?.status).toBe('succeeded');
    expect(payment.learnRefund(TAKEN, { operation: 'refund' }).type).toBe('unchanged');
    expect(payment.learnRefund(NO_ANSWER, { operation: 'refund' }).type).toBe('unchanged');
    expect(payment.told()).toEqual(['payment.succeeded', 'refund.succeeded']);
  });

  test('counts once, however often it comes, and no later "failed" takes it back', () => {
    const payment = succeeded();
    payment.refund();
    payment.answerRefund(payment.returned());
    expect(payment.learnRefund(payment.returned()).type).toBe('unchanged');
    expect(payment.learnRefund(CLOSED_FOR_GOOD, { operation: 'notification' }).type).toBe(
      'unchanged',
    );
    expect(payment.told().filter((one) => one === 'refund.succeeded')).toHaveLength(1);
    expect(balanceOf(payment, 'payment', 'payer_owed:7')).toBe(0);
    expect(balanceOf(payment, 'channel', 'channel_receivable:wallet/main')).toBe(0);
  });

  test('may come in the list of an order, with the money of the order itself', () => {
    const payment = succeeded();
    payment.refund();
    payment.answerRefund(TAKEN);
    const word = payment.returned();
    if (word.type !== 'succeeded') throw new Error('it was returned');
    const known = paid();
    if (known.type !== 'succeeded') throw new Error('it was paid');
    payment.learn({ ...known, refunds: [word.refund] });
    expect(payment.payment.refunds[0]?.status).toBe('succeeded');
    expect(payment.channelRefund().confirmedBy).toBe('query');
    expect(payment.refundJobs.size).toBe(0);
  });
});

test('the guard is committed before the call: whoever begins second may not send', () => {
  const payment = duplicate();
  const begin = { type: 'refund_sending', attempt: 1, number: 1 } as const;
  expect(payment.decide(begin).type).toBe('changed');
  expect(payment.decide(begin).type).toBe('unchanged');
  // A crash right here ends in a question, not in silence.
  expect(payment.refundJobs.get('1:1')).toMatchObject({ operation: 'query' });
});
