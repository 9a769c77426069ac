import pg from 'pg';
import { expect, test } from 'vitest';
import { freshDatabase } from '../../../test/support/database.ts';
import { openPool } from './pool.ts';

/** What a server that is killed or stopped does to a connection of ours. */
async function terminate(url: string, pid: number | undefined): Promise<void> {
  const server = new pg.Client({ connectionString: url });
  await server.connect();
  await server.query({ text: 'SELECT pg_terminate_backend($1)', values: [pid] });
  await server.end();
}

test('a connection that breaks between two statements of its holder fails the next one, and not the process', async () => {
  const url = await freshDatabase();
  const pool = openPool(url, { max: 2, onError: () => {} });
  const held = await pool.connect();
  try {
    const { rows } = await held.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const ended = new Promise<void>((resolve) => held.once('end', () => resolve()));
    await terminate(url, rows[0]?.pid);
    await ended;
    await expect(held.query('SELECT 1')).rejects.toThrow(/not queryable/);
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  } finally {
    held.release(true);
    await pool.end();
  }
});

test('an idle connection that breaks is told of, and replaced', async () => {
  const url = await freshDatabase();
  const broken: string[] = [];
  const pool = openPool(url, { max: 1, onError: (error) => broken.push(error.message) });
  try {
    const { rows } = await pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const removed = new Promise<void>((resolve) => pool.once('remove', () => resolve()));
    await terminate(url, rows[0]?.pid);
    await removed;
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    expect(broken).toEqual(['terminating connection due to administrator command']);
  } finally {
    await pool.end();
  }
});
