/** Merchants with receivers, and senders that end with their test: what tests of notices start from. */
import { Webhook } from 'standardwebhooks';
import type { Aggregate } from '../../src/core/aggregate.ts';
import type { EventType } from '../../src/core/effect.ts';
import type { KillPoint } from '../../src/runtime/kill-point.ts';
import { newNoticePost } from '../../src/runtime/notice-post.ts';
import type { StoppableSender } from '../../src/runtime/notice-sender.ts';
import { newNoticeSender } from '../../src/runtime/notice-sender.ts';
import type { Delivery, StoredEvent } from '../../src/store/postgres/events.ts';
import { deliveriesOf, listEvents } from '../../src/store/postgres/events.ts';
import type { Merchant } from '../../src/store/postgres/merchants.ts';
import type { Store } from '../../src/store/store.ts';
import type { Books } from './books.ts';
import type { NoticeReceiver, ReceivedNotice, Reply } from './notice-receiver.ts';
import { startReceiver, status } from './notice-receiver.ts';

export const LEASE_MS = 30_000;

export type Shop = {
  readonly merchant: Merchant;
  readonly receiver: NoticeReceiver;
  readonly endpointId: string;
  readonly secret: string;
};

/** A merchant with one endpoint. */
export async function openShop(books: Books, reply: Reply = status(204)): Promise<Shop> {
  const merchant = await books.merchant();
  const receiver = await startReceiver(reply);
  const { id, secret } = await books.endpoint(merchant, `${receiver.url}/hook`);
  return { merchant, receiver, endpointId: id, secret };
}

export type SenderOptions = {
  readonly killPoint?: (point: KillPoint) => void;
  readonly deadlineMs?: number;
  readonly store?: Store;
  readonly mode?: 'sandbox' | 'live';
};

/** A sender over these books; it stops with the block that holds it. */
export function openSender(
  books: Books,
  {
    killPoint = () => {},
    deadlineMs = 2_000,
    store = books.store,
    mode = 'sandbox',
  }: SenderOptions = {},
): StoppableSender & AsyncDisposable {
  const sender = newNoticeSender({
    ...books,
    store,
    wallMs: () => books.clock.ms,
    http: newNoticePost({ mode, deadlineMs }),
    killPoint,
    linkOf: () => null,
    mode,
    leaseMs: LEASE_MS,
  });
  return { ...sender, [Symbol.asyncDispose]: sender.stop };
}

/** The newest event of a payment and type. */
export async function eventOf(
  books: Books,
  { payment }: Aggregate,
  type: EventType = 'payment.succeeded',
): Promise<StoredEvent> {
  const page = { limit: 1, startingAfter: null, type, paymentId: payment.id };
  const { items } = await listEvents(books.pool, payment.merchantNumber, page);
  const [event] = items;
  if (!event) throw new Error(`there is no ${type}`);
  return event;
}

/** The first delivery of a payment's newest event of a type. */
export async function deliveryOf(
  books: Books,
  aggregate: Aggregate,
  type: EventType = 'payment.succeeded',
): Promise<Delivery> {
  const { eventId, merchantNumber } = await eventOf(books, aggregate, type);
  const [delivery] = await deliveriesOf(books.pool, merchantNumber, [eventId], null);
  if (!delivery) throw new Error('nothing was ever to be delivered');
  return delivery;
}

/** The open cases of a payment whose notice was not taken. */
export function undelivered({ cases }: Aggregate): string[] {
  return cases
    .filter((one) => one.kind === 'undelivered_notice' && one.resolvedAtMs === null)
    .map((one) => one.subject);
}

/** Verifies like a merchant would, by the library that the format's authors publish; answers the body. */
export function verified(secret: string, told: ReceivedNotice | undefined): unknown {
  if (!told) throw new Error('nothing was received');
  return new Webhook(secret).verify(told.body, told.headers as Record<string, string>);
}
