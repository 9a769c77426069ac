/**
 * Statement files damaged in every way that faults.md lists: each is refused whole with its line, reason
 * and mend, or accepted with exactly the lines that it holds.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { statementInChinese } from '../../src/cli/chinese-statements.ts';
import { madeStatement, MAKERS, statementBytes } from '../support/statement-files.ts';
import type { MadeStatement } from '../support/statement-files.ts';
import { verdictOn } from '../support/statement-verdict.ts';
import type { VerdictOptions } from '../support/statement-verdict.ts';

const ROWS = 14;
const FORMATS = Object.keys(MAKERS);
const DELIMITED = FORMATS.filter((name) => !name.startsWith('unionpay'));
let damagedFiles = 0;

/** Expects a refusal that a person can act on, in both languages; gives back its reason and line. */
async function refusal(
  bytes: Uint8Array,
  options: VerdictOptions & { readonly name?: string } = {},
): Promise<{ readonly reason: string; readonly lineNo: number | null }> {
  damagedFiles += 1;
  const { name, ...rest } = options;
  const verdict = await verdictOn({ bytes, ...(name !== undefined && { name }) }, rest);
  if (verdict.accepted) throw new Error(`accepted with ${verdict.lines.length} lines`);
  const { reason, lineNo, mend } = verdict.error;
  expect(mend).toMatch(/^[A-Z].*\.$/);
  for (const sentence of [reason, mend]) {
    expect(statementInChinese(sentence)).toMatch(/\p{Script=Han}/u);
    const ours = statementInChinese(sentence).replaceAll(/".*"/g, '');
    expect(ours).not.toMatch(/(?:\b[a-z]{2,} ){2}[a-z]/i);
  }
  return { reason, lineNo };
}

async function expectSame(bytes: Uint8Array, made: MadeStatement, name?: string): Promise<void> {
  const verdict = await verdictOn({ bytes, ...(name !== undefined && { name }) });
  if (!verdict.accepted) throw verdict.error;
  expect(verdict.lines).toEqual(made.lines);
}

/** A record's cells as they are written, quotes and all, and its line end. */
function rawCells(record: string): { readonly cells: string[]; readonly lineEnd: string } {
  const lineEnd = /\r?\n$/.exec(record)?.[0] ?? '';
  const cells = record
    .slice(0, record.length - lineEnd.length)
    .match(/(?:^|,)(?:"(?:[^"]|"")*"|[^,]*)/g);
  return { cells: (cells ?? []).map((cell) => cell.replace(/^,/, '')), lineEnd };
}

/** The file with the cells of its header and rows rearranged. */
function withCells(made: MadeStatement, change: (cells: string[]) => string[]): Buffer {
  return made.rebuilt(
    made.records.map((record, at) => {
      if (at < made.headerAt || at >= made.rowsUntil) return record;
      const { cells, lineEnd } = rawCells(record);
      // The first cell of a WeChat row has its backtick like all others.
      return change(cells).join(',') + lineEnd;
    }),
  );
}

/** The file with one record changed. */
function withRecord(made: MadeStatement, at: number, change: (record: string) => string): Buffer {
  return made.rebuilt(made.records.map((one, index) => (index === at ? change(one) : one)));
}

function header(made: MadeStatement): string[] {
  return rawCells(made.records[made.headerAt] ?? '').cells;
}

function positionOf(made: MadeStatement, column: RegExp): number {
  return header(made).findIndex((name) => column.test(name));
}

/** The first line of the row in the middle. */
function middle(made: MadeStatement): { readonly at: number; readonly lineNo: number } {
  const row = Math.floor(ROWS / 2);
  return { at: made.rowsFrom + row, lineNo: made.lines[row]?.lineNo ?? 0 };
}

function setCell(made: MadeStatement, at: number, column: RegExp, value: string): Buffer {
  return withRecord(made, at, (record) => {
    const { cells, lineEnd } = rawCells(record);
    const position = positionOf(made, column);
    const mark = cells[position]?.startsWith('`') === true ? '`' : '';
    return cells.with(position, mark + value).join(',') + lineEnd;
  });
}

const AMOUNT: Readonly<Record<string, RegExp>> = {
  alipay_trade: /^订单金额/,
  alipay_fund: /^收入金额/,
  wechat_trade: /^订单金额$/,
  wechat_trade_success: /^订单金额$/,
  wechat_trade_refund: /^申请退款金额$/,
  wechat_trade_old: /^总金额$/,
  wechat_fund: /^收支金额/,
  stripe_balance: /^gross$/,
  sandbox: /^amount$/,
};

describe.each(FORMATS)('a file of %s', (name) => {
  const made = madeStatement(name, ROWS, 7);

  test('is read as exactly its lines', async () => {
    await expectSame(made.bytes, made);
    await expectSame(made.bytes, made, made.fileName);
    for (let seed = 1; seed <= 20; seed += 1) {
      const other = madeStatement(name, 1 + ((seed * 13) % 40), seed);
      await expectSame(other.bytes, other);
    }
  });

  test('cut off anywhere is refused, or holds whole lines only', async () => {
    const text = made.records.join('');
    const end = made.bytes.length - made.encode(/\r?\n$/.exec(text)?.[0] ?? '').length;
    for (let at = 0; at < 40; at += 1) {
      // The last bytes are tried one by one: there a cut is hardest to see.
      const cut = at < 12 ? end - 1 - at : Math.floor((end * (at - 12)) / 28);
      const bytes = made.bytes.subarray(0, cut);
      if (made.hasFoot || cut === 0) {
        await refusal(bytes);
        continue;
      }
      damagedFiles += 1;
      const verdict = await verdictOn(bytes);
      if (verdict.accepted)
        expect(verdict.lines).toEqual(made.lines.slice(0, verdict.lines.length));
      const ends = made.encode(text).subarray(0, cut).toString('latin1').endsWith('\n');
      expect(verdict.accepted).toBe(ends || (name.startsWith('unionpay') && isWhole(made, cut)));
    }
  });

  test('without its last line end is the same file, where the end can be told', async () => {
    const bytes = made.bytes.subarray(0, made.bytes.length - 1);
    if (name === 'stripe_balance') await refusal(bytes);
    else await expectSame(bytes, made);
  });

  test('with LF or CRLF is the same file', async () => {
    if (name === 'stripe_balance') return;
    const lf = made.records.map((record) => record.replace(/\r?\n$/, '\n'));
    await expectSame(made.rebuilt(lf), made);
    await expectSame(made.rebuilt(lf.map((record) => record.replace(/\n$/, '\r\n'))), made);
  });

  test('of another day is refused', async () => {
    for (const day of ['2026-11-16', '2026-11-20', '2025-11-18']) {
      // The lines of UnionPay have no year: only the name of the file tells it.
      const options = { expected: { day }, name: made.fileName };
      expect((await refusal(made.bytes, options)).reason).toMatch(/day .* expected/);
    }
  });

  test('of another account is refused, where the file names one', async () => {
    if (name === 'stripe_balance' || name === 'wechat_fund') return;
    for (const account of ['1900000002', '190000000', '19000000011'])
      expect((await refusal(made.bytes, { expected: { account } })).reason).toMatch(/account/);
  });

  test('in UTF-16, with a NUL, with a broken byte, or with a line too long is refused at its line', async () => {
    const text = made.records.join('');
    await refusal(Buffer.from(`\ufeff${text}`, 'utf16le'));
    await refusal(Buffer.from(text, 'utf16le'));
    await refusal(Buffer.from(`\ufeff${text}`, 'utf16le').swap16());
    const { at, lineNo } = middle(made);
    const before = made.rebuilt(made.records.slice(0, at)).length;
    for (const broken of [Buffer.of(0), Buffer.of(0xff), Buffer.of(0x81, 0x0a)]) {
      const bytes = Buffer.concat([
        made.bytes.subarray(0, before + 5),
        broken,
        made.bytes.subarray(before + 6),
      ]);
      expect((await refusal(bytes)).lineNo).toBe(lineNo);
    }
    const long = withRecord(made, at, (record) => record.replace(/[^\r\n]$/m, 'x'.repeat(70_000)));
    expect(await refusal(long)).toMatchObject({
      lineNo,
      reason: expect.stringMatching(/longer than/),
    });
  });

  test('with a line lost, doubled or foreign is refused, where it has totals', async () => {
    const { at } = middle(made);
    if (!made.hasFoot) return;
    await refusal(made.rebuilt(made.records.toSpliced(at, 1)));
    await refusal(made.rebuilt(made.records.toSpliced(at, 0, made.records[at] ?? '')));
    await refusal(made.rebuilt([...made.records, made.records[at] ?? '']));
    const other = madeStatement(name, ROWS, 8);
    await refusal(made.rebuilt(made.records.toSpliced(at, 1, other.records[at] ?? '')));
  });

  test('of a day without trades is accepted, where it has a foot', async () => {
    const none = madeStatement(name, 0);
    if (name.startsWith('unionpay')) await refusal(none.bytes, { name: made.fileName });
    else await expectSame(none.bytes, none);
    await refusal(made.rebuilt(made.records.slice(0, Math.max(1, made.headerAt))).subarray(0, 40));
    if (made.hasFoot) await refusal(made.rebuilt(made.records.slice(0, made.rowsFrom)));
  });

  test('has only as many lines as the limit allows', async () => {
    const lines = made.records.join('').split('\n').length - 1;
    const limited = (linesMax: number) => ({ limits: { linesMax } });
    expect((await verdictOn(made.bytes, limited(lines))).accepted).toBe(true);
    expect((await refusal(made.bytes, limited(lines - 1))).reason).toMatch(/more than/);
  });
});

/** Whether a cut of a UnionPay file leaves whole records. */
function isWhole(made: MadeStatement, cut: number): boolean {
  const record = made.bytes.length / ROWS;
  return cut % record === record - 2 || cut % record === record - 1;
}

describe.each(DELIMITED)('the columns of %s', (name) => {
  const made = madeStatement(name, ROWS, 3);
  const column = AMOUNT[name] ?? /^$/;

  test('may stand in any order, and among new ones', async () => {
    await expectSame(
      withCells(made, (cells) => cells.toReversed()),
      made,
    );
    await expectSame(
      withCells(made, (cells) => [...cells.slice(4), ...cells.slice(0, 4)]),
      made,
    );
    const added = made.records.map((record, at) => {
      if (at < made.headerAt || at >= made.rowsUntil) return record;
      const { cells, lineEnd } = rawCells(record);
      const mark = at > made.headerAt && name.startsWith('wechat') ? '`' : '';
      return [...cells, at === made.headerAt ? '新增列' : `${mark}1`].join(',') + lineEnd;
    });
    await expectSame(made.rebuilt(added), made);
  });

  test('are named where one is missing or stands twice', async () => {
    const accepted: string[] = [];
    for (const [at, cell] of header(made).entries()) {
      const missing = withCells(made, (cells) => cells.toSpliced(at, 1));
      damagedFiles += 1;
      const verdict = await verdictOn(missing);
      if (verdict.accepted) {
        expect(verdict.lines).toHaveLength(ROWS);
        accepted.push(cell);
      } else expect(verdict.error.reason).toMatch(/column .* is missing|no format knows/);
    }
    // What nobody reads may be missing; what is read may not.
    expect(accepted.some((cell) => column.test(cell))).toBe(false);
    const position = positionOf(made, column);
    const twice = withCells(made, (cells) => [...cells, cells[position] ?? '']);
    expect((await refusal(twice)).reason).toMatch(/stands twice/);
  });

  test.each([
    ['1e5', 'a spreadsheet'],
    ['１００.００', 'ASCII digits'],
    ['1 00.00', 'blanks'],
    ['100.005', 'decimals'],
    ['', 'is empty'],
    ['abc', 'no amount'],
    ['NaN', 'no amount'],
    ['0x10', 'no amount'],
    ['99999999999999999999', 'larger'],
    ['1.', 'no amount'],
  ])('refuse the amount %j at its line', async (text, reason) => {
    const { at, lineNo } = middle(made);
    const found = await refusal(setCell(made, at, column, text));
    // An empty cell of income says that nothing came, and then the totals differ.
    if (text === '' && name === 'alipay_fund') expect(found.reason).toMatch(/合计/);
    else expect(found).toEqual({ lineNo, reason: expect.stringContaining(reason) });
  });

  test('refuse a number that is endless, or that a spreadsheet has rounded, at its line', async () => {
    const { at, lineNo } = middle(made);
    const number = /^(?:商户订单号|微信支付业务单号|order_no|payment_metadata\[order_no\])$/;
    for (const text of ['4.2E+27', '1E+10', '7'.repeat(129)]) {
      const found = await refusal(setCell(made, at, number, text));
      expect(found).toEqual({ lineNo, reason: expect.stringMatching(/^the number/) });
    }
  });

  test('refuse a row with a cell too many or too few at its line', async () => {
    const { at, lineNo } = middle(made);
    const mark = name.startsWith('wechat') ? ',`' : ',';
    const more = withRecord(made, at, (record) => mark.slice(0, 2) + record);
    const less = withRecord(made, at, (record) => record.slice(record.indexOf(',') + 1));
    for (const bytes of name.startsWith('wechat') ? [less] : [more, less])
      expect((await refusal(bytes)).lineNo).toBe(lineNo);
    if (name.startsWith('wechat')) await refusal(more);
  });

  test('take a quote that is never closed for what it is', async () => {
    const { at, lineNo } = middle(made);
    const open = withRecord(made, at, (record) => `"${record}`);
    const found = await refusal(open);
    if (name === 'stripe_balance') expect(found).toMatchObject({ lineNo });
    else expect(found.lineNo).toBe(lineNo);
  });
});

test('ten million lines are refused at a smaller limit, in bounded memory', async () => {
  const before = process.memoryUsage.rss();
  const verdict = await verdictOn(
    { stream: statementBytes('sandbox', 10_000_000) },
    { limits: { linesMax: 200_000 } },
  );
  expect(verdict).toMatchObject({ accepted: false, error: { lineNo: 200_001 } });
  expect(process.memoryUsage.rss() - before).toBeLessThan(400_000_000);
});

afterAll(() => {
  expect(damagedFiles).toBeGreaterThan(300);
  process.stderr.write(`damaged statement files tried: ${damagedFiles}\n`);
});
