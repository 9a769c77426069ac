/**
 * Performing effects at a channel: one call out, one fact in. The guard (the committed order and its
 * next question) stands before the call leaves, so a crash anywhere in here ends in a query.
 */
import type { Answer, Connector, Connectors, Permit, RefundAnswer } from '../channels/connector.ts';
import type { Aggregate } from '../core/aggregate.ts';
import type { ChannelOrder } from '../core/channel-order.ts';
import { isOpen } from '../core/channel-order.ts';
import type { ChannelRefund } from '../core/channel-refund.ts';
import { isReleased } from '../core/channel-refunds.ts';
import type { Operation } from '../core/outcome.ts';
import type { Applied, Door } from './apply.ts';
import type { Clock } from './clock.ts';
import type { KillPoints } from './kill-point.ts';

export type CallOptions = {
  /** True when the dropped-order plan asks; a request in line and a merchant's sync are not planned. */
  readonly planned: boolean;
  /** The caller's own deadline; the channel's total deadline holds besides. Infinity for none. */
  readonly deadlineAtMs: number;
  /** A place in the bulkhead that the caller took beforehand; released here. */
  readonly permit: Permit | null;
};

export type Performer = {
  /**
   * Calls the channel for one of the payment's orders and puts its answer in. Answers null when the
   * call could not leave, because the bulkhead is full or the account is not configured any more:
   * then nothing happened, and the order's job stays.
   */
  perform(
    aggregate: Aggregate,
    attempt: number,
    operation: 'pay' | 'query' | 'close',
    options: CallOptions,
  ): Promise<Applied | null>;
  /**
   * Sends a channel refund, or asks about it, and puts the answer in. Before it is sent its guard is
   * committed, and the brake is asked where nobody but the platform wants it. Null as above.
   */
  performRefund(
    aggregate: Aggregate,
    attempt: number,
    number: number,
    operation: 'send' | 'query',
    options: CallOptions,
  ): Promise<Applied | null>;
};

/** Asks the brake on automatic money out, and counts what it lets pass. */
export type Brake = (spending: {
  readonly channel: string;
  readonly account: string;
  readonly currency: string;
  readonly amountMinor: number;
  /** A person released this very refund. */
  readonly isReleased: boolean;
}) => Promise<'allowed' | 'switched_off' | 'limit_reached'>;

const BRAKE_WORDS = {
  switched_off: 'the switch is on',
  limit_reached: "this hour's limit is reached",
} as const;

/** Longest piece of a channel's words that is kept as evidence, in characters. */
const RAW_LENGTH_MAX = 2_000;

/** A performer over these connectors and this door. */
export function newPerformer(
  connectors: Connectors,
  door: Door,
  clock: Clock,
  killPoint: KillPoints,
  brake: Brake,
): Performer {
  const parts = { door, clock, killPoint, brake };
  return {
    performRefund: async (aggregate, attempt, number, operation, options) => {
      const order = aggregate.orders.find((one) => one.attempt === attempt);
      const refund = order?.refunds.find((one) => one.number === number);
      const connector = order && connectors.get(order.channel, order.account);
      if (!order || !refund || !connector) return null;
      const permit = options.permit ?? connector.acquire();
      if (!permit) return null;
      const one: OneRefund = { aggregate, order, refund, connector };
      try {
        if (operation === 'query') return await exchangeRefund(parts, one, 'refund_query', options);
        const stopped = await beginRefund(parts, one);
        return stopped ?? (await exchangeRefund(parts, one, 'refund', options));
      } finally {
        permit.release();
      }
    },
    perform: async (aggregate, attempt, operation, options) => {
      const order = aggregate.orders.find((one) => one.attempt === attempt);
      const connector = order && connectors.get(order.channel, order.account);
      if (!order || !connector) return null;
      const permit = options.permit ?? connector.acquire();
      if (!permit) return null;
      const askedAtMs = clock.nowMs();
      const deadlineAtMs = Math.min(askedAtMs + connector.callDeadlineMs, options.deadlineAtMs);
      killPoint(`${operation}.before_call`);
      const answer = await call(connector, aggregate, order, operation, deadlineAtMs).finally(() =>
        permit.release(),
      );
      killPoint(`${operation}.after_call`);
      const { merchantNumber, id: paymentId } = aggregate.payment;
      const applied = await door.apply(
        { merchantNumber, paymentId },
        {
          type: 'outcome_learned',
          attempt,
          outcome: answer.outcome,
          evidence: {
            via: operation === 'query' ? 'query' : 'response',
            operation: operation satisfies Operation,
            raw: answer.raw.slice(0, RAW_LENGTH_MAX),
          },
          planned: options.planned,
          askedAtMs,
          from: { channel: order.channel, account: order.account },
        },
      );
      killPoint(`${operation}.after_fact`);
      return applied;
    },
  };
}

type RefundParts = {
  readonly door: Door;
  readonly clock: Clock;
  readonly killPoint: KillPoints;
  readonly brake: Brake;
};

type OneRefund = {
  readonly aggregate: Aggregate;
  readonly order: ChannelOrder;
  readonly refund: ChannelRefund;
  readonly connector: Connector;
};

/** Asks the brake and commits the guard; answers what was decided when the call may not leave. */
async function beginRefund(
  { door, killPoint, brake }: RefundParts,
  { aggregate, order, refund }: OneRefund,
): Promise<Applied | null> {
  const { merchantNumber, id: paymentId } = aggregate.payment;
  const key = { merchantNumber, paymentId };
  const { attempt, channel, account } = order;
  const { number, amountMinor, currency } = refund;
  // A refund that was sent before has been counted.
  if (refund.isAutomatic && refund.sentAtMs === null && refund.status === 'owed') {
    const answer = await brake({
      channel,
      account,
      currency,
      amountMinor,
      isReleased: isReleased(refund),
    });
    if (answer !== 'allowed') {
      const reason = BRAKE_WORDS[answer];
      return await door.apply(key, {
        type: 'refund_held_back',
        attempt,
        number,
        by: 'brake',
        reason,
      });
    }
  }
  killPoint('refund.before_guard');
  const applied = await door.apply(key, { type: 'refund_sending', attempt, number });
  killPoint('refund.after_guard');
  // Somebody else has begun, or it is not to be sent (any more, or yet).
  return applied.decision.type === 'changed' ? null : applied;
}

async function exchangeRefund(
  { door, clock, killPoint }: RefundParts,
  { aggregate, order, refund, connector }: OneRefund,
  operation: 'refund' | 'refund_query',
  options: CallOptions,
): Promise<Applied> {
  const deadlineAtMs = Math.min(clock.nowMs() + connector.callDeadlineMs, options.deadlineAtMs);
  killPoint(`${operation}.before_call`);
  const answer = await callRefund(connector, order, refund, operation, deadlineAtMs);
  killPoint(`${operation}.after_call`);
  const { merchantNumber, id: paymentId } = aggregate.payment;
  const applied = await door.apply(
    { merchantNumber, paymentId },
    {
      type: 'refund_outcome_learned',
      attempt: order.attempt,
      number: refund.number,
      outcome: answer.outcome,
      evidence: {
        via: operation === 'refund_query' ? 'query' : 'response',
        operation,
        raw: answer.raw.slice(0, RAW_LENGTH_MAX),
      },
      planned: options.planned,
      from: { channel: order.channel, account: order.account },
    },
  );
  killPoint(`${operation}.after_fact`);
  return applied;
}

async function callRefund(
  connector: Connector,
  order: ChannelOrder,
  refund: ChannelRefund,
  operation: 'refund' | 'refund_query',
  deadlineAtMs: number,
): Promise<RefundAnswer> {
  const { channelRefundNo, transactionNo, amountMinor, currency } = refund;
  const charge = order.charges.find((one) => one.transactionNo === transactionNo);
  const asked = {
    channelOrderNo: order.channelOrderNo,
    channelRefundNo,
    transactionNo,
    amountMinor,
    currency,
    chargedMinor: charge?.amountMinor ?? amountMinor,
  };
  try {
    return operation === 'refund'
      ? await connector.refund(asked, deadlineAtMs)
      : await connector.queryRefund(asked, deadlineAtMs);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { outcome: { type: 'unknown', reason, channelCode: 'no_answer' }, raw: reason };
  }
}

/** Whether asking about this order can still teach us anything: it is open, or what it was paid is in doubt. */
export function needsAnswer(aggregate: Aggregate, attempt: number): boolean {
  const order = aggregate.orders.find((one) => one.attempt === attempt);
  if (!order) return false;
  if (isOpen(order)) return !order.awaitsStatement;
  return aggregate.cases.some(
    (one) =>
      (one.kind === 'amount_mismatch' || one.kind === 'conflicting_outcome') &&
      one.attempt === attempt &&
      one.resolvedAtMs === null &&
      one.owner === 'platform',
  );
}

async function call(
  connector: Connector,
  { payment }: Aggregate,
  order: ChannelOrder,
  operation: 'pay' | 'query' | 'close',
  deadlineAtMs: number,
): Promise<Answer> {
  try {
    switch (operation) {
      case 'pay':
        return await connector.pay(order, payment, deadlineAtMs);
      case 'query':
        return await connector.query(order, deadlineAtMs);
      case 'close':
        return await connector.close(order, deadlineAtMs);
    }
  } catch (error) {
    // Whatever broke, the call may have arrived: nobody knows, and a question will tell.
    const reason = error instanceof Error ? error.message : String(error);
    return { outcome: { type: 'unknown', reason, channelCode: 'no_answer' }, raw: reason };
  }
}
