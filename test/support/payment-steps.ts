/**
 * Random lives of one payment: any input, in any order, at any time. What a real channel would never
 * say is said here too, because the core may not depend on a channel's good manners.
 */
import fc from 'fast-check';
import type { Aggregate } from '../../src/core/aggregate.ts';
import type { Input, OperatorAction } from '../../src/core/input.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import type { RefundFact, RefundOutcome } from '../../src/core/refund-outcome.ts';
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
  /** The refund job that is due first is done; `returned` stands for a success of just that refund. */
  | { readonly type: 'refund_job'; readonly outcome: RefundOutcome | 'returned' }
  /** Any word about any channel refund, at any time. */
  | {
      readonly type: 'refund_word';
      readonly at: number;
      readonly operation: 'refund' | 'refund_query' | 'notification';
      readonly outcome: RefundOutcome | 'returned';
    }
  | { readonly type: 'console'; readonly attempt: number; readonly refund: Partial<RefundFact> }
  | { readonly type: 'brake'; readonly at: number; readonly isRelease: boolean }
  | { readonly type: 'person'; readonly at: number; readonly action: OperatorAction }
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
const reversals = fc.constantFrom('T1', 'T2', 'T3').map(
  (transactionNo): Outcome => ({
    type: 'reversed',
    transactionNo,
    reversedAtMs: START_MS + 3,
    channelCode: 'REVERSED',
  }),
);
const refundWords: fc.Arbitrary<RefundOutcome | 'returned'> = fc.oneof(
  { weight: 3, arbitrary: fc.constant('returned' as const) },
  fc.constantFrom<RefundOutcome>(
    { type: 'pending', channelCode: 'PROCESSING' },
    { type: 'unknown', reason: 'timeout', channelCode: 'no_answer' },
    { type: 'not_found', channelCode: 'NOT_EXIST' },
    { type: 'failed', code: 'closed', message: 'dead', channelCode: 'CLOSED' },
    { type: 'failed', code: 'exceeds_charge', message: 'too much', channelCode: 'EXCEEDS' },
    { type: 'requires_action', code: 'abnormal', message: 'stuck', channelCode: 'ABNORMAL' },
    { type: 'refused_for_now', code: 'too_soon', message: 'wait', channelCode: 'TOO_SOON' },
    {
      type: 'refused_for_now',
      code: 'not_enough_funds',
      message: 'top up',
      channelCode: 'NOT_ENOUGH',
    },
  ),
);
const outcomes: fc.Arbitrary<Outcome> = fc.oneof(
  fc.constantFrom(PENDING, WAITING, UNKNOWN, UNKNOWN, NOT_FOUND, CLOSED, DECLINED),
  { weight: 2, arbitrary: successes },
  reversals,
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
  fc.record({
    type: fc.constant('request_refund' as const),
    merchantRefundNo: fc.constantFrom('R-1', 'R-2', 'R-3'),
    amountMinor: fc.constantFrom(1, 1_000, AMOUNT_MINOR),
    note: fc.constant(null),
  }),
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

const places = fc.nat({ max: 5 });
const returns: fc.Arbitrary<PaymentStep> = fc.oneof(
  {
    weight: 4,
    arbitrary: refundWords.map((outcome): PaymentStep => ({ type: 'refund_job', outcome })),
  },
  fc.record({
    type: fc.constant('refund_word' as const),
    at: places,
    operation: fc.constantFrom('refund', 'refund_query', 'notification'),
    outcome: refundWords,
  }),
  fc.record({
    type: fc.constant('console' as const),
    attempt: fc.integer({ min: 1, max: 4 }),
    refund: fc.record({
      refundId: fc.constantFrom('C1', 'C2'),
      transactionNo: fc.constantFrom('T1', 'T2', 'T3'),
      amountMinor: fc.constantFrom(1, AMOUNT_MINOR),
    }),
  }),
  fc.record({ type: fc.constant('brake' as const), at: places, isRelease: fc.boolean() }),
  fc.record({
    type: fc.constant('person' as const),
    at: places,
    action: fc.constantFrom('return_money', 'retry_refund', 'give_up_refund', 'resolve'),
  }),
);

/** Any life of a payment, up to 40 steps long. */
export function steps(): fc.Arbitrary<Life> {
  return fc.record({
    create: fc.record({
      try: fc.option(ways, { nil: null }),
      expiresInMs: fc.constantFrom(null, 1_000, MINUTE, 60 * MINUTE),
      latePayment: fc.constantFrom(
        'refund' as const,
        'accept_if_paid_before_expiry' as const,
        'accept' as const,
      ),
    }),
    steps: fc.array(fc.oneof({ weight: 2, arbitrary: step }, returns), {
      maxLength: 40,
      size: 'max',
    }),
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
  else if (one.type === 'input') payment.decide(ofThisPayment(payment, one.input));
  else if (one.type === 'job') {
    const [first] = [...payment.questions].toSorted(([, a], [, b]) => a.dueAtMs - b.dueAtMs);
    if (first) payment.answerJob(one.outcome, first[0]);
  } else if (one.type === 'learn') {
    if (hasOrder(payment, one.attempt)) payment.learn(one.outcome, one);
  } else playReturn(payment, one);
}

/** Refund numbers are a merchant's, not a payment's. */
function ofThisPayment(payment: ScriptedPayment, input: Input): Input {
  if (input.type !== 'request_refund') return input;
  return { ...input, merchantRefundNo: `${payment.payment.id}-${input.merchantRefundNo}` };
}

type ReturnStep = Extract<
  PaymentStep,
  { type: 'refund_job' | 'refund_word' | 'console' | 'brake' | 'person' }
>;

function playReturn(payment: ScriptedPayment, one: ReturnStep): void {
  const refunds = payment.aggregate.orders.flatMap(({ attempt, refunds: list }) =>
    list.map(({ number }) => ({ attempt, number })),
  );
  const wordOf = (word: RefundOutcome | 'returned', attempt: number, number: number) =>
    word === 'returned' ? payment.returned(number, attempt) : word;
  switch (one.type) {
    case 'refund_job': {
      const job = payment.nextRefundJob();
      if (job) payment.answerRefund(wordOf(one.outcome, job.attempt, job.number));
      return;
    }
    case 'refund_word': {
      const place = refunds[one.at];
      if (!place) return;
      const outcome = wordOf(one.outcome, place.attempt, place.number);
      payment.learnRefund(outcome, { ...place, operation: one.operation });
      return;
    }
    case 'console':
      if (hasOrder(payment, one.attempt)) payment.refundedAtConsole(one.refund, one.attempt);
      return;
    case 'brake': {
      const place = refunds[one.at];
      const type = one.isRelease ? 'refund_released' : 'refund_held_back';
      if (place) payment.decide({ type, ...place, by: 'brake', reason: 'too much' });
      return;
    }
    case 'person': {
      const open = payment.aggregate.cases.filter((other) => other.resolvedAtMs === null);
      const caseId = open[one.at]?.id;
      if (!caseId) return;
      const { action } = one;
      payment.decide({ type: 'operator_decision', caseId, action, by: 'Li Na', reason: 'agreed' });
    }
  }
}

function hasOrder(payment: ScriptedPayment, attempt: number): boolean {
  return payment.aggregate.orders.some((order) => order.attempt === attempt);
}
