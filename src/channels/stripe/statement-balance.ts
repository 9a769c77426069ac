/**
 * Stripe's report `balance_change_from_activity.itemized.3`: every change of the balance, as CSV.
 *
 * Its amounts are in major units, unlike the API's. What the payer was charged is customer_facing_amount;
 * gross, fee and net are in the currency of the balance. Our own numbers stand in metadata columns, which
 * must be asked for. It has no foot: rows at its end can be missing without a trace, which only the balance
 * tells.
 */
import { currencyExponent } from '../../core/money.ts';
import { businessDayOf } from '../../core/reconciliation/business-day.ts';
import type { StatementLine, StatementLineKind } from '../../core/reconciliation/statement-line.ts';
import {
  bindColumns,
  cellText,
  knownNames,
  unknownWord,
  wrongCell,
} from '../../statements/column-binding.ts';
import type { ColumnBinding, ColumnWish } from '../../statements/column-binding.ts';
import { pickFields, splitFields, wrongCount } from '../../statements/delimited-fields.ts';
import { amountCell, numberCell, timeCell } from '../../statements/line-cells.ts';
import { localClock } from '../../statements/local-time.ts';
import type {
  StatementColumn,
  StatementExpectation,
  StatementFormat,
  StatementReader,
  StatementSummary,
} from '../../statements/statement-format.ts';
import { cutOff, newStatementTotals, notExpected } from '../../statements/statement-totals.ts';

const NAMES = [
  'balance_transaction_id',
  'created_utc',
  'currency',
  'gross',
  'fee',
  'net',
  'reporting_category',
  'source_id',
];

const wishes = (keys: StatementExpectation['metadataKeys']): readonly ColumnWish[] => [
  ...NAMES.map((name) => ({ field: name, names: [name], isNeeded: true })),
  ...['charge_id', 'customer_facing_amount', 'customer_facing_currency'].map((name) => ({
    field: name,
    names: [name],
    isNeeded: true,
  })),
  { field: 'orderNo', names: [`payment_metadata[${keys.order}]`], isNeeded: true },
  { field: 'refundNo', names: [`refund_metadata[${keys.refund}]`], isNeeded: false },
];

/** By Stripe's own name of the category. A payment that fails after it was booked (charge_failure) is taken back. */
const KINDS: Readonly<Record<string, StatementLineKind>> = {
  charge: 'payment',
  payment: 'payment',
  charge_failure: 'reversal',
  payment_failure: 'reversal',
  refund: 'refund',
  payment_refund: 'refund',
  refund_failure: 'refund',
  payment_failure_refund: 'refund',
  dispute: 'dispute',
  dispute_reversal: 'dispute',
  payout: 'payout',
  payout_reversal: 'payout',
  fee: 'fee',
  stripe_fee: 'fee',
  network_cost: 'fee',
  tax: 'fee',
};
/** Kinds whose amount has no sign: the kind says which way it went. */
const UNSIGNED: ReadonlySet<StatementLineKind> = new Set([
  'payment',
  'refund',
  'reversal',
  'dispute',
]);

export const stripeBalance: StatementFormat = {
  code: 'stripe_balance',
  channel: 'stripe',
  title: { zh: 'Stripe 余额变动明细', en: 'Stripe itemized balance change report' },
  encodings: ['utf-8'],
  quotesSpanLines: true,
  recognises: ([first = '']) => knownNames(first.split(','), NAMES) >= 5,
  open: (expected) => new BalanceReader(expected),
  companions: [],
  passedOver: null,
};

class BalanceReader implements StatementReader {
  readonly #expected: StatementExpectation;
  readonly #clock = localClock(0);
  readonly #totals = newStatementTotals();
  readonly #cells: string[] = [];
  readonly #days = new Set<string>();
  #binding: ColumnBinding | null = null;

  constructor(expected: StatementExpectation) {
    this.#expected = expected;
  }

  get columns(): readonly StatementColumn[] {
    return this.#binding?.columns ?? [];
  }

  read(text: string, lineNo: number): StatementLine | null {
    const binding = this.#binding;
    if (binding === null) {
      const header = splitFields(text, lineNo);
      this.#binding = bindColumns(header, wishes(this.#expected.metadataKeys), lineNo);
      return null;
    }
    if (text === '') return null;
    const count = pickFields(text, binding.wanted, this.#cells, lineNo);
    if (count !== binding.count) throw wrongCount(count, binding.count, lineNo);
    const row = (field: string): string => this.#cells[binding.at(field)] ?? '';
    const line = this.#line(row, lineNo);
    this.#totals.add(line);
    return line;
  }

  #line(row: (field: string) => string, lineNo: number): StatementLine {
    const word = cellText(row('reporting_category'));
    const kind = KINDS[word] ?? 'other';
    const settlement = currencyCell(row('currency'), 'currency', lineNo);
    const money = (field: string): number =>
      amountCell(row(field), settlement.decimals, field, lineNo);
    const gross = money('gross');
    const feeMinor = money('fee');
    const netMinor = money('net');
    if (gross - feeMinor !== netMinor) throw wrongCell('net', 'is not gross less fee', lineNo);
    const facing = facingAmount(row, lineNo) ?? { amount: gross, currency: settlement.currency };
    return {
      lineNo,
      kind,
      word,
      orderNo: numberCell(row('orderNo')),
      refundNo: kind === 'refund' ? numberCell(row('refundNo')) : null,
      transactionNo: numberCell(row('charge_id')),
      movementNo: numberCell(row(kind === 'refund' ? 'source_id' : 'balance_transaction_id')),
      amountMinor: UNSIGNED.has(kind) ? Math.abs(facing.amount) : facing.amount,
      currency: facing.currency,
      feeMinor,
      netMinor,
      settlementCurrency: settlement.currency,
      status:
        word.endsWith('refund_failure') || word === 'payment_failure_refund'
          ? 'failed'
          : 'succeeded',
      atMs: this.#time(row('created_utc'), lineNo),
    };
  }

  /** A report is asked for from one midnight to the next, so every line is of its day. */
  #time(cell: string, lineNo: number): number | null {
    const atMs = timeCell(cell, this.#clock, 'created_utc', lineNo);
    const { day, utcOffsetMinutes } = this.#expected;
    if (atMs === null) throw wrongCell('created_utc', 'is empty', lineNo);
    const found = businessDayOf(atMs, { utcOffsetMinutes, dayStartMinutes: 0 });
    if (day !== null && found !== day) throw notExpected('day', found, day, lineNo);
    this.#days.add(found);
    return atMs;
  }

  end(lineNo: number, isLastLineEnded: boolean): StatementSummary {
    if (this.#binding === null) throw cutOff('its column names', lineNo);
    // The last column may be empty or end anywhere: only the line end shows that it is whole.
    if (!isLastLineEnded) throw cutOff('the end of its last line', lineNo);
    return {
      day: this.#days.size === 1 ? ([...this.#days][0] ?? null) : null,
      account: null,
      totals: this.#totals.list(),
      hasTrailer: false,
      columnSums: new Map(),
    };
  }
}

function facingAmount(
  row: (field: string) => string,
  lineNo: number,
): { readonly amount: number; readonly currency: string } | null {
  if (cellText(row('customer_facing_amount')) === '') return null;
  const name = 'customer_facing_currency';
  const { currency, decimals } = currencyCell(row(name), name, lineNo);
  const column = 'customer_facing_amount';
  return { amount: amountCell(row(column), decimals, column, lineNo), currency };
}

function currencyCell(
  cell: string,
  column: string,
  lineNo: number,
): { readonly currency: string; readonly decimals: number } {
  const currency = cellText(cell).toUpperCase();
  const decimals = currencyExponent(currency);
  if (decimals === undefined) throw unknownWord(column, currency, lineNo);
  return { currency, decimals };
}
