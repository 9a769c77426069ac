import { describe, expect, test } from 'vitest';
import {
  AMOUNT_MINOR,
  createInput,
  type ScriptedPayment,
} from '../../test/support/scripted-payment.ts';
import { WALLET_RULES } from '../../test/support/scripted-rules.ts';
import { balanceOf, CLOSED_FOR_GOOD, TAKEN } from '../../test/support/scripted-refunds.ts';
import { duplicate, processing, succeeded } from '../../test/support/scripted-states.ts';
import { reservedMinor, refundableMinor } from './refund-sums.ts';

const count = (payment: ScriptedPayment, event: string): number =>
  payment.told().filter((one) => one === event).length;

describe('a merchant refund', () => {
  test('sets its amount aside at once, and is sent once', () => {
    const payment = succeeded();
    payment.refund(500);
    expect(payment.payment.refunds).toMatchObject([
      { key: 'merchant:R-1', status: 'pending', reason: 'requested', attempt: 1 },
    ]);
    expect(payment.channelRefund()).toMatchObject({
      status: 'owed',
      amountMinor: 500,
      isAutomatic: false,
    });
    expect(payment.refundJobs.get('1:1')).toMatchObject({
      operation: 'send',
      dueAtMs: payment.nowMs,
    });
    expect(balanceOf(payment, 'payment', 'merchant_payable:7')).toBe(AMOUNT_MINOR - 500);
    expect(balanceOf(payment, 'payment', 'payer_owed:7')).toBe(500);
  });

  test('that is done is told once, and leaves both books', () => {
    const payment = succeeded();
    payment.refund(500);
    payment.answerRefund(TAKEN);
    payment.answerRefund(payment.returned());
    expect(payment.payment.refunds[0]).toMatchObject({
      status: 'succeeded',
      returnedAtMs: payment.channelRefund().refundedAtMs,
    });
    expect(payment.told()).toEqual(['payment.succeeded', 'refund.succeeded']);
    expect(balanceOf(payment, 'payment', 'payer_owed:7')).toBe(0);
    expect(balanceOf(payment, 'channel', 'channel_receivable:wallet/main')).toBe(
      -(AMOUNT_MINOR - 500),
    );
    expect(payment.status).toBe('succeeded');
  });

  test('over what is left is refused, and names what is left', () => {
    const payment = succeeded();
    payment.refund(1_500, 'R-1');
    expect(payment.refund(500, 'R-2')).toMatchObject({
      type: 'refused',
      refusal: {
        code: 'refund_exceeds_payment',
        detail: '4.99 CNY can still be refunded, not 5.00.',
      },
    });
    expect(payment.refund(499, 'R-2').type).toBe('changed');
    expect(refundableMinor(payment.payment)).toBe(0);
    expect(payment.refund(1, 'R-3').type).toBe('refused');
  });

  test('in parts adds up to the whole and no further', () => {
    const payment = succeeded();
    const parts = [999, 500, 400, 100];
    for (const [at, part] of parts.entries()) payment.refund(part, `R-${at}`);
    expect(reservedMinor(payment.payment)).toBe(AMOUNT_MINOR);
    while (payment.nextRefundJob()) {
      const number = payment.nextRefundJob()?.number ?? 0;
      payment.answerRefund(payment.returned(number));
    }
    expect(count(payment, 'refund.succeeded')).toBe(parts.length);
    expect(balanceOf(payment, 'payment', 'merchant_payable:7')).toBe(0);
    expect(balanceOf(payment, 'channel', 'channel_receivable:wallet/main')).toBe(0);
  });

  test('under the same number and amount is the same refund, in every state', () => {
    const payment = succeeded();
    payment.refund(500);
    expect(payment.refund(500).type).toBe('unchanged');
    payment.answerRefund(payment.returned());
    expect(payment.refund(500).type).toBe('unchanged');
    expect(payment.payment.refunds).toHaveLength(1);
  });

  test('under the same number for other money is refused', () => {
    const payment = succeeded();
    payment.refund(500);
    expect(payment.refund(501)).toMatchObject({
      type: 'refused',
      refusal: { code: 'merchant_refund_no_reused' },
    });
  });

  test('that failed is no longer set aside, and its number stays used', () => {
    const payment = succeeded();
    payment.refund(AMOUNT_MINOR);
    payment.answerRefund({ ...CLOSED_FOR_GOOD, code: 'exceeds_charge' });
    expect(refundableMinor(payment.payment)).toBe(AMOUNT_MINOR);
    expect(payment.refund(AMOUNT_MINOR).type).toBe('unchanged');
    expect(payment.refund(AMOUNT_MINOR, 'R-2').type).toBe('changed');
  });

  test('that was called dead and came after all is a fact, also when the money was promised again', () => {
    const payment = succeeded();
    payment.refund(AMOUNT_MINOR, 'R-1');
    payment.answerRefund({ ...CLOSED_FOR_GOOD, code: 'exceeds_charge' });
    payment.refund(AMOUNT_MINOR, 'R-2');
    payment.learnRefund(payment.returned(1), { number: 1, operation: 'notification' });
    expect(payment.payment.refunds.map((one) => one.status)).toEqual(['succeeded', 'pending']);
    expect(reservedMinor(payment.payment)).toBeLessThanOrEqual(AMOUNT_MINOR);
    expect(payment.openCase('excess_refund')?.subject).toBe('merchant:R-1');
    payment.answerRefund({ ...CLOSED_FOR_GOOD, code: 'exceeds_charge' });
    expect(payment.payment.refunds.map((one) => one.status)).toEqual(['succeeded', 'failed']);
    expect(balanceOf(payment, 'payment', 'merchant_payable:7')).toBe(0);
    expect(balanceOf(payment, 'payment', 'payer_owed:7')).toBe(0);
  });

  test('of a payment without its winner is refused', () => {
    expect(processing().refund()).toMatchObject({ refusal: { code: 'payment_not_succeeded' } });
  });

  test('after the window of its channel is refused, and names the window', () => {
    const payment = succeeded();
    payment.pass(WALLET_RULES.refund.windowMs + 1_000);
    expect(payment.refund()).toMatchObject({
      type: 'refused',
      refusal: { code: 'refund_window_over', detail: 'Its channel takes refunds for 365 days.' },
    });
  });

  test('never touches what a second payer paid', () => {
    const payment = duplicate();
    payment.refund();
    const ofMerchant = payment.order().refunds.find((one) => one.refundKey === 'merchant:R-1');
    expect(ofMerchant?.transactionNo).toBe('T1');
    expect(refundableMinor(payment.payment)).toBe(0);
    expect(payment.refund(1, 'R-2').type).toBe('refused');
  });

  test('does not change what asking for the payment again answers', () => {
    const payment = succeeded();
    payment.refund();
    payment.answerRefund(payment.returned());
    expect(payment.decide(createInput()).type).toBe('unchanged');
  });
});
