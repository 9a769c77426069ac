/** `tieout dev`: the same world as the demo, staying up, for people to play with. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildPlatform } from '../platform.ts';
import { readConfig } from '../runtime/config.ts';
import type { Command } from './command.ts';
import { UsageError, integerFlag, portFrom } from './command.ts';
import { openDatabases } from './database.ts';
import type { DevFile } from './dev-file.ts';
import { readDevFile } from './dev-file.ts';
import { isPortFree } from './free-port.ts';
import type { PreparedMerchant } from './prepare-merchant.ts';
import { prepareMerchant, tellSampleMerchantAgain } from './prepare-merchant.ts';
import { startRoles, stopSignal } from './serve.ts';
import { padded, print, say } from './terminal.ts';
import type { Lang } from './words.ts';
import { newSecret, startSandboxProcess, writeWorldConfig } from './world.ts';

const PORT_DEFAULT = 4040;

export const dev: Command = {
  name: 'dev',
  takes: '',
  takesMax: 0,
  summary: {
    en: 'Run everything on this machine: PostgreSQL, platform, sandbox channels, sample merchant',
    zh: '在本机运行全部组件：PostgreSQL、平台、沙箱渠道、示例商户',
  },
  flags: {
    port: {
      type: 'string',
      value: 'N',
      help: {
        en: `Port of the API (default ${PORT_DEFAULT}, or TIEOUT_PORT); the sandbox takes the next one`,
        zh: `API 端口（默认 ${PORT_DEFAULT}，或 TIEOUT_PORT）；沙箱用下一个端口`,
      },
    },
  },
  examples: ['dev', 'dev --port 5050'],
  run: async (invocation) => {
    const ports = readPorts(invocation);
    const { lang } = invocation;
    const dataDir = resolve(process.env.TIEOUT_DATA_DIR ?? '.tieout');
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const known = readDevFile(join(dataDir, 'dev.json'));
    await refuseTakenPorts(ports, known);
    say({ en: 'Starting …', zh: '正在启动……' }[lang]);
    // What was started last ends first, also when a later part does not start.
    await using parts = new AsyncDisposableStack();
    const coupled = readConfig({ ...process.env, TIEOUT_CONFIG: undefined }, process.cwd());
    const databases = await openDatabases(coupled, dataDir);
    parts.defer(async () => await databases.stop());
    const secret = known?.sandbox_secret ?? newSecret();
    const sandbox = await startSandboxProcess({
      port: ports.sandbox,
      secret,
      seed: 1,
      timeScale: 1,
      journalPath: join(dataDir, 'sandbox.jsonl'),
    });
    parts.defer(async () => await sandbox.stop());
    const api = `http://127.0.0.1:${ports.api}`;
    // What the sandbox keeps of each payment, so that a statement with a wrong fee is noticed.
    const numbers = { policy: {}, worker: {}, account: { fee_basis_points: 60 } };
    const path = writeWorldConfig(dataDir, sandbox.url, secret, api, numbers);
    const config = readConfig(
      {
        ...process.env,
        TIEOUT_CONFIG: path,
        TIEOUT_PORT: String(ports.api),
        TIEOUT_LOG: process.env.TIEOUT_LOG ?? 'warn',
      },
      process.cwd(),
    );
    const platform = await buildPlatform(config, databases);
    parts.defer(async () => await platform.stop());
    const merchant = await openShop(databases.payment, sandbox.url, known);
    const running = await startRoles(platform, config, ['api', 'worker']);
    parts.defer(async () => await running.stop());
    const file = { api, sandbox: sandbox.url, ...fileOf(merchant), sandbox_secret: secret };
    writeFileSync(join(dataDir, 'dev.json'), `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 });
    greet(file, dataDir, lang);
    await stopSignal();
    return 0;
  },
};

type Ports = { readonly api: number; readonly sandbox: number };

function readPorts(invocation: Parameters<Command['run']>[0]): Ports {
  const bounds = { min: 1, max: 65_535 };
  const api = integerFlag(
    invocation,
    'port',
    portFrom(process.env, 'TIEOUT_PORT', PORT_DEFAULT),
    bounds,
  );
  const sandbox = portFrom(
    process.env,
    'TIEOUT_SANDBOX_PORT',
    api < bounds.max ? api + 1 : api - 1,
  );
  if (sandbox !== api) return { api, sandbox };
  throw new UsageError({
    en: `The API and the sandbox cannot both have port ${api}: choose another with TIEOUT_SANDBOX_PORT.`,
    zh: `API 和沙箱不能同用端口 ${api}：请用 TIEOUT_SANDBOX_PORT 另选一个。`,
  });
}

/** Says before anything starts that a port is taken, and by whom where it is one of ours. */
async function refuseTakenPorts(ports: Ports, known: DevFile | null): Promise<void> {
  if (!(await isPortFree(ports.api))) {
    const isOurs = known?.api === `http://127.0.0.1:${ports.api}` && (await isAlive(known.api));
    const taken = {
      en: `Port ${ports.api} is in use by another program: end that one, or choose another port with --port or TIEOUT_PORT.`,
      zh: `端口 ${ports.api} 已被其他程序占用：请结束该程序，或用 --port 或 TIEOUT_PORT 另选端口。`,
    };
    const running = {
      en: `tieout dev is running on port ${ports.api} already: use that one, or stop it with Ctrl-C in its terminal, or start another with --port and TIEOUT_DATA_DIR.`,
      zh: `端口 ${ports.api} 上已有 tieout dev 在运行：请直接使用，或在它的终端按 Ctrl-C 停止，或用 --port 和 TIEOUT_DATA_DIR 另起一个。`,
    };
    throw new UsageError(isOurs ? running : taken, 1);
  }
  if (!(await isPortFree(ports.sandbox))) {
    throw new UsageError(
      {
        en: `Port ${ports.sandbox}, for the sandbox, is in use by another program: end that one, or choose another port with TIEOUT_SANDBOX_PORT.`,
        zh: `沙箱端口 ${ports.sandbox} 已被其他程序占用：请结束该程序，或用 TIEOUT_SANDBOX_PORT 另选端口。`,
      },
      1,
    );
  }
}

async function isAlive(api: string): Promise<boolean> {
  const answer = await fetch(`${api}/livez`, { signal: AbortSignal.timeout(1_000) }).catch(
    () => null,
  );
  return answer?.headers.has('tieout-request-id') ?? false;
}

/** The merchant of the last start, or a new one; its keys survive a restart with the data directory. */
async function openShop(
  databaseUrl: string,
  sandboxUrl: string,
  known: DevFile | null,
): Promise<PreparedMerchant> {
  if (known) {
    await tellSampleMerchantAgain(databaseUrl, sandboxUrl, known);
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

const LABELS = {
  en: [
    'API',
    'Reference',
    'Sandbox',
    'Books',
    'Secret key',
    'Webhooks',
    'All of it',
    'Try',
    'Stop',
  ],
  zh: ['接口', '接口文档', '沙箱', '渠道账本', '密钥', '通知签名', '全部信息', '试试', '停止'],
} as const;

function greet(file: DevFile, dataDir: string, lang: Lang): void {
  print(JSON.stringify({ listening: file.api, pid: process.pid }));
  const values = [
    file.api,
    `${file.api}/docs`,
    file.sandbox,
    `${file.sandbox}/books`,
    file.secret_key,
    file.webhook_secret,
    join(dataDir, 'dev.json'),
    {
      en: 'the story in README.md, "Two minutes with curl"',
      zh: 'README.zh-CN.md 中的“两分钟 curl”',
    }[lang],
    'Ctrl-C',
  ];
  const rows = values.map((value, at) => `  ${padded(LABELS[lang][at] ?? '', 12)}${value}`);
  say(['', ...rows, ''].join('\n'));
}
