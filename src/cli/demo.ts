/**
 * `tieout demo`: the main job, finite. Payments through every fault, over real HTTP, on a real
 * PostgreSQL; then an auditor who shares nothing with the platform compares three sets of books.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve as resolvePath } from 'node:path';
import { audit } from '../sandbox/auditor.ts';
import type { AuditReport } from '../sandbox/auditor.ts';
import { SCENARIOS } from '../sandbox/scenarios.ts';
import type { Command, Invocation } from './command.ts';
import { UsageError, integerFlag } from './command.ts';
import { openDatabase } from './database.ts';
import type { DemoOrder } from './demo-orders.ts';
import { demoOrders } from './demo-orders.ts';
import { demoTable } from './demo-table.ts';
import { freePort } from './free-port.ts';
import { eachLimited } from '../runtime/limit.ts';
import { prepareMerchant } from './prepare-merchant.ts';
import type { PreparedMerchant } from './prepare-merchant.ts';
import { newProgress, print, say } from './terminal.ts';
import { newSecret, startPlatformProcess, startSandboxProcess, writeWorldConfig } from './world.ts';
import type { Child } from './world.ts';

/** Hours of waiting, pressed into a minute; printed before the run, because it is not what a real day looks like. */
const DEMO_POLICY = {
  expiresInMsDefault: 20_000,
  closeRetryMs: 500,
  closeRetryMsMax: 4_000,
};
const DEMO_QUERY_DELAYS_MS = [1_000, 1_500, 2_000, 3_000, 4_000];
/** Patience with a channel, compressed like the rest: a call is given up after 1.5 s instead of 5 s. */
const DEMO_ACCOUNT = {
  connect_timeout_ms: 300,
  read_timeout_ms: 1_200,
  call_deadline_ms: 1_500,
  queries_per_second: 200,
  query_delays_ms: DEMO_QUERY_DELAYS_MS,
};
const DEMO_TIME_SCALE = 0.04;
const IN_FLIGHT_MAX = 48;
const BUSY_TRIES_MAX = 200;
const BUSY_PAUSE_MS = 250;
const SETTLE_WITHIN_MS = 75_000;
const SETTLE_LOOK_EVERY_MS = 1_000;

export const demo: Command = {
  name: 'demo',
  takes: '[scenario]',
  summary: 'Play payments through every fault and prove that all of them tie out',
  flags: {
    payments: { type: 'string', value: 'N', help: 'How many payments (default 1000)' },
    seed: { type: 'string', value: 'N', help: 'Draws amounts, products and faults (default 1)' },
  },
  run: async (invocation) => {
    const payments = integerFlag(invocation, 'payments', 1_000, { min: 1, max: 1_000_000 });
    const seed = integerFlag(invocation, 'seed', 1, { min: 0, max: 2 ** 32 - 1 });
    const orders = demoOrders(payments, seed, Date.now().toString(36).toUpperCase());
    const world = await openWorld(seed);
    try {
      announce();
      await playAll(only(orders, invocation), world);
      const report = await settle(only(orders, invocation), world);
      show(report, only(orders, invocation), seed, invocation);
      return report.verdict === 'tied_out' ? 0 : 1;
    } finally {
      await world.stop();
    }
  },
};

function only(orders: readonly DemoOrder[], { positionals }: Invocation): DemoOrder[] {
  const [scenario] = positionals;
  if (scenario === undefined) return [...orders];
  if (!(scenario in SCENARIOS)) {
    throw new UsageError(
      `There is no scenario ${JSON.stringify(scenario)}; there are ${Object.keys(SCENARIOS).join(', ')}.`,
    );
  }
  return orders.filter((order) => order.scenario === scenario);
}

type World = PreparedMerchant & {
  readonly apiUrl: string;
  readonly sandboxUrl: string;
  stop(): Promise<void>;
};

/** A fresh database, a fresh sandbox and a platform between them; all gone after the run. */
async function openWorld(seed: number): Promise<World> {
  const dataDir = resolvePath(process.env.TIEOUT_DATA_DIR ?? '.tieout');
  const runDir = join(dataDir, `demo-${process.pid}`);
  mkdirSync(runDir, { recursive: true, mode: 0o700 });
  const database = await openDatabase(
    process.env.DATABASE_URL ?? null,
    dataDir,
    `demo_${process.pid}`,
  );
  const children: Child[] = [];
  const stop = async (): Promise<void> => {
    for (const child of children.toReversed()) await child.stop();
    await database.stop();
    rmSync(runDir, { recursive: true, force: true });
  };
  try {
    const secret = newSecret();
    const sandbox = await startSandboxProcess({
      port: 0,
      secret,
      seed,
      timeScale: DEMO_TIME_SCALE,
      journalPath: null,
    });
    children.push(sandbox);
    const port = await freePort();
    const apiUrl = `http://127.0.0.1:${port}`;
    const config = writeWorldConfig(runDir, sandbox.url, secret, apiUrl, {
      policy: DEMO_POLICY,
      worker: { pollMs: 100 },
      account: DEMO_ACCOUNT,
    });
    const merchant = await prepareMerchant(database.url, sandbox.url);
    children.push(
      await startPlatformProcess('api,worker', {
        TIEOUT_CONFIG: config,
        TIEOUT_PORT: String(port),
        DATABASE_URL: database.url,
        TIEOUT_LOG: process.env.TIEOUT_LOG ?? 'error',
      }),
    );
    return { ...merchant, apiUrl, sandboxUrl: sandbox.url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function announce(): void {
  say('Compressed policy: orders live 20 s instead of 30 min, the first query runs after 1 s,');
  say(
    `then ${DEMO_QUERY_DELAYS_MS.slice(1)
      .map((ms) => `${ms / 1000} s`)
      .join(', ')}; the channels' own waits are scaled by ${DEMO_TIME_SCALE}.`,
  );
}

async function playAll(orders: readonly DemoOrder[], world: World): Promise<void> {
  const progress = newProgress('payments sent', orders.length);
  let done = 0;
  await eachLimited(orders, IN_FLIGHT_MAX, async (order) => {
    await playOne(order, world);
    done += 1;
    progress.update(done);
  });
  progress.end();
}

async function playOne(order: DemoOrder, world: World): Promise<void> {
  const created = await callUntilTaken(world, '/v1/payments', {
    merchant_order_no: order.merchantOrderNo,
    amount: order.amountMinor,
    currency: 'CNY',
    subject: `Demo: ${order.scenario}`,
    channel: order.channel,
    product: order.product,
    metadata: { scenario: order.scenario },
  });
  if (created.status > 201) {
    throw new Error(
      `creating ${order.merchantOrderNo} answered ${created.status}: ${created.text}`,
    );
  }
  if (!order.closes) return;
  const id = readId(created.text);
  if (id !== null) await call(world, 'POST', `/v1/payments/${id}/close`, {});
}

/** A merchant's habit: a busy platform is asked again, with the same number. */
async function callUntilTaken(
  world: World,
  path: string,
  body: unknown,
): Promise<{ status: number; text: string }> {
  for (let tries = 1; ; tries++) {
    const answer = await call(world, 'POST', path, body);
    if (answer.status !== 503 || tries === BUSY_TRIES_MAX) return answer;
    await new Promise((resolve) => setTimeout(resolve, BUSY_PAUSE_MS));
  }
}

/** Waits until nothing is open any more, or time is up; the last report is the verdict. */
async function settle(orders: readonly DemoOrder[], world: World): Promise<AuditReport> {
  const expectations = new Map(orders.map((order) => [order.merchantOrderNo, order.expected]));
  const untilMs = performance.now() + SETTLE_WITHIN_MS;
  const request = {
    booksUrl: `${world.sandboxUrl}/books`,
    apiUrl: world.apiUrl,
    secretKey: world.secretKey,
    expectations,
  };
  const progress = newProgress('payments tied out', orders.length);
  for (;;) {
    const report = await audit(request);
    const isOver = report.verdict === 'tied_out' || performance.now() > untilMs;
    progress.update(Math.max(0, orders.length - report.totals.unresolved));
    if (isOver) {
      progress.end();
      return report;
    }
    await new Promise((resolve) => setTimeout(resolve, SETTLE_LOOK_EVERY_MS));
  }
}

function show(
  report: AuditReport,
  orders: readonly DemoOrder[],
  seed: number,
  { json, lang }: Invocation,
): void {
  say(demoTable(report, orders, lang));
  for (const finding of report.findings.slice(0, 20)) {
    say(
      `✗ ${finding.code}: ${finding.message} (${finding.merchantOrderNo ?? finding.channelOrderNo ?? '?'})`,
    );
  }
  const { totals, verdict } = report;
  if (json) print(JSON.stringify({ seed, ...totals, verdict }));
  else print(`unresolved: ${totals.unresolved}\nverdict: ${verdict}`);
}

async function call(
  world: World,
  method: string,
  path: string,
  body: unknown,
): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${world.apiUrl}${path}`, {
    method,
    headers: { authorization: `Bearer ${world.secretKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, text: await answer.text() };
}

function readId(text: string): string | null {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || !('id' in value)) return null;
  return typeof value.id === 'string' ? value.id : null;
}
