/** The channel accounts of the simulated world, each with other abilities, and their outages. */
import { queryDelayMs } from '../core/policy.ts';
import type { ChannelRules, Policy, ProductRules } from '../core/policy.ts';
import { accountName } from '../store/store.ts';
import type { Life } from './life.ts';

export type SimulatedAccount = {
  readonly channel: string;
  readonly account: string;
  readonly rules: ChannelRules;
  readonly notifies: boolean;
};

const PAYER_ACTS: ProductRules = {
  chargesWithoutPayer: false,
  waitsForFinal: false,
  opensByLink: false,
};
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

const WALLET_RULES: ChannelRules = {
  queryDelaysMs: [2 * SECOND, 5 * SECOND, 15 * SECOND, 30 * SECOND, MINUTE, 5 * MINUTE],
  queryCountMax: 10,
  // Longer than a call may take to arrive, and than a lagging copy is behind.
  validityMarginMs: 15 * SECOND,
  canClose: true,
  closeRefusesUnknown: true,
  validityMsMin: SECOND,
  products: {
    qr: PAYER_ACTS,
    redirect: PAYER_ACTS,
    quickpay: { ...PAYER_ACTS, chargesWithoutPayer: true },
    quickpay_accepted: { ...PAYER_ACTS, chargesWithoutPayer: true, waitsForFinal: true },
    page: { ...PAYER_ACTS, opensByLink: true },
  },
  refund: {
    windowMs: 365 * 24 * 60 * MINUTE,
    gapMs: SECOND,
    partsMax: 50,
    resendsSafely: true,
    queryDelaysMs: [5 * SECOND, 15 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE],
    retryMs: MINUTE,
    roundsMax: 3,
  },
};

const only = (...products: readonly string[]): ChannelRules['products'] =>
  Object.fromEntries(
    Object.entries(WALLET_RULES.products).filter(([product]) => products.includes(product)),
  );

/**
 * A wallet with every ability; a bank that closes nothing; a page whose orders exist once they are
 * opened, and that forgets what it never saw; and a channel that never says anything by itself.
 */
export const ACCOUNTS: readonly [SimulatedAccount, ...SimulatedAccount[]] = [
  { channel: 'sandbox', account: 'wallet', rules: WALLET_RULES, notifies: true },
  {
    channel: 'sandbox',
    account: 'bank',
    rules: {
      ...WALLET_RULES,
      canClose: false,
      closeRefusesUnknown: false,
      products: only('redirect'),
    },
    notifies: true,
  },
  {
    channel: 'sandbox',
    account: 'page',
    rules: { ...WALLET_RULES, closeRefusesUnknown: false, products: only('page', 'qr') },
    notifies: true,
  },
  {
    channel: 'query_only',
    account: 'main',
    rules: { ...WALLET_RULES, products: only('qr') },
    notifies: false,
  },
];

/** The pause until the first question, by account. */
export function firstQueryMs(policy: Policy): Map<string, number> {
  return new Map(ACCOUNTS.map((one) => [accountName(one), queryDelayMs(one.rules, policy, '', 0)]));
}

/** An outage takes whole minutes of one account, drawn by the minute. */
export function isDown({ world, faults }: Life, account: SimulatedAccount): boolean {
  const minute = Math.floor(world.nowMs / MINUTE);
  return faults.hitsOnce('channel_outage', `${accountName(account)}:${minute}`);
}
