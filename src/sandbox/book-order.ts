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
};

export type OrderState = 'WAITING' | 'PAYING' | 'PAID' | 'DECLINED' | 'CLOSED';

/** The channel's own words for a definite no. */
export type Decline = { readonly code: string; readonly message: string };

/** What the payer is going to do, and when. */
export type PayerPlan = { readonly act: 'pays' | 'declines'; readonly atMs: number };

/** An order in a channel's books. Never changed in place: each change is a new value. */
export type BookOrder = {
  readonly submission: PaySubmission;
  /** Chosen by name or by amount when the order came. */
  readonly scenario: ScenarioName | null;
  readonly createdAtMs: number;
  /** As last written; `stateAt` knows about the end of the validity as well. */
  readonly state: OrderState;
  readonly decline: Decline | null;
  readonly charge: Charge | null;
  readonly payer: PayerPlan | null;
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
