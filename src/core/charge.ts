/**
 * A charge (扣款) is what a channel actually took, by its own transaction number. Normally there is
 * one per channel order; one QR code can be paid by two people. The winner of a payment is a charge.
 */
import type { ChargeFact, Via } from './outcome.ts';

export type Charge = ChargeFact & {
  readonly learnedAtMs: number;
  readonly via: Via;
  /** The amount is not the order's: the money waits in suspense for a person. */
  readonly held: boolean;
  /** When a person decided that held money goes back to its payer; the charge counts as surplus from then on. */
  readonly releasedAtMs: number | null;
  /** When the channel took the charge back itself (冲正); null while it stands. */
  readonly reversedAtMs: number | null;
};

/** Whether the charge's money waits in suspense. */
export function isHeldNow(charge: Charge): boolean {
  return charge.held && charge.releasedAtMs === null && charge.reversedAtMs === null;
}

/** What the channel said of the charge, without what we made of it. */
export function chargeFact(charge: Charge): ChargeFact {
  const { transactionNo, amountMinor, currency, paidAtMs } = charge;
  return { transactionNo, amountMinor, currency, paidAtMs };
}

/** The key of a charge inside its payment, used by journal entries, cases and messages alike. */
export function chargeKey(attempt: number, transactionNo: string): string {
  return `${attempt}:${transactionNo}`;
}
