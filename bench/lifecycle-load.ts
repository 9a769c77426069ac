/**
 * One measured stretch of the lifecycle load: the driver runs as a process of its own, and what platform
 * and PostgreSQL used between its two marks is divided by the lifecycles that ended between them.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Keep-alive connections of the driver, each with one lifecycle under way. */
export const CONNECTIONS = 128;
const WARM_UP_SECONDS = 2;

/** What has been used since some beginning: CPU in milliseconds, log in bytes. */
export type Used = {
  readonly platformMs: number;
  readonly serverMs: number;
  readonly walBytes: number;
  readonly statements: number;
};

export type LoadTarget = {
  readonly port: number;
  /** A merchant's secret key. */
  readonly key: string;
  /** Of the sandbox account that the notifications are signed for. */
  readonly secret: string;
  readonly used: () => Promise<Used>;
};

/** Rates per second of time counted, CPU in microseconds, log and statements per lifecycle. */
export type Lifecycles = {
  readonly perSecond: number;
  readonly paidPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly lifecycleP50Ms: number;
  readonly lifecycleP99Ms: number;
  readonly platformMicros: number;
  readonly serverMicros: number;
  readonly walBytes: number;
  readonly statements: number;
};

const NOTHING = {
  seconds: 0,
  paid: 0,
  told: 0,
  untold: 0,
  wrong: 0,
  firstWrong: '',
  p50Ms: 0,
  p99Ms: 0,
  lifecycleP50Ms: 0,
  lifecycleP99Ms: 0,
};

/** Loads the target for `seconds` after a warm-up. Throws when an answer was wrong or a payment was never told. */
export async function runLifecycles(target: LoadTarget, seconds: number): Promise<Lifecycles> {
  const { port, key, secret, used } = target;
  const settings = {
    port,
    key,
    secret,
    host: '127.0.0.1',
    account: 'main',
    connections: CONNECTIONS,
    seconds,
    warmUpSeconds: WARM_UP_SECONDS,
  };
  const driver = spawn(
    process.execPath,
    [fileURLToPath(new URL('lifecycle-driver.ts', import.meta.url)), JSON.stringify(settings)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let before = await used();
  let after = before;
  let result = NOTHING;
  for await (const line of createInterface({ input: driver.stdout })) {
    const value = JSON.parse(line);
    if (value.counting === true) before = await used();
    else if (value.counting === false) after = await used();
    else result = value;
  }
  if (result === NOTHING) throw new Error('the driver ended without a result');
  if (result.wrong > 0)
    throw new Error(
      `${result.wrong} requests were answered wrongly; the first: ${result.firstWrong}`,
    );
  if (result.untold > 0) throw new Error(`${result.untold} payments were never told`);
  const per = (value: number): number => value / Math.max(1, result.told);
  const { p50Ms, p99Ms, lifecycleP50Ms, lifecycleP99Ms } = result;
  return {
    perSecond: result.told / result.seconds,
    paidPerSecond: result.paid / result.seconds,
    p50Ms,
    p99Ms,
    lifecycleP50Ms,
    lifecycleP99Ms,
    platformMicros: per((after.platformMs - before.platformMs) * 1000),
    serverMicros: per((after.serverMs - before.serverMs) * 1000),
    walBytes: per(after.walBytes - before.walBytes),
    statements: per(after.statements - before.statements),
  };
}
