/** `tieout dev`: the same world as the demo, staying up, for people to play with. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildPlatform } from '../platform.ts';
import { readConfig } from '../runtime/config.ts';
import type { Command } from './command.ts';
import { integerFlag } from './command.ts';
import { openDatabase } from './database.ts';
import type { PreparedMerchant } from './prepare-merchant.ts';
import { prepareMerchant, tellSampleMerchant } from './prepare-merchant.ts';
import { startRoles, stopSignal } from './serve.ts';
import { print, say } from './terminal.ts';
import { newSecret, startSandboxProcess, writeWorldConfig } from './world.ts';

const PORT_DEFAULT = 4040;

/** What `.tieout/dev.json` holds, mode 0600, for tools and for the next start. */
export type DevFile = {
  readonly api: string;
  readonly sandbox: string;
  readonly merchant: string;
  readonly secret_key: string;
  readonly operator_key: string;
  readonly webhook_secret: string;
  readonly sandbox_secret: string;
};

export const dev: Command = {
  name: 'dev',
  takes: '',
  summary:
    'Run everything on this machine: PostgreSQL, platform, sandbox channels, sample merchant',
  flags: {
    port: {
      type: 'string',
      value: 'N',
      help: `Port of the API (default ${PORT_DEFAULT}, or TIEOUT_PORT)`,
    },
  },
  run: async (invocation) => {
    const portDefault = Number(process.env.TIEOUT_PORT ?? PORT_DEFAULT);
    const port = integerFlag(invocation, 'port', portDefault, { min: 1, max: 65_535 });
    const dataDir = resolve(process.env.TIEOUT_DATA_DIR ?? '.tieout');
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const known = readDevFile(join(dataDir, 'dev.json'));
    const database = await openDatabase(process.env.DATABASE_URL ?? null, dataDir);
    const secret = known?.sandbox_secret ?? newSecret();
    const sandbox = await startSandboxProcess({
      port: Number(process.env.TIEOUT_SANDBOX_PORT ?? port + 1),
      secret,
      seed: 1,
      timeScale: 1,
      journalPath: join(dataDir, 'sandbox.jsonl'),
    });
    const api = `http://127.0.0.1:${port}`;
    const path = writeWorldConfig(dataDir, sandbox.url, secret, api, {
      policy: {},
      worker: {},
      account: {},
    });
    const config = readConfig(
      {
        ...process.env,
        TIEOUT_CONFIG: path,
        TIEOUT_PORT: String(port),
        TIEOUT_LOG: process.env.TIEOUT_LOG ?? 'warn',
      },
      process.cwd(),
    );
    const platform = buildPlatform(config, database.url);
    const merchant = await openShop(database.url, sandbox.url, known);
    const running = await startRoles(platform, config, ['api', 'worker']);
    const file: DevFile = {
      api,
      sandbox: sandbox.url,
      ...fileOf(merchant),
      sandbox_secret: secret,
    };
    writeFileSync(join(dataDir, 'dev.json'), `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 });
    greet(file, dataDir);
    await stopSignal();
    await running.stop();
    await platform.stop();
    await sandbox.stop();
    await database.stop();
    return 0;
  },
};

/** Reads what the last `dev` left; null when there is nothing usable. */
export function readDevFile(path: string): DevFile | null {
  if (!existsSync(path)) return null;
  const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
  return isDevFile(value) ? value : null;
}

function isDevFile(value: unknown): value is DevFile {
  const names = [
    'api',
    'sandbox',
    'merchant',
    'secret_key',
    'operator_key',
    'webhook_secret',
    'sandbox_secret',
  ];
  if (typeof value !== 'object' || value === null) return false;
  const entries = new Map<string, unknown>(Object.entries(value));
  return names.every((name) => typeof entries.get(name) === 'string');
}

/** The merchant of the last start, or a new one; its keys survive a restart with the data directory. */
async function openShop(
  databaseUrl: string,
  sandboxUrl: string,
  known: DevFile | null,
): Promise<PreparedMerchant> {
  if (known) {
    await tellSampleMerchant(sandboxUrl, known.webhook_secret);
    return {
      merchantId: known.merchant,
      secretKey: known.secret_key,
      operatorKey: known.operator_key,
      webhookSecret: known.webhook_secret,
    };
  }
  return await prepareMerchant(databaseUrl, sandboxUrl);
}

function fileOf(merchant: PreparedMerchant) {
  return {
    merchant: merchant.merchantId,
    secret_key: merchant.secretKey,
    operator_key: merchant.operatorKey,
    webhook_secret: merchant.webhookSecret,
  };
}

function greet(file: DevFile, dataDir: string): void {
  print(JSON.stringify({ listening: file.api, pid: process.pid }));
  say('');
  say(`  API        ${file.api}       key  ${file.secret_key}`);
  say(`  OpenAPI    ${file.api}/openapi.json`);
  say(`  Sandbox    ${file.sandbox}       books  ${file.sandbox}/books`);
  say(`  Webhooks   ${file.webhook_secret}`);
  say(`  All of it  ${join(dataDir, 'dev.json')}`);
  say('');
  say('  Try        npx tieout demo lost_notification        Stop  Ctrl-C');
}
