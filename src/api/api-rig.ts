/**
 * The API in a test: a real database, the real door and requests, and a channel whose answers the
 * test chooses. Nothing listens; requests are injected.
 */
import { TOGETHER } from '../core/decision.ts';
import { randomBytes } from 'node:crypto';
import type { FastifyInstance, InjectOptions } from 'fastify';
import pino from 'pino';
import { Registry } from 'prom-client';
import { ID_RANDOM_BYTES, newId, newPaymentId } from '../core/id.ts';
import { POLICY_DEFAULT } from '../core/policy.ts';
import type { Door } from '../runtime/apply.ts';
import { openDoor } from '../runtime/apply.ts';
import type { OffsetClock } from '../runtime/clock.ts';
import { offsetClock } from '../runtime/clock.ts';
import { newOperatorDesk } from '../runtime/operator-desk.ts';
import { newPerformer } from '../runtime/perform.ts';
import { newReconciler } from '../runtime/reconcile/reconciler.ts';
import { newRequests } from '../runtime/requests.ts';
import { isDataError } from '../store/postgres/errors.ts';
import { createKey, createMerchant, createOperator } from '../store/postgres/merchants.ts';
import type { Pool } from '../store/postgres/pool.ts';
import { openPool } from '../store/postgres/pool.ts';
import { postgresStore } from '../store/postgres/postgres-store.ts';
import type { ApiDependencies } from './dependencies.ts';
import { watchAnswers } from './documented-answers.ts';
import type { Script } from './scripted-channels.ts';
import { CLOSED, PAYABLE, RULES, scriptedConnectors, WAITING } from './scripted-channels.ts';
import { buildApi } from './server.ts';

export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Readonly<Record<string, unknown>>;
};

const killPoint = (): void => {};

export type ApiRig = {
  readonly app: FastifyInstance;
  readonly pool: Pool;
  readonly door: Door;
  readonly clock: OffsetClock;
  /** The channel's answers, to be changed by the test. */
  readonly script: Script;
  readonly shop: Shop;
  readonly otherShop: Shop;
  readonly operatorKey: string;
  /** Lines that were logged. */
  readonly logged: string[];
  /** Answers that the OpenAPI document does not describe: always empty. */
  readonly undocumented: string[];
  close(): Promise<void>;
};

export type Shop = {
  readonly merchantNumber: number;
  readonly key: string;
  call(
    method: Method,
    url: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>;
};
export type Method = 'GET' | 'POST' | 'DELETE' | 'PUT' | 'PATCH';

/** Opens the API on a migrated database. */
export async function openApi(
  databaseUrl: string,
  change: Partial<ApiDependencies> = {},
): Promise<ApiRig> {
  const pool = openPool(databaseUrl, { max: 8, onError: () => {} });
  const script: Script = { pay: PAYABLE, query: WAITING, close: CLOSED };
  const logged: string[] = [];
  const { door, deps } = newParts(pool, script, logged);
  const app = buildApi({ ...deps, ...change });
  const undocumented = watchAnswers(app);
  await app.ready();
  const people = await preparePeople(pool, deps.newId);
  return {
    app,
    pool,
    door,
    clock: deps.clock,
    script,
    shop: newShop(app, people.shop),
    otherShop: newShop(app, people.otherShop),
    operatorKey: people.operatorKey,
    logged,
    undocumented,
    close: async () => {
      await app.close();
      await door.drain();
      await pool.end();
    },
  };
}

function newParts(
  pool: Pool,
  script: Script,
  logged: string[],
): { door: Door; deps: ApiDependencies } {
  const clock = offsetClock();
  const store = postgresStore(pool);
  const freshId = (prefix: string): string =>
    newId(prefix, clock.nowMs(), randomBytes(ID_RANDOM_BYTES));
  const connectors = scriptedConnectors(script);
  const context = () => ({
    nowMs: clock.nowMs(),
    ...TOGETHER,
    policy: POLICY_DEFAULT,
    rules: () => RULES,
    newId: freshId,
  });
  const door = openDoor({
    store,
    context,
    killPoint,
    defer: (run) => setImmediate(run),
    isDataError,
    laneCount: 2,
    batchSizeMax: 16,
    pause: async () => await clock.sleep(1),
  });
  const performer = newPerformer(
    connectors,
    door,
    clock,
    killPoint,
    async () => await Promise.resolve('allowed'),
  );
  const ground = { store, door, performer, connectors, clock };
  const deps: ApiDependencies = {
    pool,
    channelPool: pool,
    bulkPool: pool,
    reconciler: newReconciler({ ...ground, pool, freshId, killPoint, caseDeadlineMs: 1_000 }),
    store,
    requests: newRequests({ ...ground, killPoint }),
    desk: newOperatorDesk({ ...ground, pool, channelPool: pool, context }),
    receiver: { receive: async () => await Promise.resolve(null) },
    connectors,
    clock,
    policy: POLICY_DEFAULT,
    linkOf: () => null,
    newId: freshId,
    newPaymentId: (number) => newPaymentId(number, clock.nowMs(), randomBytes(ID_RANDOM_BYTES)),
    requestDeadlineMs: 5_000,
    mode: 'sandbox',
    testClock: null,
    sandboxUrl: null,
    notReady: async () => await Promise.resolve(null),
    metrics: new Registry(),
    log: pino({ level: 'info' }, { write: (line) => void logged.push(line) }),
  };
  return { door, deps };
}

async function preparePeople(pool: Pool, freshId: (prefix: string) => string) {
  const nowMs = Date.now();
  const shopOf = async (name: string) => {
    const { number: merchantNumber } = await createMerchant(pool, { name, nowMs, newId: freshId });
    const { key } = await createKey(pool, { merchantNumber, nowMs, random: randomBytes(32) });
    return { merchantNumber, key };
  };
  const { id: operatorId } = await createOperator(pool, {
    name: freshId('name'),
    nowMs,
    newId: freshId,
  });
  const { key: operatorKey } = await createKey(pool, {
    operatorId,
    nowMs,
    random: randomBytes(32),
  });
  return { shop: await shopOf('Tea shop'), otherShop: await shopOf('Book shop'), operatorKey };
}

function newShop(app: FastifyInstance, owner: { merchantNumber: number; key: string }): Shop {
  return {
    ...owner,
    call: async (method, url, body, headers = {}) =>
      await inject(app, {
        method,
        url,
        headers: { authorization: `Bearer ${owner.key}`, ...headers },
        ...(body !== undefined && { payload: Object(body) }),
      }),
  };
}

/** Injects a request and reads the answer as JSON; an answer that is none is under `text`. */
export async function inject(app: FastifyInstance, options: InjectOptions): Promise<Answer> {
  const answer = await app.inject(options);
  const isJson = /json/.test(String(answer.headers['content-type']));
  const body: unknown = isJson ? JSON.parse(answer.payload) : { text: answer.payload };
  return { status: answer.statusCode, headers: answer.headers, body: Object(body) };
}
