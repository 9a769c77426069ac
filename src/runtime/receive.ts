/**
 * Receiving channel notifications. A message that is not authentic changes nothing and is counted.
 * An authentic one is acknowledged only when what it says is durable: applied at once as a rule,
 * else stored raw with a job that will apply it.
 */
import type {
  Connectors,
  NotificationReading,
  NotificationReply,
  RawNotification,
} from '../channels/connector.ts';
import { merchantNumberOf, readChannelOrderNo, readChannelRefundNo } from '../core/id.ts';
import type { Fact } from '../core/input.ts';
import type { PaymentKey } from '../store/store.ts';
import type { Applied, Door } from './apply.ts';
import type { Clock } from './clock.ts';
import type { KillPoints } from './kill-point.ts';
import { newRateLimit } from './rate-limit.ts';

export type NotificationVerdict = 'refused' | 'unmatched' | 'applied' | 'stored';

/** Where raw messages are kept that are not part of a payment's history. */
export type NotificationStore = {
  readonly keep: (
    source: { readonly channel: string; readonly account: string },
    message: RawNotification,
    verdict: 'refused' | 'unmatched',
    reason: string,
  ) => Promise<void>;
  readonly keepForLater: (
    source: { readonly channel: string; readonly account: string },
    message: RawNotification,
    key: PaymentKey,
    fact: Fact,
  ) => Promise<void>;
};

export type Receiver = {
  /** Answers in the channel's own words; null when there is no such channel account. Throws when nothing could be made durable. */
  receive(
    channel: string,
    account: string,
    message: RawNotification,
  ): Promise<NotificationReply | null>;
};

export type ReceiverOptions = {
  readonly connectors: Connectors;
  readonly door: Door;
  readonly store: NotificationStore;
  readonly clock: Clock;
  readonly killPoint: KillPoints;
  readonly count: (channel: string, verdict: NotificationVerdict) => void;
  /** How long the decision may take before the message is stored for later: far below any channel's patience. */
  readonly applyWithinMs: number;
};

/** Refused messages kept per second; the rest are only counted, so that a flood cannot fill the disk. */
const REFUSED_KEPT_PER_SECOND = 10;
/** Longest piece of a refused message that is kept, in bytes. */
const REFUSED_BYTES_MAX = 4_096;

/** A receiver for all channel accounts. */
export function newReceiver(options: ReceiverOptions): Receiver {
  const keepLimit = newRateLimit(REFUSED_KEPT_PER_SECOND);
  return {
    receive: async (channel, account, message) => {
      const connector = options.connectors.get(channel, account);
      if (!connector) return null;
      options.killPoint('notification.before_verify');
      const reading = connector.readNotification(message);
      options.killPoint('notification.after_verify');
      if (reading.type === 'refused') {
        options.count(channel, 'refused');
        if (keepLimit.take(1, options.clock.nowMs()) === 1) {
          const cut = { ...message, body: message.body.subarray(0, REFUSED_BYTES_MAX) };
          await options.store.keep(connector, cut, 'refused', reading.reason);
        }
        return connector.refuse;
      }
      const place = readChannelOrderNo(reading.channelOrderNo);
      const told = place && factOf(reading, place.attempt, channel);
      if (!place || !told) {
        options.count(channel, 'unmatched');
        const reason = place
          ? 'The message says nothing about a refund of ours.'
          : 'The order number is none of ours.';
        await options.store.keep(connector, message, 'unmatched', reason);
        return connector.acknowledge;
      }
      const key = { merchantNumber: merchantNumberOf(place.paymentId), paymentId: place.paymentId };
      await takeIn(options, connector, message, key, told);
      options.killPoint('notification.before_answer');
      return connector.acknowledge;
    },
  };
}

type Authentic = Exclude<NotificationReading, { type: 'refused' }>;

/** What an authentic message tells about an order or a refund of ours; null when it tells nothing. */
function factOf(reading: Authentic, attempt: number, channel: string): Fact | null {
  const evidence = {
    via: 'notification',
    operation: 'notification',
    raw: reading.raw,
  } as const;
  const from = { channel, account: reading.account };
  if (reading.type === 'authentic') {
    const { outcome } = reading;
    return { type: 'outcome_learned', attempt, outcome, evidence, planned: false, from };
  }
  const { outcome, channelRefundNo, channelOrderNo } = reading;
  const ours = channelRefundNo === null ? null : readChannelRefundNo(channelRefundNo);
  if (ours?.channelOrderNo === channelOrderNo) {
    const { number } = ours;
    return {
      type: 'refund_outcome_learned',
      attempt,
      number,
      outcome,
      evidence,
      planned: false,
      from,
    };
  }
  // Only money that really went back is told of when it was not our doing.
  if (outcome.type !== 'succeeded') return null;
  return { type: 'foreign_refund_learned', attempt, refund: outcome.refund, evidence, from };
}

async function takeIn(
  options: ReceiverOptions,
  source: { readonly channel: string; readonly account: string },
  message: RawNotification,
  key: PaymentKey,
  fact: Fact,
): Promise<void> {
  const applied = await within(options.door.apply(key, fact), options);
  if (applied === 'late') {
    await options.store.keepForLater(source, message, key, fact);
    options.killPoint('notification.after_store_raw');
    options.count(source.channel, 'stored');
    return;
  }
  options.killPoint('notification.after_apply');
  if (applied.decision.type === 'refused') {
    options.count(source.channel, 'unmatched');
    await options.store.keep(source, message, 'unmatched', applied.decision.refusal.detail);
    return;
  }
  options.count(source.channel, 'applied');
}

/** The decision, or `late` when it takes too long or breaks: the message is then stored instead. */
async function within(
  applied: Promise<Applied>,
  options: ReceiverOptions,
): Promise<Applied | 'late'> {
  const patience = new AbortController();
  const late = options.clock
    .sleep(options.applyWithinMs, patience.signal)
    .then(() => 'late' as const);
  try {
    return await Promise.race([applied.catch(() => 'late' as const), late]);
  } finally {
    // With a reason of our own no error has to be made for it, stack and all, at each notification.
    patience.abort('decided');
  }
}
