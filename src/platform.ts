/**
 * The wiring: every part is made here and handed to the parts that need it. Nothing else reaches for
 * a clock, for randomness, for the environment or for a connection.
 */
import type { TOGETHER } from './core/decision.ts';
import { randomFillSync } from 'node:crypto';
import pino from 'pino';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import type { ApiDependencies } from './api/dependencies.ts';
import { buildConnectors } from './channels/catalogue.ts';
import type { Connectors } from './channels/connector.ts';
import type { Aggregate } from './core/aggregate.ts';
import type { Context } from './core/decision.ts';
import { ID_RANDOM_BYTES, newId, newPaymentId } from './core/id.ts';
import type { Message } from './core/message.ts';
import type { Door } from './runtime/apply.ts';
import type { OffsetClock } from './runtime/clock.ts';
import { offsetClock } from './runtime/clock.ts';
import type { Config } from './runtime/config.ts';
import { killPoints } from './runtime/kill-point.ts';
import type { KillPoints } from './runtime/kill-point.ts';
import type { Metrics } from './runtime/metrics.ts';
import { newMetrics } from './runtime/metrics.ts';
import type { NoticeSender } from './runtime/notice-sender.ts';
import { measureOpenWork } from './runtime/open-work.ts';
import { newNoticeSender } from './runtime/notice-sender.ts';
import { newOperatorDesk } from './runtime/operator-desk.ts';
import type { LinkOf } from './runtime/payment-object.ts';
import type { Books } from './runtime/open-books.ts';
import { openBooks } from './runtime/open-books.ts';
import type { Brake, Performer } from './runtime/perform.ts';
import { newPerformer } from './runtime/perform.ts';
import type { Databases } from './runtime/pools.ts';
import { openPools } from './runtime/pools.ts';
import { newRandomSupply } from './runtime/random-supply.ts';
import { newRateLimit } from './runtime/rate-limit.ts';
import { newReceiver } from './runtime/receive.ts';
import { newDailyReconciliation } from './runtime/reconcile/daily-reconciliation.ts';
import type { Reconciler } from './runtime/reconcile/reconciler.ts';
import { newReconciler } from './runtime/reconcile/reconciler.ts';
import { newRequests } from './runtime/requests.ts';
import { sandboxControl } from './runtime/sandbox-control.ts';
import { newStoredNotifications } from './runtime/stored-notifications.ts';
import { newTestClock } from './runtime/test-clock.ts';
import type { Worker } from './runtime/worker.ts';
import { newWorker } from './runtime/worker.ts';
import { firstPaymentAtMs } from './store/postgres/day-closing.ts';
import { purgeIdempotencyKeys } from './store/postgres/idempotency.ts';
import type { BookPools } from './store/postgres/book-databases.ts';
import type { Pool } from './store/postgres/pool.ts';
import { spend } from './store/postgres/refund-brake.ts';
import type { Store } from './store/store.ts';

export type Platform = {
  readonly api: ApiDependencies;
  readonly worker: Worker;
  readonly clock: OffsetClock;
  readonly log: Logger;
  /** Has the notices of this process's own commits sent by itself, from memory; for processes that work. */
  readonly sendOwnNotices: () => void;
  /** Ends what is under way and closes the connections. */
  stop(): Promise<void>;
};

/** A notification whose decision takes longer is stored and answered; far below any channel's patience. */
const APPLY_WITHIN_MS = 2_000;

const random = newRandomSupply((into) => void randomFillSync(into));

/** Builds a platform on a database that is migrated. */
export async function buildPlatform(config: Config, databases: Databases): Promise<Platform> {
  const log = pino({ level: config.logLevel });
  const pools = openPools(config, databases, (error) =>
    log.warn({ error: error.message }, 'a database connection broke'),
  );
  const pool = pools.books.payment;
  const clock = offsetClock();
  const killPoint = killPoints(config.killAt, () => process.kill(process.pid, 'SIGKILL'));
  const freshId = (prefix: string): string => newId(prefix, clock.nowMs(), random(ID_RANDOM_BYTES));
  const registry = new Registry();
  const metrics = newMetrics(registry);
  measureOpenWork(registry, pool, pools.books.channel);
  const { publicUrl, requestDeadlineMs, merchantWaitMs } = config;
  const surroundings = { publicUrl, nowMs: clock.nowMs, requestDeadlineMs, merchantWaitMs };
  const connectors = metrics.measureCalls(buildConnectors(config.accounts, surroundings));
  const late: { performer: Performer | null } = { performer: null };
  const books = openBooks({
    ...bookOptions(config),
    pools: pools.books,
    replicas: pools.replicas,
    clock,
    killPoint,
    context: () => contextOf(config, connectors, clock),
    onError: (error) => log.warn({ error: wordsOf(error) }, 'a message will be brought again'),
    onLateSubmit: (aggregate, attempt) => {
      const call = { planned: false, deadlineAtMs: Number.POSITIVE_INFINITY, permit: null };
      // Whatever comes of it, the order's first question is committed.
      void late.performer?.perform(aggregate, attempt, 'pay', call).catch(() => null);
    },
  });
  await books.start();
  const { store, door } = books;
  const ground = { store, door, connectors, clock, killPoint, freshId };
  const parts: Parts = {
    config,
    log,
    pool,
    books,
    registry,
    metrics,
    bulkPool: pools.bulk,
    ...ground,
  };
  late.performer = newPerformer(connectors, door, clock, killPoint, brakeOf(parts));
  const notices = buildNotices(parts);
  const worker = buildWorker(parts, notices);
  return {
    api: buildApiDependencies(parts, worker),
    worker,
    clock,
    log,
    sendOwnNotices: notices.sendOwn,
    stop: async () => {
      await notices.stop();
      await door.drain();
      await connectors.close();
      await pools.end();
    },
  };
}

function bookOptions({ coupling, mode, worker }: Config) {
  const { leaseMs, claimSizeMax, scanEveryMs } = worker;
  const practice = mode === 'sandbox' ? { isLost: isLostForPractice } : {};
  return { coupling, leaseMs, claimSizeMax, scanEveryMs, ...practice };
}

/** In a sandbox an internal drop can be practised: what the channel book has to tell of a charge is lost. */
function isLostForPractice({ payment }: Aggregate, message: Message): boolean {
  return message.type === 'charge' && payment.metadata['scenario'] === 'internal_drop';
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

type Parts = {
  readonly config: Config;
  readonly books: Books;
  readonly bulkPool: Pool;
  readonly log: Logger;
  readonly pool: Pool;
  readonly clock: OffsetClock;
  readonly store: Store;
  readonly killPoint: KillPoints;
  readonly freshId: (prefix: string) => string;
  readonly connectors: Connectors;
  readonly door: Door;
  readonly registry: Registry;
  readonly metrics: Metrics;
};

function contextOf(
  config: Config,
  connectors: Connectors,
  clock: OffsetClock,
): Omit<Context, keyof typeof TOGETHER> {
  const nowMs = clock.nowMs();
  return {
    nowMs,
    policy: config.policy,
    rules: (channel, account) => {
      const connector = connectors.get(channel, account);
      if (!connector) {
        throw new Error(`the channel account ${channel}/${account} is not configured`);
      }
      return connector.rules;
    },
    // The decision's own time: the events of a payment are found by the time inside their ids.
    newId: (prefix) => newId(prefix, nowMs, random(ID_RANDOM_BYTES)),
  };
}

/** The brake of this installation: its limits are the policy's, its counts are in the database. */
function brakeOf({ config, books, clock }: Parts): Brake {
  const { automaticRefundsPerHourMax, automaticRefundMinorPerHourMax } = config.policy;
  const limits = {
    countPerHourMax: automaticRefundsPerHourMax,
    minorPerHourMax: automaticRefundMinorPerHourMax,
  };
  return async (spending) =>
    await spend(books.pools.channel, { ...spending, nowMs: clock.nowMs() }, limits);
}

function buildNotices({
  config,
  pool,
  store,
  door,
  clock,
  killPoint,
  connectors,
}: Parts): ReturnType<typeof newNoticeSender> {
  return newNoticeSender({
    pool,
    store,
    door,
    clock,
    wallMs: clock.wallMs,
    killPoint,
    linkOf: linkOf(connectors),
    mode: config.mode,
    leaseMs: config.worker.leaseMs,
  });
}

function reconcilerOf(parts: Parts): Reconciler {
  const { config, bulkPool, store, door, connectors, clock, killPoint, freshId } = parts;
  return newReconciler({
    pool: bulkPool,
    store,
    door,
    performer: newPerformer(connectors, door, clock, killPoint, brakeOf(parts)),
    clock,
    killPoint,
    freshId,
    caseDeadlineMs: config.policy.caseDeadlineMs,
  });
}

function buildWorker(parts: Parts, notices: NoticeSender): Worker {
  const { config, log, pool, clock, store, killPoint, connectors, door } = parts;
  const limits = new Map(connectors.all.map((one) => [one, newRateLimit(one.queriesPerSecond)]));
  return newWorker({
    store,
    door,
    performer: newPerformer(connectors, door, clock, killPoint, brakeOf(parts)),
    notices,
    applyStoredNotifications: newStoredNotifications(
      parts.books.pools.channel,
      door,
      clock,
      config.worker.leaseMs,
    ).applyDue,
    connectors,
    policy: config.policy,
    clock,
    killPoint,
    rateLimit: (connector) => limits.get(connector) ?? newRateLimit(connector.queriesPerSecond),
    leaseMs: config.worker.leaseMs,
    claimSizeMax: config.worker.claimSizeMax,
    onMissed: (count) =>
      log.warn({ count }, 'the daily sweep found work that the running sweep had missed'),
    purge: async () => {
      await purgeIdempotencyKeys(pool, clock.nowMs());
      await parts.books.daily();
    },
    moreKinds: parts.books.work,
    atDaysEnd: newDailyReconciliation({
      reconciler: reconcilerOf(parts),
      connectors,
      clock,
      pool: parts.bulkPool,
      firstPaymentAtMs: async () => await firstPaymentAtMs(pool),
      policy: config.policy,
    }),
    onError: (error) =>
      log.error(
        { error: error instanceof Error ? error.message : String(error) },
        'a worker round failed',
      ),
  });
}

function buildApiDependencies(parts: Parts, worker: Worker): ApiDependencies {
  const { config, log, pool, clock, store, killPoint, freshId, connectors, door } = parts;
  const { registry, metrics } = parts;
  const performer = newPerformer(connectors, door, clock, killPoint, brakeOf(parts));
  const stored = newStoredNotifications(
    parts.books.pools.channel,
    door,
    clock,
    config.worker.leaseMs,
  );
  const context = (): Context => ({
    ...contextOf(config, connectors, clock),
    ...parts.books.dryRun,
  });
  const outside = config.sandboxUrl === null ? null : sandboxControl(config.sandboxUrl);
  return {
    pool,
    channelPool: parts.books.pools.channel,
    bulkPool: parts.bulkPool,
    reconciler: reconcilerOf(parts),
    store: parts.books.readStore,
    requests: newRequests({ store, door, performer, connectors, clock, killPoint }),
    desk: newOperatorDesk({
      pool,
      channelPool: parts.books.pools.channel,
      store,
      door,
      performer,
      connectors,
      clock,
      context,
    }),
    receiver: newReceiver({
      connectors,
      door,
      store: stored,
      clock,
      killPoint,
      count: metrics.countNotification,
      applyWithinMs: APPLY_WITHIN_MS,
    }),
    connectors,
    clock,
    policy: config.policy,
    linkOf: linkOf(connectors),
    newId: freshId,
    newPaymentId: (merchantNumber) =>
      newPaymentId(merchantNumber, clock.nowMs(), random(ID_RANDOM_BYTES)),
    requestDeadlineMs: config.requestDeadlineMs,
    mode: config.mode,
    testClock: config.mode === 'sandbox' ? newTestClock(pool, clock, worker, outside) : null,
    sandboxUrl: config.sandboxUrl,
    notReady: async () => await notReady(parts.books.pools),
    metrics: registry,
    log,
  };
}

/** Why requests cannot be served just now; null when they can. */
async function notReady({ payment, channel }: BookPools): Promise<string | null> {
  try {
    await payment.query('SELECT 1');
    if (channel !== payment) await channel.query('SELECT 1');
    return null;
  } catch (error) {
    return `The database does not answer: ${wordsOf(error)}`;
  }
}

/** The link of a product that opens by one, from its connector. */
function linkOf(connectors: Connectors): LinkOf {
  return (order, payment) => {
    const connector = connectors.get(order.channel, order.account);
    if (!connector?.rules.products[order.product]?.opensByLink) return null;
    return connector.link(order, payment);
  };
}
