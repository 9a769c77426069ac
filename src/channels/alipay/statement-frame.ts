/**
 * What stands around the rows of every Alipay statement: head and foot in lines that begin with `#`.
 * Some exports pad these lines with commas or put an empty column in front.
 */
import { addDays } from '../../core/reconciliation/business-day.ts';
import { chineseMidnight } from '../../statements/local-time.ts';
import { shownText, unitsOf } from '../../statements/money-text.ts';
import { StatementError } from '../../statements/statement-format.ts';
import type { StatementExpectation } from '../../statements/statement-format.ts';
import { cutOff, notExpected } from '../../statements/statement-totals.ts';

const HASH = 35;
const PADDING = /^[\s,"]*#/;
const MEND = 'Fetch the file again from Alipay, and import it as it came.';

/** A sum of the foot: how often and how much, without a sign, for files write refunds with one and without. */
export type FootSum = { readonly count: number; readonly amounts: readonly number[] };

export type AlipayFrame = {
  readonly account: string | null;
  readonly day: string | null;
  /** Whether the line that ends the list was seen. */
  readonly isListOver: boolean;
  /** Takes a line that begins with `#`. */
  take(text: string, lineNo: number): void;
  /** The sum of the foot that begins with these words. Throws StatementError where the file was cut off before it. */
  sum(name: string, lineNo: number): FootSum;
  /** Throws StatementError where head or foot is not whole. */
  end(lineNo: number, hasColumns: boolean): void;
};

/** Whether a line belongs to the frame. */
export function isFrameLine(text: string): boolean {
  const first = text.charCodeAt(0);
  if (first === HASH) return true;
  // A digit begins nearly every row.
  return (first < 48 || first > 57) && PADDING.test(text);
}

/** A frame that checks day and account as soon as they are read. */
export function newAlipayFrame(expected: StatementExpectation): AlipayFrame {
  let account: string | null = null;
  let day: string | null = null;
  let isListOver = false;
  let isExported = false;
  const sums = new Map<string, FootSum>();
  return {
    get account() {
      return account;
    },
    get day() {
      return day;
    },
    get isListOver() {
      return isListOver;
    },
    take: (text, lineNo) => {
      const line = text.replace(/^[\s,"]*#/, '').replace(/[\s,"]+$/, '');
      const [, accountText] = /^账号[：:]\s*\[([^\]]*)\]$/.exec(line) ?? [];
      if (accountText !== undefined) account = checkedAccount(accountText, expected, lineNo);
      else if (line.startsWith('起始日期')) day = checkedDay(line, expected, lineNo);
      else if (/列表结束-*$/.test(line)) isListOver = true;
      else if (/^导出时间[：:]\s*\[[^\]]+\]$/.test(line)) isExported = true;
      else {
        const sum = footSum(line, lineNo);
        if (sum !== null) sums.set(sum.name, sum);
      }
    },
    sum: (name, lineNo) => {
      const sum = sums.get(name);
      if (sum === undefined) throw cutOff(`the line ${name}`, lineNo);
      return sum;
    },
    end: (lineNo, hasColumns) => {
      if (account === null) throw missingHead('账号', lineNo);
      if (day === null) throw missingHead('起始日期', lineNo);
      if (!hasColumns) throw cutOff('its column names', lineNo);
      if (!isListOver) throw cutOff('the line 列表结束', lineNo);
      if (!isExported) throw cutOff('the line 导出时间', lineNo);
    },
  };
}

/** A row behind the line that ends the list. */
export function rowBehindEnd(lineNo: number): StatementError {
  return new StatementError('a row stands behind the end of the list', lineNo, MEND);
}

function missingHead(name: string, lineNo: number): StatementError {
  return new StatementError(`the head has no line ${name}`, lineNo, MEND);
}

/** Alipay's own account number in a file is the partner number with 0156 behind it. */
function checkedAccount(text: string, expected: StatementExpectation, lineNo: number): string {
  const account = text.trim();
  const wanted = expected.account;
  if (wanted === null || account === wanted || account === `${wanted}0156`) return account;
  throw notExpected('account', shownText(account), wanted, lineNo);
}

function checkedDay(line: string, expected: StatementExpectation, lineNo: number): string {
  const match = /^起始日期[：:]\s*\[([^\]]*)\]\s*终止日期[：:]\s*\[([^\]]*)\]$/.exec(line);
  const from = chineseMidnight(match?.[1] ?? '');
  const until = chineseMidnight(match?.[2] ?? '');
  if (from === null || until === null)
    throw new StatementError(`the period ${shownText(line)} cannot be read`, lineNo, MEND);
  if (until !== addDays(from, 1)) {
    throw new StatementError(
      `the file is of the time from ${from} until ${until}, and not of one day`,
      lineNo,
      'Fetch the statement of one day from Alipay.',
    );
  }
  if (expected.day !== null && expected.day !== from)
    throw notExpected('day', from, expected.day, lineNo);
  return from;
}

/** `交易合计：6笔，商家实收共0.06元，商家优惠共0.00元` */
function footSum(line: string, lineNo: number): (FootSum & { readonly name: string }) | null {
  const match = /^(\S*?合计)[：:](.*)$/.exec(line);
  if (!match) return null;
  const [, name = '', rest = ''] = match;
  const parts = rest.split(/[，,]/);
  const count = /^(\d{1,9})笔$/.exec(parts[0]?.trim() ?? '')?.[1];
  const amounts = parts.slice(1).map((part) => {
    const text = /共([+-]?[\d.]+)元$/.exec(part.trim())?.[1];
    return text === undefined ? Number.NaN : Math.abs(unitsOf(text, 2));
  });
  if (count === undefined || amounts.length === 0 || amounts.some((one) => Number.isNaN(one)))
    throw new StatementError(`the foot ${shownText(line)} cannot be read`, lineNo, MEND);
  return { name, count: Number(count), amounts };
}
