/**
 * Decimals by ISO 4217 where they are not two. Not from Intl, which shows several currencies without
 * the decimals that channels count.
 */
const EXPONENTS: ReadonlyMap<string, number> = new Map([
  ...'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF'
    .split(' ')
    .map((currency) => [currency, 0] as const),
  ...'BHD IQD JOD KWD LYD OMR TND'.split(' ').map((currency) => [currency, 3] as const),
]);

/** `1999, 'CNY'` → `19.99`, as it stands in a statement: digits are moved, nothing is divided. */
export function majorAmount(amountMinor: number, currency: string): string {
  const exponent = EXPONENTS.get(currency) ?? 2;
  const digits = String(Math.abs(amountMinor)).padStart(exponent + 1, '0');
  const sign = amountMinor < 0 ? '-' : '';
  if (exponent === 0) return sign + digits;
  return `${sign}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
}
