import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { gb18030 } from '../../../test/support/gb18030.ts';
import { verdictOn } from '../../../test/support/statement-verdict.ts';

const NAME = 'INN26111988ZM_777290058110048';
const FILE = readFileSync(new URL(`fixtures/${NAME}`, import.meta.url));
const TEXT = FILE.toString('latin1');
const account = '777290058110048';
const expected = { account };
const read = async (bytes: Buffer, name = NAME, day: string | null = '2026-11-18') =>
  await verdictOn({ bytes, name }, { expected: { account, day } });

describe('the sample detail file', () => {
  test('is read as a payment and its refund, with and without its name', async () => {
    for (const name of [NAME, 'download.txt']) {
      const verdict = await read(FILE, name);
      if (!verdict.accepted) throw verdict.error;
      expect(verdict.lines).toMatchObject([
        {
          kind: 'payment',
          orderNo: 'ORD202611180201',
          refundNo: null,
          transactionNo: '202611180900201234567',
          amountMinor: 10_000,
          feeMinor: 60,
          netMinor: 9_940,
          atMs: Date.parse('2026-11-18T09:00:20+08:00'),
        },
        {
          kind: 'refund',
          refundNo: 'REF202611180201',
          transactionNo: '202611180900201234567',
          movementNo: '202611181500001234568',
          amountMinor: 3_000,
          feeMinor: -18,
          netMinor: -2_982,
        },
      ]);
      expect(verdict.read.summary).toMatchObject({ day: '2026-11-18', account, hasTrailer: false });
    }
  });

  test('takes the year of its times from the day, also around New Year', async () => {
    const eve = TEXT.replaceAll('1118090020', '1231235959').replaceAll('1118150000', '0101000001');
    const verdict = await verdictOn(
      { bytes: Buffer.from(eve, 'latin1') },
      { expected: { account, day: '2026-12-31' } },
    );
    expect(verdict).toMatchObject({
      lines: [
        { atMs: Date.parse('2026-12-31T23:59:59+08:00') },
        { atMs: Date.parse('2027-01-01T00:00:01+08:00') },
      ],
    });
    const nothing = await verdictOn({ bytes: FILE }, { expected: { account, day: null } });
    expect(nothing).toMatchObject({ lines: [{ atMs: null }, { atMs: null }] });
  });

  test('may hold Chinese in its last field, which counts two bytes', async () => {
    const at = TEXT.indexOf('\r\n');
    const chinese = gb18030('备注（一）');
    const bytes = Buffer.concat([
      FILE.subarray(0, at - chinese.length),
      chinese,
      FILE.subarray(at),
    ]);
    expect(await read(bytes)).toMatchObject({ accepted: true, lines: [{ lineNo: 1 }, {}] });
  });

  test.each<readonly [string, Buffer, number]>([
    ['a byte lost in its first record', Buffer.from(TEXT.replace('5812', '581'), 'latin1'), 1],
    ['a byte too many in its second', Buffer.from(TEXT.replace('S30 ', 'S30  '), 'latin1'), 2],
    ['blanks removed at its line ends', Buffer.from(TEXT.replaceAll(/ +\r/g, '\r'), 'latin1'), 1],
    ['a field that slipped', Buffer.from(TEXT.replace('000001 1118', '0000011 118'), 'latin1'), 1],
    [
      'an amount that is none',
      Buffer.from(TEXT.replace('000000003000', '00000000300x'), 'latin1'),
      2,
    ],
    [
      'a fee that goes nowhere',
      Buffer.from(TEXT.replace('D000000000060', 'X000000000060'), 'latin1'),
      1,
    ],
    ['a time that is none', Buffer.from(TEXT.replace('1118150000', '1318150000'), 'latin1'), 2],
    ['records of two lengths', Buffer.from(TEXT.replace(/\r\n$/, ' \r\n'), 'latin1'), 2],
  ])('with %s is refused at its line', async (_what, bytes, lineNo) => {
    expect(await read(bytes)).toMatchObject({ accepted: false, error: { lineNo } });
  });

  test('of another day or merchant is refused, by its name or by its lines', async () => {
    for (const name of ['INN26111788ZM_777290058110048', 'INN26111988ZM_777290058110049'])
      expect((await read(FILE, name)).accepted).toBe(false);
    expect((await read(FILE, 'a.txt', '2026-11-17')).accepted).toBe(false);
    const other = { account: '777290058110049' };
    expect(await verdictOn(FILE, { expected: other })).toMatchObject({ error: { lineNo: 1 } });
    expect((await verdictOn(FILE, { expected })).accepted).toBe(true);
  });
});
