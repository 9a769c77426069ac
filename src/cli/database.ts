/** The database of a command: the one in DATABASE_URL, or the embedded server of the data directory. */
import pg from 'pg';
import { startEmbeddedPostgres } from '../store/embedded/embedded-postgres.ts';
import { migrate } from '../store/migrate.ts';

export type OpenDatabase = {
  readonly url: string;
  /** Drops a temporary database, and stops the embedded server if this command started it. */
  stop(): Promise<void>;
};

/**
 * Opens and migrates the database; starts or adopts the embedded server where no URL is given. With
 * `temporary` a fresh database of that name is made on the server, and dropped again by `stop`.
 */
export async function openDatabase(
  databaseUrl: string | null,
  dataDir: string,
  temporary?: string,
): Promise<OpenDatabase> {
  const server =
    databaseUrl === null
      ? await startEmbeddedPostgres({ dataDir })
      : { url: databaseUrl, stop: async () => {} };
  if (temporary === undefined) {
    await migrate(server.url);
    return server;
  }
  const name = pg.escapeIdentifier(temporary);
  await runOn(
    server.url,
    `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`,
    `CREATE DATABASE ${name}`,
  );
  const url = withDatabase(server.url, temporary);
  await migrate(url);
  return {
    url,
    stop: async () => {
      await runOn(server.url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await server.stop();
    },
  };
}

/** The same server, another database. */
function withDatabase(url: string, name: string): string {
  return url.replace(/^(postgres(?:ql)?:\/\/[^/]*\/)[^?]*/, `$1${name}`);
}

async function runOn(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
