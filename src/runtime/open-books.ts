/**
 * The two books as the configuration couples them: the stores, the one door, and the work that keeps
 * books in two databases together. 两账本的耦合方式：together · relay · two_phase。
 */
import type { Context } from '../core/decision.ts';
import { TOGETHER } from '../core/decision.ts';
import type { Aggregate } from '../core/aggregate.ts';
import { missingMessages } from '../core/missing-messages.ts';
import { relayStores, twoPhaseStore } from '../store/postgres/apart-stores.ts';
import { isDataError } from '../store/postgres/errors.ts';
import type { BookPools } from '../store/postgres/load-apart.ts';
import { loadApart } from '../store/postgres/load-apart.ts';
import type { Pool } from '../store/postgres/pool.ts';
import { postgresStore } from '../store/postgres/postgres-store.ts';
import {
  maxPreparedTransactions,
  purgeDecisions,
  resolveInDoubt,
} from '../store/postgres/two-phase.ts';
import type { Store } from '../store/store.ts';
import type { Door } from './apply.ts';
import { openDoor } from './apply.ts';
import type { OffsetClock } from './clock.ts';
import type { Coupling } from './config.ts';
import { ConfigError } from './config.ts';
import type { KillPoints } from './kill-point.ts';
import type { RelayDoor } from './relay/relay-door.ts';
import { openRelayDoor } from './relay/relay-door.ts';
import type { ReplicaPools } from './relay/relay-database.ts';
import { outboxPort, relayStore } from './relay/relay-database.ts';
import type { RelayWork } from './relay/relay-work.ts';
import { newRelayWork } from './relay/relay-work.ts';

export type Books = {
  /** The same pool twice where both books share one database. */
  readonly pools: BookPools;
  /** For decisions and jobs. */
  readonly store: Store;
  /** For merchants' reads: a payment that one book has not heard all of is caught up first. */
  readonly readStore: Store;
  readonly door: Door;
  /** Both books at once, as a decision that is only tried sees them. */
  readonly dryRun: Pick<Context, 'scope' | 'isApart'>;
  /** Kinds of work that the coupling needs beside the usual ones. */
  readonly work: readonly (() => Promise<number>)[];
  /** The relay's work, for proofs and the nightly sweep; null with another coupling. */
  readonly relay: RelayWork | null;
  /** Once a day: the full sweep, and what may be forgotten. */
  daily(): Promise<void>;
  /** Refuses a coupling that the databases cannot carry; resolves what a crash left in doubt. */
  start(): Promise<void>;
};

export type BooksOptions = {
  readonly coupling: Coupling;
  readonly pools: BookPools;
  readonly replicas: ReplicaPools;
  readonly clock: OffsetClock;
  readonly killPoint: KillPoints;
  /** The context of one decision, but for which books it may change. */
  readonly context: () => Omit<Context, keyof typeof TOGETHER>;
  readonly leaseMs: number;
  readonly claimSizeMax: number;
  readonly onError: (error: unknown) => void;
  /** Sends an order that came to the channel book after its caller had left. */
  readonly onLateSubmit: (aggregate: Aggregate, attempt: number) => void;
};

const LANE_COUNT = 2;
const BATCH_SIZE_MAX = 64;
/** In line, a message is tried for so long; far below a merchant's wait and a channel's patience. */
const HOP_WITHIN_MS = 1_500;
/** From then on the relay brings it. */
const RELAY_AFTER_MS = 3_000;
const SCAN_EVERY_MS = 30_000;
/** A coordinator that lives finishes within its statement timeout; what is older was left behind. */
const IN_DOUBT_AFTER_MS = 20_000;
const RESOLVE_EVERY_MS = 2_000;
const DAY_MS = 24 * 3_600_000;
const APART = { scope: 'both', isApart: true } as const;

/** Opens the books over their databases. */
export function openBooks(options: BooksOptions): Books {
  switch (options.coupling) {
    case 'together':
      return openTogether(options);
    case 'two_phase':
      return openTwoPhase(options);
    case 'relay':
      return openRelay(options);
  }
}

function doorOf(
  { context, killPoint, clock }: BooksOptions,
  store: Store,
  scope: Pick<Context, 'scope' | 'isApart'>,
): Door {
  return openDoor({
    store,
    context: () => ({ ...context(), ...scope }),
    killPoint,
    defer: (run) => setImmediate(run),
    isDataError,
    laneCount: LANE_COUNT,
    batchSizeMax: BATCH_SIZE_MAX,
    pause: async (tries) => await clock.sleep(50 * 2 ** Math.min(tries, 6)),
  });
}

function openTogether(options: BooksOptions): Books {
  const { pools } = options;
  const store = postgresStore(pools.payment);
  const door = doorOf(options, store, TOGETHER);
  return {
    pools,
    store,
    readStore: store,
    door,
    dryRun: TOGETHER,
    work: [],
    relay: null,
    daily: async () => {},
    start: async () => {},
  };
}

function openTwoPhase(options: BooksOptions): Books {
  const { pools, clock, killPoint } = options;
  const store = twoPhaseStore({ pools, wallMs: clock.wallMs, killPoint });
  const door = doorOf(options, store, APART);
  let nextAtMs = 0;
  const resolve = async (): Promise<number> => {
    if (clock.wallMs() < nextAtMs) return 0;
    nextAtMs = clock.wallMs() + RESOLVE_EVERY_MS;
    return await resolveInDoubt(pools, clock.wallMs(), IN_DOUBT_AFTER_MS);
  };
  return {
    pools,
    store,
    readStore: store,
    door,
    dryRun: APART,
    work: [resolve],
    relay: null,
    daily: async () => await purgeDecisions(pools, clock.wallMs() - DAY_MS),
    start: async () => {
      await requirePreparedTransactions(pools.channel);
      await resolveInDoubt(pools, clock.wallMs(), IN_DOUBT_AFTER_MS);
    },
  };
}

async function requirePreparedTransactions(pool: Pool): Promise<void> {
  if ((await maxPreparedTransactions(pool)) > 0) return;
  throw new ConfigError([
    'TIEOUT_COUPLING=two_phase needs max_prepared_transactions above 0 at the server of CHANNEL_DATABASE_URL (it is 0): set it to at least 100 and restart that server, or choose relay.',
  ]);
}

function openRelay(options: BooksOptions): Books {
  const { pools, replicas, clock, killPoint, leaseMs, claimSizeMax, onError } = options;
  const stores = relayStores(pools, RELAY_AFTER_MS);
  const { payment: store } = stores;
  const door = openRelayDoor({
    doors: {
      payment: doorOf(options, stores.payment, { scope: 'payment', isApart: true }),
      channel: doorOf(options, stores.channel, { scope: 'channel', isApart: true }),
    },
    store,
    outbox: outboxPort(pools),
    clock,
    killPoint,
    hopWithinMs: HOP_WITHIN_MS,
    onLateSubmit: options.onLateSubmit,
  });
  const relay = newRelayWork({
    door,
    relay: relayStore(pools, replicas),
    store,
    scanStore: {
      load: async (keys) =>
        await loadApart(
          {
            payment: replicas.payment ?? pools.payment,
            channel: replicas.channel ?? pools.channel,
          },
          keys,
        ),
    },
    clock,
    killPoint,
    leaseMs,
    claimSizeMax,
    scanEveryMs: SCAN_EVERY_MS,
    onError,
  });
  return {
    pools,
    store,
    readStore: { ...store, load: async (keys) => await loadCaughtUp(store, door, keys) },
    door,
    dryRun: APART,
    work: relay.kinds,
    relay,
    daily: async () => {
      await relay.sweepAll();
    },
    start: async () => {},
  };
}

/** Nobody is told less than we know: what one book has not heard yet, it hears before it is read. */
async function loadCaughtUp(
  store: Store,
  door: RelayDoor,
  keys: Parameters<Store['load']>[0],
): Promise<(Aggregate | null)[]> {
  const loaded = await store.load(keys);
  return await Promise.all(
    loaded.map(async (one) =>
      one && missingMessages(one).length > 0 ? await door.catchUp(one) : one,
    ),
  );
}
