import {
  answerOf,
  type CloseAnswer,
  type DueAction,
  isSameOrder,
  type PayAnswer,
  type PayerAnswer,
  type QueryAnswer,
  refusal,
  refusalToPayer,
} from './book-answer.ts';
import { BookNotifications, type NotificationEntry } from './book-notifications.ts';
import {
  type BookOrder,
  type Charge,
  type Decline,
  orderKey,
  type PaySubmission,
  stateAt,
} from './book-order.ts';
import type { CallEffect } from './call-effect.ts';
import { DueQueue } from './due-queue.ts';
import { Interference } from './interference.ts';
import {
  notificationsOfCharge,
  notificationsOfDecline,
  notificationsOfForger,
  otherAmount,
  type PendingNotification,
} from './notification.ts';
import { openingOf } from './payer-plan.ts';
import type { Random } from './random.ts';
import { chooseScenario, SCENARIOS } from './scenarios.ts';
import { type ScenarioTimes, scenarioTimes } from './scenario-times.ts';

/** One line of the books, for whoever keeps them over a restart. */
export type BookEntry =
  | { readonly kind: 'order'; readonly order: BookOrder }
  | { readonly kind: 'tombstone'; readonly key: string }
  | NotificationEntry;

export type BooksOptions = {
  readonly seed: number;
  /** Draws what a scenario leaves to chance. */
  readonly random: Random;
  /** Multiplies the long times of the scenarios and of the resend ladder. */
  readonly timeScale: number;
  /** Told of each change, before the operation that made it returns. */
  readonly record?: (entry: BookEntry) => void;
};

const INSUFFICIENT_BALANCE: Decline = { code: 'INSUFFICIENT_BALANCE', message: '余额不足' };
const PAYER_CANCELLED: Decline = { code: 'PAYER_CANCELLED', message: '付款人取消支付' };

/**
 * The channels' own truth. No clock, no sockets, no files: each call brings the time, so a simulator
 * can use it in process. What a payer was going to do by then has always happened first, at its own
 * time; so the books depend on the times of the calls, never on who woke up when.
 */
export class Books {
  readonly #seed: number;
  readonly #times: ScenarioTimes;
  readonly #record: (entry: BookEntry) => void;
  readonly #interference: Interference;
  readonly #orders = new Map<string, BookOrder>();
  /** Numbers that were closed before any order came under them. */
  readonly #tombstones = new Set<string>();
  readonly #charges: Charge[] = [];
  readonly #payers = new DueQueue<string>();
  readonly notifications: BookNotifications;

  constructor(options: BooksOptions) {
    this.#seed = options.seed;
    this.#times = scenarioTimes(options.timeScale);
    this.#record = options.record ?? (() => undefined);
    this.#interference = new Interference(this.#times, options.random);
    this.notifications = new BookNotifications(this.#times, this.#record);
  }

  /** The platform, or a payer with its signed link, asks for money. The same number and amount again is answered as the first time. */
  pay(submission: PaySubmission, nowMs: number): PayAnswer {
    this.#settlePayers(nowMs);
    const key = orderKey(submission.channel, submission.outNo);
    const known = this.#orders.get(key);
    if (known !== undefined) {
      return isSameOrder(known.submission, submission)
        ? answerOf(known, nowMs)
        : refusal('OUT_NO_REUSED', 'the number was used for another order');
    }
    if (this.#tombstones.has(key)) return refusal('ORDER_CLOSED', 'the number was closed before');
    if (submission.expireAtMs <= nowMs) return refusal('PARAM_ERROR', 'expire_at has passed');
    return answerOf(this.#open(key, submission, nowMs), nowMs);
  }

  /** The platform asks what became of a number. Another account's order does not exist for it. */
  query(channel: string, account: string, outNo: string, nowMs: number): QueryAnswer {
    this.#settlePayers(nowMs);
    const key = orderKey(channel, outNo);
    const order = this.#orders.get(key);
    if (order !== undefined && order.submission.account === account) {
      return { state: stateAt(order, nowMs), order };
    }
    return { state: this.#tombstones.has(key) ? 'CLOSED' : 'NOT_EXIST', order: null };
  }

  /** The platform shuts a number; an unknown one is remembered, so that it is never paid under. */
  close(channel: string, account: string, outNo: string, nowMs: number): CloseAnswer {
    this.#settlePayers(nowMs);
    const key = orderKey(channel, outNo);
    const order = this.#orders.get(key);
    if (order === undefined) {
      if (!this.#tombstones.has(key)) {
        this.#tombstones.add(key);
        this.#record({ kind: 'tombstone', key });
      }
      return { result: 'CLOSED' };
    }
    if (order.submission.account !== account) return { result: 'NOT_YOURS' };
    const state = stateAt(order, nowMs);
    const isUndecided = state === 'WAITING' || state === 'PAYING';
    if (isUndecided && paysOnClose(order)) {
      this.#charge(key, order, nowMs);
      return { result: 'PAID' };
    }
    if (state === 'PAID' || state === 'PAYING') return { result: state };
    if (state === 'WAITING') this.#put(key, { ...order, state: 'CLOSED', payer: null });
    return { result: 'CLOSED' };
  }

  /** The payer pays now. An order that is paid stays as it is: there is no second charge. */
  payerPays(channel: string, outNo: string, nowMs: number): PayerAnswer {
    this.#settlePayers(nowMs);
    const key = orderKey(channel, outNo);
    const order = this.#orders.get(key);
    if (order === undefined) return { refused: 'NOT_EXIST' };
    if (order.state === 'PAID') return { state: 'PAID' };
    const refused = refusalToPayer(order, nowMs);
    if (refused !== null) return { refused };
    this.#charge(key, order, nowMs);
    return { state: 'PAID' };
  }

  /** The payer walks away for good: a definite no. */
  payerDeclines(channel: string, outNo: string, nowMs: number): PayerAnswer {
    this.#settlePayers(nowMs);
    const key = orderKey(channel, outNo);
    const order = this.#orders.get(key);
    if (order === undefined) return { refused: 'NOT_EXIST' };
    if (order.state === 'PAID') return { refused: 'ORDER_PAID' };
    if (order.state === 'DECLINED') return { state: 'DECLINED' };
    const refused = refusalToPayer(order, nowMs);
    if (refused !== null) return { refused };
    this.#decline(key, order, PAYER_CANCELLED, nowMs);
    return { state: 'DECLINED' };
  }

  /** What the scenario of this order does to an order call; null: nothing. */
  interferenceOnPay(submission: PaySubmission, nowMs: number): CallEffect | null {
    this.#settlePayers(nowMs);
    const order = this.#orders.get(orderKey(submission.channel, submission.outNo)) ?? null;
    return this.#interference.onPay(submission, order, nowMs);
  }

  /** What the scenario of this order does to a query or a close; null: nothing. */
  interferenceOnFollowUp(
    operation: 'query' | 'close',
    channel: string,
    outNo: string,
    nowMs: number,
  ): CallEffect | null {
    this.#settlePayers(nowMs);
    const key = orderKey(channel, outNo);
    return this.#interference.onFollowUp(operation, key, this.#orders.get(key) ?? null, nowMs);
  }

  /** The order as the channel sees it at `nowMs`, for the payer's page; null when there is none. */
  find(channel: string, outNo: string, nowMs: number): BookOrder | null {
    this.#settlePayers(nowMs);
    return this.#orders.get(orderKey(channel, outNo)) ?? null;
  }

  /** When something is due next: a payer's act or a notification; null when nothing is. */
  nextDueAtMs(): number | null {
    const payersAtMs = this.#nextPayerAtMs();
    const notificationsAtMs = this.notifications.nextDueAtMs();
    if (payersAtMs === null || notificationsAtMs === null) return payersAtMs ?? notificationsAtMs;
    return Math.min(payersAtMs, notificationsAtMs);
  }

  /**
   * Lets payers do what they were going to do by `nowMs`, and takes the notifications due by then,
   * in time order. Each notification must be handed back to `notifications` (finish, retry, …).
   */
  takeDue(nowMs: number): DueAction[] {
    const payers = this.#settlePayers(nowMs);
    const sends = this.notifications.take(nowMs).map(
      (notification): DueAction => ({
        kind: 'notification',
        notification,
        atMs: notification.dueAtMs,
      }),
    );
    return [...payers, ...sends].sort((left, right) => left.atMs - right.atMs);
  }

  /** Every charge there ever was, in the order in which they were taken. */
  charges(): readonly Charge[] {
    return this.#charges;
  }

  /** Takes back one line that `record` was given; call `resume` after the last. */
  restore(entry: BookEntry): void {
    if (entry.kind === 'order') {
      this.#orders.set(
        orderKey(entry.order.submission.channel, entry.order.submission.outNo),
        entry.order,
      );
    } else if (entry.kind === 'tombstone') this.#tombstones.add(entry.key);
    else this.notifications.restore(entry);
  }

  /** Ends the restoring: charges are in their order again, and payers and notifications go on. */
  resume(): void {
    for (const [key, order] of this.#orders) {
      if (order.charge !== null) this.#charges.push(order.charge);
      if (order.payer !== null) this.#payers.push(order.payer.atMs, key);
    }
    this.#charges.sort((left, right) => serialOf(left) - serialOf(right));
    this.notifications.resume();
  }

  /** The lines that rebuild these books as they are now. */
  *entries(): Iterable<BookEntry> {
    for (const key of this.#tombstones) yield { kind: 'tombstone', key };
    for (const order of this.#orders.values()) yield { kind: 'order', order };
    yield* this.notifications.entries();
  }

  #open(key: string, submission: PaySubmission, nowMs: number): BookOrder {
    const scenario = chooseScenario(submission.scenario, submission.amountMinor);
    const { state, payer } = openingOf(submission.product, scenario, this.#times, nowMs);
    const order: BookOrder = {
      submission,
      scenario,
      createdAtMs: nowMs,
      state,
      decline: null,
      charge: null,
      payer,
      notificationCount: 0,
    };
    const isForged = scenario !== null && SCENARIOS[scenario].forged;
    const lies = isForged ? notificationsOfForger(order, this.#tradeNo(nowMs, 0), this.#times) : [];
    const opened = this.#putWithNotifications(key, order, lies);
    if (payer === null) return opened;
    this.#payers.push(payer.atMs, key);
    this.#settlePayers(nowMs);
    return this.#orders.get(key) ?? opened;
  }

  /** Lets every payer who was going to act by `nowMs` do so, each at their own time. */
  #settlePayers(nowMs: number): DueAction[] {
    const done: DueAction[] = [];
    for (;;) {
      const atMs = this.#nextPayerAtMs();
      if (atMs === null || atMs > nowMs) return done;
      const key = this.#payers.pop()?.item ?? '';
      const order = this.#orders.get(key);
      if (order === undefined) continue;
      const { channel, outNo } = order.submission;
      done.push({ kind: 'payer', channel, outNo, atMs });
      if (stateAt(order, atMs) === 'CLOSED') {
        this.#put(key, { ...order, state: 'CLOSED', payer: null });
      } else if (order.payer?.act === 'declines') {
        this.#decline(key, order, INSUFFICIENT_BALANCE, atMs);
      } else this.#charge(key, order, atMs);
    }
  }

  /** When the next payer acts; plans that were overtaken by another act are forgotten on the way. */
  #nextPayerAtMs(): number | null {
    for (;;) {
      const next = this.#payers.peek();
      if (next === null) return null;
      if (this.#orders.get(next.item)?.payer?.atMs === next.atMs) return next.atMs;
      this.#payers.pop();
    }
  }

  #charge(key: string, order: BookOrder, atMs: number): void {
    const { channel, outNo, amountMinor, currency } = order.submission;
    const takesOther = order.scenario !== null && SCENARIOS[order.scenario].takesOtherAmount;
    const charge: Charge = {
      channel,
      outNo,
      tradeNo: this.#tradeNo(atMs, this.#charges.length + 1),
      amountMinor: takesOther ? otherAmount(amountMinor) : amountMinor,
      currency,
      paidAtMs: atMs,
    };
    this.#charges.push(charge);
    const paid: BookOrder = { ...order, state: 'PAID', charge, payer: null };
    this.#putWithNotifications(key, paid, notificationsOfCharge(paid, charge, this.#times));
  }

  #decline(key: string, order: BookOrder, decline: Decline, atMs: number): void {
    const declined: BookOrder = { ...order, state: 'DECLINED', decline, payer: null };
    this.#putWithNotifications(key, declined, notificationsOfDecline(declined, atMs));
  }

  #putWithNotifications(
    key: string,
    order: BookOrder,
    notifications: readonly PendingNotification[],
  ): BookOrder {
    const notificationCount = order.notificationCount + notifications.length;
    this.#put(key, { ...order, notificationCount });
    for (const notification of notifications) this.notifications.owe(notification);
    return { ...order, notificationCount };
  }

  #put(key: string, order: BookOrder): void {
    this.#orders.set(key, order);
    this.#record({ kind: 'order', order });
  }

  /** 28 digits: time, seed and a counter, so that no two runs and no two charges share one. */
  #tradeNo(atMs: number, serial: number): string {
    const seed = String(this.#seed % 100_000).padStart(5, '0');
    return `${String(atMs).padStart(13, '0')}${seed}${serialText(serial)}`;
  }
}

const SERIAL_DIGITS = 10;

function serialText(serial: number): string {
  return String(serial).padStart(SERIAL_DIGITS, '0');
}

function serialOf(charge: Charge): number {
  return Number(charge.tradeNo.slice(-SERIAL_DIGITS));
}

function paysOnClose(order: BookOrder): boolean {
  return order.scenario !== null && SCENARIOS[order.scenario].payer.act === 'pays_on_close';
}
