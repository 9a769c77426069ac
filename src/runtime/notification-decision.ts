/** What a named person decides about a notification that nobody could place. */
import type { Connectors } from '../channels/connector.ts';
import { decide } from '../core/decide.ts';
import type { Context } from '../core/decision.ts';
import { obstacleToAdoption } from '../core/exceptions/unmatched-notification.ts';
import { merchantNumberOf, readChannelOrderNo } from '../core/id.ts';
import type { Fact } from '../core/input.ts';
import type { KeptNotification } from '../store/postgres/kept-notifications.ts';
import { endNotification } from '../store/postgres/kept-notifications.ts';
import { recordAct } from '../store/postgres/operator-acts.ts';
import type { Pool } from '../store/postgres/pool.ts';
import type { Store } from '../store/store.ts';
import type { Door } from './apply.ts';
import type { Clock } from './clock.ts';

export type NotificationDecision = {
  readonly by: string;
  readonly reason: string;
  readonly dryRun: boolean;
};

export type DecidedNotification =
  | {
      readonly type: 'decided';
      readonly changes: readonly string[];
      readonly paymentId: string | null;
    }
  /** `no_such_order`: the number that the person named leads nowhere. */
  | {
      readonly type: 'refused';
      readonly why: 'over' | 'does_not_fit' | 'no_such_order';
      readonly detail: string;
    };

export type NotificationDecisions = {
  /** Applies what the message proves to a channel order, if account, amount and currency fit. */
  adopt(
    kept: KeptNotification,
    channelOrderNo: string,
    decision: NotificationDecision,
  ): Promise<DecidedNotification>;
  /** It is about nothing of ours: it stays, and waits for nobody any more. */
  dismiss(kept: KeptNotification, decision: NotificationDecision): Promise<DecidedNotification>;
};

export type NotificationDecisionsOptions = {
  readonly pool: Pool;
  /** Where messages and the brake are kept: the channel book's database. */
  readonly channelPool: Pool;
  readonly store: Store;
  readonly door: Door;
  readonly connectors: Connectors;
  readonly clock: Clock;
  /** The door's own context, for dry runs. */
  readonly context: () => Context;
};

/** Decisions over these parts. */
export function newNotificationDecisions(
  options: NotificationDecisionsOptions,
): NotificationDecisions {
  return {
    adopt: async (kept, channelOrderNo, decision) => {
      const isOver = overWords(kept);
      if (isOver) return isOver;
      const adopted = await adopt(options, kept, channelOrderNo, decision);
      if (adopted.type === 'decided' && !decision.dryRun) {
        await end(options, kept, 'adopted', channelOrderNo, decision);
      }
      return adopted;
    },
    dismiss: async (kept, decision) => {
      const isOver = overWords(kept);
      if (isOver) return isOver;
      if (!decision.dryRun) await end(options, kept, 'dismissed', kept.id, decision);
      const changes = ['notification: unmatched → dismissed'];
      return { type: 'decided', changes, paymentId: null };
    },
  };
}

function overWords({ verdict, reason }: KeptNotification): DecidedNotification | null {
  if (verdict === 'unmatched') return null;
  return {
    type: 'refused',
    why: 'over',
    detail: `It is ${verdict}: ${reason ?? 'no reason kept'}.`,
  };
}

async function end(
  { pool, channelPool, clock }: NotificationDecisionsOptions,
  kept: KeptNotification,
  verdict: 'adopted' | 'dismissed',
  placed: string,
  { by, reason }: NotificationDecision,
): Promise<void> {
  const ended = await endNotification(channelPool, kept.id, verdict, `${by}: ${reason}`);
  if (!ended) return;
  const act = verdict === 'adopted' ? `notification.adopt ${placed}` : 'notification.dismiss';
  await recordAct(pool, { atMs: clock.nowMs(), by, act, subject: kept.id, reason });
}

async function adopt(
  { store, door, connectors, context }: NotificationDecisionsOptions,
  kept: KeptNotification,
  channelOrderNo: string,
  decision: NotificationDecision,
): Promise<DecidedNotification> {
  const place = readChannelOrderNo(channelOrderNo);
  const key = place && {
    merchantNumber: merchantNumberOf(place.paymentId),
    paymentId: place.paymentId,
  };
  const [aggregate] = key ? await store.load([key]) : [];
  const order = aggregate?.orders.find((one) => one.attempt === place?.attempt);
  if (!key || !aggregate || !order) {
    const detail = `There is no channel order ${channelOrderNo}.`;
    return { type: 'refused', why: 'no_such_order', detail };
  }
  const { channel, account, receivedAtMs } = kept;
  const reading = connectors.get(channel, account)?.readNotification(kept, receivedAtMs);
  if (reading?.type !== 'authentic') {
    const detail =
      reading?.type === 'authentic_refund'
        ? 'The message is about a refund; adopt the payment first, and a query brings its refunds.'
        : `The message cannot be read again: ${reading ? reading.reason : 'its account is not configured any more'}.`;
    return { type: 'refused', why: 'does_not_fit', detail };
  }
  const obstacle = obstacleToAdoption(order, kept, reading.outcome);
  if (obstacle !== null) return { type: 'refused', why: 'does_not_fit', detail: obstacle };
  const { by, reason, dryRun } = decision;
  const fact: Fact = {
    type: 'outcome_learned',
    attempt: order.attempt,
    outcome: reading.outcome,
    evidence: {
      via: 'operator',
      operation: 'notification',
      raw: `${by}: ${reason}; ${kept.id}: ${reading.raw}`,
    },
    planned: false,
    from: { channel, account },
  };
  const decided = dryRun
    ? decide(aggregate, fact, context())
    : (await door.apply(key, fact)).decision;
  if (decided.type === 'refused') {
    return { type: 'refused', why: 'does_not_fit', detail: decided.refusal.detail };
  }
  const changes = decided.type === 'changed' ? decided.history.changes : [];
  return { type: 'decided', changes, paymentId: key.paymentId };
}
