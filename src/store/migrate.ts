import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';

/** The table in which a database remembers its migrations. */
const journalTable = 'schema_migration';

const ourMigrations = fileURLToPath(new URL('../../migrations', import.meta.url));

/**
 * Brings a database to the newest schema: every file of the folder that it has not seen, in the order of names, all of
 * them in one transaction. Of several that call at once one does the work and the others wait. Answers what it applied.
 * Throws what PostgreSQL says, and when a file was put in before one that has run.
 */
export async function migrate(
  databaseUrl: string,
  folder: string = ourMigrations,
): Promise<{ applied: string[] }> {
  const ran = await runner({
    databaseUrl,
    dir: folder,
    // Whatever is no SQL is no migration: the checksums lie in the same folder.
    ignorePattern: '.*(?<!\\.sql)',
    direction: 'up',
    migrationsTable: journalTable,
    checkOrder: true,
    singleTransaction: true,
    advisoryLockMode: 'wait',
    // The outcome says it all: the names applied, or the error thrown.
    log: () => {},
  });
  return { applied: ran.map(({ name }) => name) };
}
