import { expect, test } from 'vitest';
import { paid, ScriptedPayment } from '../../../test/support/scripted-payment.ts';

const STUCK = {
  type: 'requires_action',
  code: 'account_abnormal',
  message: '',
  channelCode: 'ABNORMAL',
} as const;

test('a refund that is stuck keeps its case when an older "accepted" arrives after it', () => {
  const payment = new ScriptedPayment();
  payment.notified(paid());
  payment.refund();
  payment.answerRefund({ type: 'unknown', reason: 'timeout', channelCode: 'no_answer' });
  payment.learnRefund(STUCK);
  payment.learnRefund({ type: 'pending', channelCode: 'PROCESSING' });
  expect(payment.channelRefund().status).toBe('requires_action');
  expect(payment.openCase('failed_refund')).toMatchObject({ owner: 'operations' });
});
