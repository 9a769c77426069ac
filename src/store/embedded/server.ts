import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Binaries } from './binaries.ts';
import { serverEnvironment } from './cluster.ts';
import type { Identity } from './identity.ts';
import { type Places, socketPort } from './places.ts';
import { findReady, isAlive, type Postmaster } from './postmaster.ts';
import { readPostmaster, removeForeignPostmaster } from './postmaster.ts';
import { EmbeddedPostgresUnavailable, otherwise } from './unavailable.ts';

/** A running server, and its process if this process started it. */
export interface Server {
  readonly postmaster: Postmaster;
  readonly child: ChildProcess | null;
}

const conflictMsMax = 5_000;
/**
 * After a kill -9 of the server its backends end at their next look around, and hold the shared memory until then.
 * Measured: 2 s; more than 5 s where two busy cores carry other work too.
 */
const orphanMsMax = 60_000;
/** Another server of this cluster that is starting (perhaps recovering) or stopping is worth a longer wait. */
const transitionMsMax = 60_000;
const recoveryMsMax = 300_000;

const defaults: Readonly<Record<string, string>> = {
  shared_buffers: '128MB',
  max_connections: '100',
  // For the coupling two_phase; it costs next to nothing where nobody uses it.
  max_prepared_transactions: '100',
  wal_level: 'replica',
  listen_addresses: '',
  port: String(socketPort),
  timezone: 'UTC',
  log_checkpoints: 'off',
};

/**
 * Starts a server on a cluster, or answers the one that is running after all. Waits out what a killed server left.
 * Throws `EmbeddedPostgresUnavailable` with the server's own last words.
 */
export async function startServer(
  places: Places,
  identity: Identity,
  binaries: Binaries,
  settings: Readonly<Record<string, string>>,
): Promise<Server> {
  const startedAtMs = Date.now();
  for (;;) {
    const logStart = statSync(places.log, { throwIfNoEntry: false })?.size ?? 0;
    const child = launch(places, identity, binaries, settings);
    const postmaster = await untilReady(child, places);
    if (postmaster !== null) return { postmaster, child };

    const running = await findReady(places.data);
    if (running !== null) return { postmaster: running, child: null };
    const words = readFileSync(places.log).subarray(logStart).toString('utf8');
    const isConflict = /already exists|already in use|still in use/u.test(words);
    if (!isConflict || Date.now() - startedAtMs > conflictMs(places, words)) {
      throw new EmbeddedPostgresUnavailable(
        `The embedded PostgreSQL did not start (${lastWords(words)}): see ${places.log}, ${otherwise}.`,
      );
    }
    if (!removeForeignPostmaster(places.data)) await sleep(100);
  }
}

function launch(
  places: Places,
  identity: Identity,
  binaries: Binaries,
  settings: Readonly<Record<string, string>>,
): ChildProcess {
  const all = { ...defaults, ...settings, unix_socket_directories: places.sockets };
  const options = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const postgres = join(binaries.folder, 'bin', 'postgres');
  const [command = postgres, ...args] = [
    ...identity.prefix,
    postgres,
    '-D',
    places.data,
    ...options,
  ];
  const log = openSync(places.log, 'a', 0o600);
  try {
    // In a session of its own: neither Ctrl-C in our terminal nor our death ends it.
    const child = spawn(command, args, {
      detached: true,
      stdio: ['ignore', log, log],
      env: serverEnvironment(),
      cwd: places.dataDir,
    });
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

/** The server once it is ready; null when the process ended instead. */
async function untilReady(child: ChildProcess, places: Places): Promise<Postmaster | null> {
  const giveUpAtMs = Date.now() + recoveryMsMax;
  while (child.exitCode === null && child.signalCode === null) {
    const found = readPostmaster(places.data);
    if (found?.pid === child.pid && found?.status === 'ready') return found;
    if (Date.now() > giveUpAtMs) {
      throw new EmbeddedPostgresUnavailable(
        `The embedded PostgreSQL (process ${child.pid}) is not ready after ${recoveryMsMax / 1000} s: see ${places.log}.`,
      );
    }
    await sleep(10);
  }
  return null;
}

function conflictMs(places: Places, words: string): number {
  if (/shared memory block .* still in use/u.test(words)) return orphanMsMax;
  const found = readPostmaster(places.data);
  const inTransition = found !== null && ['starting', 'stopping'].includes(found.status);
  return inTransition && isAlive(found.pid) ? transitionMsMax : conflictMsMax;
}

/** The last lines of a log, without their times: the reason often stands above the word FATAL. */
function lastWords(log: string): string {
  const lines = log.trim().split('\n').slice(-3);
  return lines.map((line) => line.replace(/^.*?\] /u, '')).join(' ');
}

/** Ends a server that this process started: no new work, running work is cut off, all is written. Resolves when it is gone. */
export async function stopServer(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  const gone = once(child, 'exit');
  // To PostgreSQL, SIGINT means a fast shutdown.
  child.kill('SIGINT');
  await gone;
}
