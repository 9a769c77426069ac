/** Entries of a comparison that come from a list, and not from our own books. */
import type { ClientBase } from 'pg';
import type { CopyValue, RowCopy } from './copy-rows.ts';
import { copyRows } from './copy-rows.ts';

export type ListedEntry = {
  readonly kind: 'payment' | 'refund';
  readonly orderNo: string | null;
  readonly refundNo: string | null;
  readonly transactionNo: string | null;
  readonly amountMinor: number;
  readonly currency: string;
  readonly feeMinor: number | null;
  readonly atMs: number;
};

const COLUMNS = [
  'reconciliation',
  'entry_no',
  'kind',
  'order_no',
  'refund_no',
  'transaction_no',
  'amount_minor',
  'currency',
  'fee_minor',
  'status',
  'at_ms',
  'origin',
] as const;

/** Begins to load entries, inside the caller's transaction. */
export function copyListedEntries(client: ClientBase): RowCopy {
  return copyRows(client, 'platform_entry', COLUMNS);
}

/** One entry as `copyListedEntries` takes it; `entryNo` is its place in the list. */
export function entryValues(
  reconciliation: number,
  entryNo: number,
  entry: ListedEntry,
): readonly CopyValue[] {
  return [
    reconciliation,
    entryNo,
    entry.kind,
    entry.orderNo,
    entry.refundNo,
    entry.transactionNo,
    entry.amountMinor,
    entry.currency,
    entry.feeMinor,
    'succeeded',
    entry.atMs,
    'day',
  ];
}
