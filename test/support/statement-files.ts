/**
 * Valid statement files of every format, with the lines that they must be read as. The same seed writes the
 * same file. Rows are drawn one by one, so that a file of a million lines can be written without keeping it.
 */
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { StatementLine } from '../../src/core/reconciliation/statement-line.ts';
import type { StatementExpectation } from '../../src/statements/statement-format.ts';
import { gb18030 } from './gb18030.ts';
import { alipayFundMaker, alipayTradeMaker } from './statement-makers-alipay.ts';
import type { Maker } from './statement-drawing.ts';
import { ACCOUNT, DAY, newDraw } from './statement-drawing.ts';
import { sandboxMaker, stripeMaker, unionpayMaker } from './statement-makers-plain.ts';
import { wechatFundMaker, wechatTradeMaker } from './statement-makers-wechat.ts';

export const MAKERS: Readonly<Record<string, () => Maker>> = {
  alipay_trade: alipayTradeMaker,
  alipay_fund: alipayFundMaker,
  wechat_trade: () => wechatTradeMaker('ALL'),
  wechat_trade_success: () => wechatTradeMaker('SUCCESS'),
  wechat_trade_refund: () => wechatTradeMaker('REFUND'),
  wechat_trade_old: () => wechatTradeMaker('OLD'),
  wechat_fund: wechatFundMaker,
  unionpay_zm: () => unionpayMaker(607),
  unionpay_zm_new: () => unionpayMaker(608),
  stripe_balance: stripeMaker,
  sandbox: sandboxMaker,
};

/** What the made files are of. */
export const EXPECTED: StatementExpectation = {
  day: DAY,
  account: ACCOUNT,
  currency: 'CNY',
  utcOffsetMinutes: 480,
  metadataKeys: { order: 'order_no', refund: 'refund_no' },
};

export type MadeStatement = {
  readonly bytes: Buffer;
  /** The records with their line ends, decoded. */
  readonly records: readonly string[];
  readonly lines: readonly StatementLine[];
  readonly fileName: string;
  readonly hasFoot: boolean;
  /** Which record names the columns; -1 where none does. */
  readonly headerAt: number;
  readonly rowsFrom: number;
  readonly rowsUntil: number;
  /** The bytes of a file with these records instead. */
  rebuilt(records: readonly string[]): Buffer;
  /** Writes text in the file's own encoding. */
  encode(text: string): Buffer;
};

/** A whole file in memory, for tests. */
export function madeStatement(name: string, count: number, seed = 1): MadeStatement {
  const maker = makerOf(name);
  const records: string[] = [];
  const lines: StatementLine[] = [];
  for (const { text, line } of recordsOf(maker, count, seed)) {
    records.push(text + maker.lineEnd);
    // A record may hold line feeds of its own, and then the next begins further down.
    const before = records.slice(0, -1).join('').split('\n').length;
    if (line !== null) lines.push({ ...line, lineNo: before });
  }
  const encode = encoderOf(maker);
  const mark = maker.hasMark ? Buffer.from('\ufeff') : Buffer.alloc(0);
  const rebuilt = (text: readonly string[]): Buffer => Buffer.concat([mark, encode(text.join(''))]);
  const rowsFrom = maker.head().length;
  return {
    bytes: rebuilt(records),
    headerAt: rowsFrom - 1,
    rowsFrom,
    rowsUntil: rowsFrom + count,
    rebuilt,
    records,
    lines,
    fileName: maker.fileName,
    hasFoot: maker.hasFoot,
    encode,
  };
}

/** The bytes of a file of any size, piece by piece. */
export async function* statementBytes(
  name: string,
  count: number,
  seed = 1,
): AsyncGenerator<Buffer, void, void> {
  const maker = makerOf(name);
  const encode = encoderOf(maker);
  if (maker.hasMark) yield Buffer.from('\ufeff');
  let text = '';
  for (const record of recordsOf(maker, count, seed)) {
    text += record.text + maker.lineEnd;
    if (text.length < 200_000) continue;
    yield encode(text);
    text = '';
  }
  yield encode(text);
}

/** Writes a file of `count` lines to disk. */
export async function writeStatement(
  path: string,
  name: string,
  count: number,
  seed = 1,
): Promise<void> {
  await pipeline(Readable.from(statementBytes(name, count, seed)), createWriteStream(path));
}

function makerOf(name: string): Maker {
  const make = MAKERS[name];
  if (make === undefined) throw new Error(`no maker of ${name}`);
  return make();
}

function encoderOf({ encoding }: Maker): (text: string) => Buffer {
  return encoding === 'gb18030' ? gb18030 : (text) => Buffer.from(text);
}

function* recordsOf(
  maker: Maker,
  count: number,
  seed: number,
): Generator<{ readonly text: string; readonly line: Omit<StatementLine, 'lineNo'> | null }> {
  const draw = newDraw(seed);
  for (const text of maker.head()) yield { text, line: null };
  for (let at = 0; at < count; at += 1) yield maker.row(at, draw);
  for (const text of maker.foot()) yield { text, line: null };
}
