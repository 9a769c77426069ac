/** `tieout migrate`: brings the database to this version's tables; forward only, safe to repeat. */
import { readConfig } from '../runtime/config.ts';
import { migrate } from '../store/migrate.ts';
import type { Command } from './command.ts';
import { openServers } from './database.ts';
import { print } from './terminal.ts';
import type { Lang, Words } from './words.ts';

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
    const databases = await openServers(config, config.dataDir);
    try {
      const { applied } = await migrate(databases.payment);
      const channel = databases.channel === null ? null : await migrate(databases.channel);
      const both = { applied, ...(channel && { applied_channel: channel.applied }) };
      print(json ? JSON.stringify(both) : wordsOf(applied, channel?.applied ?? null, lang));
    } finally {
      await databases.stop();
    }
    return 0;
  },
};

/** What was done at the database, or at both: the channel book's own is named where there is one. */
function wordsOf(
  applied: readonly string[],
  inChannel: readonly string[] | null,
  lang: Lang,
): string {
  const one = doneWords(applied)[lang];
  if (inChannel === null) return one;
  const other = doneWords(inChannel)[lang];
  return {
    en: `Payment book: ${one}\nChannel book: ${other}`,
    zh: `支付账本：${one}\n渠道账本：${other}`,
  }[lang];
}

function doneWords(applied: readonly string[]): Words {
  if (applied.length === 0) {
    return { en: 'Nothing to do: the tables are up to date.', zh: '无需升级：表结构已是最新。' };
  }
  return { en: `Applied ${applied.join(', ')}.`, zh: `已执行 ${applied.join('、')}。` };
}
