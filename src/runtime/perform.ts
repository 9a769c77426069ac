/**
 * Performing effects at a channel: one call out, one fact in. The guard (the committed order and its
 * next question) stands before the call leaves, so a crash anywhere in here ends in a query.
 */
import type { Answer, Connector, Connectors, Permit } from '../channels/connector.ts';
import type { Aggregate } from '../core/aggregate.ts';
import type { ChannelOrder } from '../core/channel-order.ts';
import { isOpen } from '../core/channel-order.ts';
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
};

/** Longest piece of a channel's words that is kept as evidence, in characters. */
const RAW_LENGTH_MAX = 2_000;

/** A performer over these connectors and this door. */
export function newPerformer(
  connectors: Connectors,
  door: Door,
  clock: Clock,
  killPoint: KillPoints,
): Performer {
  return {
    perform: async (aggregate, attempt, operation, options) => {
      const order = aggregate.orders.find((one) => one.attempt === attempt);
      const connector = order && connectors.get(order.channel, order.account);
      if (!order || !connector) return null;
      const permit = options.permit ?? connector.acquire();
      if (!permit) return null;
      const deadlineAtMs = Math.min(clock.nowMs() + connector.callDeadlineMs, options.deadlineAtMs);
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
          from: { channel: order.channel, account: order.account },
        },
      );
      killPoint(`${operation}.after_fact`);
      return applied;
    },
  };
}

/** Whether asking about this order can still teach us anything: it is open, or its amount is in doubt. */
export function needsAnswer(aggregate: Aggregate, attempt: number): boolean {
  const order = aggregate.orders.find((one) => one.attempt === attempt);
  if (!order) return false;
  if (isOpen(order)) return !order.awaitsStatement;
  return aggregate.cases.some(
    (one) =>
      one.kind === 'amount_mismatch' &&
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
