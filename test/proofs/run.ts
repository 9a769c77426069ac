/**
 * The long proofs at full size: `node run.mjs test/proofs/run.ts [part…] [--fresh] [--seed N]`. Progress goes to
 * stderr, one JSON line per part to stdout. What was proven at a commit is kept, and not done again.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { proveCopies } from './copies.ts';
import { proveCrashPoints } from './crash-points.ts';
import { proveDays } from './days.ts';
import { proveForgeries } from './forgeries.ts';
import { proveGrowingTables } from './growing-tables.ts';
import { proveInternalDrops } from './internal-drops.ts';
import { proveKills } from './kills.ts';
import { proveLostNotifications } from './lost-notifications.ts';
import { proveOutageDay } from './outage-day.ts';
import { onOwnDatabase, onOwnDatabases } from './own-database.ts';
import { provePlantedBugs } from './planted-bugs.ts';
import { proveRaces } from './races.ts';
import { proveScanRace } from './scan-race.ts';
import { proveSimulation } from './simulation.ts';
import { proveTwin } from './twin.ts';

type PartReport = Readonly<Record<string, unknown>> & { readonly verdict: 'proven' | 'broken' };
type Part = (seed: number, onProgress: (line: string) => void) => Promise<PartReport>;

/** What can be proven. Each part answers its counts and a verdict, and prints nothing itself. */
const PARTS: Readonly<Record<string, Part>> = {
  kills: async (seed, onProgress) => await proveKills({ payments: 8, seed, onProgress }),
  forgeries: async (seed, onProgress) => {
    const size = { forged: 10_000, genuine: 10_000 };
    return await onOwnDatabase(
      async (databaseUrl) => await proveForgeries({ databaseUrl, ...size, seed, onProgress }),
    );
  },
  copies: async (seed, onProgress) => {
    const size = { notifications: 200, copies: 50 };
    return await onOwnDatabase(
      async (databaseUrl) => await proveCopies({ databaseUrl, ...size, seed, onProgress }),
    );
  },
  races: async (seed, onProgress) => {
    const size = { rounds: 1_000, controlRounds: 100 };
    return await onOwnDatabase(
      async (databaseUrl) =>
        await onOwnDatabase(
          async (controlDatabaseUrl) =>
            await proveRaces({ databaseUrl, controlDatabaseUrl, ...size, seed, onProgress }),
        ),
    );
  },
  'lost-notifications': async (_seed, onProgress) => {
    const plan = {
      payments: 500,
      firstQueryMs: 15_000,
      targetMs: 17_000,
      queriesPerSecond: 1_000,
    };
    return await onOwnDatabase(
      async (databaseUrl) => await proveLostNotifications({ databaseUrl, ...plan, onProgress }),
    );
  },
  'scan-race': async (seed, onProgress) => {
    const size = { rounds: 1_000, controlRounds: 20 };
    return await onOwnDatabases(
      4,
      async (urls) => await proveScanRace({ urls, ...size, seed, onProgress }),
    );
  },
  'internal-drops': async (_seed, onProgress) => {
    const plan = { payments: 1_000, spreadMs: 45_000, scanEveryMs: 30_000 };
    return await onOwnDatabase(
      async (databaseUrl) =>
        await onOwnDatabase(
          async (channelDatabaseUrl) =>
            await proveInternalDrops({ databaseUrl, channelDatabaseUrl, ...plan, onProgress }),
        ),
    );
  },
  'growing-tables': async (_seed, onProgress) => {
    const size = { orders: 200_000, rounds: 60, ratioMax: 1.5 };
    return await onOwnDatabase(
      async (databaseUrl) =>
        await onOwnDatabase(
          async (smallDatabaseUrl) =>
            await proveGrowingTables({ databaseUrl, smallDatabaseUrl, ...size, onProgress }),
        ),
    );
  },
  'outage-day': async (_seed, onProgress) =>
    await onOwnDatabase(
      async (databaseUrl) => await proveOutageDay({ databaseUrl, ofEachKind: 25, onProgress }),
    ),
  simulation: async (seed, onProgress) =>
    await proveSimulation({ payments: 100_000, seed, folder: proofsFolder(), onProgress }),
  'planted-bugs': async (seed, onProgress) =>
    await provePlantedBugs({ seed, seedsMax: 200, onProgress }),
  twin: async (seed, onProgress) => await proveTwin({ seed, seeds: 12, payments: 25, onProgress }),
  days: async (seed, onProgress) =>
    await proveDays({ seed, seeds: 6, payments: 80, days: 4, onProgress }),
  'crash-points': async (_seed, onProgress) => await proveCrashPoints({ every: 1, onProgress }),
};

const SEED_DEFAULT = 1;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { fresh: { type: 'boolean' }, seed: { type: 'string' } },
    allowPositionals: true,
  });
  const seed = Number(values.seed ?? SEED_DEFAULT);
  const names = positionals.length > 0 ? positionals : Object.keys(PARTS);
  const unknown = names.find((name) => !Object.hasOwn(PARTS, name));
  if (unknown !== undefined || !Number.isSafeInteger(seed) || seed < 0) {
    say(`usage: prove [${Object.keys(PARTS).join('|')}…] [--fresh] [--seed N]`);
    return 2;
  }
  const commit = currentCommit();
  const path = resultsPath(commit);
  const kept = values.fresh ? {} : readResults(path);
  let isProven = true;
  for (const name of names) {
    const line = kept[name] ?? (await provePart(name, seed, commit));
    if (kept[name] !== undefined)
      say(`${name}: already done at this commit; --fresh does it again`);
    process.stdout.write(`${line}\n`);
    isProven &&= line.includes('"verdict":"proven"');
    kept[name] = line;
    writeFileSync(path, `${JSON.stringify(kept, null, 2)}\n`);
  }
  return isProven ? 0 : 1;
}

async function provePart(name: string, seed: number, commit: string): Promise<string> {
  const startedAtMs = performance.now();
  const part = PARTS[name];
  if (!part) throw new Error(`there is no part ${name}`);
  const report = await part(seed, (line) => say(`${name}: ${line}`));
  const durationS = Math.round((performance.now() - startedAtMs) / 1000);
  return JSON.stringify({ part: name, commit, seed, duration_s: durationS, ...report });
}

/** The commit, with `-changed` where files differ from it; `unknown` outside of a repository. */
function currentCommit(): string {
  const cwd = fileURLToPath(new URL('.', import.meta.url));
  try {
    const git = (...args: string[]): string =>
      execFileSync('git', args, {
        cwd,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim();
    const isChanged = git('status', '--porcelain') !== '';
    return `${git('rev-parse', 'HEAD')}${isChanged ? '-changed' : ''}`;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return 'unknown';
  }
}

function proofsFolder(): string {
  const folder = join(resolve(process.env.TIEOUT_DATA_DIR ?? '.tieout'), 'proofs');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

function resultsPath(commit: string): string {
  return join(proofsFolder(), `${commit}.json`);
}

/** Only what was proven counts as done, and only for files that a commit names. */
function readResults(path: string): Record<string, string> {
  if (!existsSync(path) || /(?:-changed|unknown)\.json$/.test(path)) return {};
  const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter(([, line]) => String(line).includes('"verdict":"proven"')),
  );
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

// What was started ends with this process, also when it is told to go.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(1));
process.exitCode = await main();
