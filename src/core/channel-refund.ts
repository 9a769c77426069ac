/**
 * The channel refund (渠道退款单): one request to one channel to give a charge back. It keeps one number
 * for life and is retried only under it; another one is opened only after the channel has proved the
 * former dead. Unknown is asked about without an age limit.
 */
import type { Via } from './outcome.ts';

export const CHANNEL_REFUND_STATUSES = [
  'owed',
  'held_back',
  'sending',
  'pending',
  'unknown',
  'succeeded',
  'failed',
  'requires_action',
] as const;
/**
 * `owed`: to be sent at its time. `held_back`: the brake on automatic money out keeps it. `sending`: the
 * guard is committed and the call may have left. `failed`: the channel proved the number dead.
 */
export type ChannelRefundStatus = (typeof CHANNEL_REFUND_STATUSES)[number];

/** Every legal move. What a channel proves is accepted in every state, so money leads to `succeeded` from everywhere. */
export const CHANNEL_REFUND_MOVES: Readonly<
  Record<ChannelRefundStatus, readonly ChannelRefundStatus[]>
> = {
  owed: ['sending', 'held_back', 'pending', 'succeeded', 'failed', 'requires_action'],
  held_back: ['owed', 'pending', 'succeeded', 'failed', 'requires_action'],
  sending: ['owed', 'pending', 'unknown', 'succeeded', 'failed', 'requires_action'],
  pending: ['succeeded', 'failed', 'requires_action'],
  unknown: ['owed', 'pending', 'succeeded', 'failed', 'requires_action'],
  requires_action: ['owed', 'succeeded', 'failed'],
  failed: ['succeeded'],
  succeeded: [],
};

export type ChannelRefund = {
  /** 1, 2, … inside its channel order. */
  readonly number: number;
  /** Which refund of the payment book it carries out. */
  readonly refundKey: string;
  /** 1 for the first number tried for that refund; the next one only after proof that the former is dead. */
  readonly round: number;
  /** The number sent to the channel; minted once, the same for life. */
  readonly channelRefundNo: string;
  readonly transactionNo: string;
  readonly amountMinor: number;
  readonly currency: string;
  /** Nobody asked for it but the platform itself: the brake counts it. */
  readonly isAutomatic: boolean;
  readonly createdAtMs: number;
  readonly status: ChannelRefundStatus;
  /** Not sent before: the channel's gap between two refunds of an order, or its own "not now". */
  readonly sendAtMs: number;
  /** When the guard of the last sending was committed; null while it was never sent. */
  readonly sentAtMs: number | null;
  /** Planned questions asked so far; decides the pause before the next. */
  readonly queryCount: number;
  /** The channel's own number and time, once it returned the money. */
  readonly refundId: string | null;
  readonly refundedAtMs: number | null;
  readonly confirmedBy: Via | null;
  /** The refund had been returned under another number already: this is money returned twice. */
  readonly isExtra: boolean;
  readonly failure: {
    readonly code: string;
    readonly message: string;
    readonly channelCode: string;
  } | null;
};

/** Money that was returned at the channel's own console, by the channel's number of it. */
export type ForeignReturn = {
  readonly refundId: string;
  readonly transactionNo: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly refundedAtMs: number;
  readonly via: Via;
};

/** What of one charge was returned without us. */
export function takenBackOf(returns: readonly ForeignReturn[], transactionNo: string): number {
  return returns
    .filter((one) => one.transactionNo === transactionNo)
    .reduce((sum, one) => sum + one.amountMinor, 0);
}

/** Whether money may still move under it. */
export function isLive(refund: Pick<ChannelRefund, 'status'>): boolean {
  return refund.status !== 'succeeded' && refund.status !== 'failed';
}

/** Whether nobody knows yet what the channel did with it. */
export function isInFlight(refund: Pick<ChannelRefund, 'status'>): boolean {
  return refund.status === 'sending' || refund.status === 'pending' || refund.status === 'unknown';
}

/** The channel refund in a new status; throws when the move is not in the table, which would be our bug. */
export function movedRefund(
  refund: ChannelRefund,
  status: ChannelRefundStatus,
  change: Partial<ChannelRefund> = {},
): ChannelRefund {
  if (status !== refund.status && !CHANNEL_REFUND_MOVES[refund.status].includes(status)) {
    throw new Error(
      `channel refund ${refund.channelRefundNo} cannot go from ${refund.status} to ${status}`,
    );
  }
  return { ...refund, ...change, status };
}
