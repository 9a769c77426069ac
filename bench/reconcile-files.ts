/**
 * The two files of the reconciliation benchmark: an Alipay trade statement in GBK, and one's own orders in
 * random order. One line in a thousand carries each kind of difference, and what must be found is known.
 */
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { StatementLine } from '../src/core/reconciliation/statement-line.ts';
import { gb18030 } from '../test/support/gb18030.ts';
import type { MadeRow, Maker } from '../test/support/statement-drawing.ts';
import { DAY, newDraw, yuan } from '../test/support/statement-drawing.ts';
import { alipayTradeMaker } from '../test/support/statement-makers-alipay.ts';

/** What is planted, by the place of a row within its thousand. */
const PLANTS = [
  'amount',
  'fee',
  'missing in the statement',
  'missing in the orders',
  'repeated line',
  'second charge',
] as const;
type Plant = (typeof PLANTS)[number];
const CLASS_OF: Readonly<Record<Plant, string>> = {
  amount: 'amount',
  fee: 'fee',
  'missing in the statement': 'platform_only',
  'missing in the orders': 'channel_only',
  'repeated line': 'duplicate',
  // Another transaction of an order that is paid already: nothing of ours stands behind it.
  'second charge': 'channel_only',
};
const RUN = 1_000;
const PIECE_CHARACTERS = 200_000;
/** Far enough from midnight that no clock's difference explains anything. */
const EDGE_MS = 60_000;
const FROM_MS = Date.parse(`${DAY}T00:00:00+08:00`);
const UNTIL_MS = FROM_MS + 86_400_000;

type MakeRow = (at: number) => MadeRow;

export type BenchFiles = {
  /** As Alipay writes it, GBK, with head and foot. */
  readonly statement: string;
  /** The same rows under their column names, for a reader that knows no head and no foot. */
  readonly stripped: string;
  readonly orders: string;
  readonly lineCount: number;
  readonly orderCount: number;
  /** `class order_no refund_no` of every planted difference, sorted. */
  readonly expected: readonly string[];
};

/** Writes the files into a directory; the same size is the same files. */
export async function writeFiles(directory: string, rowCount: number): Promise<BenchFiles> {
  const counts = { lines: 0, orders: 0 };
  const expected: string[] = [];
  const path = (name: string): string => `${directory}/${rowCount}-${name}`;
  const files = {
    statement: path('trade.csv'),
    stripped: path('rows.csv'),
    orders: path('orders.csv'),
  };
  await write(files.statement, statementRecords(rowCount, true, counts, expected));
  await write(files.stripped, statementRecords(rowCount, false, { lines: 0 }, []));
  await write(files.orders, orderRecords(rowCount, counts));
  return {
    ...files,
    lineCount: counts.lines,
    orderCount: counts.orders,
    expected: expected.toSorted(),
  };
}

function* statementRecords(
  rowCount: number,
  isFramed: boolean,
  counts: { lines: number },
  expected: string[],
): Generator<string, void, void> {
  const maker = alipayTradeMaker();
  const make = rowsOf(maker);
  const look = rowsOf(alipayTradeMaker());
  const head = maker.head();
  yield* (isFramed ? head : head.slice(-1)).map((text) => `${text}\r\n`);
  for (let at = 0; at < rowCount; at += 1) {
    const plant = plantOf(at, look);
    if (plant !== null) expected.push(nameOf(CLASS_OF[plant], look(at).line));
    if (plant === 'missing in the statement') continue;
    counts.lines += 1;
    yield `${make(at).text}\r\n`;
    if (plant !== 'repeated line' && plant !== 'second charge') continue;
    counts.lines += 1;
    const { text } = make(at);
    // The channel's numbers begin with the day; a second charge has one that no other row has.
    yield `${plant === 'second charge' ? text.replace(/^2/, '9') : text}\r\n`;
  }
  if (isFramed) yield* maker.foot().map((text) => `${text}\r\n`);
}

function* orderRecords(
  rowCount: number,
  counts: { orders: number },
): Generator<string, void, void> {
  yield 'kind,order_no,refund_no,transaction_no,amount,currency,fee,status,time\n';
  const make = rowsOf(alipayTradeMaker());
  for (const at of shuffled(rowCount)) {
    const plant = plantOf(at, make);
    if (plant === 'missing in the orders') continue;
    const { line } = make(at);
    const amount = yuan(line.amountMinor + (plant === 'amount' ? 1 : 0));
    const fee = yuan((line.feeMinor ?? 0) + (plant === 'fee' ? 1 : 0));
    const time = new Date((line.atMs ?? 0) + 28_800_000)
      .toISOString()
      .slice(0, 19)
      .replace('T', ' ');
    counts.orders += 1;
    yield `${line.kind},${line.orderNo},${line.refundNo ?? ''},${line.transactionNo},${amount},CNY,${fee},succeeded,${time}\n`;
  }
}

/** A row is drawn from its own place, so that it can be made again in any order. */
function rowsOf(maker: Maker): MakeRow {
  return (at) => maker.row(at, newDraw(at));
}

function plantOf(at: number, make: MakeRow): Plant | null {
  const plant = PLANTS[at % RUN] ?? null;
  if (plant === null) return null;
  const { kind, atMs } = make(at).line;
  if (atMs === null || atMs < FROM_MS + EDGE_MS || atMs >= UNTIL_MS - EDGE_MS) return null;
  return plant === 'second charge' && kind !== 'payment' ? null : plant;
}

/** How a difference is called in `expected`. */
export function nameOf(
  name: string,
  { orderNo, refundNo }: Pick<StatementLine, 'orderNo' | 'refundNo'>,
): string {
  return `${name} ${orderNo} ${refundNo ?? '-'}`;
}

function shuffled(count: number): Uint32Array {
  const draw = newDraw(7);
  const places = Uint32Array.from({ length: count }, (_, at) => at);
  for (let at = count - 1; at > 0; at -= 1) {
    const other = draw.below(at + 1);
    const kept = places[at] ?? 0;
    places[at] = places[other] ?? 0;
    places[other] = kept;
  }
  return places;
}

async function write(path: string, records: Iterable<string>): Promise<void> {
  await pipeline(Readable.from(pieces(records)), createWriteStream(path));
}

function* pieces(records: Iterable<string>): Generator<Buffer, void, void> {
  let text = '';
  for (const record of records) {
    text += record;
    if (text.length < PIECE_CHARACTERS) continue;
    yield gb18030(text);
    text = '';
  }
  yield gb18030(text);
}
