/**
 * A list of one's own orders for a comparison without any server: CSV with the header
 * `kind,order_no,refund_no,transaction_no,amount,currency,fee,status,time`. 本方订单清单。
 *
 * Columns are found by name; `refund_no`, `transaction_no` and `fee` may be empty or left out. Amounts and
 * fees are in major units as decimal text, times RFC 3339 or `2026-11-18 09:00:20` in the channel's zone.
 */
import { currencyExponent } from '../core/money.ts';
import { pickFields, splitFields } from './delimited-fields.ts';
import { localClock } from './local-time.ts';
import { minorOf, moneyFault, shownText } from './money-text.ts';
import { openStatement } from './statement-container.ts';
import { StatementError } from './statement-format.ts';
import { StatementText } from './statement-text.ts';
import { STATEMENT_LIMITS } from './read-statement.ts';
import type { StatementLimits } from './read-statement.ts';

/** One order or refund of one's own, as it was given. */
export type ListedOrder = {
  readonly lineNo: number;
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
  'kind',
  'order_no',
  'refund_no',
  'transaction_no',
  'amount',
  'currency',
  'fee',
  'status',
  'time',
] as const;
type Column = (typeof COLUMNS)[number];
const MAY_LACK: ReadonlySet<Column> = new Set(['refund_no', 'transaction_no', 'fee'] as const);
const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

/**
 * Reads the list; yields its orders in batches. Throws StatementError, with line, reason and mend, for a
 * file that cannot be read whole. `utcOffsetMinutes` is the channel's zone.
 */
export async function* readOrders(
  path: string,
  utcOffsetMinutes: number,
  given: Partial<StatementLimits> = {},
): AsyncGenerator<readonly ListedOrder[], void, void> {
  const limits = { ...STATEMENT_LIMITS, ...given };
  const container = await openStatement({ path }, limits);
  try {
    const [file, second] = container.files;
    if (!file || second) {
      throw new StatementError('the archive must hold one file', null, 'Give the CSV file itself.');
    }
    const { lineLengthMax, linesMax } = limits;
    const text = new StatementText({ encoding: 'utf-8', quotesSpanLines: true, lineLengthMax });
    const reader = new OrdersReader(utcOffsetMinutes);
    let batch: ListedOrder[] = [];
    const take = (record: string, lineNo: number): void => {
      if (text.lineCount > linesMax) {
        const mend = 'Compare one day at a time.';
        throw new StatementError(`the file has more than ${linesMax} lines`, lineNo, mend);
      }
      const order = reader.read(record, lineNo);
      if (order !== null) batch.push(order);
    };
    for await (const piece of file.content) {
      text.feed(piece, take);
      if (batch.length > 0) yield batch;
      batch = [];
    }
    text.end(take);
    if (batch.length > 0) yield batch;
    if (!reader.hasHeader) {
      throw new StatementError(
        'the file is empty',
        null,
        `Its first line must be ${COLUMNS.join(',')}.`,
      );
    }
  } finally {
    await container.close();
  }
}

class OrdersReader {
  readonly #clock;
  #wanted: readonly number[] = [];
  #names: readonly Column[] = [];
  #width = 0;
  readonly #fields: string[] = [];

  constructor(utcOffsetMinutes: number) {
    this.#clock = localClock(utcOffsetMinutes);
  }

  get hasHeader(): boolean {
    return this.#width > 0;
  }

  /** One record; null for the header and for blank lines. */
  read(record: string, lineNo: number): ListedOrder | null {
    if (this.#width === 0) {
      this.#bind(record, lineNo);
      return null;
    }
    if (record.trim() === '') return null;
    const width = pickFields(record, this.#wanted, this.#fields, lineNo);
    if (width !== this.#width) {
      throw fault(lineNo, `has ${width} fields, and the header names ${this.#width}`);
    }
    return this.#order(lineNo);
  }

  #bind(record: string, lineNo: number): void {
    const header = splitFields(record.replace(/^\uFEFF/, ''), lineNo).map((name) => name.trim());
    const found = COLUMNS.flatMap((name) => {
      const at = header.indexOf(name);
      if (at !== header.lastIndexOf(name)) throw fault(lineNo, `names the column ${name} twice`);
      if (at === -1 && !MAY_LACK.has(name)) throw fault(lineNo, `lacks the column ${name}`);
      return at === -1 ? [] : [{ name, at }];
    }).toSorted((one, other) => one.at - other.at);
    this.#width = header.length;
    this.#wanted = found.map(({ at }) => at);
    this.#names = found.map(({ name }) => name);
  }

  #field(name: Column): string {
    const at = this.#names.indexOf(name);
    return at === -1 ? '' : (this.#fields[at] ?? '').trim();
  }

  #order(lineNo: number): ListedOrder {
    const kind = this.#field('kind');
    if (kind !== 'payment' && kind !== 'refund') {
      throw fault(lineNo, `has the kind ${shownText(kind)}; it must be payment or refund`);
    }
    const status = this.#field('status');
    if (status !== 'succeeded') {
      throw fault(lineNo, `has the status ${shownText(status)}; only succeeded is compared`);
    }
    const currency = this.#field('currency');
    const decimals = currencyExponent(currency);
    if (decimals === undefined) throw fault(lineNo, `has the currency ${shownText(currency)}`);
    const amountMinor = this.#money('amount', decimals, lineNo);
    if (amountMinor < 0)
      throw fault(lineNo, 'has an amount below 0; the kind says which way it went');
    const fee = this.#field('fee');
    const orderNo = this.#field('order_no') || null;
    const refundNo = this.#field('refund_no') || null;
    const transactionNo = this.#field('transaction_no') || null;
    if (orderNo === null && refundNo === null && transactionNo === null) {
      throw fault(lineNo, 'has no number at all');
    }
    return {
      lineNo,
      kind,
      orderNo,
      refundNo,
      transactionNo,
      amountMinor,
      currency,
      feeMinor: fee === '' ? null : this.#money('fee', decimals, lineNo),
      atMs: this.#time(lineNo),
    };
  }

  #money(name: 'amount' | 'fee', decimals: number, lineNo: number): number {
    const text = this.#field(name);
    const minor = minorOf(text, decimals);
    if (Number.isNaN(minor)) throw fault(lineNo, `: ${name} ${moneyFault(text, decimals)}`);
    return minor;
  }

  #time(lineNo: number): number {
    const text = this.#field('time');
    const atMs = RFC3339.test(text) ? Date.parse(text) : this.#clock.msOf(text);
    if (Number.isNaN(atMs)) {
      throw fault(
        lineNo,
        `has the time ${shownText(text)}; it must be RFC 3339 or YYYY-MM-DD HH:MM:SS`,
      );
    }
    return atMs;
  }
}

function fault(lineNo: number, words: string): StatementError {
  const mend = `Mend the line; the header is ${COLUMNS.join(',')}.`;
  return new StatementError(`the list of orders ${words}`.replace(' : ', ': '), lineNo, mend);
}
