/** `tieout reconcile` as a person and a machine see it: exit codes, words, files. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { text as textOf } from 'node:stream/consumers';
import yauzl from 'yauzl';
import { expectPlain, runTieout } from './refused-command.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FIXTURES = join(ROOT, 'src/channels/alipay/fixtures');
const STATEMENT = join(FIXTURES, 'trade.gbk.csv');
const ORDERS = readFileSync(join(FIXTURES, 'orders.csv'), 'utf8');

const cwd = mkdtempSync(join(tmpdir(), 'tieout-reconcile-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

/** On the tests' server, where a database is made and dropped in a moment. */
const env = { DATABASE_URL: inject('testServerUrl') };

async function reconcile(orders: string, ...args: readonly string[]) {
  return await reconcileWith(STATEMENT, orders, ...args);
}

async function reconcileWith(statement: string, orders: string, ...args: readonly string[]) {
  writeFileSync(join(cwd, 'orders.csv'), orders);
  const files = ['--statement', statement, '--orders', 'orders.csv'];
  return await runTieout(['reconcile', '--channel', 'alipay', ...files, ...args], { cwd, env });
}

/** One of each: another amount, another fee, an order more, an order less, an order twice. */
const DIFFERENT = `${ORDERS.replace('100.00,CNY,0.60', '100.01,CNY,0.60')
  .replace('0.48', '0.49')
  .replace(
    /^payment,ORD20261118_0003.*\n/m,
    '',
  )}payment,=ORD-NEW+1,,,5.00,CNY,,succeeded,2026-11-18 12:00:00
refund,ORD20261118_0001,REF20261118_0001_1,2026111822001400000500000001,30.00,CNY,-0.18,succeeded,2026-11-18 15:00:00
`;

describe('two files that agree', () => {
  test('are balanced, without any server', async () => {
    const files = ['--statement', STATEMENT, '--orders', join(FIXTURES, 'orders.csv')];
    const ran = await runTieout(['reconcile', '--channel', 'alipay', ...files], { cwd });
    expect(ran.stderr).toBe('');
    expect(ran.exitCode).toBe(0);
    expect(ran.stdout).toMatch(/matched +payment +CNY +3 +188\.01 +3 +188\.01/);
    expect(ran.stdout).toContain('balanced: every line and every order has its counterpart');
    expectPlain(ran.stdout, 'en');
  });

  test('are told to a machine in the fields it was promised, in their order', async () => {
    const { exitCode, stdout } = await reconcile(ORDERS, '--json');
    expect(exitCode).toBe(0);
    expect(stdout.trim().split('\n').at(-1)).toBe(
      '{"statement_lines":5,"orders":5,"matched":5,"carried":0,"differences":{"channel_only":0,"platform_only":0,"amount":0,"fee":0,"status":0,"duplicate":0},"balanced":true}',
    );
  });
});

describe('two files that differ', () => {
  test('are told to a machine class by class, with exit code 1', async () => {
    const { exitCode, stdout } = await reconcile(DIFFERENT, '--json');
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toEqual({
      statement_lines: 5,
      orders: 6,
      matched: 2,
      // The line of 23:59:59 whose order is gone may be of the day after.
      carried: 1,
      differences: {
        channel_only: 0,
        platform_only: 1,
        amount: 1,
        fee: 1,
        status: 0,
        duplicate: 1,
      },
      balanced: false,
    });
  });

  test('are shown to a person, every difference with its line and both sides', async () => {
    const { exitCode, stdout } = await reconcile(DIFFERENT);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/amount differs +payment +6 +ORD20261118_0001 .*100\.00 +100\.01 +CNY/);
    expect(stdout).toMatch(/fee differs +payment +7 +ORD20261118_0002 .*0\.48 +0\.49 +CNY/);
    expect(stdout).toMatch(/platform only +payment +=ORD-NEW\+1 +5\.00 +CNY/);
    expect(stdout).toContain('not balanced');
    expectPlain(stdout, 'en');
  });

  test('are shown in Chinese', async () => {
    const { exitCode, stdout } = await reconcile(DIFFERENT, '--lang', 'zh');
    expect(exitCode).toBe(1);
    for (const word of [
      '金额不符',
      '手续费不符',
      '平台有渠道无（短款）',
      '重复行',
      '结转',
      '未轧平',
    ])
      expect(stdout).toContain(word);
    expect(stdout).toContain('支付宝业务明细');
  });

  test('are written to a file that a spreadsheet neither calculates nor shortens', async () => {
    const { stdout } = await reconcile(DIFFERENT, '--out', 'differences.csv');
    expect(stdout).toContain('all differences: differences.csv');
    const text = readFileSync(join(cwd, 'differences.csv'), 'utf8');
    expect(text.startsWith('\uFEFFclass,side,kind,line,order_no,')).toBe(true);
    const rows = text.trimEnd().split('\r\n').slice(1);
    expect(rows).toHaveLength(5);
    expect(text).toContain(",'=ORD-NEW+1,");
    expect(text).not.toMatch(/(?:^|,)"?[=+@]/m);
    expect(text).toContain('"\t2026111822001400000500000001"');
    expect(rows.filter((row) => row.startsWith('amount,both,payment,6,'))).toHaveLength(1);
  });
});

describe('a workbook', () => {
  /** The text of a file inside; a workbook is a zip. */
  async function partsOf(path: string): Promise<ReadonlyMap<string, string>> {
    const parts = new Map<string, string>();
    const zip = await yauzl.openPromise(path, { lazyEntries: true, autoClose: false });
    for await (const entry of zip.eachEntry()) {
      const stream = await zip.openReadStreamPromise(entry);
      parts.set(entry.fileName, await textOf(stream));
    }
    zip.close();
    return parts;
  }

  test('has a cover and every difference: names as text, money as numbers, and no formula', async () => {
    const { exitCode } = await reconcile(DIFFERENT, '--out', 'report.xlsx', '--lang', 'zh');
    expect(exitCode).toBe(1);
    const parts = await partsOf(join(cwd, 'report.xlsx'));
    const strings = parts.get('xl/sharedStrings.xml') ?? '';
    expect(strings).toContain('>对账报告<');
    expect(strings).toContain('>2026111822001400000500000001<');
    expect(strings).toContain('>=ORD-NEW+1<');
    const sheet = parts.get('xl/worksheets/sheet2.xml') ?? '';
    expect(sheet).not.toContain('<f>');
    expect(sheet.match(/<row /g)).toHaveLength(6);
    expect(sheet).toMatch(/<c r="G\d" s="\d+"(?: t="n")?><v>\d+(?:\.\d+)?<\/v>/);
  });
});

describe('a file that cannot be read whole is refused with exit code 2', () => {
  test('of orders, with file, line and reason', async () => {
    const { exitCode, stdout, stderr } = await reconcile(ORDERS.replace('88.00', '8,8.00'));
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/orders\.csv is refused at line 3: .*10 fields/);
    expectPlain(stderr, 'en');
  });

  test('of the channel, with file, line and reason', async () => {
    const whole = readFileSync(STATEMENT);
    const at = whole.indexOf('88.00');
    const damaged = Buffer.concat([
      whole.subarray(0, at),
      Buffer.from('8x.00'),
      whole.subarray(at + 5),
    ]);
    writeFileSync(join(cwd, 'damaged.csv'), damaged);
    const { exitCode, stderr } = await reconcileWith('damaged.csv', ORDERS);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/damaged\.csv is refused at line 7: .*"8x\.00"/);
  });

  test('of another day or another merchant', async () => {
    const day = await reconcile(ORDERS, '--date', '2026-11-19');
    expect(day.exitCode).toBe(2);
    expect(day.stderr).toContain('2026-11-19 was expected');
    const account = await reconcile(ORDERS, '--account', '2088999999999999');
    expect(account.exitCode).toBe(2);
    expect(account.stderr).toContain('2088999999999999 was expected');
  });

  test.each([
    ['88.00', 'x'],
    ['payment', 'charge'],
    ['succeeded', 'paid'],
    ['CNY', 'YUAN'],
    ['88.00', '-88.00'],
    ['2026-11-18T10:10:31+08:00', 'noon'],
    ['88.00', '8,8.00'],
  ])('in Chinese too, where %j reads %j', async (good, bad) => {
    const [head, first, second = '', ...rest] = ORDERS.split('\n');
    const orders = [head, first, second.replace(good, bad), ...rest].join('\n');
    const { exitCode, stderr } = await reconcile(orders, '--lang', 'zh');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('orders.csv 第 3 行');
    expectPlain(stderr, 'zh');
  });

  test('that is not there', async () => {
    const { exitCode, stderr } = await reconcileWith('nowhere.csv', ORDERS);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain('nowhere.csv');
    expectPlain(stderr, 'en');
  });
});

describe('the page about reconciling files', () => {
  const page = readFileSync(join(ROOT, 'docs/reconcile-files.md'), 'utf8');
  const examples = [...page.matchAll(/^npx tieout (reconcile .*--json)\n(\{.*\})$/gm)];

  test('has an example of every channel', () => {
    const channels = examples.map(([, command]) => command?.split(' ')[2]);
    expect(channels).toEqual(['alipay', 'wechatpay', 'unionpay', 'stripe', 'sandbox']);
  });

  test.each(examples.map(([, command = '', answer = '']) => [command, answer]))(
    '%s',
    async (command, answer) => {
      const { exitCode, stdout } = await runTieout(command.split(' '), { cwd: ROOT, env });
      expect(stdout.trim()).toBe(answer);
      expect(exitCode).toBe(answer.endsWith('"balanced":true}') ? 0 : 1);
    },
  );
});
