/**
 * What the channels keep of each payment. The platform does not read this file: whoever compares fees
 * has to configure the same rule there.
 *
 * 60 basis points of the amount in minor units, a half rounded up. A refund gives the same share of its
 * own amount back, rounded alone, so the parts of a payment may give back a minor unit more or less
 * than it cost. A reversal gives nothing back.
 */
export const FEE_BASIS_POINTS = 60;

/** The fee of one movement in minor units; negative where the channel gives it back. */
export function feeMinorOf(kind: 'payment' | 'refund' | 'reversal', amountMinor: number): number {
  if (kind === 'reversal') return 0;
  const feeMinor = Math.floor((amountMinor * FEE_BASIS_POINTS + 5_000) / 10_000);
  return kind === 'payment' ? feeMinor : 0 - feeMinor;
}
