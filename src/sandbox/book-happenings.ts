import type { DueAction, ReversalAnswer } from './book-answer.ts';
import { type BookOrder, type Charge, chargesOf, type Decline, stateAt } from './book-order.ts';
import type { BookOrders } from './book-orders.ts';
import { type BookRefund, remainderMinor } from './book-refund.ts';
import type { BookRefunds } from './book-refunds.ts';
import { refundNotifications } from './refund-notification.ts';

const INSUFFICIENT_BALANCE: Decline = { code: 'INSUFFICIENT_BALANCE', message: '余额不足' };

/** What happens at the channels without any call of the platform: by plan, or because somebody wants it. */
export class BookHappenings {
  readonly #orders: BookOrders;
  readonly #refunds: BookRefunds;

  constructor(orders: BookOrders, refunds: BookRefunds) {
    this.#orders = orders;
    this.#refunds = refunds;
  }

  /** When the next planned act or end of a refund is due; null when nothing is. */
  nextDueAtMs(): number | null {
    return earliest(this.#orders.nextPlanned()?.plan?.atMs, this.#refunds.nextDueAtMs());
  }

  /** Lets everything happen that was going to by `nowMs`, each at its own time. */
  settle(nowMs: number): DueAction[] {
    const done: DueAction[] = [];
    for (;;) {
      const order = this.#orders.nextPlanned();
      const atMs = earliest(order?.plan?.atMs, this.#refunds.nextDueAtMs());
      if (atMs === null || atMs > nowMs) return done;
      if (order?.plan?.atMs === atMs) {
        const { channel, outNo } = order.submission;
        done.push({ kind: 'payer', channel, outNo, atMs });
        this.#befall(order, atMs);
        continue;
      }
      const refund = this.#refunds.endNext();
      if (refund === null) continue;
      const { channel, outNo } = refund;
      done.push({ kind: 'refund', channel, outNo, atMs });
      const home = this.#orders.find(channel, outNo);
      if (home !== null) this.#orders.notify(home, refundNotifications(home, refund));
    }
  }

  /** Somebody refunds at the console, of the first charge that has anything left; null when they cannot. */
  refundAtConsole(order: BookOrder, amountMinor: number | null, atMs: number): BookRefund | null {
    const refunds = this.#refunds.ofOrder(order);
    const charge = chargesOf(order).find((one) => remainderMinor(one, refunds) > 0);
    if (charge === undefined) return null;
    const refund = this.#refunds.refundAtConsole(order, charge, amountMinor, atMs);
    if (refund !== null) this.#orders.notify(order, refundNotifications(order, refund));
    return refund;
  }

  /** The channel takes a charge back, if nothing of it was given back. */
  reverse(order: BookOrder, charge: Charge, atMs: number): ReversalAnswer {
    if (charge.reversedAtMs !== null) return { refused: 'ALREADY_REVERSED' };
    // A bank does not take back what the merchant has already given back.
    const isWhole = remainderMinor(charge, this.#refunds.ofOrder(order)) === charge.amountMinor;
    if (!isWhole) return { refused: 'REFUNDED' };
    this.#orders.reverse(order, charge, atMs);
    return { tradeNo: charge.tradeNo };
  }

  /** What was planned for an order happens, if it still can. */
  #befall(order: BookOrder, atMs: number): void {
    const act = order.plan?.act;
    switch (act) {
      case 'pays':
      case 'declines':
        if (stateAt(order, atMs) === 'CLOSED') return this.#orders.shut(order, atMs);
        return act === 'pays'
          ? this.#orders.charge(order, atMs)
          : this.#orders.decline(order, INSUFFICIENT_BALANCE, atMs);
      case 'pays_late':
        return this.#orders.charge(order, atMs);
      case 'pays_again':
      case 'refunded_at_console':
      case 'reversed':
        return this.#follow(act, this.#orders.forgetPlan(order), atMs);
      case undefined:
    }
  }

  /** What comes after the payment. Where it cannot be any more, nothing comes. */
  #follow(act: 'pays_again' | 'refunded_at_console' | 'reversed', order: BookOrder, atMs: number) {
    if (act === 'refunded_at_console') this.refundAtConsole(order, null, atMs);
    else if (act === 'reversed' && order.charge !== null) this.reverse(order, order.charge, atMs);
    else if (atMs < order.submission.expireAtMs) this.#orders.charge(order, atMs);
  }
}

/** The earliest of these times; null when there is none. */
export function earliest(...timesMs: readonly (number | null | undefined)[]): number | null {
  const known = timesMs.filter((atMs) => typeof atMs === 'number');
  return known.length === 0 ? null : Math.min(...known);
}
