/**
 * Alipay's 业务明细: payments and refunds of one day, GBK, 25 columns.
 *
 * Which way a row went is said by 业务类型 alone: in some files refunds are negative, in others not, and
 * 服务费 likewise. A refund carries the transaction number of its payment.
 */
import type { StatementLine } from '../../core/reconciliation/statement-line.ts';
import { bindColumns, cellText, knownNames } from '../../statements/column-binding.ts';
import type { ColumnBinding } from '../../statements/column-binding.ts';
import { pickFieldsEitherWay, splitFields } from '../../statements/delimited-fields.ts';
import { amountCell, amountOrZero, numberCell, timeCell } from '../../statements/line-cells.ts';
import { localClock } from '../../statements/local-time.ts';
import { minorText } from '../../statements/money-text.ts';
import type {
  StatementColumn,
  StatementExpectation,
  StatementFormat,
  StatementReader,
  StatementSummary,
} from '../../statements/statement-format.ts';
import { exactSum, expectTotal, newStatementTotals } from '../../statements/statement-totals.ts';
import { isFrameLine, newAlipayFrame, rowBehindEnd } from './statement-frame.ts';
import { tradeSummary } from './statement-summary.ts';

/** Alipay settles in yuan. */
const DECIMALS = 2;

const COLUMNS = [
  { field: 'transactionNo', names: ['支付宝交易号'], isNeeded: true },
  { field: 'orderNo', names: ['商户订单号'], isNeeded: true },
  { field: 'kind', names: ['业务类型'], isNeeded: true },
  { field: 'at', names: ['完成时间'], isNeeded: true },
  { field: 'amount', names: ['订单金额（元）'], isNeeded: true },
  { field: 'received', names: ['商家实收（元）'], isNeeded: true },
  { field: 'discount', names: ['商家优惠（元）'], isNeeded: true },
  { field: 'refundNo', names: ['退款批次号/请求号', '退款批次号'], isNeeded: true },
  { field: 'fee', names: ['服务费（元）'], isNeeded: true },
  { field: 'shared', names: ['分润（元）'], isNeeded: false },
] as const;

export const alipayTrade: StatementFormat = {
  code: 'alipay_trade',
  channel: 'alipay',
  title: { zh: '支付宝业务明细', en: 'Alipay trade statement' },
  encodings: ['gb18030', 'utf-8'],
  quotesSpanLines: false,
  recognises: (head) =>
    head.some((line) =>
      isFrameLine(line)
        ? line.includes('业务明细')
        : knownNames(
            line.split(','),
            COLUMNS.flatMap(({ names }) => names),
          ) >= 6,
    ),
  open: (expected) => new TradeReader(expected),
  companions: [tradeSummary],
  passedOver: null,
};

type Side = { count: number; received: number; discount: number };

class TradeReader implements StatementReader {
  readonly #expected: StatementExpectation;
  readonly #frame: ReturnType<typeof newAlipayFrame>;
  readonly #clock: ReturnType<typeof localClock>;
  readonly #totals = newStatementTotals();
  readonly #paid: Side = { count: 0, received: 0, discount: 0 };
  readonly #refunded: Side = { count: 0, received: 0, discount: 0 };
  readonly #cells: string[] = [];
  #columns: TradeColumns | null = null;

  constructor(expected: StatementExpectation) {
    this.#expected = expected;
    this.#frame = newAlipayFrame(expected);
    this.#clock = localClock(expected.utcOffsetMinutes);
  }

  get columns(): readonly StatementColumn[] {
    return this.#columns?.binding.columns ?? [];
  }

  read(text: string, lineNo: number): StatementLine | null {
    if (isFrameLine(text)) {
      this.#frame.take(text, lineNo);
      return null;
    }
    if (text.trim() === '') return null;
    if (this.#frame.isListOver) throw rowBehindEnd(lineNo);
    if (this.#columns !== null) return this.#row(text, lineNo, this.#columns);
    this.#columns = tradeColumns(bindColumns(splitFields(text, lineNo), COLUMNS, lineNo));
    return null;
  }

  #row(text: string, lineNo: number, columns: TradeColumns): StatementLine {
    const { binding, at } = columns;
    const cells = this.#cells;
    // Public readers split these rows at bare commas; goods may be named `"A" 24"`.
    pickFieldsEitherWay(text, binding.wanted, cells, lineNo, binding.count);
    const money = (field: TradeField): number =>
      amountCell(cells[at[field]] ?? '', DECIMALS, binding.nameOf(field), lineNo);
    const word = cellText(cells[at.kind] ?? '');
    const amount = money('amount');
    const received = Math.abs(money('received'));
    const discount = Math.abs(money('discount'));
    const fee = Math.abs(money('fee'));
    const shared =
      at.shared === -1 ? 0 : amountOrZero(cells[at.shared] ?? '', DECIMALS, '分润', lineNo);
    const kind = word === '交易' ? 'payment' : word === '退款' ? 'refund' : 'other';
    const sign = kind === 'refund' ? -1 : 1;
    if (kind !== 'other') {
      const side = kind === 'payment' ? this.#paid : this.#refunded;
      side.count += 1;
      side.received = exactSum(side.received, received, lineNo);
      side.discount = exactSum(side.discount, discount, lineNo);
    }
    // A refund gives the fee back; 0 has no sign.
    const feeMinor = fee === 0 ? 0 : sign * fee;
    const line: StatementLine = {
      lineNo,
      kind,
      word,
      orderNo: numberCell(cells[at.orderNo] ?? ''),
      refundNo: kind === 'refund' ? numberCell(cells[at.refundNo] ?? '') : null,
      transactionNo: numberCell(cells[at.transactionNo] ?? ''),
      movementNo: null,
      amountMinor: kind === 'other' ? amount : Math.abs(amount),
      currency: this.#expected.currency,
      feeMinor,
      // What profit sharing (分润) does to the balance is not documented: then nothing is said.
      netMinor: kind === 'other' || shared !== 0 ? null : sign * received - feeMinor,
      settlementCurrency: this.#expected.currency,
      status: 'succeeded',
      atMs: timeCell(cells[at.at] ?? '', this.#clock, '完成时间', lineNo),
    };
    this.#totals.add(line);
    return line;
  }

  end(lineNo: number): StatementSummary {
    this.#frame.end(lineNo, this.#columns !== null);
    const { currency } = this.#expected;
    for (const [name, side] of [
      ['交易合计', this.#paid],
      ['退款合计', this.#refunded],
    ] as const) {
      const stated = this.#frame.sum(name, lineNo);
      expectTotal(`${name} (笔)`, stated.count, side.count, null);
      expectTotal(`${name} 商家实收`, stated.amounts[0] ?? 0, side.received, null, minorText);
      expectTotal(`${name} 商家优惠`, stated.amounts[1] ?? 0, side.discount, null, minorText);
    }
    const paid = this.#totals.of('payment', currency);
    const refunded = this.#totals.of('refund', currency);
    return {
      day: this.#frame.day,
      account: this.#frame.account,
      totals: this.#totals.list(),
      hasTrailer: true,
      columnSums: new Map([
        ['交易订单总笔数', paid.count],
        ['退款订单总笔数', refunded.count],
        ['订单金额（元）', paid.amountMinor - refunded.amountMinor],
        ['商家实收（元）', this.#paid.received - this.#refunded.received],
        ['商家优惠（元）', this.#paid.discount - this.#refunded.discount],
        ['服务费（元）', paid.feeMinor + refunded.feeMinor],
      ]),
    };
  }
}

type TradeField = (typeof COLUMNS)[number]['field'];
type TradeColumns = {
  readonly binding: ColumnBinding;
  readonly at: Readonly<Record<TradeField, number>>;
};

/** Looked up once a file, not once a cell. */
function tradeColumns(binding: ColumnBinding): TradeColumns {
  const at = Object.fromEntries(COLUMNS.map(({ field }) => [field, binding.at(field)]));
  return { binding, at: at as Record<TradeField, number> };
}
