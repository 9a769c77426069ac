/**
 * A whole world inside one test process: a fresh database, the sandbox and the platform over real
 * HTTP on ports of their own, one merchant. Sandbox and platform share nothing but the wire.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PreparedMerchant } from '../../src/cli/prepare-merchant.ts';
import { prepareMerchant } from '../../src/cli/prepare-merchant.ts';
import { freePort } from '../../src/cli/free-port.ts';
import { startRoles } from '../../src/cli/serve.ts';
import { newSecret, writeWorldConfig } from '../../src/cli/world.ts';
import type { Platform } from '../../src/platform.ts';
import { buildPlatform } from '../../src/platform.ts';
import type { Role } from '../../src/runtime/config.ts';
import { readConfig } from '../../src/runtime/config.ts';
import { startSandbox } from '../../src/sandbox/server.ts';

export type World = PreparedMerchant & {
  readonly apiUrl: string;
  readonly sandboxUrl: string;
  readonly platform: Platform;
  /** Calls the merchant API; answers the status and the parsed body. */
  call(method: string, path: string, body?: unknown): Promise<{ status: number; body: Body }>;
  /** Creates a payment at the sandbox with a scenario. */
  pay(orderNo: string, fields: Record<string, unknown>): Promise<{ status: number; body: Body }>;
  /** Calls the API as the operator. */
  operate(method: string, path: string, body?: unknown): Promise<{ status: number; body: Body }>;
  /** Moves the clock of platform and sandbox, running what falls due. */
  advance(by: string): Promise<void>;
  stop(): Promise<void>;
};

export type Body = { [name: string]: unknown } & { id?: string; status?: string };

export type WorldOptions = {
  readonly roles?: readonly Role[];
  readonly policy?: Readonly<Record<string, number>>;
  readonly account?: Readonly<Record<string, unknown>>;
  readonly timeScale?: number;
  /** Two databases instead of one, coupled so. */
  readonly apart?: { readonly coupling: 'relay' | 'two_phase'; readonly channelUrl: string };
};

/** Opens a world on a migrated database. */
export async function openWorld(databaseUrl: string, options: WorldOptions = {}): Promise<World> {
  const secret = newSecret();
  const channels = ['sandbox', 'query_only'];
  const sandbox = await startSandbox({
    port: 0,
    accounts: { main: { secret, channels } },
    timeScale: options.timeScale ?? 1,
  });
  const directory = mkdtempSync(join(tmpdir(), 'tieout-world-'));
  const port = await freePort();
  const apiUrl = `http://127.0.0.1:${port}`;
  const path = writeWorldConfig(directory, sandbox.url, secret, apiUrl, {
    policy: options.policy ?? {},
    worker: { pollMs: 20 },
    account: options.account ?? {},
  });
  const config = readConfig(
    {
      TIEOUT_CONFIG: path,
      TIEOUT_PORT: String(port),
      TIEOUT_LOG: 'silent',
      TIEOUT_COUPLING: options.apart?.coupling,
      DATABASE_URL: databaseUrl,
      CHANNEL_DATABASE_URL: options.apart?.channelUrl,
    },
    directory,
  );
  const databases = { payment: databaseUrl, channel: options.apart?.channelUrl ?? null };
  const platform = await buildPlatform(config, databases);
  const running = await startRoles(platform, config, options.roles ?? ['api', 'worker']);
  const merchant = await prepareMerchant(databaseUrl, sandbox.url);
  const callAs = async (key: string, method: string, route: string, body: unknown) => {
    const answer = await fetch(`${apiUrl}${route}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? {} : JSON.parse(text) };
  };
  const call: World['call'] = async (method, route, body) =>
    await callAs(merchant.secretKey, method, route, body);
  return {
    ...merchant,
    apiUrl,
    sandboxUrl: sandbox.url,
    platform,
    call,
    operate: async (method, route, body) => await callAs(merchant.operatorKey, method, route, body),
    pay: async (orderNo, fields) =>
      await call('POST', '/v1/payments', {
        merchant_order_no: orderNo,
        amount: 8800,
        currency: 'CNY',
        subject: 'Coffee beans',
        channel: 'sandbox',
        product: 'qr',
        ...fields,
      }),
    advance: async (by) => {
      const { status, body } = await call('POST', '/v1/test/clock/advance', { by });
      if (status !== 200) throw new Error(`the clock did not move: ${JSON.stringify(body)}`);
    },
    stop: async () => {
      await running.stop();
      await platform.stop();
      await sandbox.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
