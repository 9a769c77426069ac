import type { Product } from './channel-catalogue.ts';
import type { ScenarioName } from './scenarios.ts';

/** What the platform asks a channel for. Amount in minor units; the time is epoch milliseconds. */
export type PaySubmission = {
  readonly channel: string;
  readonly account: string;
  readonly outNo: string;
  readonly product: Product;
  readonly amountMinor: number;
  readonly currency: string;
  readonly subject: string;
  readonly notifyUrl: string;
  readonly returnUrl: string | null;
  readonly expireAtMs: number;
  readonly scenario: ScenarioName | null;
};

/** Money that a channel really took, under the channel's own number. */
export type Charge = {
  readonly channel: string;
  readonly outNo: string;
  readonly tradeNo: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly paidAtMs: number;
  /** When the channel took the money back from us (冲正); null while the charge stands. */
  readonly reversedAtMs: number | null;
};

export type OrderState = 'WAITING' | 'PAYING' | 'PAID' | 'DECLINED' | 'CLOSED';

/** The channel's own words for a definite no. */
export type Decline = { readonly code: string; readonly message: string };

/**
 * What is going to befall an order without anybody calling: its payer acts, perhaps when it is over
 * (`pays_late`), another payer pays the same code, somebody refunds at the channel's console, or the
 * channel revokes the charge.
 */
export type PlannedAct =
  | 'pays'
  | 'declines'
  | 'pays_late'
  | 'pays_again'
  | 'refunded_at_console'
  | 'reversed';

/** The next of these, and when. */
export type Plan = { readonly act: PlannedAct; readonly atMs: number };

/** An order in a channel's books. Never changed in place: each change is a new value. */
export type BookOrder = {
  readonly submission: PaySubmission;
  /** Chosen by name or by amount when the order came. */
  readonly scenario: ScenarioName | null;
  readonly createdAtMs: number;
  /** As last written; `stateAt` knows about the end of the validity as well. */
  readonly state: OrderState;
  readonly decline: Decline | null;
  /** The charge that made the order paid. */
  readonly charge: Charge | null;
  /** Charges beyond it, under the same number: another payer paid the same code. */
  readonly furtherCharges: readonly Charge[];
  readonly plan: Plan | null;
  /** How many different notifications were made about this order, forged ones included. */
  readonly notificationCount: number;
};

/** The one name under which a channel knows an order. */
export function orderKey(channel: string, outNo: string): string {
  return `${channel}/${outNo}`;
}

/** The state the channel reports: an order that nobody paid is closed from its expiry on. */
export function stateAt(order: BookOrder, nowMs: number): OrderState {
  const isUndecided = order.state === 'WAITING' || order.state === 'PAYING';
  return isUndecided && nowMs >= order.submission.expireAtMs ? 'CLOSED' : order.state;
}

/** Every charge under the number, in the order in which they were taken. */
export function chargesOf(order: BookOrder): readonly Charge[] {
  return order.charge === null ? [] : [order.charge, ...order.furtherCharges];
}

/** Whether the channel has taken back everything that was paid: the success is revoked. */
export function isReversed(order: BookOrder): boolean {
  return (
    order.charge !== null && chargesOf(order).every(({ reversedAtMs }) => reversedAtMs !== null)
  );
}
