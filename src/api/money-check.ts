/** Amount and currency of a request: refused with words that say what to send instead. */
import { currencyExponent } from '../core/money.ts';
import type { CodedFieldError } from './api-problem.ts';
import { fractionalText } from './strict-json.ts';

/** Faults of the fields `amount` and `currency` that the schema has no words for. */
export function checkMoney(body: Readonly<Record<string, unknown>>): CodedFieldError[] {
  const found: CodedFieldError[] = [];
  const { amount, currency } = body;
  if (amount !== undefined) {
    const written = fractionalText(body, 'amount') ?? textOf(amount);
    if (written !== null || !Number.isInteger(amount)) {
      const detail = amountWords(written, typeof currency === 'string' ? currency : '');
      found.push({ pointer: '/amount', code: 'amount_not_integer', detail });
    }
  }
  if (typeof currency === 'string' && currencyExponent(currency) === undefined) {
    const detail = `${JSON.stringify(currency.slice(0, 16))} is not a currency we know; send an ISO 4217 code in capitals, such as CNY.`;
    found.push({ pointer: '/currency', code: 'currency_unsupported', detail });
  }
  return found;
}

/** An amount sent as a text or with a fraction, as it was written; null for every other value. */
function textOf(amount: unknown): string | null {
  if (typeof amount === 'string') return amount;
  return typeof amount === 'number' && !Number.isInteger(amount) ? String(amount) : null;
}

function amountWords(written: string | null, currency: string): string {
  const unit = currency === 'CNY' ? '金额单位是分' : '金额必须是最小货币单位的整数';
  if (written !== null && /^\d{1,13}$/.test(written)) {
    return `It is a text: send the number ${Number(written)} without quotes. / ${unit}`;
  }
  const minor = written === null ? null : minorDigits(written, currencyExponent(currency));
  if (minor === null)
    return `It must be an integer of minor units, such as 1999 for 19.99 CNY. / ${unit}`;
  return `Looks like major units: send ${minor} for ${written} ${currency} / ${unit}`;
}

/** `19.99` → `1999`: moves the point, and never rounds. */
function minorDigits(written: string, exponent: number | undefined): string | null {
  const [, whole, fraction = ''] = /^(\d{1,13})\.(\d{1,4})$/.exec(written) ?? [];
  if (whole === undefined || exponent === undefined || fraction.length > exponent) return null;
  return String(Number(whole + fraction.padEnd(exponent, '0')));
}
