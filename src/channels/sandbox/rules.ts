/** What the sandbox's channels advise and promise; the numbers are those of its wire. */
import type { ChannelRules, ProductRules, RefundRules } from '../../core/policy.ts';

/** The channels that speak the sandbox's wire. `query_only` never notifies. */
export type SandboxChannel = 'sandbox' | 'query_only';

const PAYER_ACTS: ProductRules = {
  chargesWithoutPayer: false,
  waitsForFinal: false,
  opensByLink: false,
};

const PRODUCTS: Readonly<Record<SandboxChannel, ChannelRules['products']>> = {
  sandbox: {
    qr: PAYER_ACTS,
    redirect: PAYER_ACTS,
    quickpay: { ...PAYER_ACTS, chargesWithoutPayer: true },
    quickpay_accepted: { ...PAYER_ACTS, chargesWithoutPayer: true, waitsForFinal: true },
    page: { ...PAYER_ACTS, opensByLink: true },
  },
  query_only: { qr: PAYER_ACTS },
};

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

/** The window, the gap and the parts are what the sandbox's books enforce; the rest is its advice. */
const REFUND: RefundRules = {
  windowMs: 365 * 24 * 60 * MINUTE_MS,
  gapMs: SECOND_MS,
  partsMax: 50,
  // The same number and content is the same refund, however often it comes.
  resendsSafely: true,
  // Done within a second as a rule; a slow one takes ten minutes.
  queryDelaysMs: [
    SECOND_MS,
    2 * SECOND_MS,
    5 * SECOND_MS,
    15 * SECOND_MS,
    30 * SECOND_MS,
    MINUTE_MS,
    5 * MINUTE_MS,
    10 * MINUTE_MS,
    30 * MINUTE_MS,
  ],
  retryMs: 5 * SECOND_MS,
  roundsMax: 3,
};

/** What a configuration or a test may set otherwise. */
export type RuleOverrides = Partial<Omit<ChannelRules, 'refund'>> & {
  readonly refund?: Partial<RefundRules>;
};

/** The rules of a sandbox channel, with the overrides of a configuration or a test. */
export function sandboxRules(
  channel: SandboxChannel,
  { refund, ...overrides }: RuleOverrides = {},
): ChannelRules {
  return {
    queryDelaysMs: [
      2 * SECOND_MS,
      3 * SECOND_MS,
      5 * SECOND_MS,
      10 * SECOND_MS,
      30 * SECOND_MS,
      MINUTE_MS,
      2 * MINUTE_MS,
      5 * MINUTE_MS,
      10 * MINUTE_MS,
    ],
    queryCountMax: 30,
    validityMarginMs: 5 * SECOND_MS,
    canClose: true,
    closeRefusesUnknown: true,
    validityMsMin: SECOND_MS,
    products: PRODUCTS[channel],
    ...overrides,
    refund: { ...REFUND, ...refund },
  };
}
