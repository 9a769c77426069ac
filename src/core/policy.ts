/**
 * Every number that decides behaviour, with its unit and its reason. 策略参数。
 *
 * A channel brings its own rules (`ChannelRules`), because "how long until the first query" is
 * advice that each channel gives for itself; the rest belongs to the platform.
 */
export type ProductRules = {
  /** A quick-pay or withholding product charges without the payer doing anything more. */
  readonly chargesWithoutPayer: boolean;
  /** "Accepted" is not an answer to the merchant: wait, inside the deadline, for the final result. */
  readonly waitsForFinal: boolean;
  /**
   * A page opened by a link that we sign ourselves: no call goes out, and the channel learns of the
   * order only when the payer opens it.
   */
  readonly opensByLink: boolean;
};

/** How a channel returns money. */
export type RefundRules = {
  /** How long after the payment the channel still takes a refund. */
  readonly windowMs: number;
  /** Least time between two refunds of one order; we wait for it, the merchant does not. */
  readonly gapMs: number;
  /** Most refunds of one order that the channel takes. */
  readonly partsMax: number;
  /** Whether the same refund number sent twice returns the money once. Where not, an unanswered refund is only asked about. */
  readonly resendsSafely: boolean;
  /** When to ask about a refund that is not final, counted from the request; the last one repeats, without an end. */
  readonly queryDelaysMs: readonly number[];
  /** Pause before a refund that was refused for now is sent again under its number. */
  readonly retryMs: number;
  /** How many numbers may be tried, each only after the former was proven dead, before a person must act. */
  readonly roundsMax: number;
};

export type ChannelRules = {
  /** When to ask, counted from the order and then from the last question; the last one repeats. */
  readonly queryDelaysMs: readonly number[];
  /** After so many planned questions the order goes to reconciliation, yet never before its validity ended. */
  readonly queryCountMax: number;
  /** The channel's clock and its late bookings: only this long after the validity is the last word asked for. */
  readonly validityMarginMs: number;
  /** Whether the channel has a close call at all. */
  readonly canClose: boolean;
  /** Whether closing a number the channel does not know makes it refuse that number for ever. */
  readonly closeRefusesUnknown: boolean;
  /** The shortest validity the channel accepts; where ours is shorter we close there ourselves. */
  readonly validityMsMin: number;
  readonly products: Readonly<Record<string, ProductRules>>;
  readonly refund: RefundRules;
};

export type Policy = {
  /** A merchant who names no validity gets this one: long enough to find a phone, short enough for stock. */
  readonly expiresInMsDefault: number;
  /** Shortest and longest validity a merchant may ask for. */
  readonly expiresInMsMin: number;
  readonly expiresInMsMax: number;
  /**
   * Payments older than this that are not final are given their expiry job by the sweep; a validity
   * shorter than twice this gets the job at once. Far longer than a payment normally takes.
   */
  readonly sweepAgeMs: number;
  /** How long a person may take before a case counts as overdue. */
  readonly caseDeadlineMs: number;
  /** Pause before a statement that is not ready is asked for again: WeChat Pay advises half an hour. */
  readonly statementRetryMs: number;
  /** How long after its channel's usual time a statement may be missing before somebody is told. */
  readonly statementPatienceMs: number;
  /** Pause before a close that could not be proven is tried again; doubles up to the maximum. */
  readonly closeRetryMs: number;
  readonly closeRetryMsMax: number;
  /**
   * The brake on automatic money out: so many surplus returns, and so much money, may leave in one hour
   * from one channel account, in minor units of each currency. A wave of duplicates is rare; a bug of
   * ours that looks like one is stopped here, and what is over stays owed with a case.
   */
  readonly automaticRefundsPerHourMax: number;
  readonly automaticRefundMinorPerHourMax: number;
  /** Share of a planned pause by which it is moved either way, so that orders do not ask in step. */
  readonly jitterShare: number;
};

/** What a merchant and a payer meet unless they say otherwise. */
export const POLICY_DEFAULT: Policy = {
  expiresInMsDefault: 30 * 60_000,
  expiresInMsMin: 1_000,
  expiresInMsMax: 7 * 24 * 3_600_000,
  sweepAgeMs: 60_000,
  caseDeadlineMs: 24 * 3_600_000,
  statementRetryMs: 30 * 60_000,
  statementPatienceMs: 6 * 3_600_000,
  closeRetryMs: 2_000,
  closeRetryMsMax: 10 * 60_000,
  automaticRefundsPerHourMax: 200,
  automaticRefundMinorPerHourMax: 20_000_000,
  jitterShare: 0.1,
};

/**
 * The pause before planned question number `queryCount` (0 = the first), moved by the jitter.
 * The jitter comes from the order's own number, so the same order decides the same way twice.
 */
export function queryDelayMs(
  rules: ChannelRules,
  policy: Policy,
  orderNo: string,
  queryCount: number,
): number {
  const delays = rules.queryDelaysMs;
  const baseMs = delays[Math.min(queryCount, delays.length - 1)] ?? 60_000;
  // The first question comes exactly when the channel's advice says, so that a drop heals on time.
  if (queryCount === 0) return baseMs;
  const share = (hashOf(`${orderNo}:${queryCount}`) % 2001) / 1000 - 1;
  return Math.round(baseMs * (1 + share * policy.jitterShare));
}

/** FNV-1a, 32 bits: spreads order numbers evenly and needs no package. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash ^= text.charCodeAt(at);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}
