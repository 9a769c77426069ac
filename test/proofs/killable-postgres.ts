/** Embedded PostgreSQL servers in temporary folders, each of which can be killed with everything it started. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import type { EmbeddedPostgres } from '../../src/store/embedded/embedded-postgres.ts';
import { startEmbeddedPostgres } from '../../src/store/embedded/embedded-postgres.ts';
import { isAlive, readPostmaster } from '../../src/store/embedded/postmaster.ts';
import { migrate } from '../../src/store/migrate.ts';
import { onAbandon } from './abandon.ts';

export type KillablePostgres = {
  /** Files of the worlds may lie here; all of it goes with `stop`. */
  readonly directory: string;
  /** A migrated database of its own; answers its connection string. */
  freshDatabase(): Promise<string>;
  /** kill -9 of the postmaster and of its children; resolves when all are gone, with their number. */
  kill(): Promise<number>;
  /** Starts it again on the same files, as the launcher would. */
  restart(): Promise<void>;
  stop(): Promise<void>;
};

export type KillableServers = {
  /** Starts one on a copy of the files. */
  start(): Promise<KillablePostgres>;
  /** Takes the files away. */
  remove(): void;
};

const TEMPLATE = 'kill_template';
/** The table in which every database notes each internal drop that was ever found in it, also after it was healed. */
export const FOUND_DROPS = 'found_drop';
const NOTE_DROPS = `
  CREATE TABLE ${FOUND_DROPS} (key text NOT NULL);
  CREATE FUNCTION note_drop() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO ${FOUND_DROPS} VALUES (NEW.key); RETURN NULL; END';
  CREATE TRIGGER note_drop AFTER INSERT ON internal_drop FOR EACH ROW EXECUTE FUNCTION note_drop()`;
const SETTINGS = { max_connections: '200' };

/**
 * Makes and migrates the files once from which each server of a proof is copied: to make them stops this whole
 * process for seconds, in which no world of it would be looked after.
 */
export async function prepareKillableServers(): Promise<KillableServers> {
  const { directory, dataDir, forget } = newPlace();
  const remove = (): void => {
    forget();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const server = await startEmbeddedPostgres({ dataDir, settings: SETTINGS });
    try {
      await run(server.url, `CREATE DATABASE ${TEMPLATE}`);
      const template = databaseUrl(server, TEMPLATE);
      await migrate(template);
      await run(template, NOTE_DROPS);
    } finally {
      await server.stop();
    }
  } catch (error) {
    remove();
    throw error;
  }
  return { start: async () => await startCopy(dataDir), remove };
}

type Place = {
  readonly directory: string;
  readonly dataDir: string;
  readonly forget: () => void;
};

/** A folder that goes when the proof is broken off, with the server in it, also while that is being started. */
function newPlace(): Place {
  const directory = mkdtempSync(join(tmpdir(), 'tieout-kills-'));
  const dataDir = join(directory, 'data');
  const forget = onAbandon(() => {
    const running = readPostmaster(join(dataDir, 'postgres'));
    if (running) killNow(running.pid);
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  });
  return { directory, dataDir, forget };
}

function databaseUrl({ url }: EmbeddedPostgres, name: string): string {
  return url.replace(/^(postgresql:\/\/[^/]*\/)[^?]*/u, `$1${name}`);
}

async function startCopy(from: string): Promise<KillablePostgres> {
  const { directory, dataDir, forget } = newPlace();
  // With owners and modes: the server may run as another user than this process.
  await promisify(execFile)('cp', ['-a', from, dataDir]);
  let server = await startEmbeddedPostgres({ dataDir, settings: SETTINGS });
  let copying: Promise<unknown> = Promise.resolve();
  return {
    directory,
    stop: async () => {
      forget();
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
    freshDatabase: async () => {
      const name = `kill_${randomBytes(6).toString('hex')}`;
      // One copy at a time: a template may have no other user.
      const mine = copying.then(
        async () => await run(server.url, `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`),
      );
      copying = mine.catch(() => null);
      await mine;
      return databaseUrl(server, name);
    },
    kill: async () => {
      const victims = [server.pid, ...childrenOf(server.pid)];
      for (const pid of victims) killNow(pid);
      while (victims.some(isAlive)) await sleep(5);
      return victims.length;
    },
    restart: async () => {
      server = await startEmbeddedPostgres({ dataDir, settings: SETTINGS });
    },
  };
}

async function run(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // A child that ended by itself in between is as dead as it can be.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Processes that this one started, from /proc (Linux). */
function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent);
}

function parentOf(pid: number): number | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
  } catch (error) {
    // Gone since the folder was listed.
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'ENOENT' || code === 'ESRCH') return null;
    throw error;
  }
}
