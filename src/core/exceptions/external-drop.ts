/**
 * External drop (外部掉单): the channel may have taken the money, and the word did not reach us.
 *
 * An order whose result is unknown stands in the dropped-order table with the time of its next
 * question. Each answer that settles nothing moves the next one further away. When the questions
 * are used up, and the validity with its margin is over, the order is not declared failed: it is
 * handed to reconciliation and stays visible.
 */
import type { ChannelOrder } from '../channel-order.ts';
import { isOpen } from '../channel-order.ts';
import type { Consequences, Context } from '../decision.ts';
import { openCase, reassignCase, resolveCase } from '../decision.ts';
import { handOverDoubts } from './amount-mismatch.ts';
import { queryDelayMs } from '../policy.ts';
import type { KindDescription } from './kind.ts';

export const EXTERNAL_DROP: KindDescription = {
  kind: 'external_drop',
  zh: '外部掉单',
  what: 'The channel may have taken the money, and no final word reached us.',
  noticed:
    'The first planned query runs, because neither the answer nor a notification settled the order.',
  response:
    'Ask the channel again and again, less and less often; after the last question wait for its statement.',
  over: 'The channel said paid, failed or closed.',
  toldToMerchant: false,
  actions: [],
  seen: 'The payment stays processing although the payer says that they paid; its channel order is unknown or pending and awaits a query. Later the payment is succeeded with confirmed_by: query, or closed.',
  why: 'A notification was lost, the answer to the order call timed out, or the channel is slower than our patience.',
  practise: [
    'lost_notification',
    'timeout_accepted',
    'timeout_rejected',
    'query_down',
    'channel_outage',
  ],
};

/** When an order that nobody has settled is asked about for the first time. */
export function firstQueryAtMs(order: ChannelOrder, context: Context): number {
  const rules = context.rules(order.channel, order.account);
  return order.createdAtMs + queryDelayMs(rules, context.policy, order.channelOrderNo, 0);
}

/** Notes that a planned question was asked and did not settle the order, or settled it late. */
export function noteQuestion(
  order: ChannelOrder,
  out: Consequences,
  context: Context,
): ChannelOrder {
  openCase(out, context, {
    kind: 'external_drop',
    subject: String(order.attempt),
    attempt: order.attempt,
    owner: 'platform',
    nextAction: 'The platform asks the channel again, less and less often.',
    moneyAtRiskMinor: order.amountMinor,
    toldToMerchant: EXTERNAL_DROP.toldToMerchant,
  });
  return { ...order, queryCount: order.queryCount + 1 };
}

/** Plans the next question about an order that is still open. */
export function planNextQuestion(
  order: ChannelOrder,
  out: Consequences,
  context: Context,
): ChannelOrder {
  const rules = context.rules(order.channel, order.account);
  const lastWordAtMs = order.validUntilMs + rules.validityMarginMs;
  const planUsedUp = order.queryCount >= rules.queryCountMax;
  const nextAtMs =
    context.nowMs + queryDelayMs(rules, context.policy, order.channelOrderNo, order.queryCount);
  // The last question may not come before the validity and its margin are over.
  const dueAtMs = planUsedUp ? Math.max(nextAtMs, lastWordAtMs) : nextAtMs;
  out.effects.push({ type: 'ask', attempt: order.attempt, operation: 'query', dueAtMs });
  return order;
}

/** Closes the case of an order that has its end; the words say what proved it. */
export function resolveDrop(
  order: ChannelOrder,
  out: Consequences,
  context: Context,
  words: string,
): void {
  if (isOpen(order)) return;
  resolveCase(
    out,
    context,
    'external_drop',
    String(order.attempt),
    words,
    EXTERNAL_DROP.toldToMerchant,
  );
}

/**
 * The order handed over to reconciliation, when its planned questions are used up and its validity
 * with the margin is over; null while there is still something to ask.
 */
export function handOverIfUsedUp(
  order: ChannelOrder,
  out: Consequences,
  context: Context,
): ChannelOrder | null {
  const rules = context.rules(order.channel, order.account);
  if (order.queryCount < rules.queryCountMax) return null;
  if (context.nowMs < order.validUntilMs + rules.validityMarginMs) return null;
  const handedOver = {
    owner: 'reconciliation',
    nextAction: "All planned questions were asked: the channel's statement decides.",
  } as const;
  reassignCase(out, 'external_drop', String(order.attempt), handedOver);
  // A doubted amount waits for the same answer.
  handOverDoubts(order, handedOver, out);
  out.effects.push({ type: 'ask_done', attempt: order.attempt });
  return { ...order, awaitsStatement: true };
}
