/** What is wrong around a command: database, configuration file, variables, ports, folders, other programs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { freshDatabase } from '../../test/support/database.ts';
import { catalogue } from './catalogue.ts';
import { freePort } from './free-port.ts';
import { expectPlain, runTieout } from './refused-command.ts';

const cwd = mkdtempSync(join(tmpdir(), 'tieout-around-'));
const file = (name: string, content: string): string => {
  writeFileSync(join(cwd, name), content);
  return name;
};
const blocker = createServer();
let database = '';
let takenPort = 0;
beforeAll(async () => {
  database = await freshDatabase();
  await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
  takenPort = (blocker.address() as AddressInfo).port;
});
afterAll(async () => {
  await new Promise((resolve) => blocker.close(resolve));
  rmSync(cwd, { recursive: true, force: true });
});

/** Each command that looks at its surroundings, in a form that would work. */
const LINES: Readonly<Record<string, readonly string[]>> = {
  dev: ['dev'],
  demo: ['demo', '--payments', '1'],
  serve: ['serve'],
  migrate: ['migrate'],
  merchants: ['merchants', 'list'],
  operators: ['operators', 'create', '--name', 'A'],
  explain: ['explain', 'SO-1'],
  audit: ['audit'],
  doctor: ['doctor'],
  reconcile: ['reconcile', '--channel', 'alipay', '--statement', 'a.csv', '--orders', 'b.csv'],
};
/** These have no surroundings but what their own cases below change. */
const ALONE = ['payments', 'refunds', 'exceptions', 'statements', 'bench', 'prove', 'simulate'];
/** `dev` and `demo` write their own configuration, and so read none. */
const configured = Object.keys(LINES).filter((name) => name !== 'dev' && name !== 'demo');

test('every command stands in one of the two lists', () => {
  expect([...Object.keys(LINES), ...ALONE].toSorted()).toEqual(
    catalogue.map(({ name }) => name).toSorted(),
  );
});

type Case = readonly [
  what: string,
  env: () => Readonly<Record<string, string>>,
  exitCode: 1 | 2,
  named: RegExp,
  only?: readonly string[],
];

const CASES: readonly Case[] = [
  [
    'a DATABASE_URL that is none',
    () => ({ DATABASE_URL: 'localhost' }),
    2,
    /DATABASE_URL.*postgres:\/\//,
  ],
  ['an empty DATABASE_URL', () => ({ DATABASE_URL: '' }), 2, /DATABASE_URL.*postgres:\/\//],
  [
    'a database server that is not there',
    () => ({ DATABASE_URL: 'postgres://u:secret-word@127.0.0.1:9/x' }),
    1,
    /DATABASE_URL.*127\.0\.0\.1:9/,
  ],
  [
    'a second database server that is not there',
    () => ({
      TIEOUT_COUPLING: 'relay',
      DATABASE_URL: inject('testServerUrl'),
      CHANNEL_DATABASE_URL: 'postgres://u:secret-word@127.0.0.1:9/x',
    }),
    1,
    /PostgreSQL of CHANNEL_DATABASE_URL cannot be used.*127\.0\.0\.1:9/,
    ['migrate'],
  ],
  [
    'a database that does not exist',
    () => ({ DATABASE_URL: inject('testServerUrl').replace(/\/[^/?]*(\?|$)/, '/not_there$1') }),
    1,
    /not_there.*createdb not_there/,
  ],
  [
    'a configuration file that is missing',
    () => ({ TIEOUT_CONFIG: 'none.json' }),
    2,
    /none\.json/,
    configured,
  ],
  [
    'a configuration file that is no JSON',
    () => ({ TIEOUT_CONFIG: file('half.json', '{"mode":') }),
    2,
    /half\.json/,
    configured,
  ],
  [
    'a configuration full of faults, all of them at once',
    () => ({
      TIEOUT_CONFIG: file(
        'faults.json',
        JSON.stringify({ mode: 'sandbox', polcy: {}, public_url: 7, worker: { pollMs: -1 } }),
      ),
      TIEOUT_PORT: 'abc',
      TIEOUT_COUPLING: 'three_phase',
      TIEOUT_LOG: 'loud',
    }),
    2,
    /polcy.*TIEOUT_PORT.*TIEOUT_COUPLING.*public_url.*pollMs.*TIEOUT_LOG/,
    configured,
  ],
  [
    'timeouts that do not nest',
    () => ({
      TIEOUT_CONFIG: file(
        'chain.json',
        JSON.stringify({
          accounts: [
            {
              channel: 'sandbox',
              account: 'main',
              secret: 'sixteen-or-more-printable-characters',
              base_url: 'http://127.0.0.1:9',
              connect_timeout_ms: 4000,
              read_timeout_ms: 4000,
            },
          ],
        }),
      ),
      DATABASE_URL: database,
    }),
    2,
    /8000 ms.*5000 ms/,
    ['serve', 'doctor'],
  ],
  [
    'a data folder that is a file',
    () => ({ TIEOUT_DATA_DIR: file('a-file', 'x') }),
    1,
    /a-file.*TIEOUT_DATA_DIR/,
  ],
  [
    'a port in use',
    () => ({ DATABASE_URL: database, TIEOUT_PORT: String(takenPort) }),
    1,
    /TIEOUT_PORT/,
    ['serve', 'dev'],
  ],
  [
    'a port that is none',
    () => ({ TIEOUT_PORT: '99999' }),
    2,
    /TIEOUT_PORT.*99999/,
    ['dev', ...configured],
  ],
  [
    'a host that is not of this machine',
    () => ({ DATABASE_URL: database, TIEOUT_HOST: '192.0.2.1', TIEOUT_PORT: '45678' }),
    1,
    /TIEOUT_HOST.*192\.0\.2\.1/,
    ['serve'],
  ],
];

describe.each(CASES.map((one) => ({ what: one[0], one })))('$what', ({ one }) => {
  const [, env, exitCode, named, only = Object.keys(LINES)] = one;
  // Each command in one language, and each case in both: a process costs half a second and more.
  test.concurrent.each(only.map((name, at) => [name, at % 2 === 0 ? 'en' : 'zh'] as const))(
    'stops %s with a sentence that names it (%s)',
    async (name, lang) => {
      const ran = await runTieout([...(LINES[name] ?? []), '--lang', lang], {
        cwd,
        env: { TIEOUT_DATA_DIR: 'data', ...env() },
      });
      const words = name === 'doctor' ? ran.stdout : ran.stderr;
      expectPlain(words, lang);
      expect(words.replaceAll('\n', ' ')).toMatch(named);
      expect(words).not.toContain('secret-word');
      expect(ran.exitCode).toBe(name === 'doctor' ? 1 : exitCode);
    },
  );
});

/** What calls a running platform, each in both languages. */
const CALLERS = ['payments', 'refunds', 'exceptions'].flatMap((command) =>
  (['en', 'zh'] as const).map((lang) => [command, lang] as const),
);

describe('what calls a platform', () => {
  test.each(CALLERS)('%s says how to reach one when none is known (%s)', async (command, lang) => {
    const { exitCode, stderr } = await runTieout([command, 'list', '--lang', lang], { cwd });
    expect(exitCode).toBe(2);
    expectPlain(stderr, lang);
    expect(stderr).toMatch(/tieout dev.*--api/);
  });

  test.each(CALLERS)('%s says that nobody answers, and where (%s)', async (command, lang) => {
    const to = ['--api', 'http://127.0.0.1:9', '--key', 'sk_test_x', '--lang', lang];
    const { exitCode, stderr } = await runTieout([command, 'list', ...to], { cwd });
    expect(exitCode).toBe(1);
    expectPlain(stderr, lang);
    expect(stderr).toContain('http://127.0.0.1:9');
  });

  test.each(['en', 'zh'] as const)(
    'payments and dev name a damaged dev.json (%s)',
    async (lang) => {
      const env = {
        TIEOUT_DATA_DIR: mkdtempSync(join(cwd, 'data-')),
        TIEOUT_PORT: String(await freePort()),
      };
      for (const content of ['{', '[]', '{"api":"http://127.0.0.1:1"}']) {
        writeFileSync(join(env.TIEOUT_DATA_DIR, 'dev.json'), content);
        for (const command of [['payments', 'list'], ['dev']]) {
          const { exitCode, stderr } = await runTieout([...command, '--lang', lang], { cwd, env });
          expect(exitCode).toBe(2);
          expectPlain(stderr, lang);
          expect(stderr).toContain('dev.json');
        }
      }
    },
  );
});

describe('what does not exist', () => {
  test.each([
    [['explain', 'SO-NONE'], /SO-NONE/],
    [['explain', 'pay_01m80pjbg0f9xv59tdwh9edd1r'], /pay_01m80/],
    [['explain', '订单\u0007'], /订单/],
    [['explain', "'; DROP TABLE payment"], /DROP/],
    [['merchants', 'keys', 'mch_none'], /mch_none/],
    [['merchants', 'revoke', '--key', 'sk_test_none'], /key|密钥/],
  ] as const)('%j answers 3 and names it', async (args, named) => {
    for (const lang of ['en', 'zh'] as const) {
      const { exitCode, stdout, stderr } = await runTieout([...args, '--lang', lang], {
        cwd,
        env: { DATABASE_URL: database },
      });
      expect([exitCode, stdout]).toEqual([3, '']);
      expectPlain(stderr, lang);
      expect(stderr).toMatch(named);
    }
  });

  test('an operator of the same name is refused, and no key is made', async () => {
    const env = { DATABASE_URL: database };
    const args = ['operators', 'create', '--name', 'Wang Fang'];
    expect((await runTieout(args, { cwd, env })).exitCode).toBe(0);
    const { exitCode, stdout, stderr } = await runTieout(args, { cwd, env });
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toContain('Wang Fang');
  });
});
