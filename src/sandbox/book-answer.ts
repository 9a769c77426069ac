import {
  type BookOrder,
  type Charge,
  type Decline,
  type OrderState,
  isReversed,
  type PaySubmission,
  stateAt,
} from './book-order.ts';
import type { BookRefund } from './book-refund.ts';
import type { PendingNotification } from './notification.ts';

export type PayErrorCode = 'PARAM_ERROR' | 'OUT_NO_REUSED' | 'ORDER_CLOSED' | 'ORDER_REVERSED';

export type PayAnswer =
  | { readonly result: 'ACCEPTED'; readonly order: BookOrder }
  | { readonly result: 'PAID'; readonly charge: Charge }
  | { readonly result: 'DECLINED'; readonly decline: Decline }
  | {
      readonly result: 'ERROR';
      readonly code: PayErrorCode;
      readonly message: string;
    };

/** `order` is null where the channel has no more to say than the state. */
export type QueryAnswer = {
  readonly state: OrderState | 'NOT_EXIST';
  readonly order: BookOrder | null;
  /** Refunds of the order, those made at the console included. */
  readonly refunds: readonly BookRefund[];
};

export type CloseAnswer = { readonly result: 'CLOSED' | 'PAID' | 'PAYING' | 'NOT_YOURS' };

/** Why a payer's act could not be. */
export type PayerRefusal =
  | 'NOT_EXIST'
  | 'ORDER_CLOSED'
  | 'ORDER_EXPIRED'
  | 'ORDER_DECLINED'
  | 'ORDER_PAID';

/** What came of a payer's act: the state it led to, or the reason why it could not be. */
export type PayerAnswer =
  | { readonly state: 'PAID' | 'DECLINED' }
  | { readonly refused: PayerRefusal };

/** The charge that was taken back, or why none could be. */
export type ReversalAnswer =
  | { readonly tradeNo: string }
  | { readonly refused: 'NOT_EXIST' | 'NOT_PAID' | 'ALREADY_REVERSED' | 'REFUNDED' };

export type DueAction =
  | {
      /** A planned act befell an order, or a refund came to its end. */
      readonly kind: 'payer' | 'refund';
      readonly channel: string;
      readonly outNo: string;
      readonly atMs: number;
    }
  | {
      readonly kind: 'notification';
      readonly notification: PendingNotification;
      readonly atMs: number;
    };

/** A definite no to an order call. */
export function refusal(code: PayErrorCode, message: string): PayAnswer {
  return { result: 'ERROR', code, message };
}

/** The answer to an order call about an order that is in the books, the first time and every time. */
export function answerOf(order: BookOrder, nowMs: number): PayAnswer {
  const state = stateAt(order, nowMs);
  if (state === 'CLOSED') return refusal('ORDER_CLOSED', 'the number was closed before');
  if (isReversed(order)) return refusal('ORDER_REVERSED', 'the charge was taken back');
  if (order.submission.product === 'quickpay') {
    if (order.charge !== null) return { result: 'PAID', charge: order.charge };
    if (order.decline !== null) return { result: 'DECLINED', decline: order.decline };
  }
  return { result: 'ACCEPTED', order };
}

/** Whether an order call repeats an earlier one: one number means one amount to one payee for life. */
export function isSameOrder(first: PaySubmission, again: PaySubmission): boolean {
  return (
    first.account === again.account &&
    first.product === again.product &&
    first.amountMinor === again.amountMinor &&
    first.currency === again.currency
  );
}

/** Why a payer can no longer act on an order; null when they can. What is paid can be paid until it expires. */
export function refusalToPayer(order: BookOrder, nowMs: number): PayerRefusal | null {
  if (order.state === 'CLOSED') return 'ORDER_CLOSED';
  if (order.state === 'DECLINED') return 'ORDER_DECLINED';
  return nowMs >= order.submission.expireAtMs ? 'ORDER_EXPIRED' : null;
}
