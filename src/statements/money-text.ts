/**
 * Money as channels write it, `100.00`, turned into whole minor units without a float in between.
 *
 * Nothing is guessed: `1e5`, `1,000.00`, blanks, full-width digits and more decimals than the currency
 * has are faults. NaN stands for a fault, so that a million good cells cost nothing; `moneyFault` then
 * says in words what was wrong.
 */
import { AMOUNT_MINOR_MAX, majorText } from '../core/money.ts';

const MINUS = 45;
const PLUS = 43;
const POINT = 46;
const ZERO = 48;

/** `-30.5` with 2 decimals → -3050; NaN where the text is no exact amount of at most a safe size. Zeros beyond the decimals are allowed. */
export function minorOf(text: string, decimals: number): number {
  return scaledOf(text, decimals, AMOUNT_MINOR_MAX);
}

/**
 * As above without the limit of one amount, up to what a safe integer holds: for sums of a day, and for
 * numbers with finer parts than the currency has (a fee of `0.60000`), whose sums must stay exact.
 */
export function unitsOf(text: string, decimals: number): number {
  return scaledOf(text, decimals, Number.MAX_SAFE_INTEGER);
}

/** Units of 10^-`from` as units of 10^-`to`, half away from zero. `from` is not less than `to`. */
export function roundedHalfAway(units: number, from: number, to: number): number {
  const divisor = 10 ** (from - to);
  const size = Math.abs(units);
  const rest = size % divisor;
  const whole = (size - rest) / divisor + (rest * 2 >= divisor ? 1 : 0);
  // -0 would be written as 0 and compared as different from it.
  return units < 0 && whole !== 0 ? -whole : whole;
}

/** What is wrong with a text that `minorOf` answered with NaN. */
export function moneyFault(text: string, decimals: number): string {
  const shown = shownText(text);
  if (text === '') return 'is empty where an amount is needed';
  if (/^[+-]?\d[\d.]*e[+-]?\d+$/i.test(text))
    return `is ${shown}: a spreadsheet has rewritten the number`;
  if (/^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?$/.test(text))
    return `is ${shown}: an amount has no thousands separators`;
  if (/[０-９．，－]/u.test(text)) return `is ${shown}: an amount has ASCII digits`;
  if (/\s/.test(text)) return `is ${shown}: an amount has no blanks inside`;
  if (/^[+-]?\d+\.\d+$/.test(text) && fraction(text) > decimals)
    return `is ${shown}: the currency has ${decimals} decimals`;
  if (/^[+-]?\d+(?:\.\d+)?$/.test(text)) return `is ${shown}: larger than any payment`;
  return `is ${shown}, which is no amount`;
}

/** A piece of a file as it may be shown: short, in quotes, control characters escaped. */
export function shownText(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}

function fraction(text: string): number {
  return text.replace(/0+$/, '').length - text.indexOf('.') - 1;
}

function scaledOf(text: string, decimals: number, sizeMax: number): number {
  const { length } = text;
  let at = 0;
  const sign = text.charCodeAt(0);
  if (sign === MINUS || sign === PLUS) at = 1;
  const digitsFrom = at;
  let units = 0;
  for (; at < length; at += 1) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) break;
    units = units * 10 + digit;
    if (units > sizeMax) return Number.NaN;
  }
  if (at === digitsFrom) return Number.NaN;
  let left = decimals;
  if (at < length) {
    if (text.charCodeAt(at) !== POINT || at + 1 === length) return Number.NaN;
    for (at += 1; at < length; at += 1) {
      const digit = text.charCodeAt(at) - ZERO;
      if (digit < 0 || digit > 9) return Number.NaN;
      if (left > 0) {
        units = units * 10 + digit;
        left -= 1;
      } else if (digit !== 0) return Number.NaN;
    }
  }
  for (; left > 0; left -= 1) units *= 10;
  if (units > sizeMax) return Number.NaN;
  return sign === MINUS && units !== 0 ? -units : units;
}

/** Hundredths as text, for messages about yuan: `5` → `0.05`. */
export function minorText(minor: number): string {
  return majorText(minor, 'CNY');
}
