/**
 * A whole world for one machine: embedded PostgreSQL, the sandbox, the platform, a merchant with its
 * key and its endpoint. `dev` keeps it up, `demo` plays in it, tests kill parts of it.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PARENT_PIPE } from './parent-pipe.ts';

/** A child process of ours that has said where it listens. */
export type Child = {
  readonly process: ChildProcess;
  readonly url: string;
  /** Ends it gently, and for sure after a while. */
  stop(): Promise<void>;
};

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const SANDBOX = fileURLToPath(new URL('../sandbox/main.ts', import.meta.url));
const START_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 10_000;

/** The account under which the platform is known to the sandbox's channels. */
export const SANDBOX_ACCOUNT = 'main';

export type SandboxSettings = {
  readonly port: number;
  readonly secret: string;
  readonly seed: number;
  readonly timeScale: number;
  readonly journalPath: string | null;
};

/** Starts the sandbox as a program of its own. */
export async function startSandboxProcess(settings: SandboxSettings): Promise<Child> {
  return await startChild(SANDBOX, [], {
    TIEOUT_SANDBOX_PORT: String(settings.port),
    TIEOUT_SANDBOX_SECRET: settings.secret,
    TIEOUT_SANDBOX_ACCOUNT: SANDBOX_ACCOUNT,
    TIEOUT_SANDBOX_SEED: String(settings.seed),
    TIEOUT_SANDBOX_TIME_SCALE: String(settings.timeScale),
    ...(settings.journalPath !== null && { TIEOUT_SANDBOX_JOURNAL: settings.journalPath }),
  });
}

/** Starts the platform as a program of its own; `env` carries its whole configuration. */
export async function startPlatformProcess(
  roles: string,
  env: Record<string, string>,
): Promise<Child> {
  return await startChild(MAIN, ['serve', '--roles', roles], env);
}

/** Overrides of the platform's numbers, as its configuration file names them. */
export type WorldNumbers = {
  readonly policy: Readonly<Record<string, number>>;
  readonly worker: Readonly<Record<string, number>>;
  /** Changes of the channels' rules and timeouts. */
  readonly account: Readonly<Record<string, unknown>>;
};

/** Writes the platform's configuration file for a sandbox, and answers its path. */
export function writeWorldConfig(
  directory: string,
  sandboxUrl: string,
  secret: string,
  publicUrl: string,
  numbers: WorldNumbers,
): string {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, 'config.json');
  const accounts = ['sandbox', 'query_only'].map((channel) => ({
    channel,
    account: SANDBOX_ACCOUNT,
    secret,
    base_url: sandboxUrl,
    ...numbers.account,
  }));
  const config = {
    mode: 'sandbox',
    public_url: publicUrl,
    sandbox_url: sandboxUrl,
    policy: numbers.policy,
    worker: numbers.worker,
    accounts,
  };
  writeFileSync(path, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
  return path;
}

/** 256 random bits as text, for secrets between programs of one world. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

async function startChild(
  file: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<Child> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file, ...args], {
    env: { ...process.env, ...env, [PARENT_PIPE]: '1' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const url = await firstAddress(child);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    process: child,
    url,
    stop: async () => {
      child.kill('SIGTERM');
      const forced = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
      await exited;
      clearTimeout(forced);
    },
  };
}

/** Waits for the line `{"listening": …}`; a child that ends before is an error with its exit code. */
async function firstAddress(child: ChildProcess): Promise<string> {
  return await new Promise<string>((resolve, reject) => {
    const late = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`a process did not start within ${START_WITHIN_MS / 1000} s`));
    }, START_WITHIN_MS);
    child.once('exit', (code, signal) => {
      clearTimeout(late);
      reject(new Error(`a process ended while starting (${signal ?? `exit code ${code}`})`));
    });
    if (!child.stdout) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const url = readAddress(line);
      if (url === null) return;
      clearTimeout(late);
      resolve(url);
    });
  });
}

function readAddress(line: string): string | null {
  if (!line.startsWith('{"listening":')) return null;
  const value: unknown = JSON.parse(line);
  if (typeof value !== 'object' || value === null || !('listening' in value)) return null;
  return typeof value.listening === 'string' ? value.listening : '';
}
