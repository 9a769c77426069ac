import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Binaries } from './binaries.ts';
import type { Identity } from './identity.ts';
import type { Places } from './places.ts';
import { EmbeddedPostgresUnavailable } from './unavailable.ts';

/** Name of the superuser and of the database. */
export const owner = 'tieout';

/**
 * Makes the cluster, its superuser and its database, unless it is there. It is built aside and published by one rename,
 * so a starter killed halfway leaves nothing that looks like a cluster. Throws `EmbeddedPostgresUnavailable`.
 */
export function makeCluster(places: Places, identity: Identity, binaries: Binaries): void {
  removeLeftovers(places);
  if (existsSync(places.data)) return;
  const fresh = `${places.data}.new-${process.pid}`;
  mkdirSync(fresh, { mode: 0o700 });
  if (identity.uid !== null) execFileSync('chown', [`${identity.uid}:${identity.uid}`, fresh]);
  run(identity, binaries, 'initdb', initdbOptions(fresh), '');
  run(
    identity,
    binaries,
    'postgres',
    ['--single', '-D', fresh, 'postgres'],
    `create database ${owner}\n`,
  );
  renameSync(fresh, places.data);
}

/** The collation is PostgreSQL's own, so an index never depends on the C library of the machine. */
function initdbOptions(folder: string): string[] {
  return [
    `--pgdata=${folder}`,
    `--username=${owner}`,
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    '--data-checksums',
    // The socket's folder is closed to other users; over TCP there is no way in before somebody sets a password.
    '--auth-local=trust',
    '--auth-host=scram-sha-256',
    '--no-instructions',
  ];
}

/** The environment of a server: nothing of ours, so that no PGOPTIONS or LC_ALL of the shell changes it. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };
}

function run(
  identity: Identity,
  binaries: Binaries,
  program: string,
  options: readonly string[],
  input: string,
): void {
  const path = join(binaries.folder, 'bin', program);
  const [command = path, ...args] = [...identity.prefix, path, ...options];
  const done = spawnSync(command, args, { input, encoding: 'utf8', env: serverEnvironment() });
  // A single-user server answers 0 even when its statement failed.
  if (done.status === 0 && !/^.*\b(?:ERROR|FATAL|PANIC):/mu.test(done.stderr)) return;
  const reason = done.error?.message ?? done.stderr.trim().split('\n').slice(-3).join(' ');
  throw new EmbeddedPostgresUnavailable(
    `The embedded PostgreSQL could not make its data folder (${program}: ${reason}).`,
  );
}

function removeLeftovers(places: Places): void {
  for (const name of readdirSync(dirname(places.data))) {
    if (!name.startsWith(`${basename(places.data)}.new-`)) continue;
    rmSync(join(dirname(places.data), name), { recursive: true, force: true });
  }
}
