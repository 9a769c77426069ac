/** `tieout doctor`: what this machine and this configuration can and cannot do, in sentences. */
import { existsSync } from 'node:fs';
import pg from 'pg';
import { buildConnectors, ChannelAccountError } from '../channels/catalogue.ts';
import type { Config } from '../runtime/config.ts';
import { ConfigError, readConfig } from '../runtime/config.ts';
import { inChinese } from './chinese.ts';
import type { Command } from './command.ts';
import { openServer } from './database.ts';
import { failureOf } from './failure.ts';
import { isPortFree } from './free-port.ts';
import { padded, print } from './terminal.ts';
import type { Words } from './words.ts';
import { same } from './words.ts';

type Check = { readonly name: Words; readonly ok: boolean; readonly words: Words };

export const doctor: Command = {
  name: 'doctor',
  takes: '',
  takesMax: 0,
  summary: {
    en: 'Say what works on this machine, and what is missing',
    zh: '检查本机能用什么、缺什么',
  },
  flags: {},
  examples: ['doctor', 'doctor --json'],
  run: async ({ json, lang }) => {
    const checks = [checkNode(), ...(await checkTheRest())];
    const isWell = checks.every((check) => check.ok);
    if (json) {
      print(
        JSON.stringify({
          ok: isWell,
          checks: checks.map(({ name, ok, words }) => ({ name: name.en, ok, words: words[lang] })),
        }),
      );
    } else {
      for (const { ok, name, words } of checks)
        print(`${ok ? '✔' : '✗'} ${padded(name[lang], 14)} ${words[lang]}`);
    }
    return isWell ? 0 : 1;
  },
};

function checkNode(): Check {
  return {
    name: same('Node'),
    ok: true,
    words: same(`${process.version}, ${process.platform} ${process.arch}`),
  };
}

const CONFIGURATION: Words = { en: 'Configuration', zh: '配置' };

async function checkTheRest(): Promise<Check[]> {
  try {
    const config = readConfig(process.env, process.cwd());
    checkAccounts(config);
    const isThere = existsSync(config.dataDir);
    const en = isThere ? config.dataDir : `${config.dataDir} (not made yet)`;
    const zh = isThere ? config.dataDir : `${config.dataDir}（尚未创建）`;
    const accounts = config.accounts.length;
    const configured: Check = {
      name: CONFIGURATION,
      ok: true,
      words: {
        en: `${config.mode} mode, channel accounts: ${accounts}, data in ${en}`,
        zh: `${config.mode === 'live' ? '生产' : '沙箱'}模式，渠道账户 ${accounts} 个，数据目录 ${zh}`,
      },
    };
    return [configured, await checkPort(config), await checkDatabase(config)];
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof ChannelAccountError)) throw error;
    const words = { en: error.faults.join(' '), zh: error.faults.map(inChinese).join(' ') };
    return [{ name: CONFIGURATION, ok: false, words }];
  }
}

/** What a start would refuse, without a start. */
function checkAccounts(config: Config): void {
  void buildConnectors(config.accounts, { ...config, nowMs: Date.now }).close();
}

async function checkPort({ host, port }: Config): Promise<Check> {
  const isFree = await isPortFree(port, host);
  return {
    name: { en: 'Port', zh: '端口' },
    ok: true,
    words: isFree
      ? { en: `${host}:${port} is free`, zh: `${host}:${port} 空闲` }
      : {
          en: `${host}:${port} is in use, by a running tieout or another program`,
          zh: `${host}:${port} 已被占用：可能是运行中的 tieout，或其他程序`,
        },
  };
}

async function checkDatabase({ databaseUrl, dataDir }: Config): Promise<Check> {
  const name = same('PostgreSQL');
  try {
    const server = await openServer(databaseUrl, dataDir);
    try {
      const version = await versionOf(server.url);
      const isEmbedded = databaseUrl === null;
      return {
        name,
        ok: true,
        words: {
          en: `${version} (${isEmbedded ? 'embedded' : 'from DATABASE_URL'})`,
          zh: `${version}（${isEmbedded ? '内置' : '来自 DATABASE_URL'}）`,
        },
      };
    } finally {
      await server.stop();
    }
  } catch (error) {
    return { name, ok: false, words: failureOf(error).words };
  }
}

async function versionOf(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
    return rows[0]?.server_version ?? '?';
  } finally {
    await client.end();
  }
}
