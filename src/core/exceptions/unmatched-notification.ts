/**
 * Unmatched notification (无主通知): an authentic message about nothing that we know. It is kept raw and
 * acknowledged. A person who finds out what it is about adopts it for a channel order, or puts it aside.
 *
 * It belongs to no payment, so it has no case inside one: it lies in the list of kept notifications.
 */
import type { ChannelOrder } from '../channel-order.ts';
import { majorText, sameMoney } from '../money.ts';
import type { Outcome } from '../outcome.ts';
import type { KindDescription } from './kind.ts';

export const UNMATCHED_NOTIFICATION: KindDescription = {
  kind: 'unmatched_notification',
  zh: '无主通知',
  what: 'A channel told us, authentically, about an order that we do not have.',
  noticed: 'The signature is right, and the number in it leads to no order of that account.',
  response: 'Keep the message as it came, acknowledge it, and let a person place it.',
  over: 'A person adopted it for a channel order, or put it aside.',
  toldToMerchant: false,
  actions: ['adopt', 'dismiss'],
  seen: 'Operators see it in GET /v1/notifications and in `tieout exceptions list --unmatched`; merchants do not see it.',
  why: 'Another system uses the same channel account, a database was restored to an earlier state, or the channel cut or changed our number.',
  practise: ['unmatched_notification'],
};

/** Why what the message says cannot be about this order, in one sentence; null when it can. */
export function obstacleToAdoption(
  order: ChannelOrder,
  from: { readonly channel: string; readonly account: string },
  outcome: Outcome,
): string | null {
  if (order.channel !== from.channel || order.account !== from.account) {
    return `The message came for ${from.channel}/${from.account}, the order went to ${order.channel}/${order.account}.`;
  }
  if (outcome.type !== 'succeeded' || outcome.charges.length === 0) {
    return `The message says "${outcome.type}": only money that was taken can be adopted.`;
  }
  const other = outcome.charges.find((charge) => !sameMoney(order, charge));
  if (!other) return null;
  const said = `${majorText(other.amountMinor, other.currency)} ${other.currency}`;
  return `The message says ${said}, the order is of ${majorText(order.amountMinor, order.currency)} ${order.currency}.`;
}
