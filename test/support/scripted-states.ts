/** Payments in the states that tests start from. */
import { PENDING, paid, ScriptedPayment, UNKNOWN } from './scripted-payment.ts';

/** Accepted by its channel; the payer may pay. */
export function processing(): ScriptedPayment {
  const payment = new ScriptedPayment();
  payment.learn(PENDING, { operation: 'pay' });
  return payment;
}

/** Paid, and told by its notification. */
export function succeeded(): ScriptedPayment {
  const payment = processing();
  payment.notified(paid());
  return payment;
}

/** Paid twice: one winner, and one charge that is owed to its payer. */
export function duplicate(): ScriptedPayment {
  const payment = succeeded();
  payment.notified(paid({ transactionNo: 'T2' }));
  return payment;
}

/** The channel took other money than ordered. */
export function held(): ScriptedPayment {
  const payment = processing();
  payment.learn(paid({ amountMinor: 1 }));
  return payment;
}

/** All questions are used up: it waits for a statement. */
export function handedOver(): ScriptedPayment {
  const payment = processing();
  payment.learn(UNKNOWN, { planned: true });
  while (!payment.order().awaitsStatement) payment.answerJob(UNKNOWN);
  return payment;
}
