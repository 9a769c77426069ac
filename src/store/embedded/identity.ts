import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Binaries, copyBinaries } from './binaries.ts';
import type { Places } from './places.ts';
import { grantPlaces } from './places.ts';
import { EmbeddedPostgresUnavailable, otherwise } from './unavailable.ts';

/** As whom PostgreSQL runs: the words before each command, and the user who must own its files (null: this one). */
export interface Identity {
  readonly prefix: readonly string[];
  readonly uid: number | null;
}

/** Debian, Fedora and Alpine all name this user; PostgreSQL refuses to run as a user without a name. */
const nobody = 65534;

const direct: Identity = { prefix: [], uid: null };
const mapped: Identity = {
  prefix: ['unshare', '--user', `--map-user=${nobody}`, `--map-group=${nobody}`],
  uid: null,
};

function dropped(uid: number): Identity {
  return { prefix: ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'], uid };
}

/**
 * Finds an identity that PostgreSQL accepts and that can use these places, by trying. PostgreSQL refuses root, so root
 * becomes nobody inside a user namespace, where root's files are still its own; where namespaces are forbidden (Docker's
 * default profile), it becomes another user for good. Throws `EmbeddedPostgresUnavailable` where nothing works.
 */
export function chooseIdentity(
  packaged: Binaries,
  linked: boolean,
  places: Places,
): { identity: Identity; binaries: Binaries } {
  const complaints: string[] = [];
  for (const identity of candidates(places)) {
    grantPlaces(places, identity.uid);
    const complaint = attempt(identity, placesTrial, [places.sockets, places.data]);
    if (complaint === null) {
      const binaries = readableBinaries(identity, packaged, linked, places);
      if (binaries !== null) return { identity, binaries };
    }
    complaints.push(
      `${identity.prefix[0] ?? 'as this user'}: ${complaint ?? 'the binaries do not run'}`,
    );
  }
  throw new EmbeddedPostgresUnavailable(
    `The embedded PostgreSQL cannot run on ${places.dataDir} (${complaints.join('; ')}): choose another folder with TIEOUT_DATA_DIR, ${otherwise}.`,
  );
}

function candidates(places: Places): Identity[] {
  const self = process.getuid?.() ?? 0;
  const owner = statSync(places.data, { throwIfNoEntry: false })?.uid;
  if (self !== 0) return [direct, mapped];
  // A cluster belongs to whoever made it, and PostgreSQL accepts no other owner.
  if (owner !== undefined && owner !== 0) return [dropped(owner)];
  const neighbour = statSync(dirname(places.dataDir)).uid;
  return [mapped, ...(neighbour === 0 ? [] : [dropped(neighbour)]), dropped(nobody)];
}

/** The user has a name, and may write where PostgreSQL must. */
const placesTrial =
  'cd "$1" && id -un >/dev/null && for place; do [ ! -e "$place" ] || [ -w "$place" ] || { echo "cannot write to $place" >&2; exit 1; }; done';

/** The binaries as they lie, or a copy of them where they are out of this identity's reach, as under root's own home. */
function readableBinaries(
  identity: Identity,
  packaged: Binaries,
  linked: boolean,
  places: Places,
): Binaries | null {
  const run = (binaries: Binaries) =>
    attempt(identity, 'cd / && exec "$1" --version', [join(binaries.folder, 'bin', 'postgres')]);
  if (linked && run(packaged) === null) return packaged;
  const copy = copyBinaries(packaged, places.dataDir);
  return run(copy) === null ? copy : null;
}

/** Runs a line of shell as that identity. Answers what went wrong, or null. */
function attempt(identity: Identity, script: string, args: readonly string[]): string | null {
  const [command = 'sh', ...rest] = [...identity.prefix, 'sh', '-c', script, 'sh', ...args];
  const tried = spawnSync(command, rest, { encoding: 'utf8' });
  if (tried.status === 0) return null;
  const words = tried.error?.message ?? tried.stderr.trim();
  return words.split('\n').at(-1) ?? 'no reason given';
}
