/** `tieout serve`: the platform itself, as API, as worker, or both, until it is told to stop. */
import type { FastifyInstance } from 'fastify';
import { buildApi } from '../api/server.ts';
import type { Platform } from '../platform.ts';
import { buildPlatform } from '../platform.ts';
import type { Config, Role } from '../runtime/config.ts';
import { readConfig } from '../runtime/config.ts';
import { readOffset } from '../runtime/test-clock.ts';
import { workUntil } from '../runtime/worker.ts';
import type { Command } from './command.ts';
import { UsageError } from './command.ts';
import { openDatabases } from './database.ts';
import { print } from './terminal.ts';

const ROLES: readonly Role[] = ['api', 'worker'];
/** Other processes learn of a moved test clock within this time. */
const OFFSET_EVERY_MS = 200;

export const serve: Command = {
  name: 'serve',
  takes: '',
  takesMax: 0,
  summary: {
    en: 'Run the platform until SIGTERM: API, worker, or both',
    zh: '运行平台（API、后台任务或两者），直到收到 SIGTERM',
  },
  examples: ['serve', 'serve --roles worker'],
  flags: {
    roles: {
      type: 'string',
      value: 'api,worker',
      help: { en: 'What this process does (default: both)', zh: '本进程的职责（默认两者）' },
    },
  },
  run: async ({ flags }) => {
    const roles = readRoles(flags.roles);
    const config = readConfig(process.env, process.cwd());
    const databases = await openDatabases(config, config.dataDir);
    try {
      const platform = await buildPlatform(config, databases);
      try {
        const running = await startRoles(platform, config, roles);
        print(JSON.stringify({ listening: running.url, roles, pid: process.pid }));
        await stopSignal();
        await running.stop();
      } finally {
        await platform.stop();
      }
    } finally {
      await databases.stop();
    }
    return 0;
  },
};

function readRoles(text: string | boolean | undefined): Role[] {
  if (typeof text !== 'string') return [...ROLES];
  const names = text.split(',');
  const unknown = names.find((name) => !ROLES.some((role) => role === name));
  if (unknown !== undefined)
    throw new UsageError({
      en: `--roles knows ${ROLES.join(' and ')}, not ${JSON.stringify(unknown)}: --roles api,worker.`,
      zh: `--roles 支持 ${ROLES.join('、')}，不支持 ${JSON.stringify(unknown)}：--roles api,worker。`,
    });
  return ROLES.filter((role) => names.includes(role));
}

export type Running = {
  /** Where the API listens; null when this process has none. */
  readonly url: string | null;
  stop(): Promise<void>;
};

/** Starts the roles of one process; `stop` ends what is under way before it resolves. */
export async function startRoles(
  platform: Platform,
  config: Config,
  roles: readonly Role[],
): Promise<Running> {
  const stopping = new AbortController();
  const background: Promise<void>[] = [];
  let server: FastifyInstance | null = null;
  let url: string | null = null;
  // First what can fail: a port in use leaves nothing behind that would keep the process alive.
  if (roles.includes('api')) {
    const api = buildApi(platform.api);
    url = await api
      .listen({ host: config.host, port: config.port })
      .catch(async (error: unknown) => {
        await api.close();
        throw error;
      });
    server = api;
  }
  if (config.mode === 'sandbox') background.push(followOffset(platform, stopping.signal));
  if (roles.includes('worker')) {
    const { clock, log } = platform;
    platform.sendOwnNotices();
    const onError = (error: unknown): void =>
      log.error(
        { error: error instanceof Error ? error.message : String(error) },
        'a round of work failed; it will be done again',
      );
    background.push(
      workUntil(stopping.signal, platform.worker, { clock, onError, pollMs: config.worker.pollMs }),
    );
  }
  return {
    url,
    stop: async () => {
      stopping.abort();
      await server?.close();
      await Promise.all(background);
    },
  };
}

async function followOffset({ api, clock, log }: Platform, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await readOffset(api.pool, clock).catch((error: unknown) =>
      log.warn(
        { error: error instanceof Error ? error.message : String(error) },
        'the test clock cannot be read',
      ),
    );
    await clock.sleep(OFFSET_EVERY_MS, signal);
  }
}

const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;
/** One Ctrl-C may come twice: to the whole group, and passed on by npm or by our own starter. */
const SAME_REQUEST_MS = 1_000;

/** Resolves when the process is asked to end. Asked again later, it ends at once, as by any second Ctrl-C. */
export async function stopSignal(): Promise<void> {
  await new Promise<void>((resolve) => {
    const forget = (): void => {
      for (const signal of STOP_SIGNALS) process.off(signal, stop);
    };
    const stop = (): void => {
      resolve();
      setTimeout(forget, SAME_REQUEST_MS).unref();
    };
    for (const signal of STOP_SIGNALS) process.on(signal, stop);
  });
}
