/**
 * Real books for a test file: a database of its own, the store and the door over it, a clock that
 * only the test moves, and merchants whose payments go through the door like any other.
 */
import { TOGETHER } from '../../src/core/decision.ts';
import { randomBytes } from 'node:crypto';
import { afterAll } from 'vitest';
import type { Aggregate } from '../../src/core/aggregate.ts';
import { newId, newPaymentId } from '../../src/core/id.ts';
import type { CreatePayment, Input } from '../../src/core/input.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { POLICY_DEFAULT } from '../../src/core/policy.ts';
import type { Door } from '../../src/runtime/apply.ts';
import { openDoor } from '../../src/runtime/apply.ts';
import type { Clock } from '../../src/runtime/clock.ts';
import { offsetClock } from '../../src/runtime/clock.ts';
import { isDataError } from '../../src/store/postgres/errors.ts';
import type { Merchant } from '../../src/store/postgres/merchants.ts';
import { createMerchant } from '../../src/store/postgres/merchants.ts';
import type { Pool } from '../../src/store/postgres/pool.ts';
import { openPool } from '../../src/store/postgres/pool.ts';
import { postgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { WebhookEndpoint } from '../../src/store/postgres/webhook-endpoints.ts';
import { createEndpoint } from '../../src/store/postgres/webhook-endpoints.ts';
import type { PaymentKey, Store } from '../../src/store/store.ts';
import { freshDatabase } from './database.ts';
import { countingBytes, createInput, paid } from './scripted-payment.ts';
import { rulesOf } from './scripted-rules.ts';

export type Books = {
  readonly pool: Pool;
  readonly store: Store;
  readonly door: Door;
  readonly clock: Clock & { ms: number };
  /** A fresh TypeID at the clock's time; ids sort in the order in which they were made. */
  readonly id: (prefix: string) => string;
  merchant(name?: string): Promise<Merchant>;
  endpoint(merchant: Merchant, url: string): Promise<WebhookEndpoint>;
  /** A new payment of a merchant; its order number is new too unless it is given. */
  create(merchant: Merchant, change?: Partial<CreatePayment>): Promise<Aggregate>;
  /** Puts one more input in; throws when it is refused. */
  apply(key: PaymentKey, input: Input): Promise<Aggregate>;
  learn(aggregate: Aggregate, outcome: Outcome, attempt?: number): Promise<Aggregate>;
  /** A payment that has its winner, and with it one event. */
  succeed(merchant: Merchant, change?: Partial<CreatePayment>): Promise<Aggregate>;
  reload(aggregate: Aggregate): Promise<Aggregate>;
};

let orderCount = 0;

/** Opens the books; the connections end with the test file. */
export async function openBooks(): Promise<Books> {
  const url = await freshDatabase();
  const pool = openPool(url, { max: 6, onError: () => {} });
  afterAll(async () => await pool.end());
  const clock = { ...offsetClock(), ms: Date.now(), nowMs: () => clock.ms };
  const store = postgresStore(pool);
  const id = (prefix: string): string => newId(prefix, clock.ms, countingBytes());
  const door = openDoor({
    store,
    context: () => ({
      nowMs: clock.ms,
      ...TOGETHER,
      policy: POLICY_DEFAULT,
      rules: rulesOf,
      newId: id,
    }),
    killPoint: () => {},
    defer: (run) => setImmediate(run),
    isDataError,
    laneCount: 2,
    batchSizeMax: 64,
    pause: async () => await clock.sleep(1),
  });
  const apply: Books['apply'] = async (key, input) => {
    const { decision, aggregate } = await door.apply(key, input);
    if (decision.type === 'refused') throw new Error(decision.refusal.detail);
    if (!aggregate) throw new Error('there is no such payment');
    return aggregate;
  };
  const books: Books = {
    pool,
    store,
    door,
    clock,
    id,
    apply,
    merchant: async (name = 'Tea shop') =>
      await createMerchant(pool, { name, nowMs: clock.ms, newId: id }),
    endpoint: async ({ number }, endpointUrl) =>
      await createEndpoint(pool, {
        merchantNumber: number,
        url: endpointUrl,
        nowMs: clock.ms,
        newId: id,
        random: randomBytes(24),
      }),
    create: async ({ number }, change = {}) => {
      orderCount += 1;
      const paymentId = newPaymentId(number, clock.ms, countingBytes());
      const input = { paymentId, merchantNumber: number, merchantOrderNo: `ORDER-${orderCount}` };
      const create = createInput({ ...input, ...change });
      return await apply(create, create);
    },
    learn: async (aggregate, outcome, attempt = 1) => {
      const order = aggregate.orders.find((one) => one.attempt === attempt);
      const { channel = '', account = '' } = order ?? {};
      return await apply(keyOf(aggregate), {
        type: 'outcome_learned',
        attempt,
        outcome,
        evidence: { via: 'query', operation: 'query', raw: outcome.channelCode },
        planned: false,
        from: { channel, account },
      });
    },
    succeed: async (merchant, change) => {
      const aggregate = await books.create(merchant, change);
      return await books.learn(aggregate, paid({ paidAtMs: clock.ms }));
    },
    reload: async (aggregate) => {
      const [loaded] = await store.load([keyOf(aggregate)]);
      if (!loaded) throw new Error('the payment is gone');
      return loaded;
    },
  };
  return books;
}

/** The key of a payment. */
export function keyOf({ payment }: Aggregate): PaymentKey {
  return { merchantNumber: payment.merchantNumber, paymentId: payment.id };
}
