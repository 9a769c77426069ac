import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { removeCluster, type Said, startInProcess } from '../../../test/support/starter-process.ts';
import { startEmbeddedPostgres } from './embedded-postgres.ts';
import { isAlive } from './postmaster.ts';

const starterPath = fileURLToPath(
  new URL('../../../test/support/embedded-starter.ts', import.meta.url),
);

/** A cluster that was started and stopped once, to copy: making one takes a second or two. */
let used: string;
let dataDir: string;
let starters: ChildProcess[];

let firstServer: { adopted: boolean; settings: unknown; database: unknown; stopped?: boolean };

beforeAll(async () => {
  used = mkdtempSync(join(tmpdir(), 'embedded-'));
  const server = await startEmbeddedPostgres({ dataDir: used });
  await query(server.url, 'create table evidence as select 42 as kept');
  const names = ['fsync', 'data_checksums', 'listen_addresses', 'wal_level', 'TimeZone'];
  const settings = names.map((name) => `current_setting('${name}') as "${name}"`).join(', ');
  const database = `select current_user as who, datname, datlocprovider, datlocale from pg_database
    where datname = current_database()`;
  firstServer = {
    adopted: server.adopted,
    settings: await query(server.url, `select ${settings}`),
    database: await query(server.url, database),
  };
  await server.stop();
  firstServer.stopped = !isAlive(server.pid);
});

afterAll(() => {
  rmSync(used, { recursive: true, force: true });
});

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'embedded-'));
  starters = [];
});

afterEach(async () => {
  await removeCluster(dataDir, starters);
});

function copyUsedCluster(into: string = dataDir): void {
  // Keeping the modes, without which PostgreSQL refuses a data folder.
  execFileSync('cp', ['-a', join(used, 'postgres'), into]);
}

async function startOther(): Promise<{ starter: ChildProcess; said: Said }> {
  const started = await startInProcess([process.execPath, starterPath, dataDir]);
  starters.push(started.starter);
  return started;
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  // A server killed in the middle of the test ends the connection its own way.
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function answer(url: string): Promise<unknown> {
  return (await query(url, 'select kept from evidence'))[0]?.['kept'];
}

test('the first start makes a durable cluster that nobody reaches over the network', () => {
  expect(firstServer).toEqual({
    adopted: false,
    settings: [
      {
        fsync: 'on',
        data_checksums: 'on',
        listen_addresses: '',
        wal_level: 'replica',
        TimeZone: 'UTC',
      },
    ],
    database: [{ who: 'tieout', datname: 'tieout', datlocprovider: 'b', datlocale: 'C.UTF-8' }],
    stopped: true,
  });
});

test('a restart finds the data again, with the settings asked for', async () => {
  copyUsedCluster();
  const settings = { max_prepared_transactions: '7' };
  const server = await startEmbeddedPostgres({ dataDir, settings });
  expect(await answer(server.url)).toBe(42);
  expect(await query(server.url, 'show max_prepared_transactions')).toEqual([
    { max_prepared_transactions: '7' },
  ]);
  await server.stop();
});

test('a data directory too deep for a socket works all the same', async () => {
  const deep = join(dataDir, 'd'.repeat(120));
  mkdirSync(deep);
  copyUsedCluster(deep);
  const server = await startEmbeddedPostgres({ dataDir: deep });
  expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  const again = await startEmbeddedPostgres({ dataDir: deep });
  expect(again).toMatchObject({ adopted: true, url: server.url });
  await server.stop();
  const sockets = new URLSearchParams(server.url.split('?')[1]).get('host') ?? '';
  rmSync(sockets, { recursive: true });
});

test('a server whose starter was killed with -9 goes on, and the next start adopts it', async () => {
  copyUsedCluster();
  const { starter, said } = await startOther();
  starter.kill('SIGKILL');
  await once(starter, 'exit');
  const server = await startEmbeddedPostgres({ dataDir });
  expect(server).toMatchObject({ adopted: true, pid: said.pid, url: said.url });
  expect(await answer(server.url)).toBe(42);
  await server.stop();
  expect(isAlive(said.pid), 'an adopted server is left to its starter').toBe(true);
});

test('a server killed with -9 under load starts again with all that was committed', async () => {
  copyUsedCluster();
  const { starter, said } = await startOther();
  // A backend busy in a query notices the death late, and holds the shared memory until then.
  const busy = query(said.url, 'select sum(n) from generate_series(1, 8000000) as n').catch(
    () => 'cut off',
  );
  await sleep(100);
  process.kill(said.pid, 'SIGKILL');
  starter.kill('SIGKILL');
  const server = await startEmbeddedPostgres({ dataDir });
  expect(server.adopted).toBe(false);
  expect(await answer(server.url)).toBe(42);
  await busy;
  await server.stop();
});

test('a note of a dead server whose number another process has now does not block the start', async () => {
  copyUsedCluster();
  const server = await startEmbeddedPostgres({ dataDir });
  const note = join(dataDir, 'postgres', 'postmaster.pid');
  const text = readFileSync(note, 'utf8');
  await server.stop();
  const other = spawn('sleep', ['60'], { detached: true });
  starters.push(other);
  writeFileSync(note, text.replace(/^\d+/u, String(other.pid)));
  const again = await startEmbeddedPostgres({ dataDir });
  expect(again.adopted).toBe(false);
  await again.stop();
});

test('of several that start at once after one was killed half-way, one makes the server and the others adopt it', async () => {
  const half = join(dataDir, 'postgres.new-1');
  mkdirSync(half);
  writeFileSync(join(half, 'PG_VERSION'), '18\n');
  // The highest process number there can be, which no process has.
  writeFileSync(join(dataDir, 'postgres.lock'), '4194305\n');
  const all = await Promise.all([startOther(), startOther(), startOther()]);
  const said = all.map((one) => one.said);
  expect(new Set(said.map(({ pid }) => pid)).size).toBe(1);
  expect(said.filter(({ adopted }) => !adopted)).toHaveLength(1);
  expect(readdirSync(dataDir).sort()).toEqual(['postgres', 'postgres.log', 'sockets']);
});

test('a server that cannot start says why in one sentence', async () => {
  copyUsedCluster();
  appendFileSync(join(dataDir, 'postgres', 'postgresql.conf'), 'no_such_setting = 1\n');
  await expect(startEmbeddedPostgres({ dataDir })).rejects.toMatchObject({
    name: 'EmbeddedPostgresUnavailable',
    message: expect.stringMatching(/did not start \(.*no_such_setting.*\): see .*postgres\.log/u),
  });
});
