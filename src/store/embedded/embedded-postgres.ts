import { realpathSync } from 'node:fs';
import { findBinaries, linkLibraries, thisMachine } from './binaries.ts';
import { makeCluster, owner } from './cluster.ts';
import { chooseIdentity } from './identity.ts';
import { makeDataDir, makeSocketsDir, type Places, placesIn } from './places.ts';
import { findReady, type Postmaster } from './postmaster.ts';
import { type Server, startServer, stopServer } from './server.ts';
import { takeStartLock } from './start-lock.ts';

export interface EmbeddedPostgresOptions {
  /** The cluster is its folder `postgres`; the log and the sockets lie beside it. */
  readonly dataDir: string;
  /** Settings of PostgreSQL over ours, for a server that this call starts. One that is already running keeps its own. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface EmbeddedPostgres {
  /** A connection string of the superuser, through the socket. */
  readonly url: string;
  readonly pid: number;
  /** Whether another process had started it. */
  readonly adopted: boolean;
  /** Shuts the server down if this call started it; leaves an adopted one to its starter. */
  stop(): Promise<void>;
}

/**
 * A PostgreSQL on this data directory: the running one, or a new one, made on first use. The server outlives this
 * process unless `stop` is called, and the next call adopts it; what a kill -9 of either left behind is repaired.
 * Several processes may call this at once. Throws `EmbeddedPostgresUnavailable`, a sentence, where it cannot run.
 */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const places = settle(options.dataDir);
  const running = await findReady(places.data);
  if (running !== null) return describe({ postmaster: running, child: null });

  const release = await takeStartLock(places.lock);
  try {
    const meanwhile = await findReady(places.data);
    if (meanwhile !== null) return describe({ postmaster: meanwhile, child: null });
    const packaged = findBinaries(thisMachine());
    const { identity, binaries } = chooseIdentity(packaged, linkLibraries(packaged), places);
    makeCluster(places, identity, binaries);
    return describe(await startServer(places, identity, binaries, options.settings ?? {}));
  } finally {
    release();
  }
}

/** One data directory has one set of places, by whatever path it was named. */
function settle(dataDir: string): Places {
  makeDataDir(dataDir);
  const places = placesIn(realpathSync(dataDir));
  makeSocketsDir(places);
  return places;
}

function describe({ postmaster, child }: Server): EmbeddedPostgres {
  return {
    url: connectionString(postmaster),
    pid: postmaster.pid,
    adopted: child === null,
    stop: async () => {
      if (child !== null) await stopServer(child);
    },
  };
}

function connectionString({ sockets, port }: Postmaster): string {
  return `postgresql://${owner}@/${owner}?host=${encodeURIComponent(sockets)}&port=${port}`;
}
