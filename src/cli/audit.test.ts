/** An audit of books that lie in two databases: it reads both, or says that it will not. */
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ApartBooks } from '../../test/support/apart-books.ts';
import { openApartBooks } from '../../test/support/apart-books.ts';
import { freshDatabase } from '../../test/support/database.ts';
import { paid } from '../../test/support/scripted-payment.ts';
import { openPool } from '../store/postgres/pool.ts';
import { runTieout } from './refused-command.ts';

let books: ApartBooks;
let env: Record<string, string>;
beforeAll(async () => {
  const [payment, channel] = await Promise.all([freshDatabase(), freshDatabase()]);
  env = { TIEOUT_COUPLING: 'relay', DATABASE_URL: payment, CHANNEL_DATABASE_URL: channel };
  const some = { max: 4, onError: () => {} };
  books = openApartBooks({ payment: openPool(payment, some), channel: openPool(channel, some) });
  // Long enough ago that nothing is merely young.
  books.clock.ms -= 600_000;
  const created = await books.create();
  await books.learnAlone(created, paid());
  await books.door.catchUp(await books.reload(created));
});
afterAll(async () => {
  await Promise.all([books.pools.payment.end(), books.pools.channel.end()]);
});

const audit = async (...args: string[]) =>
  await runTieout(['audit', ...args], { cwd: tmpdir(), env });

test('books in two databases that agree break no rule, and it is said what was read', async () => {
  const { exitCode, stdout } = await audit();
  expect(stdout).toMatch(/Two databases: \d+ rules on the rows of both together, 2 on what passes/);
  expect(stdout).toMatch(/All 44 rules hold\./);
  expect(exitCode).toBe(0);
});

test('a change of a moment ago is not judged, and counted', async () => {
  const ms = books.clock.ms;
  books.clock.ms = Date.now();
  const created = await books.create();
  await books.learnAlone(created, paid({ transactionNo: 'young' }));
  const { exitCode, stdout } = await audit('--json');
  expect(JSON.parse(stdout)).toMatchObject({ broken: [], databases: 2, not_judged: 1 });
  expect(exitCode).toBe(0);
  await books.door.catchUp(await books.reload(created));
  books.clock.ms = ms;
});

test('a message that nobody took in is named, though its outbox row is lost', async () => {
  const created = await books.create();
  await books.learnAlone(created, paid({ transactionNo: 'lost' }));
  await books.loseOutboxes();
  const { exitCode, stdout } = await audit();
  expect(stdout).toContain('charge:1:lost');
  expect(stdout).toContain('✗ I9 The two mirrors between the books cancel out.');
  expect(exitCode).toBe(1);
  await books.door.catchUp(await books.reload(created));
  expect((await audit()).exitCode).toBe(0);
});

test('a charge that the channel book alone has changed is found', async () => {
  const change = 'UPDATE journal SET amount_minor = amount_minor + $1';
  await books.pools.channel.query(change, [1]);
  const { exitCode, stdout } = await audit('--lang', 'zh');
  expect(stdout).toContain('两账往来互相抵销');
  expect(exitCode).toBe(1);
  await books.pools.channel.query(change, [-1]);
});

test.each(['DATABASE_URL', 'CHANNEL_DATABASE_URL'])(
  'one book alone, the one of %s, is refused instead of called sound',
  async (name) => {
    const alone = { DATABASE_URL: env[name] ?? '' };
    const { exitCode, stdout, stderr } = await runTieout(['audit'], { cwd: tmpdir(), env: alone });
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/one of two books.*CHANNEL_DATABASE_URL/u);
  },
);
