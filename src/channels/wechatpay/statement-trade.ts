/**
 * WeChat Pay's trade bill (交易账单) in its three kinds ALL, SUCCESS and REFUND, and the older files of
 * 24 and 18 columns of merchants without 免充值 coupons.
 *
 * The order's amount is 订单金额, what was asked back 申请退款金额; 应结订单金额 and 退款金额 are what is
 * settled, coupons off. A refund is listed once, when it is issued, with the state it had then.
 */
import { currencyExponent } from '../../core/money.ts';
import type { StatementLine } from '../../core/reconciliation/statement-line.ts';
import { cellText, knownNames, unknownWord, wrongCell } from '../../statements/column-binding.ts';
import type { ColumnWish } from '../../statements/column-binding.ts';
import { newDayTally } from '../../statements/day-tally.ts';
import type { DayTally } from '../../statements/day-tally.ts';
import {
  amountCell,
  amountOrZero,
  numberCell,
  timeCell,
  unitsCell,
} from '../../statements/line-cells.ts';
import { localClock } from '../../statements/local-time.ts';
import { roundedHalfAway, shownText } from '../../statements/money-text.ts';
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
import { FEE_DECIMALS, newBillFrame } from './statement-tail.ts';

const COLUMNS = [
  { field: 'at', names: ['交易时间'], isNeeded: true },
  { field: 'account', names: ['商户号'], isNeeded: true },
  { field: 'subAccount', names: ['特约商户号', '子商户号'], isNeeded: false },
  { field: 'transactionNo', names: ['微信订单号'], isNeeded: true },
  { field: 'orderNo', names: ['商户订单号'], isNeeded: true },
  { field: 'state', names: ['交易状态'], isNeeded: true },
  { field: 'currency', names: ['货币种类'], isNeeded: true },
  { field: 'fee', names: ['手续费'], isNeeded: true },
  { field: 'refundedAt', names: ['退款申请时间'], isNeeded: false },
  { field: 'refundDoneAt', names: ['退款成功时间'], isNeeded: false },
  { field: 'movementNo', names: ['微信退款单号'], isNeeded: false },
  { field: 'refundNo', names: ['商户退款单号'], isNeeded: false },
  { field: 'refunded', names: ['退款金额'], isNeeded: false },
  { field: 'refundState', names: ['退款状态'], isNeeded: false },
] as const;
const NEW_AMOUNTS = [
  { field: 'settled', names: ['应结订单金额'], isNeeded: true },
  { field: 'amount', names: ['订单金额'], isNeeded: true },
  { field: 'refundAmount', names: ['申请退款金额'], isNeeded: false },
] as const;
/** In an old file both are the same; in a new one taking 退款金额 for what was asked would be wrong by the coupons. */
const OLD_AMOUNTS = [
  { field: 'settled', names: ['总金额'], isNeeded: true },
  { field: 'amount', names: ['总金额'], isNeeded: true },
  { field: 'refundAmount', names: ['退款金额'], isNeeded: false },
] as const;
/** Without these a file may hold refunds that nobody could read. */
const REFUND_COLUMNS = ['movementNo', 'refundNo', 'refunded', 'refundState', 'refundAmount'];

const TAIL = [
  { field: 'count', names: ['总交易单数'], isNeeded: true },
  { field: 'settled', names: ['应结订单总金额', '总交易额'], isNeeded: true },
  { field: 'refunded', names: ['退款总金额', '总退款金额'], isNeeded: true },
  { field: 'fee', names: ['手续费总金额'], isNeeded: true },
  { field: 'amount', names: ['订单总金额'], isNeeded: false },
  { field: 'refundAmount', names: ['申请退款总金额'], isNeeded: false },
] as const;

/** CHANGE (原路退款失败) and ABNORMAL wait for the merchant's hand; a word we do not know proves nothing. */
const REFUND_STATES: Readonly<Record<string, StatementLine['status']>> = {
  SUCCESS: 'succeeded',
  FAIL: 'failed',
  CLOSED: 'failed',
};
const KINDS: Readonly<Record<string, StatementLine['kind']>> = {
  SUCCESS: 'payment',
  REFUND: 'refund',
  REVOKED: 'reversal',
};

export const wechatTrade: StatementFormat = {
  code: 'wechat_trade',
  channel: 'wechatpay',
  title: { zh: '微信支付交易账单', en: 'WeChat Pay trade bill' },
  encodings: ['utf-8'],
  quotesSpanLines: false,
  recognises: ([first = '']) =>
    knownNames(
      first.split(','),
      [...COLUMNS, ...NEW_AMOUNTS].flatMap(({ names }) => names),
    ) >= 7,
  open: (expected) => new TradeReader(expected),
  companions: [],
  passedOver: null,
};

function columnsOf(header: readonly string[]): readonly ColumnWish[] {
  return [...COLUMNS, ...(knownNames(header, ['总金额']) === 1 ? OLD_AMOUNTS : NEW_AMOUNTS)];
}

class TradeReader implements StatementReader {
  readonly #expected: StatementExpectation;
  readonly #clock: ReturnType<typeof localClock>;
  /** By each of the times that a row may have: which of them a bill of refunds is cut by is not documented. */
  readonly #days: Readonly<Record<'at' | 'refundedAt' | 'refundDoneAt', DayTally>>;
  readonly #totals = newStatementTotals();
  readonly #frame = newBillFrame(columnsOf, '总交易单数', TAIL);
  readonly #sums = { settled: 0, refunded: 0, fee: 0, amount: 0, refundAmount: 0 };
  #rows = 0;
  #account: string | null = null;
  #decimals = 2;

  constructor(expected: StatementExpectation) {
    this.#expected = expected;
    this.#clock = localClock(expected.utcOffsetMinutes);
    const { utcOffsetMinutes } = expected;
    this.#days = {
      at: newDayTally(utcOffsetMinutes),
      refundedAt: newDayTally(utcOffsetMinutes),
      refundDoneAt: newDayTally(utcOffsetMinutes),
    };
  }

  get columns(): readonly StatementColumn[] {
    return this.#frame.binding?.columns ?? [];
  }

  read(text: string, lineNo: number): StatementLine | null {
    const record = this.#frame.take(text, lineNo);
    if (record.part !== 'row') return null;
    const row = new BillRow(this.#frame.binding, record.cells, lineNo);
    this.#checkAccount(row);
    const currency = row.cell('currency').toUpperCase();
    const decimals = currencyExponent(currency);
    if (decimals === undefined) throw unknownWord('货币种类', currency, lineNo);
    this.#decimals = decimals;
    const line = this.#line(row, currency, decimals);
    this.#rows += 1;
    this.#totals.add(line);
    return line;
  }

  #line(row: BillRow, currency: string, decimals: number): StatementLine {
    const { lineNo } = row;
    const settled = row.amount('settled', decimals);
    const amount = row.amount('amount', decimals);
    const word = row.cell('state');
    const kind = KINDS[word] ?? 'other';
    if (kind === 'refund') this.#expectRefundColumns(row);
    const [refunded, refundAmount] = (['refunded', 'refundAmount'] as const).map((field) =>
      kind === 'refund' ? row.amount(field, decimals) : row.refundAmount(field, decimals),
    ) as [number, number];
    const fee = unitsCell(row.cell('fee'), FEE_DECIMALS, '手续费', lineNo);
    const sums = this.#sums;
    sums.settled = exactSum(sums.settled, settled, lineNo);
    sums.amount = exactSum(sums.amount, amount, lineNo);
    sums.refunded = exactSum(sums.refunded, refunded, lineNo);
    sums.refundAmount = exactSum(sums.refundAmount, refundAmount, lineNo);
    sums.fee = exactSum(sums.fee, fee, lineNo);
    const isBack = kind === 'refund' || kind === 'reversal';
    const feeMinor = roundedHalfAway(fee, FEE_DECIMALS, decimals);
    // A revoked payment may be written in the order's columns or in the refund's.
    const back = refundAmount === 0 && kind === 'reversal' ? amount : refundAmount;
    const settledBack = refunded === 0 && kind === 'reversal' ? settled : refunded;
    return {
      lineNo,
      kind,
      word,
      orderNo: numberCell(row.cell('orderNo')),
      refundNo: isBack ? row.refundNumber('refundNo') : null,
      transactionNo: numberCell(row.cell('transactionNo')),
      movementNo: isBack ? row.refundNumber('movementNo') : null,
      amountMinor: isBack ? Math.abs(back) : amount,
      currency,
      feeMinor,
      netMinor: isBack ? -Math.abs(settledBack) - feeMinor : settled - feeMinor,
      settlementCurrency: currency,
      status:
        kind === 'refund' ? (REFUND_STATES[row.cell('refundState')] ?? 'pending') : 'succeeded',
      atMs: this.#time(row),
    };
  }

  /** Of a refund when it was asked for, which is when it is listed. */
  #time(row: BillRow): number | null {
    const [at, asked, done] = (['at', 'refundedAt', 'refundDoneAt'] as const).map((field) => {
      const atMs = timeCell(row.cell(field), this.#clock, row.nameOf(field), row.lineNo);
      this.#days[field].add(atMs);
      return atMs;
    });
    return asked ?? at ?? done ?? null;
  }

  #day(): string | null {
    const found = Object.values(this.#days)
      .map((days) => days.most())
      .filter((day) => day !== null);
    const wanted = this.#expected.day;
    const [first] = found;
    if (wanted === null || first === undefined) return first ?? null;
    if (!found.includes(wanted)) throw notExpected('day', first, wanted, null);
    return wanted;
  }

  #checkAccount(row: BillRow): void {
    const account = row.cell('account');
    const wanted = this.#expected.account;
    if (this.#account === account) return;
    if (wanted !== null && account !== wanted && row.cell('subAccount') !== wanted)
      throw notExpected('account', shownText(account), wanted, row.lineNo);
    this.#account = numberCell(account);
  }

  #expectRefundColumns(row: BillRow): void {
    const missing = REFUND_COLUMNS.find((field) => !row.has(field));
    if (missing === undefined) return;
    const wishes = [...COLUMNS, ...NEW_AMOUNTS];
    const name = wishes.find(({ field }) => field === missing)?.names[0] ?? missing;
    throw wrongCell(name, 'is missing, though the file holds refunds', row.lineNo);
  }

  end(lineNo: number, isLastLineEnded: boolean): StatementSummary {
    const frame = this.#frame;
    frame.end(lineNo, isLastLineEnded);
    // The count may be written as `45.0`.
    expectTotal('总交易单数', frame.sum('count', 0) ?? 0, this.#rows, frame.tailLineNo);
    for (const { field, names } of TAIL) {
      if (field === 'count') continue;
      const stated = frame.sum(field, field === 'fee' ? FEE_DECIMALS : this.#decimals);
      if (stated !== null) expectTotal(names[0], stated, this.#sums[field], frame.tailLineNo);
    }
    return {
      day: this.#day(),
      account: this.#account,
      totals: this.#totals.list(),
      hasTrailer: true,
      columnSums: new Map(),
    };
  }
}

/** One row by the names of its columns. */
class BillRow {
  readonly lineNo: number;
  readonly #cells: readonly string[];
  readonly #binding: ReturnType<typeof newBillFrame>['binding'];
  constructor(
    binding: ReturnType<typeof newBillFrame>['binding'],
    cells: readonly string[],
    lineNo: number,
  ) {
    this.#binding = binding;
    this.#cells = cells;
    this.lineNo = lineNo;
  }
  nameOf(field: string): string {
    return this.#binding?.nameOf(field) ?? field;
  }
  has(field: string): boolean {
    return (this.#binding?.at(field) ?? -1) !== -1;
  }
  cell(field: string): string {
    return cellText(this.#cells[this.#binding?.positionOf(field) ?? -1] ?? '');
  }
  /** Null for the `0` that stands where a payment has no refund. */
  refundNumber(field: string): string | null {
    const number = this.cell(field);
    return number === '0' ? null : numberCell(number);
  }
  amount(field: string, decimals: number): number {
    return amountCell(this.cell(field), decimals, this.nameOf(field), this.lineNo);
  }
  refundAmount(field: string, decimals: number): number {
    if (!this.has(field)) return 0;
    const name = this.nameOf(field);
    return amountOrZero(this.cell(field), decimals, name, this.lineNo);
  }
}
