/** What comparing a day says about one charge, refund or reversal of a payment (差异). */
export type StatementDifference = {
  readonly kind: 'channel_only' | 'platform_only' | 'statement_difference';
  /** What it is about, the same in every comparison: order and transaction, or the refund's number. */
  readonly subject: string;
  readonly attempt: number;
  readonly owner: 'reconciliation' | 'operations';
  readonly nextAction: string;
  readonly moneyAtRiskMinor: number;
};
