/**
 * A line of a channel's statement (账单明细) in our words, whatever file it came in.
 *
 * Numbers are text for life: a channel's transaction number has up to 32 digits, and a float, a
 * spreadsheet and a careless parser each lose some of them.
 */

/**
 * What a line tells of. `payment`, `refund` and `reversal` (撤销、冲正) are compared with our books;
 * the rest moves money at the channel without an order of ours and is shown by its name.
 */
export type StatementLineKind =
  | 'payment'
  | 'refund'
  | 'reversal'
  | 'dispute'
  | 'fee'
  | 'payout'
  | 'other';

export type StatementLine = {
  /** Where it stands in its file: the first line of the file is 1. */
  readonly lineNo: number;
  readonly kind: StatementLineKind;
  /** The channel's own word for it: `交易`, `退款`, `charge`, `dispute`. */
  readonly word: string;
  /** The number that we sent for the order; null where the line names none. */
  readonly orderNo: string | null;
  /** The number that we sent for the refund; null for a payment, and for a refund made at the channel's console. */
  readonly refundNo: string | null;
  /** The channel's own number of the charge; of a refund: of the charge that it returns, where the file says so. */
  readonly transactionNo: string | null;
  /** The channel's own number of the refund or of the movement itself, where it has one. */
  readonly movementNo: string | null;
  /** The order amount (never what the payer paid after coupons), 0 or more: the kind says which way it went. For `fee`, `payout` and `other`: signed, positive when it came in. */
  readonly amountMinor: number;
  readonly currency: string;
  /** What the channel keeps, in the settlement currency; negative when it gives a fee back; null where the file has no fees. Parts of a minor unit are rounded half away from zero. */
  readonly feeMinor: number | null;
  /** What the line does to our balance at the channel, signed, in the settlement currency; null where the file does not say. */
  readonly netMinor: number | null;
  readonly settlementCurrency: string;
  readonly status: 'succeeded' | 'pending' | 'failed';
  /** When it happened, epoch milliseconds; of a refund its own time. Null where the file has none. */
  readonly atMs: number | null;
};

/** Count and money of one kind of line in one currency. */
export type StatementTotal = {
  readonly kind: StatementLineKind;
  readonly currency: string;
  readonly count: number;
  readonly amountMinor: number;
  readonly feeMinor: number;
};
