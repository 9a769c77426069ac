/** How a channel order ends unpaid: with evidence, which the payment book is told. */
import type { ChannelOrder, DeathEvidence } from './channel-order.ts';
import { isNeverOpened } from './channel-order.ts';
import type { Consequences, Context } from './decision.ts';
import { settleDoubts } from './exceptions/amount-mismatch.ts';
import { resolveDrop } from './exceptions/external-drop.ts';
import type { OutcomeLearned } from './input.ts';
import { askedAt } from './input.ts';
import type { Via } from './outcome.ts';

/** An answer or a message has proved that the order ended unpaid; the payment book learns of it. */
export function die(
  order: ChannelOrder,
  evidence: DeathEvidence,
  fact: OutcomeLearned,
  out: Consequences,
  context: Context,
): ChannelOrder {
  const askedAtMs = askedAt(fact, context.nowMs);
  return endUnpaid(order, evidence, fact.evidence.via, askedAtMs, out, context);
}

/** The same, by whatever way it was proved as of that time. */
export function endUnpaid(
  order: ChannelOrder,
  evidence: DeathEvidence,
  via: Via,
  provedAtMs: number,
  out: Consequences,
  context: Context,
): ChannelOrder {
  const dead: ChannelOrder = {
    ...order,
    closeStep: 'none',
    awaitsStatement: false,
    deathEvidence: evidence,
    confirmedBy: via,
    nextAction: null,
  };
  tellDeath(dead, evidence, out);
  out.effects.push({ type: 'ask_done', attempt: dead.attempt });
  resolveDrop(dead, out, context, `The order is ${dead.status}: ${evidence}, by ${via}.`);
  settleDoubts(dead, provedAtMs, out, context);
  return dead;
}

/** The payment book learns that this try can bring no money any more. */
export function tellDeath(
  { attempt, charges }: ChannelOrder,
  evidence: DeathEvidence,
  out: Consequences,
): void {
  const neverOpened = isNeverOpened(evidence);
  const chargeCount = charges.length;
  out.toPaymentBook.push({ type: 'try_dead', attempt, evidence, neverOpened, chargeCount });
}
