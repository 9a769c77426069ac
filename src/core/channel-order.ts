/**
 * The channel order (渠道订单): one request for money that we send to one channel. Towards the
 * channel we are the merchant. A payment has N of them, and a failed one is never overwritten.
 */
import type { Charge } from './charge.ts';
import type { ChannelRefund, ForeignReturn } from './channel-refund.ts';
import type { NextAction, Via } from './outcome.ts';

export const CHANNEL_ORDER_STATUSES = [
  'created',
  'pending',
  'unknown',
  'held',
  'succeeded',
  'failed',
  'closed',
  'reversed',
] as const;
export type ChannelOrderStatus = (typeof CHANNEL_ORDER_STATUSES)[number];

/**
 * Every legal move. Money proven after a negative end is accepted (a fact may not be refused);
 * nothing leads from `succeeded` back to "unpaid", and nothing leads to `failed` but a channel's no.
 */
export const CHANNEL_ORDER_MOVES: Readonly<
  Record<ChannelOrderStatus, readonly ChannelOrderStatus[]>
> = {
  created: ['pending', 'unknown', 'succeeded', 'failed', 'closed', 'held'],
  pending: ['succeeded', 'failed', 'closed', 'held'],
  unknown: ['pending', 'succeeded', 'failed', 'closed', 'held'],
  held: ['closed', 'reversed'],
  succeeded: ['reversed'],
  failed: ['succeeded', 'held'],
  closed: ['succeeded', 'held'],
  reversed: ['succeeded', 'held'],
};

/**
 * Where the safe close of an order stands: query → close → query → closed (see expired-payment).
 * `retrying`: the channel did not close it, and is asked why before the next attempt.
 */
export type CloseStep = 'none' | 'asking' | 'closing' | 'confirming' | 'retrying';

/** Why an order is dead; without one of these no order ends unpaid (I6). */
export type DeathEvidence =
  | 'channel_failed'
  | 'channel_closed'
  | 'close_acknowledged'
  | 'not_found_after_validity'
  | 'channel_reversed'
  /** The order came to the channel book when its validity was over: its channel never heard of it. */
  | 'never_sent'
  | 'held_money_returned'
  /** The channel's complete statements lack it, and a question after them does not say otherwise. */
  | 'statement_silent';

/** Whether such an order was never known to its channel. */
export function isNeverOpened(evidence: DeathEvidence): boolean {
  return evidence === 'not_found_after_validity' || evidence === 'never_sent';
}

export type ChannelOrder = {
  readonly attempt: number;
  readonly channel: string;
  readonly account: string;
  readonly product: string;
  /** The number sent to the channel; minted once, the same for life. */
  readonly channelOrderNo: string;
  readonly amountMinor: number;
  readonly currency: string;
  /** Until when the channel may take money: sent to it with the order. */
  readonly validUntilMs: number;
  readonly createdAtMs: number;
  readonly status: ChannelOrderStatus;
  readonly closeStep: CloseStep;
  /** Planned questions asked so far; decides the pause before the next and when to hand over. */
  readonly queryCount: number;
  /** True once the planned questions are used up: only a statement can still answer. */
  readonly awaitsStatement: boolean;
  /** When the first authentic notification came; copies of it are counted once. */
  readonly notifiedAtMs: number | null;
  readonly confirmedBy: Via | null;
  readonly deathEvidence: DeathEvidence | null;
  readonly failure: {
    readonly code: string;
    readonly message: string;
    readonly channelCode: string;
  } | null;
  readonly nextAction: NextAction | null;
  /** What the channel took under this number, in the order in which we learned of it. */
  readonly charges: readonly Charge[];
  /** What we asked the channel to give back of them, in the order of their numbers. */
  readonly refunds: readonly ChannelRefund[];
  /** What was given back without us. */
  readonly foreignReturns: readonly ForeignReturn[];
};

/** Orders whose end is not known: a channel may still take, or have taken, money for them. */
export function isOpen(order: ChannelOrder): boolean {
  return order.status === 'created' || order.status === 'pending' || order.status === 'unknown';
}

/** What the order waits for, as the API shows it; null when nothing is awaited any more. */
export function awaiting(order: ChannelOrder): 'notification' | 'query' | 'statement' | null {
  if (!isOpen(order)) return null;
  if (order.awaitsStatement) return 'statement';
  return order.status === 'pending' && order.queryCount === 0 && order.closeStep === 'none'
    ? 'notification'
    : 'query';
}

/** The order in a new status. Throws when the move is not in the table: that is our bug, never a channel's. */
export function moved(
  order: ChannelOrder,
  status: ChannelOrderStatus,
  change: Partial<ChannelOrder> = {},
): ChannelOrder {
  if (!CHANNEL_ORDER_MOVES[order.status].includes(status)) {
    throw new Error(
      `channel order ${order.channelOrderNo} cannot go from ${order.status} to ${status}`,
    );
  }
  return { ...order, ...change, status };
}
