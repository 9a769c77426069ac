/**
 * The channel accounts of the simulated world: each is as ill-mannered as one kind of real channel, and
 * has the rules by which the platform may rely on it. 渠道性格。
 */
import { queryDelayMs } from '../core/policy.ts';
import type { ChannelRules, Policy, ProductRules, RefundRules } from '../core/policy.ts';
import { FEE_BASIS_POINTS } from '../sandbox/fee-rule.ts';
import { accountName } from '../store/store.ts';
import type { Life } from './life.ts';

/** How a channel behaves beyond what its rules promise: its own truth, of which the platform knows nothing. */
export type Manner = {
  /** How long a refund takes that goes well, at least and at most; 0 for one that is answered as done. */
  readonly refundMs: readonly [number, number];
  /** Tells of each refund's end, those made at its console included. */
  readonly tellsRefunds: boolean;
  /** The same refund number twice is one refund. */
  readonly knowsRefundNo: boolean;
  /** Refuses a refund beyond what is left of the charge. */
  readonly guardsRemainder: boolean;
  /** Calls a refund dead and may pay it after all. */
  readonly revivesRefunds: boolean;
  /** Takes charges back. */
  readonly reverses: boolean;
  /** Sends messages with a wrong signature on purpose, to test us. */
  readonly probes: boolean;
};

export type SimulatedAccount = {
  readonly channel: string;
  readonly account: string;
  readonly rules: ChannelRules;
  readonly notifies: boolean;
  /** It has paid what it called dead before: its "dead" is no proof, and a person clears it up. */
  readonly deadIsNoProof?: boolean;
  /** What it keeps of a payment, as it told us; null where it told nothing, and fees are booked only. */
  readonly feeBasisPoints: number | null;
  readonly manner: Manner;
};

const PAYER_ACTS: ProductRules = {
  chargesWithoutPayer: false,
  waitsForFinal: false,
  opensByLink: false,
};
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const REFUNDS: RefundRules = {
  windowMs: 365 * DAY,
  gapMs: SECOND,
  partsMax: 50,
  resendsSafely: true,
  queryDelaysMs: [5 * SECOND, 15 * SECOND, MINUTE, 5 * MINUTE, HOUR],
  retryMs: MINUTE,
  roundsMax: 3,
};

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
  refund: { ...REFUNDS, gapMs: MINUTE },
};

const WELL_MANNERED: Manner = {
  refundMs: [300, 20 * SECOND],
  tellsRefunds: true,
  knowsRefundNo: true,
  guardsRemainder: true,
  revivesRefunds: false,
  reverses: false,
  probes: false,
};

const only = (...products: readonly string[]): ChannelRules['products'] =>
  Object.fromEntries(
    Object.entries(WALLET_RULES.products).filter(([product]) => products.includes(product)),
  );

/** Like WeChat Pay: refunds are accepted and may come to nothing, a minute lies between two of them; it tests our signatures. */
const WALLET: SimulatedAccount = {
  channel: 'sandbox',
  account: 'wallet',
  rules: WALLET_RULES,
  notifies: true,
  feeBasisPoints: FEE_BASIS_POINTS,
  manner: { ...WELL_MANNERED, probes: true },
};

/** A bank: no close call, refunds of the next day, charges that are taken back, and a dead refund that was not. */
const BANK: SimulatedAccount = {
  channel: 'sandbox',
  account: 'bank',
  rules: {
    ...WALLET_RULES,
    canClose: false,
    closeRefusesUnknown: false,
    products: only('redirect'),
    refund: { ...REFUNDS, queryDelaysMs: [MINUTE, HOUR, 6 * HOUR], gapMs: 0 },
  },
  notifies: true,
  feeBasisPoints: null,
  manner: { ...WELL_MANNERED, refundMs: [8 * HOUR, DAY], reverses: true, revivesRefunds: true },
};

/** Like Alipay: an order exists once its payer opens it, what does not exist cannot be closed; a refund is answered as done. */
const PAGE: SimulatedAccount = {
  channel: 'sandbox',
  account: 'page',
  rules: {
    ...WALLET_RULES,
    closeRefusesUnknown: false,
    products: only('page', 'qr'),
    refund: { ...REFUNDS, gapMs: 0 },
  },
  notifies: true,
  feeBasisPoints: FEE_BASIS_POINTS,
  manner: { ...WELL_MANNERED, refundMs: [0, 0], tellsRefunds: false },
};

/**
 * A weak one: it pays the same refund number twice, more than was charged, and what it called dead. So
 * nothing is sent to it twice, and its "dead" is no proof (see the simulated connector).
 */
const WEAK: SimulatedAccount = {
  channel: 'sandbox',
  account: 'weak',
  rules: {
    ...WALLET_RULES,
    products: only('qr', 'redirect', 'quickpay'),
    refund: { ...REFUNDS, resendsSafely: false },
  },
  notifies: true,
  deadIsNoProof: true,
  feeBasisPoints: null,
  manner: {
    ...WELL_MANNERED,
    knowsRefundNo: false,
    guardsRemainder: false,
    revivesRefunds: true,
  },
};

/** One that never says anything by itself. */
const SILENT: SimulatedAccount = {
  channel: 'query_only',
  account: 'main',
  rules: { ...WALLET_RULES, products: only('qr'), refund: REFUNDS },
  notifies: false,
  feeBasisPoints: FEE_BASIS_POINTS,
  manner: { ...WELL_MANNERED, tellsRefunds: false },
};

export const ACCOUNTS: readonly [SimulatedAccount, ...SimulatedAccount[]] = [
  WALLET,
  BANK,
  PAGE,
  WEAK,
  SILENT,
];

/** The account of that name; there is one, or the world is broken. */
export function accountOf(channel: string, account: string): SimulatedAccount {
  const found = ACCOUNTS.find((one) => one.channel === channel && one.account === account);
  if (!found) throw new Error(`there is no account ${channel}/${account}`);
  return found;
}

/** The pause until the first question, by account. */
export function firstQueryMs(policy: Policy): Map<string, number> {
  return new Map(ACCOUNTS.map((one) => [accountName(one), queryDelayMs(one.rules, policy, '', 0)]));
}

/** An outage takes whole minutes of one account, drawn by the minute. */
export function isDown({ world, faults }: Life, account: SimulatedAccount): boolean {
  const minute = Math.floor(world.nowMs / MINUTE);
  return faults.hitsOnce('channel_outage', `${accountName(account)}:${minute}`);
}
