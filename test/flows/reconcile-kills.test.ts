/**
 * The day's end, killed with -9 at each of its steps: whoever comes next goes on where it was, and finds
 * what would have been found without the death.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { businessDayOf, CHINA_DAY } from '../../src/core/reconciliation/business-day.ts';
import { freePort } from '../../src/cli/free-port.ts';
import type { PreparedMerchant } from '../../src/cli/prepare-merchant.ts';
import { prepareMerchant } from '../../src/cli/prepare-merchant.ts';
import type { Child } from '../../src/cli/world.ts';
import { newSecret, startPlatformProcess, writeWorldConfig } from '../../src/cli/world.ts';
import { KILL_POINTS } from '../../src/runtime/kill-point.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { auditDatabase } from '../../src/store/postgres/audit.ts';
import { freshDatabase } from '../support/database.ts';

const POINTS = KILL_POINTS.filter((point) => point.startsWith('reconcile.'));
const PAYMENTS = 4;

let sandbox: Awaited<ReturnType<typeof startSandbox>>;
let databaseUrl: string;
let shop: PreparedMerchant;
let directory: string;
let port: number;
let api: string;
let config: string;
let db: pg.Client;

beforeAll(async () => {
  const secret = newSecret();
  sandbox = await startSandbox({
    port: 0,
    accounts: { main: { secret, channels: ['sandbox', 'query_only'] } },
    timeScale: 1,
  });
  databaseUrl = await freshDatabase();
  shop = await prepareMerchant(databaseUrl, sandbox.url);
  directory = mkdtempSync(join(tmpdir(), 'tieout-day-'));
  port = await freePort();
  api = `http://127.0.0.1:${port}`;
  config = writeWorldConfig(directory, sandbox.url, secret, api, {
    policy: {},
    worker: { pollMs: 20 },
    account: { fee_basis_points: 60 },
  });
  db = new pg.Client({ connectionString: databaseUrl });
  await db.connect();
});

afterAll(async () => {
  await db.end();
  await sandbox.close();
  rmSync(directory, { recursive: true, force: true });
});

/** The platform as a program of its own, which dies at that point. */
async function start(killAt: string | null): Promise<Child> {
  return await startPlatformProcess('api,worker', {
    TIEOUT_CONFIG: config,
    TIEOUT_PORT: String(port),
    DATABASE_URL: databaseUrl,
    TIEOUT_LOG: 'silent',
    ...(killAt !== null && { TIEOUT_KILL_AT: killAt }),
  });
}

async function call(
  method: string,
  path: string,
  body?: unknown,
): Promise<Record<string, unknown>> {
  const answer = await fetch(`${api}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${shop.secretKey}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return (await answer.json()) as Record<string, unknown>;
}

const advance = async (by: string) => await call('POST', '/v1/test/clock/advance', { by });
async function today(): Promise<string> {
  return businessDayOf(Date.parse(String((await call('GET', '/v1/test/clock'))['now'])), CHINA_DAY);
}

/** A day of payments whose statement has an amount that differs and money of nobody's order. */
async function playDay(prefix: string): Promise<string> {
  for (let at = 1; at <= PAYMENTS; at++) {
    await call('POST', '/v1/payments', {
      merchant_order_no: `${prefix}-${at}`,
      amount: 1_000 * at,
      currency: 'CNY',
      subject: 'Tea',
      channel: 'sandbox',
      product: 'qr',
      metadata: { scenario: 'success' },
    });
  }
  await advance('PT1M');
  const date = await today();
  const faults = ['cent_off', 'extra_line', 'extra_charge_line'].map((fault) => ({ fault }));
  await call('POST', '/v1/test/statements/generate', { channel: 'sandbox', date, faults });
  while ((await today()) === date) await advance('PT1H');
  return date;
}

describe.each(POINTS)('a process that dies at %s', (point) => {
  test('leaves a day that the next one closes, with each difference told once', async () => {
    const before = await start(null);
    const day = await playDay(point.replace('reconcile.', '').toUpperCase());
    await before.stop();
    const victim = await start(`${point}:1`);
    const died = new Promise<string | null>((resolve) => {
      victim.process.once('exit', (_code, signal) => resolve(signal));
    });
    await advance('PT10H').catch(() => null);
    expect(await died).toBe('SIGKILL');
    const after = await start(null);
    await advance('PT2H');
    const now = Date.parse(String((await call('GET', '/v1/test/clock'))['now']));
    await after.stop();
    const { rows: runs } = await db.query<{ status: string; classes: string }>(
      `SELECT status, (SELECT string_agg(class || ' ' || outcome, ', ' ORDER BY class, outcome)
         FROM reconciliation_item WHERE reconciliation = number) AS classes
       FROM reconciliation WHERE day = $1::date AND channel = 'sandbox'`,
      [day],
    );
    expect(runs).toEqual([
      { status: 'closed', classes: 'amount case, channel_only case, channel_only suspense' },
    ]);
    const { rows: cases } = await db.query<{ kind: string; count: string }>(
      `SELECT kind, count(*) FROM (
         SELECT DISTINCT e.id, e.kind FROM exception_case e JOIN platform_entry p USING (payment_id)
         WHERE p.reconciliation = (SELECT number FROM reconciliation WHERE day = $1::date AND channel = 'sandbox')
           AND e.kind IN ('channel_only', 'statement_difference')
         UNION ALL SELECT id, kind FROM statement_case WHERE day = $1::date
       ) told GROUP BY kind ORDER BY kind`,
      [day],
    );
    expect(cases).toEqual([
      { kind: 'channel_only', count: '2' },
      { kind: 'statement_difference', count: '1' },
    ]);
    expect((await auditDatabase(databaseUrl, now)).findings).toEqual([]);
  }, 60_000);
});
