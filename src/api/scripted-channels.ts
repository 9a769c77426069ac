/** Channels that answer as a test says, without a wire. */
import type {
  Connector,
  Connectors,
  NotificationReading,
  RefundAnswer,
  RefundCall,
} from '../channels/connector.ts';
import type { Outcome } from '../core/outcome.ts';
import type { ChannelRules } from '../core/policy.ts';
import type { RefundOutcome } from '../core/refund-outcome.ts';

/** What every channel answers to each call; a test changes it as it goes. */
export type Script = {
  pay: Outcome;
  query: Outcome;
  close: Outcome;
  /** Absent: the channel returns what it is asked to, at once. */
  refund?: RefundOutcome;
  /** Absent: no message is authentic. */
  notification?: NotificationReading;
};

export const PAYABLE: Outcome = {
  type: 'pending',
  nextAction: { type: 'display_qr', qrContent: 'https://bank.example/qr' },
  channelCode: 'ACCEPTED',
};
export const WAITING: Outcome = { type: 'pending', nextAction: null, channelCode: 'WAITING' };
export const CLOSED: Outcome = { type: 'closed', channelCode: 'CLOSED' };
export const UNKNOWN: Outcome = { type: 'unknown', reason: 'no answer in time', channelCode: '' };

export const DECLINED: Outcome = {
  type: 'failed',
  code: 'insufficient_balance',
  message: '余额不足',
  channelCode: 'NOT_ENOUGH',
};

/** The channel took this much, under one number. */
export function paid(amountMinor: number, currency = 'CNY'): Outcome {
  const charge = { transactionNo: 'T1', amountMinor, currency, paidAtMs: Date.now() };
  return { type: 'succeeded', charges: [charge], channelCode: 'PAID' };
}

const PAYER_ACTS = { chargesWithoutPayer: false, waitsForFinal: false, opensByLink: false };
export const RULES: ChannelRules = {
  queryDelaysMs: [2_000],
  queryCountMax: 3,
  validityMarginMs: 1_000,
  canClose: true,
  closeRefusesUnknown: true,
  validityMsMin: 0,
  products: { qr: PAYER_ACTS, redirect: PAYER_ACTS },
  refund: {
    windowMs: 365 * 24 * 3_600_000,
    gapMs: 0,
    partsMax: 50,
    resendsSafely: true,
    queryDelaysMs: [2_000],
    retryMs: 1_000,
    roundsMax: 3,
  },
};

/** The channels `wallet`, `bank` and `sandbox`, with one account each. */
export function scriptedConnectors(script: Script): Connectors {
  const all = ['wallet', 'bank', 'sandbox'].map((channel) => scriptedConnector(channel, script));
  return {
    all,
    forChannel: (channel) => all.find((one) => one.channel === channel) ?? null,
    get: (channel, account) =>
      all.find((one) => one.channel === channel && one.account === account) ?? null,
  };
}

function scriptedConnector(channel: string, script: Script): Connector {
  const answer = async (call: 'pay' | 'query' | 'close') =>
    await Promise.resolve({ outcome: script[call], raw: JSON.stringify(script[call]) });
  const closed = new Set<string>();
  const reply = { status: 200, contentType: 'text/plain', body: 'ok' };
  return {
    channel,
    account: 'main',
    rules: RULES,
    currencies: ['CNY', 'JPY'],
    callDeadlineMs: 3_000,
    queriesPerSecond: 10,
    acquire: () => ({ release: () => {} }),
    pay: async () => await answer('pay'),
    // What was closed stays closed.
    query: async ({ channelOrderNo }) =>
      closed.has(channelOrderNo) ? { outcome: CLOSED, raw: 'CLOSED' } : await answer('query'),
    close: async ({ channelOrderNo }) => {
      if (script.close.type === 'closed') closed.add(channelOrderNo);
      return await answer('close');
    },
    refund: async (call) => await refundAnswer(script, call),
    queryRefund: async (call) => await refundAnswer(script, call),
    statement: null,
    fetchStatement: async () => await Promise.resolve({ type: 'unknown', raw: 'no statements' }),
    link: () => ({ type: 'redirect', url: 'https://bank.example' }),
    readNotification: () =>
      script.notification ?? { type: 'refused', reason: 'the test sends no notifications' },
    acknowledge: reply,
    refuse: { ...reply, status: 400 },
  };
}

async function refundAnswer(script: Script, call: RefundCall): Promise<RefundAnswer> {
  const { channelRefundNo, transactionNo, amountMinor, currency } = call;
  const returned = { channelRefundNo, transactionNo, amountMinor, currency };
  const refund = { ...returned, refundId: `F${channelRefundNo}`, refundedAtMs: Date.now() };
  const outcome = script.refund ?? { type: 'succeeded', refund, channelCode: 'SUCCESS' };
  return await Promise.resolve({ outcome, raw: outcome.channelCode });
}
