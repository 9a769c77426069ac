/** `tieout statements check`: a person sees what a file is before anybody relies on it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { madeStatement } from '../../test/support/statement-files.ts';
import { expectPlain, runTieout } from './refused-command.ts';

const cwd = mkdtempSync(join(tmpdir(), 'tieout-statements-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const SAMPLE = fileURLToPath(new URL('../channels/alipay/fixtures/trade.gbk.csv', import.meta.url));
const check = async (...args: string[]) =>
  await runTieout(['statements', 'check', ...args], { cwd });

describe('a file that is whole', () => {
  test('is shown with its day, its sums, and which column feeds what', async () => {
    const { exitCode, stdout } = await check(SAMPLE);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('alipay_trade');
    expect(stdout).toContain('2026-11-18');
    expect(stdout).toMatch(/payment +CNY +3 +188\.01 +1\.08/);
    expect(stdout).toMatch(/refund +CNY +2 +50\.00 +-0\.30/);
    expect(stdout).toContain('orderNo ← 商户订单号');
    expect(stdout).toContain('REF20261118_0042_1');
    expectPlain(stdout, 'en');
  });

  test('is shown in Chinese', async () => {
    const { exitCode, stdout } = await check(SAMPLE, '--lang', 'zh');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/支付 +CNY +3 +188\.01/);
    expect(stdout).toContain('支付宝业务明细');
  });

  test('is told to a machine in one line', async () => {
    const { exitCode, stdout } = await check(SAMPLE, '--json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      format: 'alipay_trade',
      day: '2026-11-18',
      statement_line_count: 5,
      totals_compared: true,
      totals: [
        { kind: 'payment', currency: 'CNY', count: 3, amount: 18_801, fee: 108 },
        { kind: 'refund', count: 2, amount: 5_000 },
      ],
      first_lines: [
        { line_no: 6, order_no: 'ORD20261118_0001', amount_minor: 10_000 },
        {},
        {},
        {},
        {},
      ],
    });
  });

  test('may not move the cursor with what stands in it', async () => {
    const made = madeStatement('sandbox', 3);
    const text = made.records.join('').replaceAll('01ORDER', '\u001b[31mORDER');
    writeFileSync(join(cwd, 'colour.csv'), text);
    const { exitCode, stdout } = await check('colour.csv');
    expect(exitCode).toBe(0);
    expect(stdout).not.toContain('\u001b');
  });
});

describe('a file that is not', () => {
  test.each([
    ['of the wrong day', ['--date', '2026-11-19'], /day 2026-11-18, and 2026-11-19/],
    ['of the wrong account', ['--account', '2088'], /line 2: the file is of the account/],
    ['of another channel', ['--channel', 'stripe'], /no format knows this file/],
  ])(
    '%s is refused with its line, its reason and what to do, in both languages',
    async (_what, args, reason) => {
      const { exitCode, stdout, stderr } = await check(SAMPLE, ...args);
      expect([exitCode, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(reason);
      expectPlain(stderr, 'en');
      const chinese = await check(SAMPLE, ...args, '--lang', 'zh');
      expect(chinese.exitCode).toBe(2);
      expect(chinese.stderr).toMatch(/已拒绝/);
      expectPlain(chinese.stderr.replaceAll(/[a-z]+_[a-z]+/g, ''), 'zh');
    },
  );

  test('whole is refused at its end, and nothing of it is printed', async () => {
    const { bytes } = madeStatement('sandbox', 3);
    writeFileSync(join(cwd, 'cut.csv'), bytes.subarray(0, -10));
    const { exitCode, stdout } = await check('cut.csv', '--json');
    expect([exitCode, stdout]).toEqual([2, '']);
  });
});
