/**
 * Random lives of one payment: any input, in any order, at any time. What a real channel would never
 * say is said here too, because the core may not depend on a channel's good manners.
 */
import fc from 'fast-check';
import type { Aggregate } from '../../src/core/aggregate.ts';
import type { Input } from '../../src/core/input.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import {
  AMOUNT_MINOR,
  BANK,
  CLOSED,
  createInput,
  DECLINED,
  MINUTE,
  NOT_FOUND,
  PAGE,
  PENDING,
  paid,
  START_MS,
  ScriptedPayment,
  UNKNOWN,
  WAITING,
  WALLET_QR,
  WALLET_QUICKPAY,
} from './scripted-payment.ts';

export type PaymentStep =
  | { readonly type: 'pass'; readonly durationMs: number }
  | { readonly type: 'input'; readonly input: Input }
  /** The job that is due first is done. */
  | { readonly type: 'job'; readonly outcome: Outcome }
  | {
      readonly type: 'learn';
      readonly attempt: number;
      readonly operation: 'pay' | 'query' | 'close' | 'notification';
      readonly outcome: Outcome;
    };

export type Life = {
  readonly create: Parameters<typeof createInput>[0];
  readonly steps: readonly PaymentStep[];
};

const WAYS = [WALLET_QR, WALLET_QUICKPAY, PAGE, BANK].flatMap((way) => [
  way,
  { ...way, allowOverlap: true },
]);
const ways = fc.constantFrom(...WAYS);
const charges = fc.record({
  transactionNo: fc.constantFrom('T1', 'T2', 'T3'),
  amountMinor: fc.constantFrom(AMOUNT_MINOR, AMOUNT_MINOR, AMOUNT_MINOR, AMOUNT_MINOR - 1),
  currency: fc.constantFrom('CNY', 'CNY', 'CNY', 'CNY', 'HKD'),
  paidAtMs: fc.constantFrom(START_MS, START_MS + 1, START_MS + 2),
});
const successes = fc
  .uniqueArray(charges, { minLength: 0, maxLength: 3, selector: (one) => one.transactionNo })
  .map(
    (list): Outcome =>
      list.length > 0 ? paid(...list) : { type: 'succeeded', charges: [], channelCode: 'PAID' },
  );
const outcomes: fc.Arbitrary<Outcome> = fc.oneof(
  fc.constantFrom(PENDING, WAITING, UNKNOWN, UNKNOWN, NOT_FOUND, CLOSED, DECLINED),
  successes,
);
const durations = fc.oneof(
  fc.integer({ min: 0, max: 2_000 }),
  fc.integer({ min: 0, max: 10 * MINUTE }),
  fc.constantFrom(30 * MINUTE, 60 * MINUTE, 24 * 60 * MINUTE),
);
const notices = fc.record({
  type: fc.constantFrom('notice_exhausted' as const, 'notice_delivered' as const),
  eventId: fc.constantFrom('evt_1', 'evt_2'),
  endpoint: fc.constantFrom('we_1', 'we_2'),
});
const inputs: fc.Arbitrary<Input> = fc.oneof(
  ways.map((way): Input => ({ type: 'request_try', try: way })),
  fc.option(ways, { nil: null }).map((way): Input => createInput({ try: way })),
  fc.constant<Input>({ type: 'close_payment' }),
  fc.constant<Input>({ type: 'validity_ended' }),
  notices,
);
const step: fc.Arbitrary<PaymentStep> = fc.oneof(
  durations.map((durationMs): PaymentStep => ({ type: 'pass', durationMs })),
  inputs.map((input): PaymentStep => ({ type: 'input', input })),
  { weight: 3, arbitrary: outcomes.map((outcome): PaymentStep => ({ type: 'job', outcome })) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('learn' as const),
      attempt: fc.integer({ min: 1, max: 4 }),
      operation: fc.constantFrom('pay', 'query', 'close', 'notification'),
      outcome: outcomes,
    }),
  },
);

/** Any life of a payment, up to 40 steps long. */
export function steps(): fc.Arbitrary<Life> {
  return fc.record({
    create: fc.record({
      try: fc.option(ways, { nil: null }),
      expiresInMs: fc.constantFrom(null, 1_000, MINUTE, 60 * MINUTE),
    }),
    steps: fc.array(step, { maxLength: 40, size: 'max' }),
  });
}

/** Plays a life to its end; `each` sees the payment after its creation and after each step. */
export function playSteps(
  life: Life,
  each: (aggregate: Aggregate, payment: ScriptedPayment) => void,
): ScriptedPayment {
  const payment = new ScriptedPayment(life.create);
  each(payment.aggregate, payment);
  for (const one of life.steps) {
    playStep(payment, one);
    each(payment.aggregate, payment);
  }
  return payment;
}

function playStep(payment: ScriptedPayment, one: PaymentStep): void {
  if (one.type === 'pass') payment.pass(one.durationMs);
  else if (one.type === 'input') payment.decide(one.input);
  else if (one.type === 'job') {
    const [first] = [...payment.questions].toSorted(([, a], [, b]) => a.dueAtMs - b.dueAtMs);
    if (first) payment.answerJob(one.outcome, first[0]);
  } else if (payment.aggregate.orders.some((order) => order.attempt === one.attempt)) {
    payment.learn(one.outcome, one);
  }
}
