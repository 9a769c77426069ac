import { type BookOrder, type Charge, orderKey } from './book-order.ts';
import { SCENARIOS } from './scenarios.ts';
import type { ScenarioTimes } from './scenario-times.ts';

/** What the platform asks a channel to give back. Amount in minor units. */
export type RefundSubmission = {
  readonly channel: string;
  readonly account: string;
  readonly outNo: string;
  /** The platform's number: one refund for life. */
  readonly refundNo: string;
  /** The charge to give back, whole or in part. */
  readonly tradeNo: string;
  readonly amountMinor: number;
  readonly currency: string;
};

/** `CLOSED` is dead for good: nothing moved and nothing will. `ABNORMAL` is stuck until a person acts. */
export type RefundState = 'PROCESSING' | 'SUCCESS' | 'CLOSED' | 'ABNORMAL';

/** Why a number is dead or stuck, in the channel's words. */
export type RefundFailure = { readonly code: string; readonly message: string };

/** A refund in a channel's books. Never changed in place: each change is a new value. */
export type BookRefund = {
  readonly channel: string;
  readonly account: string;
  readonly outNo: string;
  /** The platform's number; null when somebody refunded at the channel's own console. */
  readonly refundNo: string | null;
  /** The channel's own number. */
  readonly refundId: string;
  readonly tradeNo: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly requestedAtMs: number;
  readonly state: RefundState;
  readonly failure: RefundFailure | null;
  /** When the state became final; null while it is not. */
  readonly endedAtMs: number | null;
  /** How it is going to end, and when; null when it has. */
  readonly plan: RefundPlan | null;
};

/** The end of a refund that was accepted. */
export type RefundPlan = {
  readonly state: Exclude<RefundState, 'PROCESSING'>;
  readonly failure: RefundFailure | null;
  readonly atMs: number;
};

/** A no that leaves the number dead, or one that leaves it unused, so that it may be sent again. */
export type RefundRefusal =
  | 'TRADE_NOT_EXIST'
  | 'REFUND_NO_REUSED'
  | 'REFUND_EXCEEDS'
  | 'REFUND_WINDOW_OVER'
  | 'TOO_MANY_REFUNDS'
  | 'TOO_SOON'
  | 'NOT_ENOUGH';

export type RefundAnswer =
  | { readonly result: 'OK'; readonly refund: BookRefund }
  | { readonly result: 'ERROR'; readonly code: RefundRefusal; readonly message: string };

/** Refusals after which the number is remembered as dead; after the others nothing is remembered. */
export const DEADLY_REFUSALS: ReadonlySet<string> = new Set<RefundRefusal>([
  'REFUND_EXCEEDS',
  'REFUND_WINDOW_OVER',
]);

const REFUND_WINDOW_MS = 365 * 24 * 3_600_000;
const PARTS_MAX = 50;

const MESSAGES: Readonly<Record<RefundRefusal, string>> = {
  TRADE_NOT_EXIST: 'no such charge of this account',
  REFUND_NO_REUSED: 'the number was used for another refund',
  REFUND_EXCEEDS: 'more than what is left of the charge',
  REFUND_WINDOW_OVER: 'the charge is older than 365 days',
  TOO_MANY_REFUNDS: 'the order has 50 refunds',
  TOO_SOON: 'wait before the next refund of this order',
  NOT_ENOUGH: '余额不足',
};

/** The answer to a refund that is not taken. */
export function refundRefusal(code: RefundRefusal): RefundAnswer {
  return { result: 'ERROR', code, message: MESSAGES[code] };
}

/** The one name under which a channel knows a refund. */
export function refundKey(refund: Pick<BookRefund, 'channel' | 'refundNo' | 'refundId'>): string {
  return orderKey(refund.channel, refund.refundNo ?? refund.refundId);
}

/** Whether a call repeats an earlier one: one number means one amount of one charge for life. */
export function isSameRefund(first: BookRefund, again: RefundSubmission): boolean {
  return (
    first.account === again.account &&
    first.outNo === again.outNo &&
    first.tradeNo === again.tradeNo &&
    first.amountMinor === again.amountMinor &&
    first.currency === again.currency
  );
}

/**
 * What is left of a charge, in minor units. A refund that is under way or stuck holds its part; a
 * dead one does not; a charge that was taken back has nothing left.
 */
export function remainderMinor(charge: Charge, refunds: readonly BookRefund[]): number {
  if (charge.reversedAtMs !== null) return 0;
  return refunds.reduce(
    (leftMinor, refund) =>
      refund.tradeNo === charge.tradeNo && refund.state !== 'CLOSED'
        ? leftMinor - refund.amountMinor
        : leftMinor,
    charge.amountMinor,
  );
}

/**
 * Which of the channel's rules keeps it from taking a new refund now; null when none does. The
 * definite noes come first, so that nobody waits for one. `refunds` are those of the same order.
 */
export function refusalOf(
  submission: RefundSubmission,
  charge: Charge,
  refunds: readonly BookRefund[],
  times: ScenarioTimes,
  nowMs: number,
): RefundRefusal | null {
  if (nowMs >= charge.paidAtMs + REFUND_WINDOW_MS) return 'REFUND_WINDOW_OVER';
  if (submission.amountMinor > remainderMinor(charge, refunds)) return 'REFUND_EXCEEDS';
  const taken = refunds.filter(({ failure }) => !DEADLY_REFUSALS.has(failure?.code ?? ''));
  if (taken.filter(({ state }) => state !== 'CLOSED').length >= PARTS_MAX) {
    return 'TOO_MANY_REFUNDS';
  }
  const isSoon = taken.some(({ requestedAtMs }) => nowMs < requestedAtMs + times.refundGapMs);
  return isSoon ? 'TOO_SOON' : null;
}

/** How a refund of that order will end when it is accepted now; `refunds` are the order's earlier ones. */
export function refundPlanOf(
  order: BookOrder,
  refunds: readonly BookRefund[],
  times: ScenarioTimes,
  nowMs: number,
): RefundPlan {
  const done: RefundPlan = {
    state: 'SUCCESS',
    failure: null,
    atMs: nowMs + times.refundDoneMs,
  };
  switch (order.scenario === null ? 'done' : SCENARIOS[order.scenario].refund) {
    case 'slow':
      return { ...done, atMs: nowMs + times.refundSlowMs };
    case 'abnormal': {
      const failure = { code: 'USER_ACCOUNT_ABNORMAL', message: '付款人账户异常，退款失败' };
      return { state: 'ABNORMAL', failure, atMs: nowMs + times.refundFailsMs };
    }
    case 'first_number_dies': {
      if (refunds.some(({ failure }) => failure?.code === 'REFUND_CLOSED')) return done;
      const failure = { code: 'REFUND_CLOSED', message: '退款已关闭' };
      return { state: 'CLOSED', failure, atMs: nowMs + times.refundFailsMs };
    }
    default:
      return done;
  }
}
