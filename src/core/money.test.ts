import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  AMOUNT_MINOR_MAX,
  currencyCodes,
  currencyExponent,
  majorText,
  sameMoney,
} from './money.ts';

describe('decimals of a currency', () => {
  test.each([
    ['CNY', 2],
    ['USD', 2],
    ['JPY', 0],
    ['KRW', 0],
    ['KWD', 3],
    // Where ISO 4217 and what CLDR displays differ, banks keep ISO's decimals.
    ['IDR', 2],
    ['HUF', 2],
    ['TWD', 2],
  ])('%s has %i', (currency, exponent) => {
    expect(currencyExponent(currency)).toBe(exponent);
  });

  test.each(['RMB', 'cny', 'XXX', '', 'toString', '__proto__', 'constructor'])(
    '%j is no currency',
    (currency) => {
      expect(currencyExponent(currency)).toBeUndefined();
    },
  );

  test('every code is three capitals, once, in order', () => {
    const codes = currencyCodes();
    expect(codes.filter((code) => !/^[A-Z]{3}$/.test(code))).toEqual([]);
    expect(codes).toEqual([...new Set(codes)].toSorted());
    expect(codes.length).toBeGreaterThan(140);
  });
});

describe('an amount in major units', () => {
  test.each([
    [1999, 'CNY', '19.99'],
    [5, 'CNY', '0.05'],
    [0, 'CNY', '0.00'],
    [-5, 'CNY', '-0.05'],
    [1999, 'JPY', '1999'],
    [1, 'KWD', '0.001'],
    [AMOUNT_MINOR_MAX, 'CNY', '10000000000.00'],
  ])('%i %s is %s', (amountMinor, currency, text) => {
    expect(majorText(amountMinor, currency)).toBe(text);
  });

  test('reads back digit for digit, for every safe integer', () => {
    const amounts = fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(amounts, fc.constantFrom(...currencyCodes()), (amountMinor, currency) => {
        const text = majorText(amountMinor, currency);
        expect(BigInt(text.replace('.', ''))).toBe(BigInt(amountMinor));
        expect(text.split('.')[1]?.length ?? 0).toBe(currencyExponent(currency));
      }),
    );
  });
});

test('money is the same only when both the sum and the currency are', () => {
  const sum = { amountMinor: 100, currency: 'CNY' };
  expect(sameMoney(sum, { amountMinor: 100, currency: 'CNY' })).toBe(true);
  expect(sameMoney(sum, { amountMinor: 101, currency: 'CNY' })).toBe(false);
  expect(sameMoney(sum, { amountMinor: 100, currency: 'HKD' })).toBe(false);
});
