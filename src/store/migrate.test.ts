import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freshDatabase } from '../../test/support/database.ts';
import { migrate } from './migrate.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'migrations-'));
  add('0001_first', 'create table first (id int);');
  add('0002_second', 'create table second (id int);');
  writeFileSync(join(folder, 'checksums.txt'), 'no migration');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function add(name: string, sql: string): void {
  writeFileSync(join(folder, `${name}.sql`), sql);
}

async function tablesOf(url: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const sql = `select tablename from pg_tables where schemaname = 'public' order by 1`;
  const { rows } = await client.query<{ tablename: string }>(sql);
  await client.end();
  return rows.map(({ tablename }) => tablename);
}

test('an empty database gets every file in order, and a second call has nothing to do', async () => {
  const url = await freshDatabase('empty');
  expect(await migrate(url, folder)).toEqual({ applied: ['0001_first', '0002_second'] });
  expect(await migrate(url, folder)).toEqual({ applied: [] });
  expect(await tablesOf(url)).toEqual(['first', 'schema_migration', 'second']);
});

test('a database gets only the files it has not seen', async () => {
  const url = await freshDatabase('empty');
  await migrate(url, folder);
  add('0003_third', 'create table third (id int);');
  expect(await migrate(url, folder)).toEqual({ applied: ['0003_third'] });
});

test('when a file fails, no file of that call has been applied', async () => {
  const url = await freshDatabase('empty');
  add('0003_third', 'create table first (id int);');
  await expect(migrate(url, folder)).rejects.toThrow('relation "first" already exists');
  expect(await tablesOf(url)).toEqual(['schema_migration']);
});

test('a file put in before one that has run is refused', async () => {
  const url = await freshDatabase('empty');
  await migrate(url, folder);
  add('0001_between', 'create table between_them (id int);');
  await expect(migrate(url, folder)).rejects.toThrow('preceding already run migration');
});

test('of two that start at once, one migrates and the other waits', async () => {
  const url = await freshDatabase('empty');
  add('0000_slow', 'select pg_sleep(0.2);');
  const both = await Promise.all([migrate(url, folder), migrate(url, folder)]);
  const counts = both.map(({ applied }) => applied.length);
  expect(counts.toSorted((a, b) => a - b)).toEqual([0, 3]);
});

test('a test database starts with our schema', async () => {
  expect(await tablesOf(await freshDatabase())).toContain('payment');
});
