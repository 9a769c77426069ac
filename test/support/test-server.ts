import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../../src/store/embedded/embedded-postgres.ts';
import { isAlive, readPostmaster } from '../../src/store/embedded/postmaster.ts';
import { migrate } from '../../src/store/migrate.ts';
import { databaseUrl, onServer, templateName } from './database-server.ts';

const prefix = 'tieout-test-';

/** One PostgreSQL for the whole run, with a migrated database to copy. Vitest calls this before the first test file. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await removeAbandoned();
  const folder = join(tmpdir(), `${prefix}${process.pid}`);
  mkdirSync(folder, { mode: 0o700 });
  const server = await startEmbeddedPostgres({
    dataDir: folder,
    settings: { max_connections: '200', max_prepared_transactions: '100' },
  });
  const remove = async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await onServer(server.url, `create database ${templateName}`);
    await migrate(databaseUrl(server.url, templateName));
  } catch (error) {
    await remove();
    throw error;
  }
  project.provide('testServerUrl', server.url);
  return remove;
}

/** What runs that were killed left behind: their number is in the folder's name, and it is nobody's now. */
async function removeAbandoned(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const run = Number(name.slice(prefix.length));
    if (!name.startsWith(prefix) || !Number.isInteger(run) || isAlive(run)) continue;
    const folder = join(tmpdir(), name);
    const orphan = readPostmaster(join(folder, 'postgres'));
    if (orphan !== null && isAlive(orphan.pid)) {
      process.kill(orphan.pid, 'SIGQUIT');
      for (let tries = 0; isAlive(orphan.pid) && tries < 50; tries += 1) await sleep(20);
    }
    rmSync(folder, { recursive: true, force: true });
  }
}
