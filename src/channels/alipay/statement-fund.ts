/**
 * Alipay's 账务明细 (signcustomer; 财务明细 in old files): every movement of the account's money, with the
 * fees and withdrawals that the trade statement lacks. Columns come in several orders and spellings.
 *
 * The amount of a row is what the account received or paid, not the order's: coupons are already off.
 */
import type { StatementLine, StatementLineKind } from '../../core/reconciliation/statement-line.ts';
import { bindColumns, cellText, knownNames } from '../../statements/column-binding.ts';
import type { ColumnBinding } from '../../statements/column-binding.ts';
import { pickFieldsEitherWay, splitFields } from '../../statements/delimited-fields.ts';
import { amountOrZero, numberCell, timeCell } from '../../statements/line-cells.ts';
import { localClock } from '../../statements/local-time.ts';
import { minorText } from '../../statements/money-text.ts';
import { StatementError } from '../../statements/statement-format.ts';
import type {
  StatementColumn,
  StatementExpectation,
  StatementFormat,
  StatementReader,
  StatementSummary,
} from '../../statements/statement-format.ts';
import { exactSum, expectTotal, newStatementTotals } from '../../statements/statement-totals.ts';
import { isFrameLine, newAlipayFrame, rowBehindEnd } from './statement-frame.ts';
import { fundSummary } from './statement-summary.ts';

const DECIMALS = 2;

const COLUMNS = [
  { field: 'movementNo', names: ['账务流水号'], isNeeded: true },
  { field: 'transactionNo', names: ['业务流水号'], isNeeded: true },
  { field: 'orderNo', names: ['商户订单号'], isNeeded: true },
  { field: 'at', names: ['发生时间'], isNeeded: true },
  { field: 'income', names: ['收入金额（+元）', '收入（+元）', '收入金额（元）'], isNeeded: true },
  { field: 'expense', names: ['支出金额（-元）', '支出（-元）', '支出金额（元）'], isNeeded: true },
  { field: 'kind', names: ['业务类型'], isNeeded: true },
] as const;

export const alipayFund: StatementFormat = {
  code: 'alipay_fund',
  channel: 'alipay',
  title: { zh: '支付宝账务明细', en: 'Alipay fund statement' },
  encodings: ['gb18030', 'utf-8'],
  quotesSpanLines: false,
  recognises: (head) =>
    head.some((line) =>
      isFrameLine(line)
        ? /[账财]务明细/.test(line)
        : knownNames(
            line.split(','),
            COLUMNS.flatMap(({ names }) => names),
          ) >= 5,
    ),
  open: (expected) => new FundReader(expected),
  companions: [fundSummary],
  passedOver: null,
};

/** The words of 业务类型 that occur in public files. What is none of them moves money without an order of ours. */
function kindOf(word: string): StatementLineKind {
  if (/^(?:退款|交易退款)/.test(word)) return 'refund';
  if (/^(?:在线支付|交易付款|交易$|当面付)/.test(word)) return 'payment';
  if (/^(?:收费|服务费|手续费|退费)/.test(word)) return 'fee';
  return word.startsWith('提现') ? 'payout' : 'other';
}

type Side = { count: number; amount: number };

class FundReader implements StatementReader {
  readonly #expected: StatementExpectation;
  readonly #frame: ReturnType<typeof newAlipayFrame>;
  readonly #clock: ReturnType<typeof localClock>;
  readonly #totals = newStatementTotals();
  readonly #income: Side = { count: 0, amount: 0 };
  readonly #expense: Side = { count: 0, amount: 0 };
  readonly #cells: string[] = [];
  #binding: ColumnBinding | null = null;

  constructor(expected: StatementExpectation) {
    this.#expected = expected;
    this.#frame = newAlipayFrame(expected);
    this.#clock = localClock(expected.utcOffsetMinutes);
  }

  get columns(): readonly StatementColumn[] {
    return this.#binding?.columns ?? [];
  }

  read(text: string, lineNo: number): StatementLine | null {
    if (isFrameLine(text)) {
      this.#frame.take(text, lineNo);
      return null;
    }
    if (text.trim() === '') return null;
    if (this.#frame.isListOver) throw rowBehindEnd(lineNo);
    if (this.#binding !== null) return this.#row(text, lineNo, this.#binding);
    this.#binding = bindColumns(splitFields(text, lineNo), COLUMNS, lineNo);
    return null;
  }

  #row(text: string, lineNo: number, binding: ColumnBinding): StatementLine {
    const cells = this.#cells;
    // Public readers split these rows at bare commas; goods may be named `"A" 24"`.
    pickFieldsEitherWay(text, binding.wanted, cells, lineNo, binding.count);
    const cell = (field: string): string => cells[binding.at(field)] ?? '';
    const signed = this.#signedAmount(cell('income'), cell('expense'), lineNo);
    const word = cellText(cell('kind'));
    const kind = kindOf(word);
    const { currency } = this.#expected;
    const line: StatementLine = {
      lineNo,
      kind,
      word,
      orderNo: numberCell(cell('orderNo')),
      refundNo: null,
      transactionNo: numberCell(cell('transactionNo')),
      movementNo: numberCell(cell('movementNo')),
      amountMinor: kind === 'payment' || kind === 'refund' ? Math.abs(signed) : signed,
      currency,
      feeMinor: null,
      netMinor: signed,
      settlementCurrency: currency,
      status: 'succeeded',
      atMs: timeCell(cell('at'), this.#clock, binding.nameOf('at'), lineNo),
    };
    this.#totals.add(line);
    return line;
  }

  #signedAmount(incomeCell: string, expenseCell: string, lineNo: number): number {
    const income = amountOrZero(incomeCell, DECIMALS, '收入金额', lineNo);
    const expense = amountOrZero(expenseCell, DECIMALS, '支出金额', lineNo);
    if (income !== 0 && expense !== 0) {
      throw new StatementError(
        'one row says both income and expense',
        lineNo,
        'Fetch the file again from Alipay.',
      );
    }
    // Money that went out is negative in new files and positive in old ones.
    const signed = expense === 0 ? income : -Math.abs(expense);
    if (signed !== 0) {
      const side = expense === 0 ? this.#income : this.#expense;
      side.count += 1;
      side.amount = exactSum(side.amount, signed, lineNo);
    }
    return signed;
  }

  end(lineNo: number): StatementSummary {
    this.#frame.end(lineNo, this.#binding !== null);
    for (const [name, side] of [
      ['支出合计', this.#expense],
      ['收入合计', this.#income],
    ] as const) {
      const stated = this.#frame.sum(name, lineNo);
      expectTotal(`${name} (笔)`, stated.count, side.count, null);
      expectTotal(name, stated.amounts[0] ?? 0, Math.abs(side.amount), null, minorText);
    }
    return {
      day: this.#frame.day,
      account: this.#frame.account,
      totals: this.#totals.list(),
      hasTrailer: true,
      columnSums: new Map([
        ['收入笔数', this.#income.count],
        ['支出笔数', this.#expense.count],
        ['收入金额（+元）', this.#income.amount],
        ['支出金额（-元）', this.#expense.amount],
        ['总金额（元）', this.#income.amount + this.#expense.amount],
      ]),
    };
  }
}
