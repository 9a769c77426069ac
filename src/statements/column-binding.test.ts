import { describe, expect, test } from 'vitest';
import { bindColumns, cellText, knownNames, normalisedName } from './column-binding.ts';

const WISHES = [
  { field: 'amount', names: ['订单金额（元）'], isNeeded: true },
  { field: 'orderNo', names: ['商户订单号'], isNeeded: true },
  { field: 'income', names: ['收入金额（+元）', '收入（+元）'], isNeeded: false },
];

describe('columns', () => {
  test.each([
    '订单金额（元）',
    '订单金额(元)',
    '订单金额（元)',
    ' 订单金额 (元)\t',
    '`订单金额（元）',
    '\ufeff订单金额（元）',
    '订单金额（ 元 ）',
    '"订单金额（元）"',
  ])('are found under the name %j', (name) => {
    expect(normalisedName(name)).toBe('订单金额(元)');
    expect(bindColumns(['商户订单号', name], WISHES, 5).positionOf('amount')).toBe(1);
  });

  test('are found wherever they stand, and new ones change nothing', () => {
    const binding = bindColumns(['新增', '商户订单号', '', '订单金额（元）'], WISHES, 5);
    expect(binding.wanted).toEqual([1, 3]);
    expect([binding.at('orderNo'), binding.at('amount'), binding.at('income')]).toEqual([0, 1, -1]);
    expect(binding.count).toBe(4);
    expect(binding.columns).toContainEqual({ field: 'amount', column: '订单金额（元）' });
  });

  test('that are needed are named where one is missing', () => {
    expect(() => bindColumns(['商户订单号'], WISHES, 5)).toThrow(
      'line 5: the column 订单金额（元） is missing',
    );
  });

  test('that stand twice are named, in whatever spelling', () => {
    expect(() => bindColumns(['订单金额（元）', '商户订单号', '订单金额(元)'], WISHES, 5)).toThrow(
      'line 5: the column 订单金额（元） stands twice',
    );
  });

  test('may have another name, the first of the list before the next', () => {
    const names = ['收入（+元）', '商户订单号', '订单金额（元）'];
    expect(bindColumns(names, WISHES, 5).positionOf('income')).toBe(0);
    expect(bindColumns([...names, '收入金额（+元）'], WISHES, 5).positionOf('income')).toBe(3);
  });
});

test('a header is known by how many of its names are', () => {
  expect(knownNames(['商户订单号 ', 'x'], ['商户订单号', '订单金额'])).toBe(1);
});

test('a cell loses the marks that channels put around it, and nothing else', () => {
  expect(cellText('`123\t')).toBe('123');
  expect(cellText('\t')).toBe('');
  expect(cellText('a`b')).toBe('a`b');
});
