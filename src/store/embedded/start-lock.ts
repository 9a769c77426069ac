import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from './postmaster.ts';
import { EmbeddedPostgresUnavailable } from './unavailable.ts';

/** A first start takes under a second; a holder this old is a process number used again. */
const heldMsMax = 60_000;
const waitMsMax = 90_000;

/**
 * Lets one starter in at a time, and answers how to let the next one in. It saves work and confusing logs; what must hold
 * even when two get in is held by PostgreSQL's own lock and by the rename that publishes a new cluster.
 */
export async function takeStartLock(path: string): Promise<() => void> {
  const mine = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  writeFileSync(mine, `${process.pid}\n`);
  try {
    const startedAtMs = Date.now();
    while (!tryLink(mine, path)) {
      if (Date.now() - startedAtMs > waitMsMax) {
        throw new EmbeddedPostgresUnavailable(
          `Another process has been starting the embedded PostgreSQL for too long: if none is, remove ${path}.`,
        );
      }
      if (isStale(path)) breakLock(path, `${mine}.stale`);
      else await sleep(25);
    }
  } finally {
    rmSync(mine, { force: true });
  }
  return () => {
    rmSync(path, { force: true });
  };
}

function tryLink(mine: string, path: string): boolean {
  try {
    linkSync(mine, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function isStale(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return false;
  if (Date.now() - found.mtimeMs > heldMsMax) return true;
  try {
    return !isAlive(Number(readFileSync(path, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Moves the lock aside first, so that of several breakers only one removes it. */
function breakLock(path: string, aside: string): void {
  try {
    renameSync(path, aside);
    rmSync(aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
