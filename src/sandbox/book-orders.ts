import { BookNotifications, type NotificationEntry } from './book-notifications.ts';
import {
  type BookOrder,
  type Charge,
  chargesOf,
  type Decline,
  orderKey,
  type PaySubmission,
} from './book-order.ts';
import { DueQueue } from './due-queue.ts';
import {
  notificationsOfCharge,
  notificationsOfDecline,
  notificationsOfForger,
  otherAmount,
  type PendingNotification,
} from './notification.ts';
import { openingOf, planAfterCharge, planAfterClose } from './payer-plan.ts';
import { reversalNotifications } from './refund-notification.ts';
import { chooseScenario, SCENARIOS } from './scenarios.ts';
import type { ScenarioTimes } from './scenario-times.ts';
import { serialNumber, serialOf } from './serial-number.ts';

/** A line of the books about orders, for whoever keeps the books over a restart. */
export type OrderEntry =
  | { readonly kind: 'order'; readonly order: BookOrder }
  | { readonly kind: 'tombstone'; readonly key: string };

export type BookOrdersOptions = {
  readonly seed: number;
  readonly times: ScenarioTimes;
  readonly record: (entry: OrderEntry | NotificationEntry) => void;
};

/**
 * The orders of every channel, their charges and what is planned for them: how an order changes, with
 * the notifications that follow. Whether it may is decided by the caller. Pure: each call brings the
 * time.
 */
export class BookOrders {
  readonly #seed: number;
  readonly #times: ScenarioTimes;
  readonly #record: (entry: OrderEntry | NotificationEntry) => void;
  readonly #orders = new Map<string, BookOrder>();
  /** Numbers that were closed before any order came under them. */
  readonly #tombstones = new Set<string>();
  /** Every charge, at the place that its number counts. */
  readonly #charges: Charge[] = [];
  readonly #plans = new DueQueue<string>();
  readonly notifications: BookNotifications;

  constructor({ seed, times, record }: BookOrdersOptions) {
    this.#seed = seed;
    this.#times = times;
    this.#record = record;
    this.notifications = new BookNotifications(times, record);
  }

  find(channel: string, outNo: string): BookOrder | null {
    return this.#orders.get(orderKey(channel, outNo)) ?? null;
  }

  /** Every charge there ever was, in the order in which they were taken. */
  charges(): readonly Charge[] {
    return this.#charges;
  }

  hasTombstone(channel: string, outNo: string): boolean {
    return this.#tombstones.has(orderKey(channel, outNo));
  }

  /** Remembers that a number was closed before there was an order under it. */
  bury(channel: string, outNo: string): void {
    const key = orderKey(channel, outNo);
    if (this.#tombstones.has(key)) return;
    this.#tombstones.add(key);
    this.#record({ kind: 'tombstone', key });
  }

  /** Takes a new order, with what is going to befall it. */
  open(submission: PaySubmission, nowMs: number): void {
    const scenario = chooseScenario(submission.scenario, submission.amountMinor);
    const { state, plan } = openingOf(submission, scenario, this.#times, nowMs);
    const order: BookOrder = {
      submission,
      scenario,
      createdAtMs: nowMs,
      state,
      decline: null,
      charge: null,
      furtherCharges: [],
      plan,
      notificationCount: 0,
    };
    const isForged = scenario !== null && SCENARIOS[scenario].forged;
    const forgedNo = serialNumber(nowMs, this.#seed, 0);
    this.#put(order, isForged ? notificationsOfForger(order, forgedNo, this.#times) : []);
  }

  /** The channel takes the money of an order: the charge that makes it paid, or one more. */
  charge(order: BookOrder, atMs: number): void {
    const { channel, outNo, amountMinor, currency } = order.submission;
    const takesOther = order.scenario !== null && SCENARIOS[order.scenario].takesOtherAmount;
    const charge: Charge = {
      channel,
      outNo,
      tradeNo: serialNumber(atMs, this.#seed, this.#charges.length + 1),
      amountMinor: takesOther ? otherAmount(amountMinor) : amountMinor,
      currency,
      paidAtMs: atMs,
      reversedAtMs: null,
    };
    this.#charges.push(charge);
    const paid: BookOrder =
      order.charge === null
        ? { ...order, state: 'PAID', charge, plan: planAfterCharge(order, this.#times, atMs) }
        : { ...order, furtherCharges: [...order.furtherCharges, charge] };
    this.#put(paid, notificationsOfCharge(paid, charge, this.#times));
  }

  /** The channel takes a charge back from us. */
  reverse(order: BookOrder, charge: Charge, atMs: number): void {
    const reversed: Charge = { ...charge, reversedAtMs: atMs };
    const replaced = (one: Charge): Charge => (one.tradeNo === charge.tradeNo ? reversed : one);
    this.#charges[serialOf(charge.tradeNo) - 1] = reversed;
    const after: BookOrder = {
      ...order,
      charge: order.charge === null ? null : replaced(order.charge),
      furtherCharges: order.furtherCharges.map(replaced),
    };
    this.#put(after, reversalNotifications(after, reversed, atMs));
  }

  decline(order: BookOrder, decline: Decline, atMs: number): void {
    const declined: BookOrder = { ...order, state: 'DECLINED', decline, plan: null };
    this.#put(declined, notificationsOfDecline(declined, atMs));
  }

  shut(order: BookOrder, atMs: number): void {
    this.#put({ ...order, state: 'CLOSED', plan: planAfterClose(order, this.#times, atMs) });
  }

  /** What was planned for the order is about to be done; the order without it. */
  forgetPlan(order: BookOrder): BookOrder {
    return this.#put({ ...order, plan: null });
  }

  /** The channel has something to say about an order that does not change it. */
  notify(order: BookOrder, notifications: readonly PendingNotification[]): void {
    if (notifications.length > 0) this.#put(order, notifications);
  }

  /** The order that is next to be befallen by something; null when none is. Overtaken plans are forgotten. */
  nextPlanned(): BookOrder | null {
    for (;;) {
      const next = this.#plans.peek();
      if (next === null) return null;
      const order = this.#orders.get(next.item);
      if (order?.plan?.atMs === next.atMs) return order;
      this.#plans.pop();
    }
  }

  restore(entry: OrderEntry): void {
    if (entry.kind === 'tombstone') this.#tombstones.add(entry.key);
    else this.#orders.set(keyOf(entry.order), entry.order);
  }

  /** Ends the restoring: charges are in their order again, plans and notifications go on. */
  resume(): void {
    for (const order of this.#orders.values()) {
      for (const charge of chargesOf(order)) this.#charges[serialOf(charge.tradeNo) - 1] = charge;
      if (order.plan !== null) this.#plans.push(order.plan.atMs, keyOf(order));
    }
    this.notifications.resume();
  }

  /** The lines that rebuild the orders as they are now. */
  *entries(): Iterable<OrderEntry> {
    for (const key of this.#tombstones) yield { kind: 'tombstone', key };
    for (const order of this.#orders.values()) yield { kind: 'order', order };
  }

  #put(order: BookOrder, notifications: readonly PendingNotification[] = []): BookOrder {
    const key = keyOf(order);
    const before = this.#orders.get(key)?.plan ?? null;
    const notificationCount = order.notificationCount + notifications.length;
    const counted = { ...order, notificationCount };
    this.#orders.set(key, counted);
    if (order.plan !== null && order.plan !== before) this.#plans.push(order.plan.atMs, key);
    this.#record({ kind: 'order', order: counted });
    for (const notification of notifications) this.notifications.owe(notification);
    return counted;
  }
}

function keyOf({ submission }: BookOrder): string {
  return orderKey(submission.channel, submission.outNo);
}
