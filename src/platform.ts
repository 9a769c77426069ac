/**
 * The wiring: every part is made here and handed to the parts that need it. Nothing else reaches for
 * a clock, for randomness, for the environment or for a connection.
 */
import { randomFillSync } from 'node:crypto';
import pino from 'pino';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import type { ApiDependencies } from './api/dependencies.ts';
import { buildConnectors } from './channels/catalogue.ts';
import type { Connectors } from './channels/connector.ts';
import type { Context } from './core/decision.ts';
import { ID_RANDOM_BYTES, newId, newPaymentId } from './core/id.ts';
import type { Door } from './runtime/apply.ts';
import { openDoor } from './runtime/apply.ts';
import type { OffsetClock } from './runtime/clock.ts';
import { offsetClock } from './runtime/clock.ts';
import type { Config } from './runtime/config.ts';
import { killPoints } from './runtime/kill-point.ts';
import type { KillPoints } from './runtime/kill-point.ts';
import { newMetrics } from './runtime/metrics.ts';
import type { NoticeSender } from './runtime/notice-sender.ts';
import { newNoticeSender } from './runtime/notice-sender.ts';
import { newOperatorDesk } from './runtime/operator-desk.ts';
import type { LinkOf } from './runtime/payment-object.ts';
import type { Brake } from './runtime/perform.ts';
import { newPerformer } from './runtime/perform.ts';
import { newRandomSupply } from './runtime/random-supply.ts';
import { newRateLimit } from './runtime/rate-limit.ts';
import { newReceiver } from './runtime/receive.ts';
import { newRequests } from './runtime/requests.ts';
import { sandboxControl } from './runtime/sandbox-control.ts';
import { newStoredNotifications } from './runtime/stored-notifications.ts';
import { newTestClock } from './runtime/test-clock.ts';
import type { Worker } from './runtime/worker.ts';
import { newWorker } from './runtime/worker.ts';
import { purgeIdempotencyKeys } from './store/postgres/idempotency.ts';
import { isDataError } from './store/postgres/errors.ts';
import type { Pool } from './store/postgres/pool.ts';
import { openPool } from './store/postgres/pool.ts';
import { spend } from './store/postgres/refund-brake.ts';
import { postgresStore } from './store/postgres/postgres-store.ts';
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

/** Connections of one process: two lanes of the door, reads, claims, and some air. */
const POOL_SIZE = 12;
const LANE_COUNT = 2;
const BATCH_SIZE_MAX = 64;
/** A notification whose decision takes longer is stored and answered; far below any channel's patience. */
const APPLY_WITHIN_MS = 2_000;

const random = newRandomSupply((into) => void randomFillSync(into));

/** Builds a platform on a database that is migrated. */
export function buildPlatform(config: Config, databaseUrl: string): Platform {
  const log = pino({ level: config.logLevel });
  const pool = openPool(databaseUrl, {
    max: POOL_SIZE,
    onError: (error) => log.warn({ error: error.message }, 'a database connection broke'),
  });
  const clock = offsetClock();
  const store = postgresStore(pool);
  const killPoint = killPoints(config.killAt, () => process.kill(process.pid, 'SIGKILL'));
  const freshId = (prefix: string): string => newId(prefix, clock.nowMs(), random(ID_RANDOM_BYTES));
  const connectors = buildConnectors(config.accounts, {
    publicUrl: config.publicUrl,
    nowMs: clock.nowMs,
    requestDeadlineMs: config.requestDeadlineMs,
    merchantWaitMs: config.merchantWaitMs,
  });
  const door = openDoor({
    store,
    context: () => contextOf(config, connectors, clock),
    killPoint,
    defer: (run) => setImmediate(run),
    isDataError,
    laneCount: LANE_COUNT,
    batchSizeMax: BATCH_SIZE_MAX,
    pause: async (tries) => await clock.sleep(50 * 2 ** Math.min(tries, 6)),
  });
  const parts: Parts = { config, log, pool, clock, store, killPoint, freshId, connectors, door };
  const notices = newNoticeSender({
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
      await pool.end();
    },
  };
}

type Parts = {
  readonly config: Config;
  readonly log: Logger;
  readonly pool: Pool;
  readonly clock: OffsetClock;
  readonly store: Store;
  readonly killPoint: KillPoints;
  readonly freshId: (prefix: string) => string;
  readonly connectors: Connectors;
  readonly door: Door;
};

function contextOf(config: Config, connectors: Connectors, clock: OffsetClock): Context {
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
function brakeOf({ config, pool, clock }: Parts): Brake {
  const { automaticRefundsPerHourMax, automaticRefundMinorPerHourMax } = config.policy;
  const limits = {
    countPerHourMax: automaticRefundsPerHourMax,
    minorPerHourMax: automaticRefundMinorPerHourMax,
  };
  return async (spending) => await spend(pool, { ...spending, nowMs: clock.nowMs() }, limits);
}

function buildWorker(parts: Parts, notices: NoticeSender): Worker {
  const { config, log, pool, clock, store, killPoint, connectors, door } = parts;
  const limits = new Map(connectors.all.map((one) => [one, newRateLimit(one.queriesPerSecond)]));
  return newWorker({
    store,
    door,
    performer: newPerformer(connectors, door, clock, killPoint, brakeOf(parts)),
    notices,
    applyStoredNotifications: newStoredNotifications(pool, door, clock, config.worker.leaseMs)
      .applyDue,
    connectors,
    policy: config.policy,
    clock,
    killPoint,
    rateLimit: (connector) => limits.get(connector) ?? newRateLimit(connector.queriesPerSecond),
    leaseMs: config.worker.leaseMs,
    claimSizeMax: config.worker.claimSizeMax,
    onMissed: (count) =>
      log.warn({ count }, 'the daily sweep found work that the running sweep had missed'),
    purge: async () => await purgeIdempotencyKeys(pool, clock.nowMs()),
    onError: (error) =>
      log.error(
        { error: error instanceof Error ? error.message : String(error) },
        'a worker round failed',
      ),
  });
}

function buildApiDependencies(parts: Parts, worker: Worker): ApiDependencies {
  const { config, log, pool, clock, store, killPoint, freshId, connectors, door } = parts;
  const registry = new Registry();
  const metrics = newMetrics(registry);
  const performer = newPerformer(connectors, door, clock, killPoint, brakeOf(parts));
  const stored = newStoredNotifications(pool, door, clock, config.worker.leaseMs);
  const context = (): Context => contextOf(config, connectors, clock);
  const outside = config.sandboxUrl === null ? null : sandboxControl(config.sandboxUrl);
  return {
    pool,
    store,
    requests: newRequests({ store, door, performer, connectors, clock, killPoint }),
    desk: newOperatorDesk({ pool, store, door, connectors, clock, context }),
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
    notReady: async () => {
      try {
        await pool.query('SELECT 1');
        return null;
      } catch (error) {
        return `The database does not answer: ${error instanceof Error ? error.message : String(error)}`;
      }
    },
    metrics: registry,
    log,
  };
}

/** The link of a product that opens by one, from its connector. */
function linkOf(connectors: Connectors): LinkOf {
  return (order, payment) => {
    const connector = connectors.get(order.channel, order.account);
    if (!connector?.rules.products[order.product]?.opensByLink) return null;
    return connector.link(order, payment);
  };
}
