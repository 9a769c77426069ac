/**
 * Configuration: environment variables, and one JSON file for the channel accounts. Everything is
 * checked at start, all faults are named at once, and nothing is guessed.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Policy } from '../core/policy.ts';
import { POLICY_DEFAULT } from '../core/policy.ts';

export type Role = 'api' | 'worker';

export type Config = {
  /** `sandbox`: test keys, a movable clock, notices to any address. `live`: none of these. */
  readonly mode: 'sandbox' | 'live';
  /** Null: the embedded PostgreSQL in `dataDir`. */
  readonly databaseUrl: string | null;
  readonly coupling: Coupling;
  /** The channel book's own database; absent with `together`, or for the embedded server. */
  readonly channelDatabaseUrl: string | null;
  /** Read replicas that the scan for internal drops may read. */
  readonly replicaUrl: string | null;
  readonly channelReplicaUrl: string | null;
  readonly dataDir: string;
  readonly host: string;
  readonly port: number;
  /** Where channels reach us: the callback address that travels with each order. */
  readonly publicUrl: string;
  /** The control API of the sandbox; null in live mode. */
  readonly sandboxUrl: string | null;
  readonly policy: Policy;
  /** Checked and turned into connectors by the channel catalogue. */
  readonly accounts: readonly unknown[];
  /** The longest that we work on one request, and how long merchants are told to wait at least. */
  readonly requestDeadlineMs: number;
  readonly merchantWaitMs: number;
  readonly worker: WorkerConfig;
  readonly logLevel: string;
  readonly killAt: string | undefined;
};

/** `together`: one database. `relay`: two, coupled by messages. `two_phase`: two, each decision committed in both or neither. */
export const COUPLINGS = ['together', 'relay', 'two_phase'] as const;
export type Coupling = (typeof COUPLINGS)[number];

export type WorkerConfig = {
  /** Pause after a round that found nothing due. */
  readonly pollMs: number;
  /** How long a claimed job stays invisible to others. */
  readonly leaseMs: number;
  readonly claimSizeMax: number;
  /** Pause between two scans for internal drops. */
  readonly scanEveryMs: number;
};

/** What is wrong with the configuration: one sentence per fault. */
export class ConfigError extends Error {
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
    this.faults = faults;
  }
}

type ConfigFile = {
  mode?: unknown;
  public_url?: unknown;
  sandbox_url?: unknown;
  policy?: unknown;
  accounts?: unknown;
  worker?: unknown;
};

const FILE_FIELDS = ['mode', 'public_url', 'sandbox_url', 'policy', 'accounts', 'worker'];

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
const PORT_DEFAULT = 4040;
const REQUEST_DEADLINE_MS = 8_000;
const MERCHANT_WAIT_MS = 10_000;
const WORKER_DEFAULT: WorkerConfig = {
  pollMs: 200,
  leaseMs: 20_000,
  claimSizeMax: 64,
  scanEveryMs: 30_000,
};

/**
 * Reads the configuration. `TIEOUT_CONFIG` names the JSON file; relative paths start at `cwd`.
 * Throws `ConfigError` with every fault it found.
 */
export function readConfig(env: NodeJS.ProcessEnv, cwd: string): Config {
  const faults: string[] = [];
  const file = readFile(env.TIEOUT_CONFIG, cwd, faults);
  const port = readPort(env.TIEOUT_PORT, faults);
  const coupling = readCoupling(env, faults);
  const mode = file.mode === 'live' ? 'live' : 'sandbox';
  const config: Config = {
    mode,
    databaseUrl: env.DATABASE_URL ?? null,
    coupling,
    channelDatabaseUrl: env.CHANNEL_DATABASE_URL ?? null,
    replicaUrl: env.REPLICA_URL ?? null,
    channelReplicaUrl: env.CHANNEL_REPLICA_URL ?? null,
    dataDir: resolve(cwd, env.TIEOUT_DATA_DIR ?? '.tieout'),
    host: env.TIEOUT_HOST ?? '127.0.0.1',
    port,
    publicUrl: readAddress(file.public_url, 'public_url', faults) ?? `http://127.0.0.1:${port}`,
    sandboxUrl:
      mode === 'sandbox' ? (readAddress(file.sandbox_url, 'sandbox_url', faults) ?? null) : null,
    policy: readNumbers(POLICY_DEFAULT, file.policy, 'policy', faults),
    accounts: Array.isArray(file.accounts) ? file.accounts : [],
    requestDeadlineMs: REQUEST_DEADLINE_MS,
    merchantWaitMs: MERCHANT_WAIT_MS,
    worker: readNumbers(WORKER_DEFAULT, file.worker, 'worker', faults),
    logLevel: env.TIEOUT_LOG ?? 'info',
    killAt: env.TIEOUT_KILL_AT,
  };
  if (!LOG_LEVELS.includes(config.logLevel)) {
    faults.push(
      `TIEOUT_LOG is ${JSON.stringify(config.logLevel)}; known: ${LOG_LEVELS.join(', ')}.`,
    );
  }
  if (file.mode !== undefined && file.mode !== 'live' && file.mode !== 'sandbox') {
    faults.push('mode must be "sandbox" or "live".');
  }
  if (file.accounts !== undefined && !Array.isArray(file.accounts)) {
    faults.push('accounts must be a list of channel accounts.');
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return config;
}

function readFile(path: string | undefined, cwd: string, faults: string[]): ConfigFile {
  if (path === undefined) return {};
  const full = resolve(cwd, path);
  try {
    const value: unknown = JSON.parse(readFileSync(full, 'utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const name of Object.keys(value)) {
        if (FILE_FIELDS.includes(name)) continue;
        faults.push(`${full}: ${name} does not exist; known: ${FILE_FIELDS.join(', ')}.`);
      }
      return value;
    }
    faults.push(`${full} must hold one JSON object.`);
  } catch (error) {
    faults.push(
      `${full} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return {};
}

function readPort(text: string | undefined, faults: string[]): number {
  if (text === undefined) return PORT_DEFAULT;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  faults.push(`TIEOUT_PORT is ${JSON.stringify(text)}; it must be a port number from 0 to 65535.`);
  return PORT_DEFAULT;
}

function readAddress(value: unknown, name: string, faults: string[]): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && /^https?:/.test(value) && URL.canParse(value)) return value;
  faults.push(`${name} must be an address such as http://127.0.0.1:4040.`);
  return undefined;
}

/** Overrides of known numbers; a name that does not exist is a fault, and so is a negative number. */
function readNumbers<T extends Record<string, number>>(
  defaults: T,
  value: unknown,
  name: string,
  faults: string[],
): T {
  if (value === undefined) return defaults;
  if (typeof value !== 'object' || value === null) {
    faults.push(`${name} must be an object of numbers.`);
    return defaults;
  }
  for (const [key, one] of Object.entries(value)) {
    if (!(key in defaults))
      faults.push(`${name}.${key} does not exist; known: ${Object.keys(defaults).join(', ')}.`);
    else if (typeof one !== 'number' || !(one >= 0))
      faults.push(`${name}.${key} must be a number from 0.`);
  }
  return { ...defaults, ...value };
}

/** How the books are coupled, and where each lies. Throws nothing: what does not fit is a fault. */
function readCoupling(env: NodeJS.ProcessEnv, faults: string[]): Coupling {
  const name = env.TIEOUT_COUPLING ?? 'together';
  const coupling = COUPLINGS.find((one) => one === name);
  if (coupling === undefined) {
    faults.push(`TIEOUT_COUPLING is ${JSON.stringify(name)}; known: ${COUPLINGS.join(', ')}.`);
    return 'together';
  }
  const hasSecond = env.CHANNEL_DATABASE_URL !== undefined;
  if (coupling === 'together' && hasSecond) {
    faults.push(
      'CHANNEL_DATABASE_URL names a second database, but the coupling together uses one: leave it out, or set TIEOUT_COUPLING to relay or two_phase.',
    );
  }
  if (coupling !== 'together' && env.DATABASE_URL !== undefined && !hasSecond) {
    faults.push(
      `TIEOUT_COUPLING=${coupling} uses two databases: set CHANNEL_DATABASE_URL beside DATABASE_URL, or leave both out for the embedded server.`,
    );
  }
  return coupling;
}
