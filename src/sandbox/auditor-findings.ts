/** What an audit collects: what does not tie out, and the sums. */
import type { BookCharge, Payment, ToldNotice } from './auditor-pages.ts';

/**
 * The only right end of a payment; `either` where the fault decides. `returned`: closed, and every
 * charge went back whole. `refunded`: succeeded, and the winning charge went back whole. `refund_stuck`:
 * succeeded, with an open case about a refund. `reversed`: succeeded, and known to be revoked.
 */
export type Expectation =
  | 'succeeded'
  | 'closed'
  | 'held'
  | 'either'
  | 'returned'
  | 'refunded'
  | 'refund_stuck'
  | 'reversed';

/** Something that does not tie out. Amounts in minor units. */
export type Finding = {
  readonly code: FindingCode;
  readonly merchantOrderNo: string | null;
  readonly channelOrderNo: string | null;
  readonly message: string;
};

export type FindingCode =
  | 'charge_unknown'
  | 'charge_unaccounted'
  | 'amount_differs'
  | 'currency_differs'
  | 'paid_not_in_books'
  | 'succeeded_without_charge'
  | 'two_winners'
  | 'refund_exceeds_charge'
  | 'refund_not_in_books'
  | 'refund_unknown'
  | 'surplus_differs'
  | 'reversal_unknown'
  | 'reversal_not_in_books'
  | 'told_missing'
  | 'told_twice'
  | 'told_wrongly'
  | 'told_other_amount'
  | 'unexpected_end'
  | 'held_unasked';

export type Sum = { count: number; minor: number };

/** As `demo --json` prints them. */
export type AuditTotals = {
  payments: number;
  succeeded: number;
  closed: number;
  charges: Sum;
  delivered: Sum;
  returned: Sum;
  held: Sum;
  exceptions: Record<string, number>;
  unresolved: number;
};

/** One audit under way. */
export type Audit = {
  readonly findings: Finding[];
  readonly totals: AuditTotals;
  readonly expectations: ReadonlyMap<string, Expectation>;
  readonly refundedByTrade: ReadonlyMap<string, number>;
  readonly chargeByTrade: ReadonlyMap<string, BookCharge>;
  readonly toldByOrder: ReadonlyMap<string | null, readonly ToldNotice[]>;
  /** Payments with money that is held in the open. */
  readonly holders: Set<Payment>;
  unresolvedAskedFor: number;
};

/** Notes findings about a payment, and about one of its orders where there is one. */
export function finder(audited: Audit, payment: Payment | null, channelOrderNo: string | null) {
  return (code: FindingCode, message: string): void => {
    const merchantOrderNo = payment?.merchant_order_no ?? null;
    audited.findings.push({ code, merchantOrderNo, channelOrderNo, message });
  };
}

export function emptyTotals(payments: number): AuditTotals {
  return {
    payments,
    succeeded: 0,
    closed: 0,
    charges: { count: 0, minor: 0 },
    delivered: { count: 0, minor: 0 },
    returned: { count: 0, minor: 0 },
    held: { count: 0, minor: 0 },
    exceptions: {},
    unresolved: 0,
  };
}

/** Counts one more, with its amount. */
export function add(sum: Sum, minor: number): void {
  sum.count += 1;
  sum.minor += minor;
}
