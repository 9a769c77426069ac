import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AMOUNT_MINOR_MAX } from '../core/money.ts';
import {
  minorOf,
  minorText,
  moneyFault,
  roundedHalfAway,
  shownText,
  unitsOf,
} from './money-text.ts';

describe('an amount', () => {
  test.each([
    ['100.00', 2, 10_000],
    ['0.01', 2, 1],
    ['-30.5', 2, -3050],
    ['+30.50', 2, 3050],
    ['7', 2, 700],
    ['00.10', 2, 10],
    ['1500', 0, 1500],
    ['1500.00', 0, 1500],
    ['0.60000', 2, 60],
    ['-0.00', 2, 0],
    ['45.0', 0, 45],
    ['10000000000.00', 2, AMOUNT_MINOR_MAX],
  ])('%j with %i decimals is %i', (text, decimals, minor) => {
    expect(minorOf(text, decimals)).toBe(minor);
  });

  test.each([
    ['1e5', 'spreadsheet'],
    ['1.2E+10', 'spreadsheet'],
    ['1,000.00', 'thousands separators'],
    ['１００', 'ASCII digits'],
    ['1 00', 'blanks'],
    ['100.005', 'has 2 decimals'],
    ['10000000000.01', 'larger than any payment'],
    ['99999999999999999999999', 'larger than any payment'],
    ['', 'is empty'],
    ['.5', 'no amount'],
    ['5.', 'no amount'],
    ['-', 'no amount'],
    ['--1', 'no amount'],
    ['1.2.3', 'no amount'],
    ['0x10', 'no amount'],
    ['NaN', 'no amount'],
    ['Infinity', 'no amount'],
    ['￥100', 'no amount'],
    ['١٢', 'no amount'],
  ])('%j is none, and is told why', (text, fault) => {
    expect(minorOf(text, 2)).toBeNaN();
    expect(moneyFault(text, 2)).toContain(fault);
  });

  test('is exact in every currency, however it is written', () => {
    const decimals = fc.constantFrom(0, 2, 3, 5);
    fc.assert(
      fc.property(fc.maxSafeInteger(), decimals, fc.nat(3), (units, places, zeros) => {
        const digits = String(Math.abs(units)).padStart(places + 1, '0');
        const point = digits.length - places;
        const tail = digits.slice(point) + '0'.repeat(zeros);
        const text = `${units < 0 ? '-' : ''}${digits.slice(0, point)}${tail === '' ? '' : `.${tail}`}`;
        expect(unitsOf(text, places)).toBe(units);
      }),
    );
  });

  test('is read from no text that is not written as one', () => {
    const sign = fc.string({ unit: fc.constantFrom(...'0123456789.-+,e １'.split('')) });
    fc.assert(
      fc.property(sign, (text) => {
        const value = minorOf(text, 2);
        if (Number.isNaN(value)) return;
        expect(text).toMatch(/^[+-]?\d+(?:\.\d+)?$/);
        expect(Number.isSafeInteger(value)).toBe(true);
        expect(value / 100).toBeCloseTo(Number(text), 6);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('parts of a fen', () => {
  test.each([
    [60_000, 60],
    [1_499, 1],
    [1_500, 2],
    [-1_500, -2],
    [-1_499, -1],
    [499, 0],
    [-499, 0],
    [0, 0],
  ])('%i hundred-thousandths of a yuan are %i fen', (units, fen) => {
    expect(roundedHalfAway(units, 5, 2)).toBe(fen);
  });

  test('are summed exactly before they are rounded', () => {
    const fees = Array.from({ length: 1000 }, () => unitsOf('0.00005', 5));
    expect(fees.reduce((a, b) => a + b, 0)).toBe(unitsOf('0.05', 5));
  });
});

test('a piece of a file is shown short and without control characters', () => {
  expect(shownText('a\u0000\nb')).toBe(String.raw`"a\u0000\nb"`);
  expect(shownText('x'.repeat(100))).toHaveLength(43);
  expect(minorText(-5)).toBe('-0.05');
});
