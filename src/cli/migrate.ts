/** `tieout migrate`: brings the database to this version's tables; forward only, safe to repeat. */
import { readConfig } from '../runtime/config.ts';
import { migrate } from '../store/migrate.ts';
import type { Command } from './command.ts';
import type { OpenDatabase } from './database.ts';
import { openServer } from './database.ts';
import { print } from './terminal.ts';

export const migrateCommand: Command = {
  name: 'migrate',
  takes: '',
  takesMax: 0,
  summary: {
    en: 'Bring the database to the tables of this version',
    zh: '把数据库升级到本版本的表结构',
  },
  flags: {},
  examples: ['migrate', 'migrate --json'],
  run: async ({ json, lang }) => {
    const config = readConfig(process.env, process.cwd());
    const server = await openServer(config.databaseUrl, config.dataDir);
    const applied = await migrateOn(server);
    if (json) print(JSON.stringify({ applied }));
    else
      print(
        applied.length === 0
          ? { en: 'Nothing to do: the tables are up to date.', zh: '无需升级：表结构已是最新。' }[
              lang
            ]
          : { en: `Applied ${applied.join(', ')}.`, zh: `已执行 ${applied.join('、')}。` }[lang],
      );
    return 0;
  },
};

async function migrateOn(server: OpenDatabase): Promise<readonly string[]> {
  try {
    return (await migrate(server.url)).applied;
  } finally {
    await server.stop();
  }
}
