import { createHash } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  statSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedPostgresUnavailable, otherwise } from './unavailable.ts';

/** Where one embedded PostgreSQL keeps its things. */
export interface Places {
  readonly dataDir: string;
  readonly data: string;
  readonly log: string;
  readonly lock: string;
  readonly sockets: string;
}

/** The number in the socket's file name; nothing listens on this TCP port unless a setting asks for it. */
export const socketPort = 5432;

/** A socket's path must fit 104 bytes on macOS and 108 on Linux, its closing zero included. */
const socketPathBytesMax = 100;

/** Where everything of a data directory lies. A deep one has its sockets in the temporary folder, always in the same place. */
export function placesIn(dataDir: string): Places {
  const near = join(dataDir, 'sockets');
  const digest = createHash('sha256')
    .update(`${process.getuid?.() ?? 0}:${dataDir}`)
    .digest('hex');
  const far = join(tmpdir(), `tieout-${digest.slice(0, 16)}`);
  const isShort =
    Buffer.byteLength(join(near, `.s.PGSQL.${socketPort}.lock`)) <= socketPathBytesMax;
  return {
    dataDir,
    data: join(dataDir, 'postgres'),
    log: join(dataDir, 'postgres.log'),
    lock: join(dataDir, 'postgres.lock'),
    sockets: isShort ? near : far,
  };
}

/** Makes the data directory, for this user only. Throws `EmbeddedPostgresUnavailable` where that is not allowed. */
export function makeDataDir(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new EmbeddedPostgresUnavailable(
      `The embedded PostgreSQL cannot write to ${dataDir} (${code}): choose another folder with TIEOUT_DATA_DIR, ${otherwise}.`,
    );
  }
}

/** Makes the folder of the sockets. Throws `EmbeddedPostgresUnavailable` where somebody else made it first. */
export function makeSocketsDir({ sockets }: Places): void {
  mkdirSync(sockets, { recursive: true, mode: 0o700 });
  const self = process.getuid?.() ?? 0;
  const found = lstatSync(sockets);
  // Whoever can write to the sockets' folder could pretend to be the database.
  if (!found.isDirectory() || (self !== 0 && found.uid !== self) || (found.mode & 0o077) !== 0) {
    throw new EmbeddedPostgresUnavailable(
      `The folder ${sockets} is open to other users: remove it, ${otherwise}.`,
    );
  }
}

/** Hands to another user what PostgreSQL must own, and the way to it. Null leaves all as it is. */
export function grantPlaces(places: Places, uid: number | null): void {
  if (uid === null) return;
  chmodSync(places.dataDir, statSync(places.dataDir).mode | 0o011);
  chownSync(places.sockets, uid, uid);
  if (existsSync(places.data)) execFileSync('chown', ['-R', `${uid}:${uid}`, places.data]);
}
