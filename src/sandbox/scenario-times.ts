/** When the pretend world acts, in milliseconds of its own clock. */
export type ScenarioTimes = {
  /** A payer who pays at once, counted from the order: long enough for the answer to arrive first. */
  readonly payerAtOnceMs: number;
  /** A charge without the payer that was only "accepted", counted from the order. */
  readonly payerAcceptedMs: number;
  /** A payer who takes their time, counted from the order. */
  readonly payerSlowMs: number;
  /** A payer who pays after a forger has spoken, counted from the order. */
  readonly payerAfterForgeryMs: number;
  /** A notification that comes when a query has long healed the order, counted from the payment. */
  readonly notificationLateMs: number;
  /** The fault rule `delay`, counted from the time at which the notification was due. */
  readonly notificationDelayMs: number;
  /** Queries of one order fail for this long after it was paid. */
  readonly queryDownMs: number;
  /** Calls about one order fail for this long after the first of them. */
  readonly outageMs: number;
  /** Another payer of the same code, counted from the first payment. */
  readonly secondPayerMs: number;
  /** A payer who pays an order that is over, counted from its close or the end of its validity. */
  readonly payerLateMs: number;
  /** A refund at the channel's console, counted from the payment. */
  readonly consoleRefundMs: number;
  /** A reversal, counted from the payment. */
  readonly reversalMs: number;
  /** A refund that goes well, counted from its request, as everything below. */
  readonly refundDoneMs: number;
  readonly refundSlowMs: number;
  /** A refund that was accepted and comes to nothing. */
  readonly refundFailsMs: number;
  /** For this long after the first request there is no money to refund from. */
  readonly refundNoFundsMs: number;
  /** Least time between two refunds of one order. */
  readonly refundGapMs: number;
  /** Pauses between the sends of a notification that nobody acknowledges; then the channel gives up. */
  readonly resendLadderMs: readonly number[];
};

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/**
 * The times of every scenario, with the long ones multiplied by `timeScale`, so that a demo with a
 * compressed policy meets compressed channels. The pauses up to a second stay, and so does the late
 * payer's: they are races with answers on the wire, which no policy compresses. The resend ladder is WeChat Pay's.
 *
 * @throws RangeError when the scale is not a positive number.
 */
export function scenarioTimes(timeScale: number): ScenarioTimes {
  if (!(timeScale > 0 && Number.isFinite(timeScale))) {
    throw new RangeError(`timeScale must be a positive number, got ${timeScale}`);
  }
  const scaled = (durationMs: number) => Math.max(1, Math.round(durationMs * timeScale));
  return {
    payerAtOnceMs: 50,
    payerAcceptedMs: 400,
    payerSlowMs: scaled(8 * SECOND),
    payerAfterForgeryMs: SECOND,
    notificationLateMs: scaled(MINUTE),
    notificationDelayMs: scaled(30 * SECOND),
    queryDownMs: scaled(2 * MINUTE),
    outageMs: scaled(10 * MINUTE),
    secondPayerMs: scaled(3 * SECOND),
    payerLateMs: 3 * SECOND,
    consoleRefundMs: scaled(15 * SECOND),
    reversalMs: scaled(15 * SECOND),
    refundDoneMs: 300,
    refundSlowMs: scaled(10 * MINUTE),
    refundFailsMs: scaled(5 * SECOND),
    refundNoFundsMs: scaled(MINUTE),
    refundGapMs: scaled(SECOND),
    resendLadderMs: RESEND_LADDER_MS.map(scaled),
  };
}

const RESEND_LADDER_MS: readonly number[] = [
  15 * SECOND,
  15 * SECOND,
  30 * SECOND,
  3 * MINUTE,
  10 * MINUTE,
  20 * MINUTE,
  30 * MINUTE,
  30 * MINUTE,
  30 * MINUTE,
  HOUR,
  3 * HOUR,
  3 * HOUR,
  3 * HOUR,
  6 * HOUR,
  6 * HOUR,
];
