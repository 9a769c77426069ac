/**
 * WeChat Pay's fund bill (资金账单): every movement of one account, with fees and withdrawals.
 *
 * Assumed, for no official text says it: 业务凭证号 is the number we sent, of the order for a payment and
 * of the refund for a refund.
 */
import type { StatementLine, StatementLineKind } from '../../core/reconciliation/statement-line.ts';
import { cellText, knownNames, unknownWord } from '../../statements/column-binding.ts';
import { newDayTally } from '../../statements/day-tally.ts';
import { amountCell, numberCell, timeCell } from '../../statements/line-cells.ts';
import { localClock } from '../../statements/local-time.ts';
import { minorText } from '../../statements/money-text.ts';
import type {
  StatementColumn,
  StatementExpectation,
  StatementFormat,
  StatementReader,
  StatementSummary,
} from '../../statements/statement-format.ts';
import {
  exactSum,
  expectTotal,
  newStatementTotals,
  notExpected,
} from '../../statements/statement-totals.ts';
import { newBillFrame } from './statement-tail.ts';

const DECIMALS = 2;

const COLUMNS = [
  { field: 'at', names: ['记账时间'], isNeeded: true },
  { field: 'transactionNo', names: ['微信支付业务单号'], isNeeded: true },
  { field: 'movementNo', names: ['资金流水单号'], isNeeded: true },
  { field: 'name', names: ['业务名称'], isNeeded: true },
  { field: 'kind', names: ['业务类型'], isNeeded: true },
  { field: 'direction', names: ['收支类型'], isNeeded: true },
  { field: 'amount', names: ['收支金额(元)', '收支金额'], isNeeded: true },
  { field: 'voucherNo', names: ['业务凭证号'], isNeeded: true },
] as const;

const TAIL = [
  { field: 'count', names: ['资金流水总笔数'], isNeeded: true },
  { field: 'incomeCount', names: ['收入笔数'], isNeeded: true },
  { field: 'income', names: ['收入金额'], isNeeded: true },
  { field: 'expenseCount', names: ['支出笔数'], isNeeded: true },
  { field: 'expense', names: ['支出金额'], isNeeded: true },
] as const;

export const wechatFund: StatementFormat = {
  code: 'wechat_fund',
  channel: 'wechatpay',
  title: { zh: '微信支付资金账单', en: 'WeChat Pay fund bill' },
  encodings: ['utf-8'],
  quotesSpanLines: false,
  recognises: ([first = '']) =>
    knownNames(
      first.split(','),
      COLUMNS.flatMap(({ names }) => names),
    ) >= 5,
  open: (expected) => new FundReader(expected),
  companions: [],
  passedOver: null,
};

function kindOf(word: string, name: string): StatementLineKind {
  if (word === '交易') return 'payment';
  if (word === '退款') return 'refund';
  if (word.includes('提现') || name.includes('提现')) return 'payout';
  return word.includes('手续费') ? 'fee' : 'other';
}

class FundReader implements StatementReader {
  readonly #expected: StatementExpectation;
  readonly #clock: ReturnType<typeof localClock>;
  readonly #days: ReturnType<typeof newDayTally>;
  readonly #totals = newStatementTotals();
  readonly #frame = newBillFrame(() => COLUMNS, '资金流水总笔数', TAIL);
  readonly #sums = { count: 0, incomeCount: 0, income: 0, expenseCount: 0, expense: 0 };

  constructor(expected: StatementExpectation) {
    this.#expected = expected;
    this.#clock = localClock(expected.utcOffsetMinutes);
    this.#days = newDayTally(expected.utcOffsetMinutes);
  }

  get columns(): readonly StatementColumn[] {
    return this.#frame.binding?.columns ?? [];
  }

  read(text: string, lineNo: number): StatementLine | null {
    const record = this.#frame.take(text, lineNo);
    const { binding } = this.#frame;
    if (record.part !== 'row' || binding === null) return null;
    const cell = (field: string): string => cellText(record.cells[binding.positionOf(field)] ?? '');
    const signed = this.#signedAmount(cell('amount'), cell('direction'), lineNo);
    const word = cell('kind');
    const kind = kindOf(word, cell('name'));
    const isRefund = kind === 'refund';
    const { currency } = this.#expected;
    const line: StatementLine = {
      lineNo,
      kind,
      word,
      orderNo: kind === 'payment' ? numberCell(cell('voucherNo')) : null,
      refundNo: isRefund ? numberCell(cell('voucherNo')) : null,
      // Of a refund the business number is its own, and the bill does not name the charge.
      transactionNo: isRefund ? null : numberCell(cell('transactionNo')),
      movementNo: numberCell(isRefund ? cell('transactionNo') : cell('movementNo')),
      amountMinor: kind === 'payment' || isRefund ? Math.abs(signed) : signed,
      currency,
      feeMinor: null,
      netMinor: signed,
      settlementCurrency: currency,
      status: 'succeeded',
      atMs: timeCell(cell('at'), this.#clock, '记账时间', lineNo),
    };
    this.#totals.add(line);
    this.#days.add(line.atMs);
    return line;
  }

  #signedAmount(text: string, direction: string, lineNo: number): number {
    const amount = Math.abs(amountCell(text, DECIMALS, '收支金额', lineNo));
    const sums = this.#sums;
    sums.count += 1;
    if (direction === '收入') {
      sums.incomeCount += 1;
      sums.income = exactSum(sums.income, amount, lineNo);
      return amount;
    }
    if (direction !== '支出') throw unknownWord('收支类型', direction, lineNo);
    sums.expenseCount += 1;
    sums.expense = exactSum(sums.expense, amount, lineNo);
    return amount === 0 ? 0 : -amount;
  }

  end(lineNo: number, isLastLineEnded: boolean): StatementSummary {
    const frame = this.#frame;
    frame.end(lineNo, isLastLineEnded);
    for (const { field, names } of TAIL) {
      const isCount = field.toLowerCase().endsWith('count');
      const stated = Math.abs(frame.sum(field, isCount ? 0 : DECIMALS) ?? 0);
      const write = isCount ? String : minorText;
      expectTotal(names[0], stated, this.#sums[field], frame.tailLineNo, write);
    }
    const day = this.#days.most();
    if (day !== null && this.#expected.day !== null && day !== this.#expected.day)
      throw notExpected('day', day, this.#expected.day, null);
    return {
      day,
      account: null,
      totals: this.#totals.list(),
      hasTrailer: true,
      columnSums: new Map(),
    };
  }
}
