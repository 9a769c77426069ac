/**
 * A world whose parts can be killed: its database or two, the sandbox, and the platform's API and worker as
 * processes of their own, so that either may be the victim. Compressed times, as in the demo.
 */
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PreparedMerchant } from '../../src/cli/prepare-merchant.ts';
import { prepareMerchant } from '../../src/cli/prepare-merchant.ts';
import { freePort } from '../../src/cli/free-port.ts';
import type { Child } from '../../src/cli/world.ts';
import type { Coupling } from '../../src/runtime/config.ts';
import {
  newSecret,
  startPlatformProcess,
  startSandboxProcess,
  writeWorldConfig,
} from '../../src/cli/world.ts';
import { onAbandon } from './abandon.ts';

export type VictimRole = 'api' | 'worker';

/** Where the books of a world lie; `channel` is null where both share one database. */
export type KillDatabases = {
  readonly coupling: Coupling;
  readonly payment: string;
  readonly channel: string | null;
};

export type KillWorld = PreparedMerchant & {
  readonly databases: KillDatabases;
  readonly apiUrl: string;
  readonly sandboxUrl: string;
  /** Where the sandbox writes down what it sent and what was acknowledged. */
  readonly journalPath: string;
  /** Starts one part of the platform; with `killAt` it will kill itself there. */
  start(role: VictimRole, killAt?: string): Promise<Child>;
  stop(): Promise<void>;
};

const POLICY = {
  expiresInMsDefault: 10_000,
  closeRetryMs: 300,
  closeRetryMsMax: 2_000,
  sweepAgeMs: 2_000,
};
/** A lease outlives every call to a channel, and no more: what a dead worker held is soon free again. */
const WORKER = { pollMs: 40, leaseMs: 2_500 };
const ACCOUNT = {
  connect_timeout_ms: 500,
  read_timeout_ms: 900,
  call_deadline_ms: 1_500,
  // The first question comes before the channel is done, so that refunds are asked about as well.
  refund_query_delays_ms: [120, 300, 600, 1_000],
  refund_retry_ms: 200,
  refund_gap_ms: 50,
};
const TIME_SCALE = 0.04;

/** Opens the sandbox and a merchant on migrated databases; `start` then adds the platform. */
export async function openKillWorld(
  databases: KillDatabases,
  directory: string,
  seed: number,
): Promise<KillWorld> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const secret = newSecret();
  const journalPath = join(directory, 'sandbox.jsonl');
  const sandbox = await startSandboxProcess({
    port: 0,
    secret,
    seed,
    timeScale: TIME_SCALE,
    journalPath,
  });
  const children: Child[] = [sandbox];
  // A proof that is broken off leaves no process behind.
  const forget = onAbandon(() => {
    for (const child of children) child.process.kill('SIGKILL');
  });
  const stop = async (): Promise<void> => {
    forget();
    for (const child of children.toReversed()) await child.stop();
  };
  try {
    const port = await freePort();
    const apiUrl = `http://127.0.0.1:${port}`;
    const config = writeWorldConfig(directory, sandbox.url, secret, apiUrl, {
      policy: POLICY,
      worker: WORKER,
      account: ACCOUNT,
    });
    const merchant = await prepareMerchant(databases.payment, sandbox.url);
    const start = async (role: VictimRole, killAt?: string): Promise<Child> => {
      const child = await startPlatformProcess(role, {
        TIEOUT_CONFIG: config,
        TIEOUT_PORT: String(port),
        TIEOUT_COUPLING: databases.coupling,
        DATABASE_URL: databases.payment,
        ...(databases.channel !== null && { CHANNEL_DATABASE_URL: databases.channel }),
        TIEOUT_LOG: process.env.TIEOUT_LOG ?? 'silent',
        TIEOUT_KILL_AT: killAt ?? '',
      });
      children.push(child);
      return child;
    };
    return { ...merchant, databases, apiUrl, sandboxUrl: sandbox.url, journalPath, start, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Resolves with true when the process died by SIGKILL, with false when it is still there in time. */
export async function diesWithin({ process: victim }: Child, withinMs: number): Promise<boolean> {
  if (victim.exitCode === null && victim.signalCode === null) {
    const patience = new AbortController();
    const { signal } = patience;
    await Promise.race([
      once(victim, 'exit', { signal }).catch(ignoreAbort),
      sleep(withinMs, undefined, { signal }).catch(ignoreAbort),
    ]);
    patience.abort();
  }
  if (victim.exitCode !== null) throw new Error(`the victim ended by itself (${victim.exitCode})`);
  return victim.signalCode === 'SIGKILL';
}

function ignoreAbort(error: unknown): void {
  if (error instanceof Error && error.name === 'AbortError') return;
  throw error;
}
