/** What a person types wrong, for every command in the catalogue: generated, so that a new command is tried too. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { catalogue } from './catalogue.ts';
import type { Command } from './command.ts';
import { helpOf } from './command.ts';
import { failureOf } from './failure.ts';
import type { Failure } from './failure.ts';
import { expectPlain, expectPlainWords, runTieout } from './refused-command.ts';
import { run } from './run.ts';

async function refusalOf(args: readonly string[]): Promise<Failure> {
  try {
    const exitCode = await run(args, 'en');
    throw new Error(`tieout ${args.join(' ')} ended with ${exitCode} and was not refused`);
  } catch (error) {
    return failureOf(error);
  }
}

const stringFlags = ({ flags }: Command): string[] =>
  [...Object.entries(flags), ['lang', { type: 'string' }] as const]
    .filter(([, flag]) => flag.type === 'string')
    .map(([name]) => name);
const numberFlags = ({ flags }: Command): string[] =>
  Object.entries(flags)
    .filter(([, flag]) => flag.value === 'N')
    .map(([name]) => name);

/** Words that satisfy the command, so that only the flag is wrong. */
const GOOD: Readonly<Record<string, readonly string[]>> = {
  payments: ['list'],
  refunds: ['list'],
  exceptions: ['list'],
  merchants: ['list'],
  statements: ['check', 'no-such-file.csv'],
};
const NUMBERS = [
  '-1',
  '-5',
  '1.5',
  '1e3',
  '0x10',
  'abc',
  ' 1',
  '９',
  '99999999999999999999',
  '-0.5',
];

describe.each(catalogue.map((command) => [command.name, command] as const))(
  'tieout %s',
  (name, command) => {
    test('says in its help what it does, every option and an example, in both languages', () => {
      for (const lang of ['en', 'zh'] as const) {
        const help = helpOf(command, lang);
        for (const flag of [...Object.keys(command.flags), 'json', 'lang', 'help'])
          expect(help).toContain(`--${flag}`);
        expect(help).toContain(command.examples[0]);
        expectPlain(help, 'en');
        if (lang === 'zh')
          expect(help.replaceAll(/^ {2}tieout.*$/gm, '')).not.toMatch(/(?:\b[a-z]{2,} ){4}/i);
      }
    });

    test.each([
      ['an unknown option', ['--no-such'], '--no-such'],
      ['a misspelt option', ['--jsn'], '--jsn'],
      ['an option of one letter', ['-x'], '-x'],
      ['an option named like a property', ['--constructor'], '--constructor'],
      ['a language that it does not speak', ['--lang', 'de'], '--lang'],
      ['a language left out', ['--lang'], '--lang'],
      ['a value for a switch', ['--json=yes'], '--json'],
      ['a switch given twice', ['--json', '--json'], '--json'],
    ])('refuses %s, and names it', async (_what, args, named) => {
      const { exitCode, words } = await refusalOf([name, ...args]);
      expect(exitCode).toBe(2);
      expectPlainWords(words);
      for (const text of Object.values(words)) expect(text).toContain(named);
    });

    test.each(stringFlags(command).map((flag) => [flag]))(
      'refuses --%s without a value, with an empty one, and twice',
      async (flag) => {
        const twice = [`--${flag}=zh`, `--${flag}=zh`];
        for (const args of [[`--${flag}`], [`--${flag}=`], [`--${flag}`, '--json'], twice]) {
          const { exitCode, words } = await refusalOf([name, ...(GOOD[name] ?? []), ...args]);
          expect(exitCode).toBe(2);
          expectPlainWords(words);
          for (const text of Object.values(words)) expect(text).toContain(`--${flag}`);
        }
      },
    );

    test.each(numberFlags(command).map((flag) => [flag]))(
      'refuses --%s that is no whole number in range, and says the range',
      async (flag) => {
        for (const value of NUMBERS) {
          for (const args of [[`--${flag}`, value], [`--${flag}=${value}`]]) {
            const { exitCode, words } = await refusalOf([name, ...(GOOD[name] ?? []), ...args]);
            expect(exitCode).toBe(2);
            expectPlainWords(words);
            expect(words.en).toMatch(/must be a whole number from \d+ to \d+/);
            for (const text of Object.values(words)) expect(text).toContain(`--${flag}`);
          }
        }
      },
    );

    test('refuses more words than it takes', async () => {
      if (command.takesMax > 9) return;
      const many = Array.from({ length: command.takesMax + 1 }, (_, at) => `word${at}`);
      const { exitCode, words } = await refusalOf([name, ...many]);
      expect(exitCode).toBe(2);
      expectPlainWords(words);
      expect(words.en).toContain(many.at(-1));
    });
  },
);

const FILES = ['--channel', 'alipay', '--statement', 'a.csv', '--orders', 'b.csv'];

/** What each command refuses of its own. A command without a row here fails the test below. */
const OWN: Readonly<Record<string, readonly (readonly [readonly string[], RegExp])[]>> = {
  dev: [
    [['--port', '0'], /--port/],
    [['--port', '65536'], /--port/],
  ],
  demo: [
    [['no_such_scenario'], /no_such_scenario.*lost_notification/],
    [['--payments', '0'], /--payments/],
    [['constructor'], /constructor/],
  ],
  serve: [
    [['--roles', 'cook'], /--roles.*cook/],
    [['--roles', 'api,'], /--roles/],
    [['--roles', 'api,,worker'], /--roles/],
  ],
  migrate: [[['down'], /down/]],
  merchants: [
    [[], /create\|list\|keys\|revoke/],
    [['delete'], /delete.*create\|list/],
    [['create'], /--name/],
    [['create', '--name', '   '], /--name/],
    [['create', '--name', 'x'.repeat(101)], /--name.*100/],
    [['create', '--name', 'a\nb'], /--name/],
    [['create', 'Shop'], /Shop/],
    [['keys'], /mch_/],
    [['revoke'], /--key/],
    [['revoke', 'sk_test_x'], /sk_test_x/],
    [['policy'], /mch_/],
    [['policy', 'mch_x', '--late-payment', 'keep'], /--late-payment.*keep/],
    [['policy', 'mch_x', '--late-payment', 'accept'], /--by/],
    [['policy', 'mch_x', '--late-payment', 'accept', '--by', 'Wang Fang'], /--reason/],
    [['policy', 'mch_x', '--late-payment', 'accept', '--by', ' ', '--reason', 'x'], /--by/],
  ],
  operators: [
    [[], /create/],
    [['list'], /list.*create/],
    [['create'], /--name/],
    [['create', '--name', 'x'.repeat(101)], /--name/],
  ],
  payments: [
    [[], /get\|list\|close\|sync/],
    [['refund'], /refund.*get\|list/],
    [['get'], /pay_/],
    [['close'], /pay_/],
    [['sync'], /pay_/],
    [['list', 'pay_x'], /--q pay_x/],
    [['list', '--limit', '101'], /--limit/],
    [['get', 'pay_x', '--api', 'nowhere', '--key', 'k'], /--api.*nowhere/],
    [['get', 'pay_x', '--api', 'http://h/path', '--key', 'k'], /--api/],
    [['get', 'pay_x', '--api', 'http://127.0.0.1:9', '--key', 'a b'], /--key/],
    [['get', 'pay_x', '--api', 'http://127.0.0.1:9', '--key', '密钥'], /--key/],
  ],
  refunds: [
    [[], /create\|get\|list\|hold\|release/],
    [['refund'], /refund.*create\|get/],
    [['create'], /pay_/],
    [['create', 'pay_x'], /--amount/],
    [['create', 'pay_x', '--amount', '0'], /--amount/],
    [['create', 'pay_x', '--amount', '19.99'], /--amount/],
    [['create', 'pay_x', '--amount', '1'], /--refund-no/],
    [['create', '', '--amount', '1', '--refund-no', 'R'], /pay_/],
    [['get'], /ref_/],
    [['list', 'pay_x'], /pay_x/],
    [['list', '--limit', '101'], /--limit/],
    [['hold'], /--channel/],
    [['hold', '--channel', 'sandbox'], /--reason/],
    [['release', '--channel', 'sandbox', '--reason', ' '], /--reason/],
    [['release', 'sandbox'], /sandbox/],
  ],
  exceptions: [
    [[], /list\|show\|act/],
    [['resolve'], /resolve.*list\|show\|act/],
    [['show'], /exc_/],
    [['act'], /exc_/],
    [['act', 'exc_x'], /--action/],
    [['act', 'exc_x', '--action', 'burn'], /--action.*burn/],
    [['act', 'exc_x', '--action', 'resolve'], /--reason/],
    [['list', 'exc_x'], /exc_x/],
    [['list', '--limit', '0'], /--limit/],
  ],
  explain: [
    [[], /merchant order number|商户订单号/],
    [[''], /merchant order number|商户订单号/],
  ],
  statements: [
    [[], /check/],
    [['export', 'a.csv'], /export.*check/],
    [['import', 'a.csv'], /--channel/],
    [['import', 'a.csv', '--channel', 'sandbox', '--date', '2026-11-18'], /--reason/],
    [['check'], /statements check/],
    [['check', 'a.csv', 'b.csv'], /b\.csv/],
    [['check', 'a.csv', '--channel', 'paypal'], /--channel.*alipay.*paypal/],
    [['check', 'a.csv', '--date', '2026-02-30'], /--date.*2026-02-30/],
    [['check', 'a.csv', '--utc-offset', '900'], /--utc-offset/],
    [['check', 'no-such-file.csv'], /no-such-file\.csv.*ENOENT/],
  ],
  reconcile: [
    [[], /--channel/],
    [['--channel', 'paypal'], /--channel.*alipay.*paypal/],
    [['--channel', 'alipay'], /--statement/],
    [['--channel', 'alipay', '--statement', 'a.csv'], /--orders/],
    [[...FILES, '--date', '2026-02-30'], /--date.*2026-02-30/],
    [[...FILES, '--utc-offset', '900'], /--utc-offset/],
    [[...FILES, '--cut-off', '24:00'], /--cut-off.*24:00/],
  ],
  audit: [[['all'], /all/]],
  doctor: [[['please'], /please/]],
  bench: [[['no_such'], /no_such.*lifecycle/]],
  prove: [[['--seed', '-1'], /--seed/]],
  simulate: [[['--payments', '0'], /--payments/]],
};

test('every command has mistakes of its own here', () => {
  expect(Object.keys(OWN).toSorted()).toEqual(catalogue.map(({ name }) => name).toSorted());
});

test.each(
  Object.entries(OWN).flatMap(([name, cases]) =>
    cases.map(([args, named]) => [[name, ...args].join(' '), [name, ...args], named] as const),
  ),
)('tieout %s is refused', async (_line, args, named) => {
  const { exitCode, words } = await refusalOf(args);
  expect(exitCode).toBe(2);
  expectPlainWords(words);
  for (const text of Object.values(words)) expect(text.replaceAll('\n', ' ')).toMatch(named);
});

describe('tieout itself', () => {
  const cwd = mkdtempSync(join(tmpdir(), 'tieout-bad-'));

  test('refuses a command that it does not have', async () => {
    for (const lang of ['en', 'zh'] as const) {
      const { exitCode, stdout, stderr } = await runTieout(['--lang', lang, 'pay'], { cwd });
      expect([exitCode, stdout]).toEqual([2, '']);
      expect(stderr).toContain('"pay"');
      expectPlain(stderr, lang);
    }
  });

  test('lists its commands when it is given none, and that is no success', async () => {
    const { exitCode, stdout, stderr } = await runTieout([], { cwd });
    expect([exitCode, stdout]).toEqual([2, '']);
    for (const { name } of catalogue) expect(stderr).toContain(`  ${name}`);
  });

  test.each([['--help'], ['-h'], ['help']])('lists its commands for %s', async (flag) => {
    const { exitCode, stdout } = await runTieout([flag], { cwd });
    expect(exitCode).toBe(0);
    for (const { name } of catalogue) expect(stdout).toContain(`  ${name}`);
  });

  test('takes its language from the environment, and from --lang first', async () => {
    const env = { LANG: 'zh_CN.UTF-8' };
    expect((await runTieout(['help'], { cwd, env })).stdout).toContain('用法');
    expect((await runTieout(['help', '--lang', 'en'], { cwd, env })).stdout).toContain('usage');
    expect((await runTieout(['help'], { cwd, env: { ...env, LC_ALL: 'C' } })).stdout).toContain(
      'usage',
    );
  });

  test('shows the help of a command for `help <command>`', async () => {
    expect((await runTieout(['help', 'demo'], { cwd })).stdout).toContain('usage: tieout demo');
  });
});
