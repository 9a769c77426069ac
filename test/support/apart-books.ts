/**
 * Books in two databases for a test or a proof: a door onto each book alone, whose messages go nowhere
 * but into the outbox; and over them the relay with its hops, its scan and its compensation.
 */
import type { Aggregate } from '../../src/core/aggregate.ts';
import type { Scope } from '../../src/core/decision.ts';
import { newId, newPaymentId } from '../../src/core/id.ts';
import type { CreatePayment, Input } from '../../src/core/input.ts';
import type { Book } from '../../src/core/message.ts';
import { missingMessages } from '../../src/core/missing-messages.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { POLICY_DEFAULT } from '../../src/core/policy.ts';
import type { Applied, Door } from '../../src/runtime/apply.ts';
import { openDoor } from '../../src/runtime/apply.ts';
import type { Clock } from '../../src/runtime/clock.ts';
import { offsetClock } from '../../src/runtime/clock.ts';
import type { RelayDoor } from '../../src/runtime/relay/relay-door.ts';
import { openRelayDoor } from '../../src/runtime/relay/relay-door.ts';
import type { RelayWork } from '../../src/runtime/relay/relay-work.ts';
import { newRelayWork } from '../../src/runtime/relay/relay-work.ts';
import { relayStores } from '../../src/store/apart-stores.ts';
import type { BookDatabases } from '../../src/store/book-databases.ts';
import { loadApart } from '../../src/store/book-databases.ts';
import type { BookPools, ReplicaPools } from '../../src/store/postgres/book-databases.ts';
import { postgresBooks, postgresReaders } from '../../src/store/postgres/book-databases.ts';
import { isDataError } from '../../src/store/postgres/errors.ts';
import { outboxPort, relayStore } from '../../src/store/relay-store.ts';
import type { PaymentKey, Store } from '../../src/store/store.ts';
import { countingBytes, createInput, MERCHANT_NUMBER } from './scripted-payment.ts';
import { rulesOf } from './scripted-rules.ts';

export type ApartBooks = {
  readonly pools: BookPools;
  readonly store: Store;
  /** Each book alone: what it has to say stays in its outbox. */
  readonly alone: Readonly<Record<Book, Door>>;
  readonly door: RelayDoor;
  readonly work: RelayWork;
  readonly clock: Clock & { ms: number };
  /** Orders that came to the channel book too late for their caller. */
  readonly lateSubmits: number[];
  create(change?: Partial<CreatePayment>): Promise<Aggregate>;
  apply(key: PaymentKey, input: Input): Promise<Aggregate>;
  /** What a channel said, put into the channel book alone. */
  learnAlone(
    aggregate: Aggregate,
    outcome: Outcome,
    attempt?: number,
    via?: 'notification' | 'query',
  ): Promise<void>;
  reload(aggregate: Aggregate): Promise<Aggregate>;
  /** Deletes every outbox row of both books, by force. */
  loseOutboxes(): Promise<number>;
  /** Scans both books and compensates until nothing is left to do; answers how many drops were found. */
  heal(): Promise<number>;
};

export const NO_REPLICAS: ReplicaPools = { payment: null, channel: null };
const HOP_WITHIN_MS = 10_000;
const RELAY_AFTER_MS = 3_000;

let orderCount = 0;

export type ApartTimes = {
  /** A clock that runs by itself; else it stands until `ms` is set. */
  readonly nowMs?: () => number;
  /** How often the worker scans; 0 with each of its rounds. */
  readonly scanEveryMs?: number;
};

/** Opens the books over two migrated databases; the pools stay the caller's to end. `spoil` breaks them for a control. */
export function openApartBooks(
  pools: BookPools,
  replicas = NO_REPLICAS,
  times: ApartTimes = {},
  spoil: (databases: BookDatabases) => BookDatabases = (databases) => databases,
): ApartBooks {
  const clock: ApartBooks['clock'] = {
    ...offsetClock(),
    ms: Date.now(),
    nowMs: times.nowMs ?? (() => clock.ms),
  };
  const databases = spoil(postgresBooks(pools));
  const stores = relayStores(databases, RELAY_AFTER_MS);
  const { payment: store } = stores;
  const doorOf = (scope: Scope, own: Store): Door =>
    openDoor({
      store: own,
      context: () => ({
        nowMs: clock.nowMs(),
        scope,
        isApart: true,
        policy: POLICY_DEFAULT,
        rules: rulesOf,
        newId: (prefix) => newId(prefix, clock.nowMs(), countingBytes()),
      }),
      killPoint: () => {},
      defer: (run) => setImmediate(run),
      isDataError,
      laneCount: 2,
      batchSizeMax: 64,
      pause: async () => await clock.sleep(1),
    });
  const alone = { payment: doorOf('payment', store), channel: doorOf('channel', stores.channel) };
  const lateSubmits: number[] = [];
  const door = openRelayDoor({
    doors: alone,
    store,
    outbox: outboxPort(databases),
    clock,
    killPoint: () => {},
    hopWithinMs: HOP_WITHIN_MS,
    onLateSubmit: (_aggregate, attempt) => lateSubmits.push(attempt),
  });
  const readers = postgresReaders(pools, replicas);
  const work = newRelayWork({
    door,
    relay: relayStore(databases, readers),
    store,
    scanStore: { load: async (keys) => await loadApart(readers, keys) },
    clock,
    killPoint: () => {},
    leaseMs: 20_000,
    claimSizeMax: 64,
    scanEveryMs: times.scanEveryMs ?? 0,
    onError: (error) => {
      throw error;
    },
  });
  const apply: ApartBooks['apply'] = async (key, input) => whole(await door.apply(key, input));
  return {
    pools,
    store,
    alone,
    door,
    work,
    clock,
    lateSubmits,
    apply,
    create: async (change = {}) => {
      orderCount += 1;
      const paymentId = newPaymentId(MERCHANT_NUMBER, clock.nowMs(), countingBytes());
      const fresh = { paymentId, merchantOrderNo: `AB-${orderCount}`, ...change };
      const input = createInput(fresh);
      return await apply({ merchantNumber: MERCHANT_NUMBER, paymentId: input.paymentId }, input);
    },
    learnAlone: async (aggregate, outcome, attempt = 1, via = 'notification') => {
      const order = aggregate.orders.find((one) => one.attempt === attempt);
      if (!order) throw new Error(`there is no order ${attempt}`);
      const { channel, account } = order;
      whole(
        await alone.channel.apply(keyOf(aggregate), {
          type: 'outcome_learned',
          attempt,
          outcome,
          evidence: { via, operation: via, raw: outcome.channelCode },
          planned: false,
          from: { channel, account },
        }),
      );
    },
    reload: async (aggregate) => {
      const [found] = await store.load([keyOf(aggregate)]);
      if (!found) throw new Error('the payment is gone');
      return found;
    },
    loseOutboxes: async () => {
      const counts = await Promise.all(
        [pools.payment, pools.channel].map(
          async (pool) => (await pool.query('DELETE FROM outbox')).rowCount ?? 0,
        ),
      );
      return counts.reduce((sum, count) => sum + count, 0);
    },
    heal: async () => {
      let found = 0;
      for (let round = 0; round < 10; round++) {
        // Past the grace in which a message may still be on its way.
        clock.ms += 10_000;
        const scanned = await work.scan();
        found += scanned;
        let done = 1;
        while (done > 0) {
          const counts = await Promise.all(work.kinds.map(async (kind) => await kind()));
          done = counts.reduce((sum, count) => sum + count, 0);
        }
        if (scanned === 0) return found;
      }
      return found;
    },
  };
}

/** Key of a payment. */
export function keyOf({ payment }: Aggregate): PaymentKey {
  return { merchantNumber: payment.merchantNumber, paymentId: payment.id };
}

/** What either book has not heard yet, by key. */
export function unheard(aggregate: Aggregate): string[] {
  return missingMessages(aggregate).map((one) => one.key);
}

function whole({ decision, aggregate }: Applied): Aggregate {
  if (decision.type === 'refused') throw new Error(decision.refusal.detail);
  if (!aggregate) throw new Error('there is no such payment');
  return aggregate;
}
