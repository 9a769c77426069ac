/**
 * `tieout demo`: the main job, finite. Payments through every fault, over real HTTP, on a real
 * PostgreSQL; then an auditor who shares nothing with the platform compares three sets of books.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve as resolvePath } from 'node:path';
import { audit } from '../sandbox/auditor.ts';
import type { AuditReport } from '../sandbox/auditor.ts';
import { scenarioNames } from '../sandbox/scenarios.ts';
import type { ScenarioName } from '../sandbox/scenarios.ts';
import type { Command, Invocation } from './command.ts';
import { UsageError, integerFlag } from './command.ts';
import { couplingFlag } from './coupling-flag.ts';
import { openDatabases } from './database.ts';
import type { DemoDays } from './demo-day.ts';
import { closeDemoDays } from './demo-day.ts';
import type { DemoOrder } from './demo-orders.ts';
import { demoOrders } from './demo-orders.ts';
import { FINDING_WORDS, demoTable } from './demo-table.ts';
import { playOrder } from './demo-play.ts';
import { freePort } from './free-port.ts';
import { readConfig } from '../runtime/config.ts';
import { eachLimited } from '../runtime/limit.ts';
import { prepareMerchant } from './prepare-merchant.ts';
import type { PreparedMerchant } from './prepare-merchant.ts';
import { newProgress, print, say } from './terminal.ts';
import { newSecret, startPlatformProcess, startSandboxProcess, writeWorldConfig } from './world.ts';
import type { Child } from './world.ts';
import type { Lang } from './words.ts';

/** Hours of waiting, pressed into a minute; printed before the run, because it is not what a real day looks like. */
const DEMO_POLICY = {
  expiresInMsDefault: 20_000,
  closeRetryMs: 500,
  closeRetryMsMax: 4_000,
  // The brake on automatic refunds is for the unexpected; here every duplicate was ordered.
  automaticRefundsPerHourMax: 1_000_000,
  automaticRefundMinorPerHourMax: 1_000_000_000_000,
};
const DEMO_QUERY_DELAYS_MS = [1_000, 1_500, 2_000, 3_000, 4_000];
/** Patience with a channel, compressed like the rest: a call is given up after 1.5 s instead of 5 s. */
const DEMO_ACCOUNT = {
  connect_timeout_ms: 300,
  read_timeout_ms: 1_200,
  call_deadline_ms: 1_500,
  queries_per_second: 200,
  query_delays_ms: DEMO_QUERY_DELAYS_MS,
  refund_query_delays_ms: [500, 1_000, 2_000, 3_000],
  refund_retry_ms: 1_000,
  refund_gap_ms: 100,
  fee_basis_points: 60,
};
const DEMO_TIME_SCALE = 0.04;
const IN_FLIGHT_MAX = 48;
const SETTLE_WITHIN_MS = 75_000;
const SETTLE_LOOK_EVERY_MS = 1_500;
/** A read mends an internal drop at once. So that the scan has something to find, nobody reads for longer than it waits before it calls a message missing. */
const SCAN_UNSEEN_MS = 8_000;
const FINDINGS_SHOWN_MAX = 20;

export const demo: Command = {
  name: 'demo',
  takes: '[scenario]',
  takesMax: 1,
  summary: {
    en: 'Play payments through every fault and prove that all of them tie out',
    zh: '让支付经历每一种故障，并证明全部轧平',
  },
  examples: ['demo', 'demo lost_notification --payments 60', 'demo --payments 300 --seed 7 --json'],
  flags: {
    payments: {
      type: 'string',
      value: 'N',
      help: { en: 'How many payments (default 1000)', zh: '支付笔数（默认 1000）' },
    },
    seed: {
      type: 'string',
      value: 'N',
      help: {
        en: 'Draws amounts, products and faults (default 1)',
        zh: '决定金额、产品和故障的随机种子（默认 1）',
      },
    },
    coupling: {
      type: 'string',
      value: 'NAME',
      help: {
        en: 'together (default), relay or two_phase: the two books in one database or in two',
        zh: 'together（默认）、relay 或 two_phase：两账本同库或分库',
      },
    },
  },
  run: async (invocation) => {
    const payments = integerFlag(invocation, 'payments', 1_000, { min: 1, max: 1_000_000 });
    const seed = integerFlag(invocation, 'seed', 1, { min: 0, max: 2 ** 32 - 1 });
    const stamp = Date.now().toString(36).toUpperCase();
    const orders = demoOrders(payments, seed, stamp, scenarioOf(invocation));
    const { lang } = invocation;
    announce(lang);
    const coupling = couplingFlag(invocation) ?? process.env.TIEOUT_COUPLING ?? 'together';
    const world = await openWorld(seed, coupling);
    try {
      await playAll(orders, world, lang);
      if (coupling === 'relay' && orders.some(({ scenario }) => scenario === 'internal_drop')) {
        await new Promise((resolve) => setTimeout(resolve, SCAN_UNSEEN_MS));
      }
      const report = await settle(orders, world, lang);
      const days = await closeDemoDays(world, lang);
      show(report, orders, seed, days, invocation);
      return report.verdict === 'tied_out' && days.isClosed ? 0 : 1;
    } finally {
      await world.stop();
    }
  },
};

/** The one scenario that was asked for, or null for all of them. */
function scenarioOf({ positionals }: Invocation): ScenarioName | null {
  const [name] = positionals;
  if (name === undefined) return null;
  const scenario = scenarioNames().find((one) => one === name);
  if (scenario !== undefined) return scenario;
  throw new UsageError({
    en: `There is no scenario ${JSON.stringify(name)}; there are ${scenarioNames().join(', ')}.`,
    zh: `没有场景 ${JSON.stringify(name)}；可用：${scenarioNames().join('、')}。`,
  });
}

type World = PreparedMerchant & {
  readonly apiUrl: string;
  readonly sandboxUrl: string;
  stop(): Promise<void>;
};

/** A fresh database, a fresh sandbox and a platform between them; all gone after the run. */
async function openWorld(seed: number, coupling: string): Promise<World> {
  const dataDir = resolvePath(process.env.TIEOUT_DATA_DIR ?? '.tieout');
  const runDir = join(dataDir, `demo-${process.pid}`);
  mkdirSync(runDir, { recursive: true, mode: 0o700 });
  const environment = { ...process.env, TIEOUT_CONFIG: undefined, TIEOUT_COUPLING: coupling };
  const coupled = readConfig(environment, process.cwd());
  const databases = await openDatabases(coupled, dataDir, `demo_${process.pid}`);
  const children: Child[] = [];
  const stop = async (): Promise<void> => {
    for (const child of children.toReversed()) await child.stop();
    await databases.stop();
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
      worker: { pollMs: 100, scanEveryMs: 1_000 },
      account: DEMO_ACCOUNT,
    });
    const merchant = await prepareMerchant(databases.payment, sandbox.url);
    children.push(
      await startPlatformProcess('api,worker', {
        TIEOUT_CONFIG: config,
        TIEOUT_PORT: String(port),
        DATABASE_URL: databases.payment,
        TIEOUT_COUPLING: coupling,
        ...(databases.channel !== null && { CHANNEL_DATABASE_URL: databases.channel }),
        TIEOUT_LOG: process.env.TIEOUT_LOG ?? 'error',
      }),
    );
    return { ...merchant, apiUrl, sandboxUrl: sandbox.url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function announce(lang: Lang): void {
  const rest = DEMO_QUERY_DELAYS_MS.slice(1).map((ms) => ms / 1000);
  const first = (DEMO_QUERY_DELAYS_MS[0] ?? 0) / 1000;
  say(
    {
      en:
        `Compressed times: orders live 20 s instead of 30 min; the first query runs after ${first} s,\n` +
        `then after ${rest.join(', ')} s; the scenarios' own times are multiplied by ${DEMO_TIME_SCALE}.\n` +
        'Starting PostgreSQL, the sandbox channels and the platform …',
      zh:
        `压缩后的时间：订单有效期 20 秒（平时 30 分钟）；首次查单在 ${first} 秒后，\n` +
        `之后依次间隔 ${rest.join('、')} 秒；各场景自身的时间乘以 ${DEMO_TIME_SCALE}。\n` +
        '正在启动 PostgreSQL、沙箱渠道和平台……',
    }[lang],
  );
}

async function playAll(orders: readonly DemoOrder[], world: World, lang: Lang): Promise<void> {
  const progress = newProgress(lang === 'zh' ? '已下单' : 'payments sent', orders.length, lang);
  let done = 0;
  await eachLimited(orders, IN_FLIGHT_MAX, async (order) => {
    await playOrder(order, world);
    done += 1;
    progress.update(done);
  });
  progress.end();
}

/**
 * Waits until nothing is open any more, or time is up; the last report is the verdict. It must find the
 * same twice: a channel may still have something to say, and a scan something to find that a look
 * would mend at once.
 */
async function settle(
  orders: readonly DemoOrder[],
  world: World,
  lang: Lang,
): Promise<AuditReport> {
  const expectations = new Map(orders.map((order) => [order.merchantOrderNo, order.expected]));
  const untilMs = performance.now() + SETTLE_WITHIN_MS;
  const request = {
    booksUrl: `${world.sandboxUrl}/books`,
    apiUrl: world.apiUrl,
    secretKey: world.secretKey,
    expectations,
  };
  const progress = newProgress(lang === 'zh' ? '已轧平' : 'payments tied out', orders.length, lang);
  let wasTiedOut = false;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_LOOK_EVERY_MS));
    const report = await audit(request);
    const isTiedOut = report.verdict === 'tied_out';
    progress.update(Math.max(0, orders.length - report.totals.unresolved));
    if ((isTiedOut && wasTiedOut) || performance.now() > untilMs) {
      progress.end();
      return report;
    }
    wasTiedOut = isTiedOut;
  }
}

function show(
  report: AuditReport,
  orders: readonly DemoOrder[],
  seed: number,
  days: DemoDays,
  { json, lang }: Invocation,
): void {
  say(demoTable(report, orders, lang));
  say(days.text);
  for (const finding of report.findings.slice(0, FINDINGS_SHOWN_MAX)) {
    const words = lang === 'zh' ? FINDING_WORDS[finding.code] : finding.message;
    say(
      `✗ ${finding.code}: ${words} (${finding.merchantOrderNo ?? finding.channelOrderNo ?? '?'})`,
    );
  }
  if (report.findings.length > FINDINGS_SHOWN_MAX) {
    const more = report.findings.length - FINDINGS_SHOWN_MAX;
    say({ en: `… and ${more} more`, zh: `……另有 ${more} 条` }[lang]);
  }
  const { totals } = report;
  const verdict = days.isClosed ? report.verdict : 'not_tied_out';
  if (json) print(JSON.stringify({ seed, ...totals, verdict }));
  else print(verdictText(totals.unresolved, verdict, lang));
}

function verdictText(unresolved: number, verdict: AuditReport['verdict'], lang: Lang): string {
  if (lang === 'en') return `unresolved: ${unresolved}\nverdict: ${verdict}`;
  return `未了结：${unresolved}\n结论：${verdict === 'tied_out' ? '轧平' : '未轧平'}（${verdict}）`;
}
