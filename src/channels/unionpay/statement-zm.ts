/**
 * UnionPay's 全渠道 detail file `INNyymmdd88ZM_<merchant>`: fixed widths in bytes, one blank between, no
 * head, no foot, no year, and amounts in fen without a point.
 *
 * Known: the widths and what fields 5, 7, 10, 12, 16, 17, 20, 27, 28 and 41 are. Assumed, until a real file
 * was seen: the codes of field 20 (01 消费, 03 预授权完成, 04 退货, 31 消费撤销, 33 预授权完成撤销), GB18030, that
 * field 16 says D for a fee that we pay and C for one that comes back, and that the date in the name is
 * the day of the payments or the day after. Two tails are known; they differ behind field 41.
 */
import { addDays, isDay } from '../../core/reconciliation/business-day.ts';
import type { StatementLine, StatementLineKind } from '../../core/reconciliation/statement-line.ts';
import { unknownWord, wrongCell } from '../../statements/column-binding.ts';
import { newDayTally } from '../../statements/day-tally.ts';
import { amountCell, numberCell } from '../../statements/line-cells.ts';
import { localClock } from '../../statements/local-time.ts';
import { shownText } from '../../statements/money-text.ts';
import { StatementError } from '../../statements/statement-format.ts';
import type {
  StatementColumn,
  StatementExpectation,
  StatementFormat,
  StatementReader,
  StatementSummary,
} from '../../statements/statement-format.ts';
import { newStatementTotals, notExpected } from '../../statements/statement-totals.ts';

/** Fields 1 to 41, which both tails share. */
const WIDTHS = [
  3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15,
  1, 15, 32, 13, 13, 8, 32, 13, 13, 12, 2, 1, 32,
];
/** What follows field 41: 98 bytes; or 13, 2, 1, 12 and 67 with a blank between each. */
const TAIL_WIDTHS = [98, 99];
const STARTS = WIDTHS.map((_, at) =>
  WIDTHS.slice(0, at).reduce((sum, width) => sum + width + 1, 0),
);
const SHARED_LENGTH = WIDTHS.reduce((sum, width) => sum + width + 1, 0);
const LENGTHS = TAIL_WIDTHS.map((width) => SHARED_LENGTH + width);

const BLANK = 32;

const FIELDS = {
  time: 5,
  amount: 7,
  queryNo: 10,
  orderNo: 12,
  fee: 16,
  net: 17,
  kind: 20,
  originalQueryNo: 27,
  account: 28,
  originalOrderNo: 41,
} as const;

const KINDS: Readonly<Record<string, StatementLineKind>> = {
  '01': 'payment',
  '03': 'payment',
  '04': 'refund',
  '31': 'reversal',
  '33': 'reversal',
};
const NAME = /(?:^|_)INN(\d{2})(\d{2})(\d{2})88ZM_(\d+)/;

export const unionpayZm: StatementFormat = {
  code: 'unionpay_zm',
  channel: 'unionpay',
  title: { zh: '银联全渠道明细文件', en: 'UnionPay detail file' },
  encodings: ['gb18030', 'utf-8'],
  quotesSpanLines: false,
  recognises: ([first = ''], fileName) =>
    (fileName !== null && NAME.test(fileName)) ||
    /^[A-Z]\d\d .{11} .{11} \d{6} \d{10} /.test(first),
  open: (expected, fileName) => new ZmReader(expected, fileName),
  companions: [],
  // Errors (差错), and the other files that the channel may pack beside it.
  passedOver: /(?:^|_)INN\d{8}(?!ZM_)[A-Z]+_/,
};

class ZmReader implements StatementReader {
  readonly columns: readonly StatementColumn[] = Object.entries(FIELDS).map(([field, number]) => ({
    field,
    column: String(number),
  }));
  readonly #expected: StatementExpectation;
  readonly #clock: ReturnType<typeof localClock>;
  readonly #days: ReturnType<typeof newDayTally>;
  readonly #totals = newStatementTotals();
  /** Somewhere near the file's day, for the year that its times lack; null where nothing tells it. */
  readonly #near: string | null;
  #account: string | null = null;
  #length: number | null = null;
  #rows = 0;

  constructor(expected: StatementExpectation, fileName: string | null) {
    this.#expected = expected;
    this.#clock = localClock(expected.utcOffsetMinutes);
    this.#days = newDayTally(expected.utcOffsetMinutes);
    const [, year, month, day, account = ''] = NAME.exec(fileName ?? '') ?? [];
    const named = year === undefined ? null : `20${year}-${month}-${day}`;
    const wanted = expected.day;
    this.#near = wanted ?? (named !== null && isDay(named) ? named : null);
    if (named !== null && wanted !== null && named !== wanted && named !== addDays(wanted, 1))
      throw notExpected('day', named, wanted, null);
    if (named !== null && expected.account !== null && account !== expected.account)
      throw notExpected('account', account, expected.account, null);
  }

  read(text: string, lineNo: number): StatementLine | null {
    if (text === '') return null;
    const record = byBytes(text);
    // The lengths differ by one byte: a record that lost one must not pass for one of the other tail.
    const lengths = this.#length === null ? LENGTHS : [this.#length];
    if (!lengths.includes(record.length)) {
      throw new StatementError(
        `it has ${record.length} bytes and not ${lengths.join(' or ')}`,
        lineNo,
        'Fetch the file again from UnionPay: it was cut off, or blanks at its line ends were removed.',
      );
    }
    this.#length = record.length;
    expectBlanks(record, lineNo);
    const field = (name: keyof typeof FIELDS): string => fieldOf(record, FIELDS[name]);
    this.#checkAccount(field('account'), lineNo);
    const word = field('kind');
    const kind = KINDS[word] ?? 'other';
    const isBack = kind === 'refund' || kind === 'reversal';
    const amount = amountCell(field('amount'), 0, '7', lineNo);
    const net = signedField(field('net'), '17', lineNo);
    const { currency } = this.#expected;
    const line: StatementLine = {
      lineNo,
      kind,
      word,
      orderNo: numberCell(field(isBack ? 'originalOrderNo' : 'orderNo')),
      refundNo: isBack ? numberCell(field('orderNo')) : null,
      transactionNo: numberCell(field(isBack ? 'originalQueryNo' : 'queryNo')),
      movementNo: isBack ? numberCell(field('queryNo')) : null,
      amountMinor: kind === 'other' && net < 0 ? -amount : amount,
      currency,
      // D is what we owe the channel.
      feeMinor: 0 - signedField(field('fee'), '16', lineNo),
      netMinor: net,
      settlementCurrency: currency,
      status: 'succeeded',
      atMs: this.#time(field('time'), lineNo),
    };
    this.#rows += 1;
    this.#totals.add(line);
    this.#days.add(line.atMs);
    return line;
  }

  #checkAccount(account: string, lineNo: number): void {
    if (this.#account === account) return;
    const wanted = this.#expected.account ?? this.#account;
    if (wanted !== null && account !== wanted)
      throw notExpected('account', shownText(account), wanted, lineNo);
    this.#account = numberCell(account);
  }

  /** MMDDhhmmss, in the year that brings it nearest to the file's day. */
  #time(text: string, lineNo: number): number | null {
    const match = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text);
    const [, month, day, hour, minute, second] = match ?? [];
    const near = this.#near;
    if (match !== null && near === null) return null;
    const nearMs = Date.parse(`${near}T00:00:00.000Z`);
    const year = Number(near?.slice(0, 4));
    const times = [year - 1, year, year + 1]
      .map((one) => this.#clock.msOf(`${one}-${month}-${day} ${hour}:${minute}:${second}`))
      .filter((atMs) => !Number.isNaN(atMs));
    const [nearest] = times.toSorted((a, b) => Math.abs(a - nearMs) - Math.abs(b - nearMs));
    if (match === null || nearest === undefined)
      throw wrongCell('5', `is ${shownText(text)}, which is no time`, lineNo);
    return nearest;
  }

  end(lineNo: number): StatementSummary {
    if (this.#rows === 0) {
      throw new StatementError(
        'the file holds no record',
        lineNo,
        'UnionPay sends no file for a day without payments: fetch it again.',
      );
    }
    const day = this.#days.most();
    if (day !== null && this.#expected.day !== null && day !== this.#expected.day)
      throw notExpected('day', day, this.#expected.day, null);
    return {
      day,
      account: this.#account,
      totals: this.#totals.list(),
      hasTrailer: false,
      columnSums: new Map(),
    };
  }
}

/** The text with a filler behind every character of two bytes, so that places are those of the bytes. */
function byBytes(text: string): string {
  return /[^\u0020-\u007e]/.test(text) ? text.replaceAll(/[^\u0020-\u007e]/g, '$&\u0000') : text;
}

function fieldOf(record: string, number: number): string {
  const start = STARTS[number - 1] ?? 0;
  const text = record.slice(start, start + (WIDTHS[number - 1] ?? 0));
  return (text.includes('\u0000') ? text.replaceAll('\u0000', '') : text).trim();
}

/** A blank stands between fields: where one does not, a field has slipped. */
function expectBlanks(record: string, lineNo: number): void {
  for (let at = 1; at < STARTS.length; at += 1) {
    if (record.charCodeAt((STARTS[at] ?? 0) - 1) !== BLANK)
      throw wrongCell(String(at), 'is not followed by a blank', lineNo);
  }
}

/** `D000000000060` → -60: D goes from us, C comes to us. Empty: nothing. */
function signedField(text: string, column: string, lineNo: number): number {
  if (text === '') return 0;
  const sign = text[0] === 'C' ? 1 : text[0] === 'D' ? -1 : 0;
  if (sign === 0) throw unknownWord(column, text, lineNo);
  const amount = amountCell(text.slice(1), 0, column, lineNo);
  return amount === 0 ? 0 : sign * amount;
}
