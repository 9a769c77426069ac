/** What the makers of statement files share: numbers drawn from a seed, a day, and money as text. */
import type { StatementLine } from '../../src/core/reconciliation/statement-line.ts';

export const DAY = '2026-11-18';
export const ACCOUNT = '1900000001';

export type MadeRow = { readonly text: string; readonly line: Omit<StatementLine, 'lineNo'> };

/** Writes one file: head, rows in order, foot. It keeps the sums of its rows and nothing else. */
export type Maker = {
  readonly encoding: 'utf-8' | 'gb18030';
  readonly hasMark: boolean;
  readonly lineEnd: '\n' | '\r\n';
  readonly fileName: string;
  /** Whether the file has an end of its own, so that no cut goes unseen. */
  readonly hasFoot: boolean;
  head(): readonly string[];
  row(at: number, draw: Draw): MadeRow;
  foot(): readonly string[];
};

export type Draw = {
  /** A whole number from 0 to `below` - 1. */
  below(below: number): number;
  /** 1 to 9 999 999 fen, often small. */
  amount(): number;
  /** A second of the day, as a clock in China shows it, and in epoch milliseconds. */
  time(): { readonly clock: string; readonly atMs: number };
  name(): string;
};

const NAMES = [
  '测试商品',
  '蓝色 T 恤',
  '年费会员',
  'Coffee',
  '显示器 24" 黑',
  '图书（三册）',
  '充电宝',
];

/** A source of numbers that the same seed repeats (mulberry32). */
export function newDraw(seed: number): Draw {
  let state = seed >>> 0;
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
  const midnightMs = Date.parse(`${DAY}T00:00:00+08:00`);
  return {
    below,
    amount: () => (below(3) === 0 ? 1 + below(9_999_999) : 1 + below(20_000)),
    time: () => {
      const second = below(86_400);
      const two = (value: number): string => String(value).padStart(2, '0');
      const clock = `${two(Math.floor(second / 3600))}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)}`;
      return { clock, atMs: midnightMs + second * 1000 };
    },
    name: () => NAMES[below(NAMES.length)] ?? '',
  };
}

/** Hundredths as text: `-30` → `-0.30`. */
export function yuan(fen: number): string {
  const size = Math.abs(fen);
  const text = `${Math.floor(size / 100)}.${String(size % 100).padStart(2, '0')}`;
  return fen < 0 ? `-${text}` : text;
}

/** The sequence number of a row as digits of a fixed width. */
export function serial(at: number, width = 10): string {
  return String(at).padStart(width, '0');
}
