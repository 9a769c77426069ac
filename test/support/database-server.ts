import pg from 'pg';

/** The migrated database that every test database is copied from. Nobody connects to it. */
export const templateName = 'tieout_template';

/** The same server, another database. */
export function databaseUrl(server: string, name: string): string {
  return server.replace(/@([^/]*)\/[^?]*/u, `@$1/${name}`);
}

/** Runs one statement on a connection of its own. */
export async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
