/** What the sandbox's channels advise and promise; the numbers are those of its wire. */
import type { ChannelRules, ProductRules } from '../../core/policy.ts';

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

/** The rules of a sandbox channel, with the overrides of a configuration or a test. */
export function sandboxRules(
  channel: SandboxChannel,
  overrides: Partial<ChannelRules> = {},
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
  };
}
