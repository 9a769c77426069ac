/** The channel accounts of scripted payments, each with other abilities. */
import type { ChannelRules } from '../../src/core/policy.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

const PRODUCTS = {
  qr: { chargesWithoutPayer: false, waitsForFinal: false, opensByLink: false },
  redirect: { chargesWithoutPayer: false, waitsForFinal: false, opensByLink: false },
  quickpay: { chargesWithoutPayer: true, waitsForFinal: false, opensByLink: false },
  page: { chargesWithoutPayer: false, waitsForFinal: false, opensByLink: true },
};

/** A channel with every ability: it closes, and remembers a number that was closed before it came. */
export const WALLET_RULES: ChannelRules = {
  queryDelaysMs: [15 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE],
  queryCountMax: 4,
  validityMarginMs: MINUTE,
  canClose: true,
  closeRefusesUnknown: true,
  validityMsMin: 0,
  products: PRODUCTS,
  refund: {
    windowMs: 365 * 24 * 60 * MINUTE,
    gapMs: MINUTE,
    partsMax: 50,
    resendsSafely: true,
    queryDelaysMs: [MINUTE, 5 * MINUTE, 30 * MINUTE],
    retryMs: 10 * MINUTE,
    roundsMax: 3,
  },
};

/** What stands behind each account: a wallet, a page that exists once it is opened, a bank that never closes. */
const RULES: Readonly<Record<string, ChannelRules>> = {
  'wallet/main': WALLET_RULES,
  'page/main': { ...WALLET_RULES, closeRefusesUnknown: false },
  'careless/main': {
    ...WALLET_RULES,
    refund: { ...WALLET_RULES.refund, resendsSafely: false, partsMax: 2 },
  },
  'bank/main': { ...WALLET_RULES, canClose: false, closeRefusesUnknown: false },
};

/** The rules of one of the accounts above; throws for any other, as the platform does. */
export function rulesOf(channel: string, account: string): ChannelRules {
  const rules = RULES[`${channel}/${account}`];
  if (!rules) throw new Error(`${channel}/${account} is not configured`);
  return rules;
}
