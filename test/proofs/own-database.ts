/** A database for one proof alone: on the server in DATABASE_URL, or on an embedded one that goes with it. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../src/cli/database.ts';

/** Calls `use` with the address of a fresh, migrated database, and drops it afterwards. */
export async function onOwnDatabase<T>(use: (databaseUrl: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'tieout-proof-'));
  try {
    const name = `proof_${randomUUID().replaceAll('-', '')}`;
    const database = await openDatabase(process.env.DATABASE_URL ?? null, directory, name);
    try {
      return await use(database.url);
    } finally {
      await database.stop();
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The same with several. */
export async function onOwnDatabases<T>(
  count: number,
  use: (databaseUrls: readonly string[]) => Promise<T>,
): Promise<T> {
  if (count === 0) return await use([]);
  return await onOwnDatabase(
    async (url) => await onOwnDatabases(count - 1, async (urls) => await use([url, ...urls])),
  );
}
