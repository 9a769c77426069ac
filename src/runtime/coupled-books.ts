/**
 * The two books as they are coupled: the stores, the one door, and the work that keeps books in two
 * databases together. 两账本的耦合方式：together · relay · two_phase。
 */
import type { Aggregate } from '../core/aggregate.ts';
import type { Context } from '../core/decision.ts';
import { TOGETHER } from '../core/decision.ts';
import { missingMessages } from '../core/missing-messages.ts';
import { relayStores, twoPhaseStore } from '../store/apart-stores.ts';
import type { BookDatabases, BookReaders } from '../store/book-databases.ts';
import { loadApart } from '../store/book-databases.ts';
import { outboxPort, relayStore } from '../store/relay-store.ts';
import type { Store } from '../store/store.ts';
import { IN_DOUBT_AFTER_MS, purgeDecisions, resolveInDoubt } from '../store/two-phase.ts';
import type { Door, DoorOptions } from './apply.ts';
import { openDoor } from './apply.ts';
import type { Clock } from './clock.ts';
import type { RelayDoor, RelayDoorOptions } from './relay/relay-door.ts';
import { openRelayDoor } from './relay/relay-door.ts';
import type { RelayWork } from './relay/relay-work.ts';
import { newRelayWork } from './relay/relay-work.ts';

/** Where the books lie, and what holds them together. */
export type Coupled =
  | { readonly coupling: 'together'; readonly store: Store }
  | {
      readonly coupling: 'relay' | 'two_phase';
      readonly databases: BookDatabases;
      /** Where scans read. */
      readonly readers: BookReaders;
    };

export type CoupledBooks = {
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
  /** Resolves what a crash left in doubt. */
  start(): Promise<void>;
};

export type CoupledOptions = Pick<DoorOptions, 'killPoint' | 'defer' | 'isDataError'> & {
  readonly clock: Clock;
  /** The time of the machine, whatever a test clock says. */
  readonly wallMs: () => number;
  /** A name that nobody else gives a transaction. */
  readonly freshName: () => string;
  /** The context of one decision, but for which books it may change. */
  readonly context: () => Omit<Context, keyof typeof TOGETHER>;
  readonly leaseMs: number;
  readonly claimSizeMax: number;
  readonly onError: (error: unknown) => void;
  /** Sends an order that came to the channel book after its caller had left. */
  readonly onLateSubmit: (aggregate: Aggregate, attempt: number) => void;
  /** Pause between two scans for internal drops. */
  readonly scanEveryMs: number;
} & Pick<RelayDoorOptions, 'isLost'>;

const LANE_COUNT = 2;
const BATCH_SIZE_MAX = 64;
/** In line, a message is tried for so long; far below a merchant's wait and a channel's patience. */
const HOP_WITHIN_MS = 1_500;
/** From then on the relay brings it. */
export const RELAY_AFTER_MS = 3_000;
const RESOLVE_EVERY_MS = 2_000;
const DAY_MS = 24 * 3_600_000;
const APART = { scope: 'both', isApart: true } as const;

/** Couples the books. */
export function coupleBooks(coupled: Coupled, options: CoupledOptions): CoupledBooks {
  switch (coupled.coupling) {
    case 'together':
      return coupleTogether(coupled.store, options);
    case 'two_phase':
      return coupleTwoPhase(coupled.databases, options);
    case 'relay':
      return coupleByRelay(coupled.databases, coupled.readers, options);
  }
}

function doorOf(
  { context, killPoint, clock, defer, isDataError }: CoupledOptions,
  store: Store,
  scope: Pick<Context, 'scope' | 'isApart'>,
): Door {
  return openDoor({
    store,
    context: () => ({ ...context(), ...scope }),
    killPoint,
    defer,
    isDataError,
    laneCount: LANE_COUNT,
    batchSizeMax: BATCH_SIZE_MAX,
    pause: async (tries) => await clock.sleep(50 * 2 ** Math.min(tries, 6)),
  });
}

function coupleTogether(store: Store, options: CoupledOptions): CoupledBooks {
  return {
    store,
    readStore: store,
    door: doorOf(options, store, TOGETHER),
    dryRun: TOGETHER,
    work: [],
    relay: null,
    daily: async () => {},
    start: async () => {},
  };
}

function coupleTwoPhase(databases: BookDatabases, options: CoupledOptions): CoupledBooks {
  const { wallMs, freshName, killPoint } = options;
  const store = twoPhaseStore({ databases, wallMs, freshName, killPoint });
  const resolve = async (): Promise<number> =>
    await resolveInDoubt(databases, wallMs(), IN_DOUBT_AFTER_MS);
  let nextAtMs = 0;
  return {
    store,
    readStore: store,
    door: doorOf(options, store, APART),
    dryRun: APART,
    work: [
      async () => {
        if (wallMs() < nextAtMs) return 0;
        nextAtMs = wallMs() + RESOLVE_EVERY_MS;
        return await resolve();
      },
    ],
    relay: null,
    daily: async () => await purgeDecisions(databases, wallMs() - DAY_MS),
    start: async () => void (await resolve()),
  };
}

function coupleByRelay(
  databases: BookDatabases,
  readers: BookReaders,
  options: CoupledOptions,
): CoupledBooks {
  const { clock, killPoint, leaseMs, claimSizeMax, scanEveryMs, onError, onLateSubmit, isLost } =
    options;
  const stores = relayStores(databases, RELAY_AFTER_MS);
  const { payment: store } = stores;
  const door = openRelayDoor({
    doors: {
      payment: doorOf(options, stores.payment, { scope: 'payment', isApart: true }),
      channel: doorOf(options, stores.channel, { scope: 'channel', isApart: true }),
    },
    store,
    outbox: outboxPort(databases),
    clock,
    killPoint,
    hopWithinMs: HOP_WITHIN_MS,
    onLateSubmit,
    ...(isLost && { isLost }),
  });
  const relay = newRelayWork({
    door,
    relay: relayStore(databases, readers),
    store,
    scanStore: { load: async (keys) => await loadApart(readers, keys) },
    clock,
    killPoint,
    leaseMs,
    claimSizeMax,
    scanEveryMs,
    onError,
  });
  return {
    store,
    readStore: { ...store, load: async (keys) => await loadCaughtUp(store, door, keys) },
    door,
    dryRun: APART,
    work: relay.kinds,
    relay,
    daily: async () => void (await relay.sweepAll()),
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
