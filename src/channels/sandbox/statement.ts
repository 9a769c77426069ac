/**
 * The statement of a sandbox channel, whatever channel it plays: a line that names the format, the
 * file's own facts, rows, a total for each kind and currency of all rows, and an end that counts them.
 */
import { currencyExponent, majorText } from '../../core/money.ts';
import { isDay } from '../../core/reconciliation/business-day.ts';
import type { StatementLine } from '../../core/reconciliation/statement-line.ts';
import { bindColumns, cellText, unknownWord, wrongCell } from '../../statements/column-binding.ts';
import type { ColumnBinding } from '../../statements/column-binding.ts';
import { pickFields, splitFields, wrongCount } from '../../statements/delimited-fields.ts';
import { amountCell, numberCell, unitsCell } from '../../statements/line-cells.ts';
import { shownText } from '../../statements/money-text.ts';
import { StatementError } from '../../statements/statement-format.ts';
import type {
  StatementColumn,
  StatementExpectation,
  StatementFormat,
  StatementReader,
  StatementSummary,
} from '../../statements/statement-format.ts';
import {
  cutOff,
  expectTotal,
  newStatementTotals,
  notExpected,
} from '../../statements/statement-totals.ts';

const MAGIC = 'tieout-sandbox-statement';
const VERSION = '1';
const AGAIN = 'Fetch the file again from the sandbox.';

const COLUMNS = [
  'kind',
  'order_no',
  'refund_no',
  'transaction_no',
  'movement_no',
  'amount',
  'currency',
  'fee',
  'status',
  'at',
].map((name) => ({ field: name, names: [name], isNeeded: true }));

const KINDS = ['payment', 'refund', 'reversal'] as const;
const STATUSES = ['succeeded', 'pending', 'failed'] as const;
type Kind = (typeof KINDS)[number];

export const sandboxStatement: StatementFormat = {
  code: 'sandbox',
  channel: 'sandbox',
  title: { zh: '沙箱对账单', en: 'Sandbox statement' },
  encodings: ['utf-8'],
  quotesSpanLines: false,
  recognises: ([first = '']) => first.startsWith(`${MAGIC},`),
  open: (expected) => new SandboxReader(expected),
  companions: [],
  passedOver: null,
};

type StatedTotal = {
  readonly kind: Kind;
  readonly currency: string;
  readonly count: number;
  readonly amountMinor: number;
  readonly feeMinor: number;
  readonly lineNo: number;
};

class SandboxReader implements StatementReader {
  readonly #expected: StatementExpectation;
  readonly #totals = newStatementTotals();
  /** With the rows that failed or are pending: what the file's own totals are of. */
  readonly #all = newStatementTotals();
  readonly #cells: string[] = [];
  readonly #facts = new Map<string, string>();
  readonly #stated: StatedTotal[] = [];
  #binding: ColumnBinding | null = null;
  #rows = 0;
  #isOver = false;

  constructor(expected: StatementExpectation) {
    this.#expected = expected;
  }

  get columns(): readonly StatementColumn[] {
    return this.#binding?.columns ?? [];
  }

  read(text: string, lineNo: number): StatementLine | null {
    if (text === '') return null;
    if (this.#isOver) throw damaged('a line stands behind the end', lineNo);
    if (this.#binding === null) this.#head(splitFields(text, lineNo), lineNo);
    else if (text.startsWith('total,')) this.#total(splitFields(text, lineNo), lineNo);
    else if (text.startsWith('end,')) this.#end(splitFields(text, lineNo), lineNo);
    else return this.#row(text, lineNo, this.#binding);
    return null;
  }

  #head(cells: readonly string[], lineNo: number): void {
    const [name = '', value = ''] = cells;
    if (name === MAGIC) {
      if (value !== VERSION) throw unknownWord(MAGIC, value, lineNo);
    } else if (name === 'kind' || cells.length > 2) {
      for (const fact of ['channel', 'account', 'day'])
        if (!this.#facts.has(fact)) throw damaged(`the head has no line ${fact}`, lineNo);
      this.#binding = bindColumns(cells, COLUMNS, lineNo);
    } else {
      if (this.#facts.has(name)) throw damaged(`the head says ${shownText(name)} twice`, lineNo);
      this.#facts.set(name, value);
      this.#checkFact(name, value, lineNo);
    }
  }

  #checkFact(name: string, value: string, lineNo: number): void {
    const { day, account, channel } = this.#expected;
    if (name === 'channel' && channel !== undefined && channel !== value)
      throw notExpected('channel', shownText(value), channel, lineNo);
    if (name === 'day') {
      if (!isDay(value)) throw wrongCell('day', `is ${shownText(value)}, which is no day`, lineNo);
      if (day !== null && day !== value) throw notExpected('day', value, day, lineNo);
    }
    if (name === 'account' && account !== null && account !== value)
      throw notExpected('account', shownText(value), account, lineNo);
  }

  #row(text: string, lineNo: number, binding: ColumnBinding): StatementLine {
    if (this.#stated.length > 0) throw damaged('a row stands behind the totals', lineNo);
    const count = pickFields(text, binding.wanted, this.#cells, lineNo);
    if (count !== binding.count) throw wrongCount(count, binding.count, lineNo);
    const cell = (field: string): string => cellText(this.#cells[binding.at(field)] ?? '');
    const kind = oneOf(KINDS, cell('kind'), 'kind', lineNo);
    const { currency, decimals } = currencyOf(cell('currency'), lineNo);
    const amountMinor = amountCell(cell('amount'), decimals, 'amount', lineNo);
    if (amountMinor < 0) throw wrongCell('amount', 'is negative', lineNo);
    const feeMinor = amountCell(cell('fee'), decimals, 'fee', lineNo);
    const line: StatementLine = {
      lineNo,
      kind,
      word: kind,
      orderNo: numberCell(cell('order_no')),
      refundNo: numberCell(cell('refund_no')),
      transactionNo: numberCell(cell('transaction_no')),
      movementNo: numberCell(cell('movement_no')),
      amountMinor,
      currency,
      feeMinor,
      netMinor: (kind === 'payment' ? amountMinor : -amountMinor) - feeMinor,
      settlementCurrency: currency,
      status: oneOf(STATUSES, cell('status'), 'status', lineNo),
      atMs: timeOf(cell('at'), lineNo),
    };
    this.#rows += 1;
    this.#totals.add(line);
    this.#all.add({ ...line, status: 'succeeded' });
    return line;
  }

  #total(cells: readonly string[], lineNo: number): void {
    if (cells.length !== 6) throw wrongCount(cells.length, 6, lineNo);
    const [, kindText = '', code = '', count = '', amount = '', fee = ''] = cells;
    const kind = oneOf(KINDS, kindText, 'kind', lineNo);
    const { currency, decimals } = currencyOf(code, lineNo);
    if (this.#stated.some((one) => one.kind === kind && one.currency === currency))
      throw damaged(`the total of ${kind} ${currency} stands twice`, lineNo);
    this.#stated.push({
      kind,
      currency,
      count: unitsCell(count, 0, 'count', lineNo),
      amountMinor: unitsCell(amount, decimals, 'amount', lineNo),
      feeMinor: unitsCell(fee, decimals, 'fee', lineNo),
      lineNo,
    });
  }

  #end(cells: readonly string[], lineNo: number): void {
    if (cells.length !== 2) throw wrongCount(cells.length, 2, lineNo);
    const stated = unitsCell(cells[1] ?? '', 0, 'end', lineNo);
    expectTotal('the number of lines', stated, this.#rows, lineNo);
    this.#isOver = true;
  }

  end(lineNo: number): StatementSummary {
    if (!this.#isOver) throw cutOff('its last line, end', lineNo);
    for (const stated of this.#stated) {
      const counted = this.#all.of(stated.kind, stated.currency);
      const name = `the total of ${stated.kind} ${stated.currency}`;
      const write = (minor: number): string => majorText(minor, stated.currency);
      expectTotal(`${name} (count)`, stated.count, counted.count, stated.lineNo);
      expectTotal(name, stated.amountMinor, counted.amountMinor, stated.lineNo, write);
      expectTotal(`${name} (fee)`, stated.feeMinor, counted.feeMinor, stated.lineNo, write);
    }
    const missing = this.#all
      .list()
      .find(
        ({ kind, currency }) =>
          !this.#stated.some((one) => one.kind === kind && one.currency === currency),
      );
    if (missing !== undefined)
      throw cutOff(`the total of ${missing.kind} ${missing.currency}`, lineNo);
    return {
      day: this.#facts.get('day') ?? null,
      account: this.#facts.get('account') ?? null,
      totals: this.#totals.list(),
      hasTrailer: true,
      columnSums: new Map(),
    };
  }
}

function oneOf<T extends string>(
  words: readonly T[],
  word: string,
  column: string,
  lineNo: number,
): T {
  const known = words.find((one) => one === word);
  if (known === undefined) throw unknownWord(column, word, lineNo);
  return known;
}

function currencyOf(
  code: string,
  lineNo: number,
): { readonly currency: string; readonly decimals: number } {
  const decimals = currencyExponent(code);
  if (decimals === undefined) throw unknownWord('currency', code, lineNo);
  return { currency: code, decimals };
}

/** RFC 3339 with its zone; null where it is empty. */
function timeOf(text: string, lineNo: number): number | null {
  if (text === '') return null;
  const isWhole = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?(?:Z|[+-]\d\d:\d\d)$/.test(text);
  const atMs = isWhole && isDay(text.slice(0, 10)) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(atMs)) throw wrongCell('at', `is ${shownText(text)}, which is no time`, lineNo);
  return atMs;
}

function damaged(reason: string, lineNo: number): StatementError {
  return new StatementError(reason, lineNo, AGAIN);
}
