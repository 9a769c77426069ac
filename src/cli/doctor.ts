/** `tieout doctor`: what this machine and this configuration can and cannot do, in sentences. */
import { existsSync } from 'node:fs';
import { ConfigError, readConfig } from '../runtime/config.ts';
import { startEmbeddedPostgres } from '../store/embedded/embedded-postgres.ts';
import pg from 'pg';
import type { Command } from './command.ts';
import { print } from './terminal.ts';

type Check = { readonly name: string; readonly ok: boolean; readonly words: string };

export const doctor: Command = {
  name: 'doctor',
  takes: '',
  summary: 'Say what works on this machine, and what is missing',
  flags: {},
  run: async ({ json }) => {
    const checks = [checkNode(), ...(await checkConfigAndDatabase())];
    if (json) print(JSON.stringify({ checks }));
    else
      for (const check of checks)
        print(`${check.ok ? '✔' : '✗'} ${check.name.padEnd(14)} ${check.words}`);
    return checks.every((check) => check.ok) ? 0 : 1;
  },
};

function checkNode(): Check {
  return {
    name: 'Node',
    ok: true,
    words: `${process.version}, ${process.platform} ${process.arch}`,
  };
}

async function checkConfigAndDatabase(): Promise<Check[]> {
  try {
    const config = readConfig(process.env, process.cwd());
    const place = existsSync(config.dataDir) ? config.dataDir : `${config.dataDir} (not made yet)`;
    const configured: Check = {
      name: 'Configuration',
      ok: true,
      words: `${config.mode} mode, data in ${place}`,
    };
    return [configured, await checkDatabase(config.databaseUrl, config.dataDir)];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [{ name: 'Configuration', ok: false, words: error.faults.join(' ') }];
  }
}

async function checkDatabase(databaseUrl: string | null, dataDir: string): Promise<Check> {
  try {
    const server =
      databaseUrl === null
        ? await startEmbeddedPostgres({ dataDir })
        : { url: databaseUrl, stop: async () => {} };
    const client = new pg.Client({ connectionString: server.url, connectionTimeoutMillis: 5_000 });
    await client.connect();
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
    await client.end();
    await server.stop();
    const kind = databaseUrl === null ? 'embedded' : 'from DATABASE_URL';
    return { name: 'PostgreSQL', ok: true, words: `${rows[0]?.server_version ?? '?'} (${kind})` };
  } catch (error) {
    return {
      name: 'PostgreSQL',
      ok: false,
      words: error instanceof Error ? error.message : String(error),
    };
  }
}
