/** The cells of a line as values: whole minor units, times, numbers as text. A cell that is none is refused with its column and line. */
import { minorOf, moneyFault, shownText, unitsOf } from './money-text.ts';
import { cellText, wrongCell } from './column-binding.ts';
import type { LocalClock } from './local-time.ts';

/** An amount in minor units; throws StatementError where the cell is none. */
export function amountCell(cell: string, decimals: number, column: string, lineNo: number): number {
  let amount = minorOf(cell, decimals);
  if (!Number.isNaN(amount)) return amount;
  // Marks around the number are rare enough to be looked at only then.
  const text = cellText(cell);
  amount = minorOf(text, decimals);
  if (!Number.isNaN(amount)) return amount;
  throw wrongCell(column, moneyFault(text, decimals), lineNo);
}

/** An amount whose cell may be empty, which says nothing came or went. */
export function amountOrZero(
  cell: string,
  decimals: number,
  column: string,
  lineNo: number,
): number {
  return cellText(cell) === '' ? 0 : amountCell(cell, decimals, column, lineNo);
}

/**
 * A sum of many amounts, or a number finer than the currency, in units of 10^-`decimals`. Throws
 * StatementError where the cell is none.
 */
export function unitsCell(cell: string, decimals: number, column: string, lineNo: number): number {
  const text = cellText(cell);
  const units = unitsOf(text, decimals);
  if (Number.isNaN(units)) throw wrongCell(column, moneyFault(text, decimals), lineNo);
  return units;
}

/** A time in epoch milliseconds, null where the cell is empty; throws StatementError where it is no time. */
export function timeCell(
  cell: string,
  clock: LocalClock,
  column: string,
  lineNo: number,
): number | null {
  let atMs = clock.msOf(cell);
  if (!Number.isNaN(atMs)) return atMs;
  const text = cellText(cell);
  if (text === '') return null;
  atMs = clock.msOf(text);
  if (!Number.isNaN(atMs)) return atMs;
  throw wrongCell(column, `is ${shownText(text)}, which is no time`, lineNo);
}

/**
 * A number of ours or the channel's, null where the cell is empty. The text is a copy: a piece of the
 * decoded file would keep all of it in memory for as long as the line is kept.
 */
export function numberCell(cell: string): string | null {
  const text = cellText(cell);
  if (text === '') return null;
  // Short strings are copied by the engine itself.
  return text.length < 13 ? text : ` ${text}`.slice(1);
}
