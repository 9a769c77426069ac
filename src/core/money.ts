/**
 * Money is an integer count of minor units and an ISO 4217 currency, never a float. 金额：最小货币单位的整数。
 *
 * Exponents come from ISO 4217 (list one, as of 2026-06), never from Intl: CLDR shows several
 * currencies (IDR, HUF, PKR, COP …) without the decimals that banks and channels use.
 */
export type Money = { readonly amountMinor: number; readonly currency: string };

const EXPONENT_BY_CURRENCY: Readonly<Record<string, number>> = {
  ...fromCodes(0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF'),
  ...fromCodes(
    2,
    'AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF ' +
      'CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG ' +
      'HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU ' +
      'MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR ' +
      'SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES ' +
      'WST XCD XCG YER ZAR ZMW ZWG',
  ),
  ...fromCodes(3, 'BHD IQD JOD KWD LYD OMR TND'),
};

/** The largest amount accepted, in minor units: exact as a JSON number and far above any payment. */
export const AMOUNT_MINOR_MAX = 1_000_000_000_000;

function fromCodes(exponent: number, codes: string): Record<string, number> {
  return Object.fromEntries(codes.split(' ').map((code) => [code, exponent]));
}

/** Decimals of a currency in ISO 4217, or undefined when we do not know the code. */
export function currencyExponent(currency: string): number | undefined {
  return Object.hasOwn(EXPONENT_BY_CURRENCY, currency) ? EXPONENT_BY_CURRENCY[currency] : undefined;
}

/** Every currency code that is accepted, sorted. */
export function currencyCodes(): string[] {
  return Object.keys(EXPONENT_BY_CURRENCY).toSorted();
}

/** Whether two sums are the same money: same currency and same count of minor units. */
export function sameMoney(a: Money, b: Money): boolean {
  return a.amountMinor === b.amountMinor && a.currency === b.currency;
}

/** `1999, 'CNY'` → `19.99`; exact for every safe integer, because it moves digits and never divides. */
export function majorText(amountMinor: number, currency: string): string {
  const exponent = currencyExponent(currency) ?? 0;
  const digits = Math.abs(amountMinor)
    .toString()
    .padStart(exponent + 1, '0');
  const sign = amountMinor < 0 ? '-' : '';
  if (exponent === 0) return sign + digits;
  return `${sign}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
}
