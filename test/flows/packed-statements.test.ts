/** Statements in archives: honest ones are read, whatever else an archive can hold is refused in bounded memory. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { statementInChinese } from '../../src/cli/chinese-statements.ts';
import { gb18030 } from '../support/gb18030.ts';
import {
  madeStatement,
  MAKERS,
  statementBytes,
  writeStatement,
} from '../support/statement-files.ts';
import { verdictOn } from '../support/statement-verdict.ts';
import type { VerdictOptions } from '../support/statement-verdict.ts';
import { zipBytes } from '../support/zip-bytes.ts';
import type { ZipPart } from '../support/zip-bytes.ts';

const folder = mkdtempSync(join(tmpdir(), 'tieout-packed-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const made = madeStatement('alipay_trade', 12, 5);
const detail: ZipPart = { name: gb18030(made.fileName), content: made.bytes };
const MEBIBYTE = 1024 * 1024;

/** A refusal of the same archive from memory and from disk. */
async function reasonOf(bytes: Buffer, options: VerdictOptions = {}): Promise<string> {
  const path = join(folder, 'packed');
  writeFileSync(path, bytes);
  const reasons: string[] = [];
  for (const source of [{ bytes }, { path }]) {
    const verdict = await verdictOn(source, options);
    if (verdict.accepted) throw new Error(`accepted with ${verdict.lines.length} lines`);
    const { reason, mend } = verdict.error;
    for (const sentence of [reason, mend]) {
      const chinese = statementInChinese(sentence);
      expect(chinese).toMatch(/\p{Script=Han}/u);
      // What yauzl found stands in its own words.
      if (!reason.includes('damaged')) expect(chinese).not.toMatch(/(?:\b[a-z]{2,} ){3}/i);
    }
    reasons.push(reason);
  }
  expect(reasons[0]).toBe(reasons[1]);
  return reasons[0] ?? '';
}

/** Alipay's 汇总 beside the detail, with sums that a test may spoil. */
function summaryOf(name: 'alipay_trade' | 'alipay_fund', change = (text: string) => text): Buffer {
  const { lines } = madeStatement(name, 12, 5);
  const yuan = (fen: number): string => (fen / 100).toFixed(2);
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const kind = name === 'alipay_trade' ? '业务' : '账务';
  const paid = lines.filter((line) => line.kind === 'payment');
  const back = lines.filter((line) => line.kind === 'refund');
  const net = (field: 'amountMinor') =>
    sum(paid.map((line) => line[field])) - sum(back.map((line) => line[field]));
  const fees = sum(lines.map((line) => line.feeMinor ?? 0));
  const received = sum(lines.map((line) => (line.netMinor ?? 0) + (line.feeMinor ?? 0)));
  const came = lines.filter((line) => (line.netMinor ?? 0) > 0).map((line) => line.netMinor ?? 0);
  const went = lines.filter((line) => (line.netMinor ?? 0) < 0).map((line) => line.netMinor ?? 0);
  const rows =
    name === 'alipay_trade'
      ? [
          '门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）',
          `合计,,${paid.length},${back.length},${yuan(net('amountMinor'))},${yuan(received)},0.00,0.00,${yuan(-fees)},0.00,${yuan(received - fees)}`,
        ]
      : [
          '类型,收入笔数,收入金额（+元）,支出笔数,支出金额（-元）,总金额（元）',
          `合计,${came.length},${yuan(sum(came))},${went.length},${yuan(sum(went))},${yuan(sum(came) + sum(went))}`,
        ];
  const text = [
    `#支付宝${kind}汇总查询`,
    '#账号：[19000000010156]',
    '#起始日期：[2026年11月18日 00:00:00]   终止日期：[2026年11月19日 00:00:00]',
    `#-----------${kind}汇总列表-----------`,
    ...rows,
    `#-----------${kind}汇总列表结束-----------`,
    '#导出时间：[2026年11月19日 05:46:49]',
    '',
  ].join('\r\n');
  return gb18030(change(text));
}

describe('an honest archive', () => {
  test.each(Object.keys(MAKERS))('of %s is read like the plain file', async (name) => {
    const plain = madeStatement(name, 30, 2);
    const stored = zipBytes([{ name: plain.fileName, content: plain.bytes, isStored: true }]);
    const deflated = zipBytes([{ name: plain.fileName, content: plain.bytes }]);
    const path = join(folder, plain.fileName);
    for (const bytes of [stored, deflated, gzipSync(plain.bytes), plain.bytes]) {
      writeFileSync(path, bytes);
      for (const source of [{ bytes }, { path }]) {
        const verdict = await verdictOn(source);
        if (!verdict.accepted) throw verdict.error;
        expect(verdict.lines).toEqual(plain.lines);
        expect(verdict.read).toMatchObject({
          sha256: createHash('sha256').update(bytes).digest('hex'),
          contentSha1: createHash('sha1').update(plain.bytes).digest('hex'),
          rawBytes: bytes.length,
          contentBytes: plain.bytes.length,
        });
      }
    }
  });

  test('that arrives as gzip or plain is read; a zip has to be saved first', async () => {
    async function* arriving(bytes: Buffer) {
      for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7);
    }
    for (const bytes of [made.bytes, gzipSync(made.bytes)])
      expect(await verdictOn({ stream: arriving(bytes) })).toMatchObject({ lines: made.lines });
    expect(await verdictOn({ stream: arriving(zipBytes([detail])) })).toMatchObject({
      error: { reason: expect.stringMatching(/only be read from a file/) },
    });
  });

  test('names its entries in GBK, and its summary agrees with the detail', async () => {
    for (const name of ['alipay_trade', 'alipay_fund'] as const) {
      const lines = madeStatement(name, 12, 5);
      const verdict = await verdictOn(
        zipBytes([
          { name: gb18030('1900000001_20261118_明细(汇总).csv'), content: summaryOf(name) },
          { name: gb18030(lines.fileName), content: lines.bytes },
        ]),
      );
      if (!verdict.accepted) throw verdict.error;
      expect(verdict.read.entries).toEqual([
        { name: '1900000001_20261118_明细(汇总).csv', role: 'summary' },
        { name: lines.fileName, role: 'lines' },
      ]);
    }
  });

  test.each([
    [
      'one payment more',
      (text: string) => text.replace(/合计,,(\d+)/, (_all, n) => `合计,,${Number(n) + 1}`),
      /交易订单总笔数/,
    ],
    ['another sum', (text: string) => text.replace(/(合计,,\d+,\d+,)/, '$11'), /订单金额/],
    [
      'another day',
      (text: string) => text.replace('11月18日', '11月17日').replace('11月19日', '11月18日'),
      /day/,
    ],
    [
      'another account',
      (text: string) => text.replace('19000000010156', '19000000020156'),
      /account/,
    ],
    ['no total', (text: string) => text.replace('合计', '小计'), /合计/],
    ['its end cut off', (text: string) => text.slice(0, -20), /导出时间/],
    [
      'a count that is none',
      (text: string) => text.replace(/合计,,\d+/, '合计,,1e5'),
      /spreadsheet/,
    ],
  ])('is refused where the summary has %s', async (_what, change, reason) => {
    const summary = { name: 'summary.csv', content: summaryOf('alipay_trade', change) };
    const verdict = await verdictOn(zipBytes([detail, summary]));
    expect(verdict).toMatchObject({
      accepted: false,
      error: { entry: 'summary.csv', reason: expect.stringMatching(reason) },
    });
  });

  test("of UnionPay may hold the channel's other files, which are passed over", async () => {
    const zm = madeStatement('unionpay_zm', 5);
    const verdict = await verdictOn(
      zipBytes([
        { name: 'INN26111988ZME_1900000001', content: Buffer.alloc(0) },
        { name: zm.fileName, content: zm.bytes },
      ]),
    );
    expect(verdict).toMatchObject({ accepted: true, lines: zm.lines });
  });

  test('whose content has the promised SHA-1 is read, and no other', async () => {
    const hash = createHash('sha1').update(made.bytes).digest('hex');
    expect((await verdictOn(zipBytes([detail]), { contentSha1: hash })).accepted).toBe(true);
    expect(await reasonOf(zipBytes([detail]), { contentSha1: hash.replace(/./, 'z') })).toMatch(
      /SHA-1/,
    );
  });
});

describe('an archive is refused', () => {
  const blanks = Buffer.alloc(48 * MEBIBYTE, ' ');
  const refused: readonly (readonly [string, () => Buffer, RegExp, VerdictOptions?])[] = [
    ['that is packed twice: gzip of gzip', () => gzipSync(gzipSync(made.bytes)), /packed twice/],
    ['that is packed twice: gzip of zip', () => gzipSync(zipBytes([detail])), /packed twice/],
    [
      'that is packed twice: zip of gzip',
      () => zipBytes([{ name: 'a.csv', content: gzipSync(made.bytes) }]),
      /packed twice/,
    ],
    [
      'that is packed twice: zip of zip',
      () => zipBytes([{ name: 'a.csv', content: zipBytes([detail]) }]),
      /packed twice/,
    ],
    ['that is a gzip bomb', () => gzipSync(blanks), /times larger|longer than|no format/],
    [
      'that is a zip bomb',
      () => zipBytes([{ name: 'a', content: blanks }]),
      /times|longer|no format/,
    ],
    [
      'that is a zip bomb behind a real head',
      () =>
        zipBytes([
          {
            name: 'a',
            content: Buffer.concat([
              made.rebuilt(made.records.slice(0, 9)),
              Buffer.alloc(48 * MEBIBYTE, '\r\n'),
            ]),
          },
        ]),
      /times larger/,
    ],
    [
      'that claims to be small',
      () => zipBytes([{ ...detail, claimedBytes: 100 }]),
      /larger than 100 bytes/,
    ],
    ['that claims to be large', () => zipBytes([{ ...detail, claimedBytes: 5_000 }]), /checksum/],
    [
      'larger than the limit',
      () => gzipSync(made.bytes),
      /larger than 1000 bytes/,
      { limits: { bytesMax: 1000 } },
    ],
    [
      'larger than the limit, in zip',
      () => zipBytes([detail]),
      /larger than 1000 bytes/,
      { limits: { bytesMax: 1000 } },
    ],
    [
      'with a name above its folder',
      () => zipBytes([{ ...detail, name: '../../etc/cron.d/a' }]),
      /leads out/,
    ],
    [
      'with a name inside and above',
      () => zipBytes([{ ...detail, name: 'a/../../b' }]),
      /leads out/,
    ],
    ['with an absolute name', () => zipBytes([{ ...detail, name: '/etc/passwd' }]), /leads out/],
    ['with a drive name', () => zipBytes([{ ...detail, name: 'C:/a.csv' }]), /leads out/],
    ['with a backslash', () => zipBytes([{ ...detail, name: '..\\a.csv' }]), /leads out/],
    [
      'with a control character in a name',
      () => zipBytes([{ ...detail, name: 'a\u0000b' }]),
      /leads out/,
    ],
    ['without a name', () => zipBytes([{ ...detail, name: '' }]), /leads out/],
    ['that is encrypted', () => zipBytes([{ ...detail, flags: 1 }]), /encrypted/],
    ['that is strongly encrypted', () => zipBytes([{ ...detail, flags: 0x41 }]), /encrypt/],
    ['with a link', () => zipBytes([{ ...detail, mode: 0o120777 }]), /a link/],
    ['compressed otherwise', () => zipBytes([{ ...detail, method: 12 }]), /method 12/],
    ['with a wrong checksum', () => zipBytes([{ ...detail, crc: 1 }]), /checksum/],
    [
      'with two statements',
      () => zipBytes([detail, { ...detail, name: 'b.csv' }]),
      /two statements/,
    ],
    ['with two files of one name', () => zipBytes([detail, detail]), /one name/],
    [
      'with too many files',
      () => zipBytes(Array.from({ length: 17 }, (_, at) => ({ ...detail, name: `${at}` }))),
      /17 files/,
    ],
    ['that claims too many files', () => zipBytes([detail], 60_000), /60000 files/],
    ['that claims one file more', () => zipBytes([detail], 2), /damaged/],
    ['that is empty', () => zipBytes([]), /archive is empty/],
    [
      'with a folder alone',
      () => zipBytes([{ name: 'a/', content: Buffer.alloc(0) }]),
      /archive is empty/,
    ],
    [
      'with an empty file',
      () => zipBytes([{ name: 'a.csv', content: Buffer.alloc(0) }]),
      /no format|empty/,
    ],
    [
      'with a stranger beside the lines',
      () => zipBytes([detail, { name: 'readme.txt', content: Buffer.from('Hello') }]),
      /no format knows/,
    ],
    [
      'with a file of another channel',
      () => zipBytes([detail, { name: 's.csv', content: summaryOf('alipay_fund') }]),
      /two formats/,
    ],
    [
      'with a summary alone',
      () => zipBytes([{ name: 's.csv', content: summaryOf('alipay_trade') }]),
      /only a summary/,
    ],
    [
      'with bytes behind its end',
      () => Buffer.concat([gzipSync(made.bytes), Buffer.from('more')]),
      /behind the end|damaged/,
    ],
    [
      'with bytes behind its end, in zip',
      () => Buffer.concat([zipBytes([detail]), Buffer.from('more')]),
      /damaged/,
    ],
    ['of 7z', () => Buffer.from('377abcaf271c0004', 'hex'), /7z/],
    ['of rar', () => Buffer.from('526172211a0700', 'hex'), /rar/],
    ['that is a PDF', () => Buffer.from('%PDF-1.7 …'), /PDF/],
    [
      'that is a login page',
      () => Buffer.from('<!DOCTYPE html><html>请登录</html>'),
      /begins with "<!DOCTYPE/,
    ],
    ['that is an answer in JSON', () => Buffer.from('{"code":"NO_BILL_DATA"}'), /begins with/],
  ];
  const cases = refused.map(([what, bytes, reason, options]) => ({ what, bytes, reason, options }));
  test.each(cases)('$what', async ({ bytes, reason, options }) => {
    const before = process.memoryUsage.rss();
    expect(await reasonOf(bytes(), options)).toMatch(reason);
    expect(process.memoryUsage.rss() - before).toBeLessThan(300 * MEBIBYTE);
  });

  test('wherever it is cut off', async () => {
    for (const whole of [zipBytes([detail]), gzipSync(made.bytes)]) {
      for (let at = 0; at < 50; at += 1)
        await reasonOf(whole.subarray(0, Math.floor((whole.length * at) / 50)));
      await reasonOf(whole.subarray(0, -1));
    }
  });

  test('or read as the same, whichever bit of it is turned', async () => {
    for (const whole of [zipBytes([detail]), gzipSync(made.bytes)]) {
      for (let at = 0; at < whole.length; at += 1) {
        const bytes = Buffer.from(whole);
        bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (at % 8)), at);
        const verdict = await verdictOn(bytes);
        if (verdict.accepted) expect(verdict.lines).toEqual(made.lines);
      }
    }
  });
});

test('a file that is not there, or no file, is refused in words', async () => {
  expect(await verdictOn({ path: join(folder, 'none.csv') })).toMatchObject({
    error: { reason: expect.stringMatching(/ENOENT/) },
  });
  expect(await verdictOn({ path: folder })).toMatchObject({ accepted: false });
});

test('a hundred thousand lines from disk come out as they were drawn', async () => {
  const path = join(folder, 'large.csv.gz');
  const plain = join(folder, 'large.csv');
  await writeStatement(plain, 'alipay_trade', 100_000, 9);
  writeFileSync(path, gzipSync(readFileSync(plain)));
  const sha256 = createHash('sha256');
  for await (const piece of statementBytes('alipay_trade', 100_000, 9)) sha256.update(piece);
  const verdict = await verdictOn({ path });
  if (!verdict.accepted) throw verdict.error;
  expect(verdict.lines).toHaveLength(100_000);
  expect(verdict.lines.at(-1)?.lineNo).toBe(100_005);
  expect((await verdictOn({ path: plain })).accepted).toBe(true);
  expect(createHash('sha256').update(readFileSync(plain)).digest()).toEqual(sha256.digest());
});
