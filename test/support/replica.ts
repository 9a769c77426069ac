/** A primary and its streaming replica, both of the embedded PostgreSQL, in folders of their own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { findBinaries, linkLibraries, thisMachine } from '../../src/store/embedded/binaries.ts';
import { owner, serverEnvironment } from '../../src/store/embedded/cluster.ts';
import { startEmbeddedPostgres } from '../../src/store/embedded/embedded-postgres.ts';
import { chooseIdentity } from '../../src/store/embedded/identity.ts';
import { makeSocketsDir, placesIn, socketPort } from '../../src/store/embedded/places.ts';
import { databaseUrl, onServer } from './database-server.ts';

export type PrimaryAndReplica = {
  /** Connection strings of a database of this name on either server. */
  readonly primaryUrl: (database: string) => string;
  readonly replicaUrl: (database: string) => string;
  readonly stop: () => Promise<void>;
};

const SETTINGS = { shared_buffers: '16MB', max_connections: '40', fsync: 'off' };
const START_MS_MAX = 60_000;

/** Starts both; the databases are there on either. The replica is a copy of the stopped primary. */
export async function startPrimaryAndReplica(
  databases: readonly string[],
): Promise<PrimaryAndReplica> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tieout-replica-')));
  const dataDir = join(folder, 'primary');
  const first = await startEmbeddedPostgres({ dataDir, settings: SETTINGS });
  for (const name of databases) await onServer(first.url, `create database ${name}`);
  await first.stop();
  const places = placesIn(join(folder, 'replica'));
  mkdirSync(places.dataDir);
  cpSync(join(dataDir, 'postgres'), places.data, { recursive: true });
  chmodSync(places.data, 0o700);
  writeFileSync(join(places.data, 'standby.signal'), '');
  const primary = await startEmbeddedPostgres({ dataDir, settings: SETTINGS });
  const stopReplica = await startStandby(places, placesIn(dataDir).sockets);
  const replicaUrl = (name: string) =>
    `postgresql://${owner}@/${name}?host=${encodeURIComponent(places.sockets)}&port=${socketPort}`;
  await untilReadable(replicaUrl(owner));
  return {
    primaryUrl: (name) => databaseUrl(primary.url, name),
    replicaUrl,
    stop: async () => {
      await stopReplica();
      await primary.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startStandby(
  places: ReturnType<typeof placesIn>,
  primarySockets: string,
): Promise<() => Promise<void>> {
  makeSocketsDir(places);
  const packaged = findBinaries(thisMachine());
  const { identity, binaries } = chooseIdentity(packaged, linkLibraries(packaged), places);
  const settings = {
    ...SETTINGS,
    max_prepared_transactions: '100',
    listen_addresses: '',
    port: String(socketPort),
    unix_socket_directories: places.sockets,
    primary_conninfo: `host=${primarySockets} port=${socketPort} user=${owner}`,
  };
  const postgres = join(binaries.folder, 'bin', 'postgres');
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [command = postgres, ...args] = [
    ...identity.prefix,
    postgres,
    '-D',
    places.data,
    ...options,
  ];
  const log = openSync(places.log, 'a');
  const child = spawn(command, args, { stdio: ['ignore', log, log], env: serverEnvironment() });
  return async () => {
    const gone = once(child, 'exit');
    child.kill('SIGINT');
    await gone;
  };
}

async function untilReadable(url: string): Promise<void> {
  const giveUpAtMs = Date.now() + START_MS_MAX;
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (Date.now() > giveUpAtMs) throw error;
      await sleep(50);
    }
  }
}
