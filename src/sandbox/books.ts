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
  type ReversalAnswer,
} from './book-answer.ts';
import { BookHappenings, earliest } from './book-happenings.ts';
import type { BookNotifications, NotificationEntry } from './book-notifications.ts';
import {
  type BookOrder,
  type Charge,
  chargesOf,
  type Decline,
  orderKey,
  type PaySubmission,
  stateAt,
} from './book-order.ts';
import { BookOrders, type OrderEntry } from './book-orders.ts';
import {
  type BookRefund,
  type RefundAnswer,
  refundRefusal,
  type RefundSubmission,
} from './book-refund.ts';
import { BookRefunds, type RefundEntry } from './book-refunds.ts';
import type { CallEffect, FollowUp } from './call-effect.ts';
import { Interference } from './interference.ts';
import type { Random } from './random.ts';
import { SCENARIOS } from './scenarios.ts';
import { scenarioTimes } from './scenario-times.ts';

/** One line of the books, for whoever keeps them over a restart. */
export type BookEntry = OrderEntry | RefundEntry | NotificationEntry;

export type BooksOptions = {
  readonly seed: number;
  /** Draws what a scenario leaves to chance. */
  readonly random: Random;
  /** Multiplies the long times of the scenarios and of the resend ladder. */
  readonly timeScale: number;
  /** Told of each change, before the operation that made it returns. */
  readonly record?: (entry: BookEntry) => void;
};

/** Who pays, and what does not keep them from it. */
export type PayManner = {
  /** Somebody else pays the same code: what is paid can be paid once more. */
  readonly anotherPayer?: boolean;
  /** The channel takes the money although the order is closed, expired or declined. */
  readonly althoughOver?: boolean;
};

const PAYER_CANCELLED: Decline = { code: 'PAYER_CANCELLED', message: '付款人取消支付' };

/**
 * The channels' own truth. No clock, no sockets, no files: each call brings the time, so a simulator
 * can use it in process. What was going to happen by then has always happened first, at its own time:
 * payers' acts, ends of refunds; so the books depend on the times of the calls, never on who woke up
 * when.
 */
export class Books {
  readonly #interference: Interference;
  readonly #orders: BookOrders;
  readonly #refunds: BookRefunds;
  readonly #happenings: BookHappenings;

  constructor({ seed, random, timeScale, record = () => undefined }: BooksOptions) {
    const times = scenarioTimes(timeScale);
    this.#interference = new Interference(times, random);
    this.#orders = new BookOrders({ seed, times, record });
    this.#refunds = new BookRefunds({ seed, times, record });
    this.#happenings = new BookHappenings(this.#orders, this.#refunds);
  }

  get notifications(): BookNotifications {
    return this.#orders.notifications;
  }

  /** The platform, or a payer with its signed link, asks for money. The same number and amount again is answered as the first time. */
  pay(submission: PaySubmission, nowMs: number): PayAnswer {
    const { channel, outNo } = submission;
    const known = this.find(channel, outNo, nowMs);
    if (known !== null) {
      return isSameOrder(known.submission, submission)
        ? answerOf(known, nowMs)
        : refusal('OUT_NO_REUSED', 'the number was used for another order');
    }
    if (this.#orders.hasTombstone(channel, outNo)) {
      return refusal('ORDER_CLOSED', 'the number was closed before');
    }
    if (submission.expireAtMs <= nowMs) return refusal('PARAM_ERROR', 'expire_at has passed');
    this.#orders.open(submission, nowMs);
    const opened = this.find(channel, outNo, nowMs);
    if (opened === null) throw new Error('an order that was opened is not in the books');
    return answerOf(opened, nowMs);
  }

  /** The platform asks what became of a number. Another account's order does not exist for it. */
  query(channel: string, account: string, outNo: string, nowMs: number): QueryAnswer {
    const order = this.find(channel, outNo, nowMs);
    if (order !== null && order.submission.account === account) {
      return { state: stateAt(order, nowMs), order, refunds: this.#refunds.ofOrder(order) };
    }
    const isClosed = this.#orders.hasTombstone(channel, outNo);
    return { state: isClosed ? 'CLOSED' : 'NOT_EXIST', order: null, refunds: [] };
  }

  /** The platform shuts a number; an unknown one is remembered, so that it is never paid under. */
  close(channel: string, account: string, outNo: string, nowMs: number): CloseAnswer {
    const order = this.find(channel, outNo, nowMs);
    if (order === null) {
      this.#orders.bury(channel, outNo);
      return { result: 'CLOSED' };
    }
    if (order.submission.account !== account) return { result: 'NOT_YOURS' };
    const state = stateAt(order, nowMs);
    const isUndecided = state === 'WAITING' || state === 'PAYING';
    if (isUndecided && paysOnClose(order)) {
      this.#orders.charge(order, nowMs);
      return { result: 'PAID' };
    }
    if (state === 'PAID' || state === 'PAYING') return { result: state };
    if (state === 'WAITING') this.#orders.shut(order, nowMs);
    return { result: 'CLOSED' };
  }

  /**
   * The platform wants money back. The same number and content again is the same refund, answered as
   * it stands now; another account's order does not exist for it.
   */
  refund(submission: RefundSubmission, nowMs: number): RefundAnswer {
    const order = this.find(submission.channel, submission.outNo, nowMs);
    return order === null || order.submission.account !== submission.account
      ? refundRefusal('TRADE_NOT_EXIST')
      : this.#refunds.submit(order, submission, nowMs);
  }

  /** The platform asks what became of a refund of that order; null when the channel has none. */
  queryRefund(
    asked: Pick<RefundSubmission, 'channel' | 'account' | 'outNo' | 'refundNo'>,
    nowMs: number,
  ): BookRefund | null {
    this.#happenings.settle(nowMs);
    const refund = this.#refunds.find(asked.channel, asked.refundNo);
    const isTheirs = refund?.account === asked.account && refund.outNo === asked.outNo;
    return isTheirs ? refund : null;
  }

  /**
   * Somebody at the merchant refunds at the channel's own console, by the order alone: the first
   * charge that has anything left. Without an amount: all of it. The refusal, or the refund.
   */
  consoleRefund(
    channel: string,
    outNo: string,
    amountMinor: number | null,
    nowMs: number,
  ): BookRefund | { readonly refused: 'NOT_EXIST' | 'REFUND_EXCEEDS' } {
    const order = this.find(channel, outNo, nowMs);
    if (order === null) return { refused: 'NOT_EXIST' };
    return (
      this.#happenings.refundAtConsole(order, amountMinor, nowMs) ?? { refused: 'REFUND_EXCEEDS' }
    );
  }

  /** The channel takes back a charge (冲正), the first that stands where none is named. */
  reverse(channel: string, outNo: string, tradeNo: string | null, nowMs: number): ReversalAnswer {
    const order = this.find(channel, outNo, nowMs);
    if (order === null) return { refused: 'NOT_EXIST' };
    const charge = chargesOf(order).find((one) =>
      tradeNo === null ? one.reversedAtMs === null : one.tradeNo === tradeNo,
    );
    if (charge === undefined) return { refused: 'NOT_PAID' };
    return this.#happenings.reverse(order, charge, nowMs);
  }

  /** A payer pays now. Unless it is another payer, an order that is paid stays as it is. */
  payerPays(channel: string, outNo: string, nowMs: number, manner: PayManner = {}): PayerAnswer {
    const order = this.find(channel, outNo, nowMs);
    if (order === null) return { refused: 'NOT_EXIST' };
    if (order.state === 'PAID' && manner.anotherPayer !== true) return { state: 'PAID' };
    const refused = manner.althoughOver === true ? null : refusalToPayer(order, nowMs);
    if (refused !== null) return { refused };
    this.#orders.charge(order, nowMs);
    return { state: 'PAID' };
  }

  /** The payer walks away for good: a definite no. */
  payerDeclines(channel: string, outNo: string, nowMs: number): PayerAnswer {
    const order = this.find(channel, outNo, nowMs);
    if (order === null) return { refused: 'NOT_EXIST' };
    if (order.state === 'PAID') return { refused: 'ORDER_PAID' };
    if (order.state === 'DECLINED') return { state: 'DECLINED' };
    const refused = refusalToPayer(order, nowMs);
    if (refused !== null) return { refused };
    this.#orders.decline(order, PAYER_CANCELLED, nowMs);
    return { state: 'DECLINED' };
  }

  /** What the scenario of this order does to an order call; null: nothing. */
  interferenceOnPay(submission: PaySubmission, nowMs: number): CallEffect | null {
    const order = this.find(submission.channel, submission.outNo, nowMs);
    return this.#interference.onPay(submission, order, nowMs);
  }

  /** What the scenario of this order does to any later call about it; null: nothing. */
  interferenceOnFollowUp(
    operation: FollowUp,
    channel: string,
    outNo: string,
    nowMs: number,
  ): CallEffect | null {
    const order = this.find(channel, outNo, nowMs);
    return this.#interference.onFollowUp(operation, orderKey(channel, outNo), order, nowMs);
  }

  /** The same for a refund call: its first answer may be lost, those to its repetitions are not. */
  interferenceOnRefund(submission: RefundSubmission, nowMs: number): CallEffect | null {
    const { channel, outNo, refundNo } = submission;
    const scenario = this.find(channel, outNo, nowMs)?.scenario ?? null;
    const isLost = scenario !== null && SCENARIOS[scenario].refund === 'done_unanswered';
    return isLost && this.#refunds.find(channel, refundNo) === null
      ? 'timeout_after'
      : this.interferenceOnFollowUp('refund', channel, outNo, nowMs);
  }

  /** The order as the channel sees it at `nowMs`; null when there is none. */
  find(channel: string, outNo: string, nowMs: number): BookOrder | null {
    this.#happenings.settle(nowMs);
    return this.#orders.find(channel, outNo);
  }

  /** Lets happen what was going to by `nowMs`, for whoever then reads charges and refunds. */
  settle(nowMs: number): void {
    this.#happenings.settle(nowMs);
  }

  /** When something is due next: a planned act, the end of a refund or a notification; null: nothing. */
  nextDueAtMs(): number | null {
    return earliest(this.#happenings.nextDueAtMs(), this.notifications.nextDueAtMs());
  }

  /**
   * Lets happen what was going to by `nowMs`, and takes the notifications due by then, in time order.
   * Each notification must be handed back to `notifications` (finish, retry, …).
   */
  takeDue(nowMs: number): DueAction[] {
    const done = this.#happenings.settle(nowMs);
    const sends = this.notifications.take(nowMs).map(
      (notification): DueAction => ({
        kind: 'notification',
        notification,
        atMs: notification.dueAtMs,
      }),
    );
    return [...done, ...sends].sort((left, right) => left.atMs - right.atMs);
  }

  /** Every charge there ever was, in the order in which they were taken. */
  charges(): readonly Charge[] {
    return this.#orders.charges();
  }

  /** Every refund there ever was, those that came to nothing included. */
  refunds(): readonly BookRefund[] {
    return this.#refunds.all();
  }

  /** Takes back one line that `record` was given; call `resume` after the last. */
  restore(entry: BookEntry): void {
    switch (entry.kind) {
      case 'order':
      case 'tombstone':
        return this.#orders.restore(entry);
      case 'refund':
      case 'no_funds':
        return this.#refunds.restore(entry);
      default:
        this.notifications.restore(entry);
    }
  }

  /** Ends the restoring: whatever was under way goes on. */
  resume(): void {
    this.#orders.resume();
    this.#refunds.resume();
  }

  /** The lines that rebuild these books as they are now. */
  *entries(): Iterable<BookEntry> {
    yield* this.#orders.entries();
    yield* this.#refunds.entries();
    yield* this.notifications.entries();
  }
}

function paysOnClose(order: BookOrder): boolean {
  return order.scenario !== null && SCENARIOS[order.scenario].payer.act === 'pays_on_close';
}
