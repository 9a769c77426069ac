/** `tieout migrate`: brings the database to this version's tables; forward only, safe to repeat. */
import { readConfig } from '../runtime/config.ts';
import { startEmbeddedPostgres } from '../store/embedded/embedded-postgres.ts';
import { migrate } from '../store/migrate.ts';
import type { Command } from './command.ts';
import { print } from './terminal.ts';

export const migrateCommand: Command = {
  name: 'migrate',
  takes: '',
  summary: 'Bring the database to the tables of this version',
  flags: {},
  run: async ({ json }) => {
    const config = readConfig(process.env, process.cwd());
    const server =
      config.databaseUrl === null
        ? await startEmbeddedPostgres({ dataDir: config.dataDir })
        : { url: config.databaseUrl, stop: async () => {} };
    const { applied } = await migrate(server.url);
    await server.stop();
    if (json) print(JSON.stringify({ applied }));
    else
      print(
        applied.length === 0
          ? 'Nothing to do: the tables are up to date.'
          : `Applied ${applied.join(', ')}.`,
      );
    return 0;
  },
};
