/** A charge that its channel took back (冲正), as the channel book takes it in. */
import { chargeFact, isHeldNow } from './charge.ts';
import type { ChannelOrder } from './channel-order.ts';
import { isOpen, moved } from './channel-order.ts';
import type { Consequences, Context } from './decision.ts';
import { doubtAmount, endHold, settleDoubts } from './exceptions/amount-mismatch.ts';
import type { OutcomeLearned } from './input.ts';
import { askedAt } from './input.ts';
import { postReversedAtChannel } from './journal.ts';
import { die, tellDeath } from './order-end.ts';
import type { ReversalFact } from './outcome.ts';

/** Takes in charges that the channel says it took back; what is known already changes nothing. */
export function learnReversals(
  before: ChannelOrder,
  reversals: readonly ReversalFact[],
  fact: OutcomeLearned,
  out: Consequences,
  context: Context,
): ChannelOrder {
  return reversals.reduce(
    (order, reversal) => learnReversal(order, reversal, fact, out, context),
    before,
  );
}

/** The channel revoked a charge (冲正). What it had paid for keeps its history; the money is gone. */
function learnReversal(
  order: ChannelOrder,
  { transactionNo, reversedAtMs }: ReversalFact,
  fact: OutcomeLearned,
  out: Consequences,
  context: Context,
): ChannelOrder {
  const { via } = fact.evidence;
  const charge = order.charges.find((one) => one.transactionNo === transactionNo);
  if (!charge && isOpen(order) && order.charges.length === 0) {
    // Taken and given back before we heard of either: the order has ended unpaid.
    return die(moved(order, 'closed'), 'channel_reversed', fact, out, context);
  }
  // Without its charge it cannot be booked: the channel is asked what else it took.
  if (!charge && via === 'notification') return doubtAmount(order, transactionNo, out, context);
  if (!charge || charge.reversedAtMs !== null) {
    if (via === 'query') settleDoubts(order, askedAt(fact, context.nowMs), out, context);
    return order;
  }
  out.postings.push(postReversedAtChannel(order, charge, reversedAtMs, via));
  const wasHeld = isHeldNow(charge);
  const { attempt } = order;
  const charges = order.charges.map((one) => (one === charge ? { ...one, reversedAtMs } : one));
  const isGone = charges.every((one) => one.reversedAtMs !== null);
  out.toPaymentBook.push({
    type: 'charge_reversed',
    attempt,
    charge: chargeFact(charge),
    reversedAtMs,
    wasHeld,
    endsHold: wasHeld && !charges.some(isHeldNow),
  });
  // An order whose held money was sent back has its end already.
  const isStanding = order.status === 'succeeded' || order.status === 'held';
  const after =
    isGone && isStanding ? moved(order, 'reversed', { charges }) : { ...order, charges };
  endHold(after, out, context, 'The channel took the money back.');
  if (order.status === 'held' && isGone) tellDeath(after, 'channel_reversed', out);
  return after;
}
