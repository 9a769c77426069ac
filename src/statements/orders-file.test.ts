/** The list of one's own orders: what is read, and in which words it is refused. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { ListedOrder } from './orders-file.ts';
import { readOrders } from './orders-file.ts';
import { StatementError } from './statement-format.ts';

const HEADER = 'kind,order_no,refund_no,transaction_no,amount,currency,fee,status,time';
const ROW = 'payment,O1,,T1,100.00,CNY,0.60,succeeded,2026-11-18 09:00:20';
const CHINA_MINUTES = 480;

const directory = mkdtempSync(join(tmpdir(), 'tieout-orders-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const path = join(directory, 'orders.csv');

async function read(
  content: string | Uint8Array,
  limits: Parameters<typeof readOrders>[2] = {},
): Promise<ListedOrder[]> {
  writeFileSync(path, content);
  const orders: ListedOrder[] = [];
  for await (const batch of readOrders(path, CHINA_MINUTES, limits)) orders.push(...batch);
  return orders;
}

async function refusal(content: string | Uint8Array): Promise<StatementError> {
  try {
    await read(content);
  } catch (error) {
    if (error instanceof StatementError) return error;
    throw error;
  }
  throw new Error('the file was taken');
}

describe('a list of orders', () => {
  test('is read with every field', async () => {
    const refund = 'refund,O1,R1,T1,30,CNY,-0.18,succeeded,2026-11-18T15:00:00+08:00';
    expect(await read(`${HEADER}\n${ROW}\n${refund}\n`)).toEqual([
      {
        lineNo: 2,
        kind: 'payment',
        orderNo: 'O1',
        refundNo: null,
        transactionNo: 'T1',
        amountMinor: 10_000,
        currency: 'CNY',
        feeMinor: 60,
        atMs: Date.parse('2026-11-18T09:00:20+08:00'),
      },
      {
        lineNo: 3,
        kind: 'refund',
        orderNo: 'O1',
        refundNo: 'R1',
        transactionNo: 'T1',
        amountMinor: 3_000,
        currency: 'CNY',
        feeMinor: -18,
        atMs: Date.parse('2026-11-18T15:00:00+08:00'),
      },
    ]);
  });

  test('may order its columns as it likes, have more of them, and lack three', async () => {
    const text =
      'time,memo,status,currency,amount,order_no,kind\r\n2026-11-18 09:00:20,"a, b",succeeded,JPY,1500,O1,payment';
    expect(await read(text)).toMatchObject([
      { orderNo: 'O1', amountMinor: 1500, feeMinor: null, refundNo: null, transactionNo: null },
    ]);
  });

  test('may have a mark, blank lines, quotes over two lines, and be packed', async () => {
    const quoted = ROW.replace('O1', '"O\n1"');
    const text = `\uFEFF${HEADER}\n\n${quoted}\n${ROW}\n`;
    for (const content of [text, gzipSync(text)]) {
      const orders = await read(content);
      expect(orders.map(({ lineNo, orderNo }) => [lineNo, orderNo])).toEqual([
        [3, 'O\n1'],
        [5, 'O1'],
      ]);
    }
  });

  test('without a single order is a list', async () => {
    expect(await read(`${HEADER}\n`)).toEqual([]);
  });

  test('keeps every digit of a long number', async () => {
    const long = '20261118220014000005000000019999';
    expect(await read(`${HEADER}\n${ROW.replace('T1', long)}`)).toMatchObject([
      { transactionNo: long },
    ]);
  });

  test('keeps every amount that a decimal text can say', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 99_999_999 }), async (fen) => {
        const amount = `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, '0')}`;
        const [order] = await read(`${HEADER}\n${ROW.replace('100.00', amount)}`);
        expect(order?.amountMinor).toBe(fen);
      }),
      { numRuns: 40 },
    );
  });
});

describe('a list of orders is refused with line and reason', () => {
  test.each([
    ['payment', 'charge', /the kind "charge"/],
    ['succeeded', 'paid', /the status "paid"; only succeeded/],
    ['CNY', 'YUAN', /the currency "YUAN"/],
    ['100.00', '1e3', /amount is "1e3": a spreadsheet/],
    ['100.00', '100.005', /amount .*2 decimals/],
    ['100.00', '', /amount is empty/],
    ['100.00', '-1.00', /an amount below 0/],
    ['0.60', 'free', /fee is "free"/],
    ['2026-11-18 09:00:20', '18/11/2026', /the time "18\/11\/2026"/],
    ['2026-11-18 09:00:20', '2026-11-31 09:00:20', /the time/],
    ['payment,O1,,T1', 'payment,,,', /no number at all/],
    ['O1', 'O1,O2', /10 fields, and the header names 9/],
    ['O1', '"O1', /a quote is never closed/],
  ])('where %j reads %j', async (good, bad, reason) => {
    const error = await refusal(`${HEADER}\n${ROW}\n${ROW.replace(good, bad)}\n`);
    expect(error.lineNo).toBe(3);
    expect(error.reason).toMatch(reason);
    expect(error.mend).not.toBe('');
  });

  test('where its header lacks a column or names one twice', async () => {
    const lacking = await refusal(`${HEADER.replace('amount,', '')}\n${ROW}\n`);
    expect([lacking.lineNo, lacking.reason]).toEqual([
      1,
      'the list of orders lacks the column amount',
    ]);
    const double = await refusal(`${HEADER},amount\n${ROW},1\n`);
    expect(double.reason).toContain('names the column amount twice');
  });

  test('where it is empty, or no text', async () => {
    expect((await refusal('')).reason).toBe('the file is empty');
    const gbk = Buffer.concat([Buffer.from(`${HEADER}\n${ROW},`), Buffer.from([0xb2, 0xe2])]);
    expect(await refusal(gbk)).toMatchObject({ lineNo: 2, reason: 'it is not utf-8 text' });
  });

  test('where it is longer than anybody compares at once', async () => {
    const reading = read(`${HEADER}\n${`${ROW}\n`.repeat(3)}`, { linesMax: 3 });
    await expect(reading).rejects.toThrow('more than 3 lines');
  });
});
