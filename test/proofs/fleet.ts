/**
 * A platform of several processes on one database, with the sandbox beside it: as many APIs and
 * workers as a proof asks for, each a program of its own, on the real clock and the standard policy.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../src/cli/free-port.ts';
import type { PreparedMerchant } from '../../src/cli/prepare-merchant.ts';
import { prepareMerchant } from '../../src/cli/prepare-merchant.ts';
import type { Child, WorldNumbers } from '../../src/cli/world.ts';
import {
  newSecret,
  startPlatformProcess,
  startSandboxProcess,
  writeWorldConfig,
} from '../../src/cli/world.ts';

export type Fleet = PreparedMerchant & {
  readonly databaseUrl: string;
  readonly sandboxUrl: string;
  /** Signs the notifications of the account `main`. */
  readonly channelSecret: string;
  /** Where the APIs listen; the sandbox knows the first one. */
  readonly apiUrls: readonly string[];
  startWorker(): Promise<void>;
  /** Creates a payment at one of the APIs, again while it is full; answers its body, and throws unless it is 201. */
  create(orderNo: string, fields?: Readonly<Record<string, unknown>>): Promise<CreatedPayment>;
  stop(): Promise<void>;
};

export type CreatedPayment = {
  readonly id: string;
  readonly merchantOrderNo: string;
  readonly amountMinor: number;
  /** The number under which the channel knows the first try. */
  readonly channelOrderNo: string;
};

export type FleetOptions = {
  readonly apiCount: number;
  readonly numbers?: Partial<WorldNumbers>;
};

const BUSY_TRIES_MAX = 200;
const BUSY_PAUSE_MS = 100;

/** Opens the fleet on a migrated database, without a worker. */
export async function openFleet(databaseUrl: string, options: FleetOptions): Promise<Fleet> {
  const directory = mkdtempSync(join(tmpdir(), 'tieout-fleet-'));
  const children: Child[] = [];
  // A proof that is broken off leaves no process behind.
  const abandon = (): void => {
    for (const child of children) child.process.kill('SIGKILL');
  };
  process.once('exit', abandon);
  const stop = async (): Promise<void> => {
    process.off('exit', abandon);
    for (const child of children.toReversed()) await child.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const secret = newSecret();
    const settings = { port: 0, secret, seed: 1, timeScale: 1, journalPath: null };
    const sandbox = await startSandboxProcess(settings);
    children.push(sandbox);
    const firstPort = await freePort();
    const publicUrl = `http://127.0.0.1:${firstPort}`;
    const numbers = { policy: {}, worker: {}, account: {}, ...options.numbers };
    const config = writeWorldConfig(directory, sandbox.url, secret, publicUrl, numbers);
    const start = async (role: 'api' | 'worker', port: number): Promise<string> => {
      const child = await startPlatformProcess(role, {
        TIEOUT_CONFIG: config,
        TIEOUT_PORT: String(port),
        DATABASE_URL: databaseUrl,
        TIEOUT_LOG: process.env.TIEOUT_LOG ?? 'silent',
      });
      children.push(child);
      return child.url;
    };
    const merchant = await prepareMerchant(databaseUrl, sandbox.url);
    const apiUrls: string[] = [];
    for (let at = 0; at < options.apiCount; at++) {
      apiUrls.push(await start('api', at === 0 ? firstPort : 0));
    }
    return {
      ...merchant,
      databaseUrl,
      sandboxUrl: sandbox.url,
      channelSecret: secret,
      apiUrls,
      startWorker: async () => {
        await start('worker', 0);
      },
      create: newCreator(apiUrls, merchant.secretKey),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function newCreator(apiUrls: readonly string[], secretKey: string): Fleet['create'] {
  let turn = 0;
  return async (orderNo, fields = {}) => {
    turn += 1;
    const url = `${apiUrls[turn % apiUrls.length]}/v1/payments`;
    const body = JSON.stringify({
      merchant_order_no: orderNo,
      amount: 8800,
      currency: 'CNY',
      subject: 'Coffee beans',
      channel: 'sandbox',
      product: 'qr',
      ...fields,
    });
    for (let tries = 1; ; tries++) {
      const headers = { authorization: `Bearer ${secretKey}`, 'content-type': 'application/json' };
      const answer = await fetch(url, { method: 'POST', headers, body });
      const text = await answer.text();
      if (answer.status === 201) return readCreated(orderNo, JSON.parse(text));
      // A full platform asks to be asked again, as a merchant would.
      if (answer.status !== 503 || tries >= BUSY_TRIES_MAX) {
        throw new Error(`${orderNo}: ${answer.status} ${text}`);
      }
      await sleep(BUSY_PAUSE_MS);
    }
  };
}

function readCreated(merchantOrderNo: string, body: unknown): CreatedPayment {
  const { id, amount, channel_orders: orders } = asRecord(body);
  const first = asRecord(Array.isArray(orders) ? orders[0] : null);
  return {
    id: String(id),
    merchantOrderNo,
    amountMinor: Number(amount),
    channelOrderNo: String(first['channel_order_no']),
  };
}

/** A JSON object, or an empty one. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

export type Told = {
  readonly merchantOrderNo: string;
  readonly event: string;
  readonly atMs: number;
};

/** What the sample merchant was told, as the sandbox says. */
export async function toldMerchant(sandboxUrl: string): Promise<Told[]> {
  const books = asRecord(await (await fetch(`${sandboxUrl}/books`)).json());
  const list: readonly unknown[] = Array.isArray(books['told']) ? books['told'] : [];
  return list.map((one) => {
    const { merchant_order_no: merchantOrderNo, event, at } = asRecord(one);
    const atMs = Date.parse(String(at));
    return { merchantOrderNo: String(merchantOrderNo), event: String(event), atMs };
  });
}

/** Looks every so often until it is true, or time is up; answers whether it became true. */
export async function becomesTrue(
  look: () => Promise<boolean>,
  withinMs: number,
  everyMs = 200,
): Promise<boolean> {
  const untilMs = performance.now() + withinMs;
  for (;;) {
    if (await look()) return true;
    if (performance.now() > untilMs) return false;
    await sleep(everyMs);
  }
}
