/**
 * Both books while one decision is being made, and the messages that pass between them until both are
 * silent. Which message means what is each book's own business.
 */
import { openChannelOrder } from './channel-book.ts';
import type { ChannelOrder } from './channel-order.ts';
import { isOpen } from './channel-order.ts';
import { giveUpReturn, retryReturn, returnMoney } from './channel-refunds.ts';
import type { Consequences, Context } from './decision.ts';
import { beginClose } from './exceptions/expired-payment.ts';
import type { Message, ToChannelBook, ToPaymentBook } from './message.ts';
import { isToChannelBook, messageKey } from './message.ts';
import { acceptCharge, acceptHeld, tryDead, tryOpened } from './payment-book.ts';
import { acceptForeign, acceptRefused, acceptReturned, acceptReversed } from './payment-refunds.ts';
import type { Payment } from './payment.ts';

/** Both books while one decision is being made. */
export type Draft = { payment: Payment; orders: ChannelOrder[]; readonly out: Consequences };

/**
 * Passes messages between the books until neither has anything left to say. A message to a book that
 * this decision may not change is left to be sent there; where the books lie apart, one that is passed
 * leaves the mark that it was taken in.
 */
export function passMessages(draft: Draft, context: Context): void {
  const { out } = draft;
  if (context.scope === 'payment') return sendAway(out.toChannelBook, out);
  if (context.scope === 'channel') return sendAway(out.toPaymentBook, out);
  for (;;) {
    const toChannel = out.toChannelBook.shift();
    if (toChannel) takeMessage(draft, toChannel, context);
    const toPayment = out.toPaymentBook.shift();
    if (toPayment) takeMessage(draft, toPayment, context);
    if (!toChannel && !toPayment) return;
  }
}

function sendAway(messages: Message[], out: Consequences): void {
  for (const message of messages.splice(0)) {
    out.effects.push({ type: 'message', key: messageKey(message), message });
  }
}

/** One message is taken in by the book that it is for. */
export function takeMessage(draft: Draft, message: Message, context: Context): void {
  const { out } = draft;
  const book = isToChannelBook(message) ? 'channel' : 'payment';
  if (isToChannelBook(message)) tellChannelBook(draft, message, context);
  else draft.payment = tellPaymentBook(draft, message, context);
  if (context.isApart) out.effects.push({ type: 'received', book, key: messageKey(message) });
}

function tellChannelBook(draft: Draft, message: ToChannelBook, context: Context): void {
  const { out } = draft;
  const { attempt } = message;
  switch (message.type) {
    case 'open_try':
      if (draft.orders.some((order) => order.attempt === attempt)) return;
      draft.orders.push(openChannelOrder(draft.payment.id, message, out, context));
      return;
    case 'close_try':
      changeOrder(draft, attempt, (order) =>
        isOpen(order) ? beginClose(order, out, context) : order,
      );
      return;
    case 'return_money':
      changeOrder(draft, attempt, (order) => returnMoney(order, message, out, context));
      return;
    case 'retry_return':
      changeOrder(draft, attempt, (order) => retryReturn(order, message.refundKey, out, context));
      return;
    case 'give_up_return':
      changeOrder(draft, attempt, (order) => giveUpReturn(order, message.refundKey, out, context));
  }
}

function tellPaymentBook(draft: Draft, message: ToPaymentBook, context: Context): Payment {
  const { payment, out } = draft;
  switch (message.type) {
    case 'try_opened':
      return tryOpened(payment, message.attempt);
    case 'try_dead':
      return tryDead(payment, message, out);
    case 'charge':
      return acceptCharge(payment, message, out, context);
    case 'charge_held':
      return acceptHeld(payment, message, out);
    case 'charge_reversed':
      return acceptReversed(payment, message, out, context);
    case 'return_result':
      return acceptReturned(payment, message, out, context);
    case 'return_refused':
      return acceptRefused(payment, message, out);
    case 'foreign_return':
      return acceptForeign(payment, message, out, context);
  }
}

/** Changes one channel order of the draft; throws when there is none, which would be our bug. */
export function changeOrder(
  draft: Draft,
  attempt: number,
  change: (order: ChannelOrder) => ChannelOrder,
): void {
  const at = draft.orders.findIndex((order) => order.attempt === attempt);
  const order = draft.orders[at];
  if (!order) throw new Error(`payment ${draft.payment.id} has no channel order ${attempt}`);
  draft.orders[at] = change(order);
}
