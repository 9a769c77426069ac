/**
 * The one door. Every input goes through here: payments are loaded, decided in memory and written
 * in batches of whatever arrived meanwhile, and a caller is answered only after the commit.
 *
 * - Two lanes, so that one batch is decided while another waits for the disk. A payment that is in
 *   one lane is never taken into the other; several inputs about one payment are chained in memory.
 * - A guard that failed (somebody else changed the payment) reloads and decides again.
 * - An error that the data caused splits the batch until the item that carries it stands alone; an
 *   input that cannot even be decided falls alone and at once.
 * - A lost connection leaves the outcome unknown: reload, decide again; what was committed shows as
 *   "unchanged", so nothing is done twice.
 */
import type { Aggregate } from '../core/aggregate.ts';
import { decide } from '../core/decide.ts';
import type { Context, Decision } from '../core/decision.ts';
import type { Input } from '../core/input.ts';
import type {
  AggregateChange,
  DueNotice,
  PaymentKey,
  Step,
  Store,
  WriteResult,
} from '../store/store.ts';
import type { KillPoints } from './kill-point.ts';

export type Applied = {
  readonly decision: Decision;
  /** The payment after the decision; null only when there is no such payment. */
  readonly aggregate: Aggregate | null;
};

/** A notice that is leased to this process since its commit, with its payment as that commit left it. */
export type LeasedNotice = { readonly notice: DueNotice; readonly payment: Aggregate };

/** Whoever sends the notices of this door's commits from memory. */
export type NoticeTaker = {
  /** The lease of notices born now; null while it takes none, and they are born due for any worker. */
  leaseMs(): number | null;
  /** Takes what was committed just now; at most once per commit. Neither throws nor waits. */
  take(leased: readonly LeasedNotice[]): void;
};

export type Door = {
  /** Puts one input in and answers after its commit. `unknown payment` answers a null aggregate. */
  apply(key: PaymentKey, input: Input): Promise<Applied>;
  /** Called after each commit with the payments that changed; for waiters in this process. */
  onCommitted(listener: (aggregate: Aggregate) => void): () => void;
  /** From now on notices are born leased to this taker, as far as it takes them; null ends that. */
  giveNoticesTo(taker: NoticeTaker | null): void;
  /** Resolves when nothing is queued or under way any more. */
  drain(): Promise<void>;
};

export type DoorOptions = {
  readonly store: Store;
  /** A context for one decision: the time and fresh ids. */
  readonly context: () => Context;
  readonly killPoint: KillPoints;
  /** Runs a function soon, after the inputs that are arriving now: setImmediate, or a simulator's turn. */
  readonly defer: (run: () => void) => void;
  /** Whether an error came from the data of the batch and will come again, and not from the connection. */
  readonly isDataError: (error: unknown) => boolean;
  readonly laneCount: number;
  readonly batchSizeMax: number;
  /** Pause before an unknown outcome is looked at again, by number of tries so far. */
  readonly pause: (tries: number) => Promise<void>;
};

type Item = {
  readonly name: string;
  key: PaymentKey;
  readonly input: Input;
  tries: number;
  /** Set once a create may be in the database already: its number is looked up first. */
  isRepeat: boolean;
  /** Set once the caller was told that it cannot be decided. */
  isRejected: boolean;
  readonly resolve: (applied: Applied) => void;
  readonly reject: (error: unknown) => void;
};

type Committed = (aggregate: Aggregate) => void;

/** What a batch runs on. */
type Ground = DoorOptions & {
  readonly committed: Committed;
  readonly takerNow: () => NoticeTaker | null;
};

const TRIES_MAX = 8;
const NO_SUCH_PAYMENT: Applied = {
  decision: {
    type: 'refused',
    refusal: { code: 'not_found', detail: 'There is no such payment.', askFirst: [] },
  },
  aggregate: null,
};

/** Opens the door onto a store. */
export function openDoor(options: DoorOptions): Door {
  return new BatchedDoor(options);
}

class BatchedDoor implements Door {
  readonly #options: DoorOptions;
  /** Names of the payments that some lane is working on. */
  readonly #inFlight = new Set<string>();
  readonly #listeners = new Set<Committed>();
  #queue: Item[] = [];
  #lanesBusy = 0;
  #taker: NoticeTaker | null = null;
  #isScheduled = false;
  #idle: (() => void)[] = [];

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  async apply(key: PaymentKey, input: Input): Promise<Applied> {
    return await new Promise<Applied>((resolve, reject) => {
      const name = nameOf(key, input);
      this.#queue.push({
        name,
        key,
        input,
        tries: 0,
        isRepeat: false,
        isRejected: false,
        resolve,
        reject,
      });
      this.#schedule();
    });
  }

  onCommitted(listener: Committed): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  giveNoticesTo(taker: NoticeTaker | null): void {
    this.#taker = taker;
  }

  async drain(): Promise<void> {
    if (this.#lanesBusy === 0 && this.#queue.length === 0) return;
    await new Promise<void>((resolve) => {
      this.#idle.push(resolve);
    });
  }

  #schedule(): void {
    const { laneCount, defer } = this.#options;
    if (this.#isScheduled || this.#queue.length === 0 || this.#lanesBusy >= laneCount) return;
    this.#isScheduled = true;
    defer(() => {
      this.#isScheduled = false;
      void this.#runLane();
    });
  }

  async #runLane(): Promise<void> {
    const batch = this.#takeBatch();
    if (batch.length === 0) return;
    this.#lanesBusy += 1;
    this.#schedule();
    await runBatch(batch, {
      ...this.#options,
      takerNow: () => this.#taker,
      committed: (aggregate) => {
        for (const listener of this.#listeners) listener(aggregate);
      },
    });
    for (const item of batch) this.#inFlight.delete(item.name);
    this.#lanesBusy -= 1;
    this.#schedule();
    if (this.#lanesBusy > 0 || this.#queue.length > 0) return;
    for (const done of this.#idle) done();
    this.#idle = [];
  }

  /** What arrived, up to the cap, leaving out payments that the other lane holds. */
  #takeBatch(): Item[] {
    const batch: Item[] = [];
    const mine = new Set<string>();
    const later: Item[] = [];
    for (const item of this.#queue) {
      const isElsewhere = this.#inFlight.has(item.name) && !mine.has(item.name);
      if (batch.length >= this.#options.batchSizeMax || isElsewhere) later.push(item);
      else {
        batch.push(item);
        mine.add(item.name);
        this.#inFlight.add(item.name);
      }
    }
    this.#queue = later;
    return batch;
  }
}

/** Creates are one aggregate by their merchant order number, everything else by payment. */
function nameOf(key: PaymentKey, input: Input): string {
  return input.type === 'create_payment'
    ? `${input.merchantNumber}:${input.merchantOrderNo}`
    : key.paymentId;
}

/** Runs a batch to its end; every item is resolved or rejected, and it never throws. */
async function runBatch(batch: readonly Item[], options: Ground): Promise<void> {
  try {
    const stale = await tryBatch(batch, options);
    await again(stale, options);
  } catch (error) {
    if (options.isDataError(error)) await split(batch, error, options);
    else await again(batch, options, error);
  }
}

async function split(batch: readonly Item[], error: unknown, options: Ground): Promise<void> {
  const groups = [...Map.groupBy(batch, (item) => item.name).values()];
  if (groups.length === 1) {
    const [first, ...rest] = batch;
    if (rest.length === 0) first?.reject(error);
    // One payment, several inputs: alone, each of them stands or falls by itself.
    else for (const item of batch) await runBatch([item], options);
    return;
  }
  const middle = Math.ceil(groups.length / 2);
  await runBatch(groups.slice(0, middle).flat(), options);
  await runBatch(groups.slice(middle).flat(), options);
}

async function again(items: readonly Item[], options: Ground, error?: unknown): Promise<void> {
  if (items.length === 0) return;
  const alive: Item[] = [];
  for (const item of items) {
    item.tries += 1;
    item.isRepeat = true;
    if (item.tries < TRIES_MAX) alive.push(item);
    else
      item.reject(
        error ?? new Error(`${item.name} was changed by others ${TRIES_MAX} times in a row`),
      );
  }
  if (alive.length === 0) return;
  // A lost guard is decided again at once; a lost connection deserves a pause.
  if (error !== undefined) await options.pause(alive[0]?.tries ?? 1);
  await runBatch(alive, options);
}

type Group = {
  before: Aggregate | null;
  after: Aggregate | null;
  steps: Step[];
  results: [Item, Decision][];
};

/** Loads, decides and writes once. Answers the items whose guard failed. */
async function tryBatch(batch: readonly Item[], options: Ground): Promise<Item[]> {
  const open = batch.filter((item) => !item.isRejected);
  const groups = [...Map.groupBy(open, (item) => item.name).values()];
  options.killPoint('apply.before_load');
  const loaded = await loadGroups(groups, options.store);
  const decided = groups.map((items, at) => decideGroup(items, loaded[at] ?? null, options));
  const changed = decided.filter((group) => group.steps.length > 0);
  options.killPoint('apply.before_write');
  const results = changed.length > 0 ? await writeGroups(changed, options) : [];
  options.killPoint('apply.after_write');
  const stale: Item[] = [];
  for (const group of decided) {
    const at = changed.indexOf(group);
    if (at >= 0 && results[at] === 'stale') {
      stale.push(...group.results.map(([item]) => item));
      continue;
    }
    if (at >= 0 && group.after) options.committed(group.after);
    for (const [item, decision] of group.results) {
      item.resolve(group.after ? { decision, aggregate: group.after } : NO_SUCH_PAYMENT);
    }
  }
  return stale;
}

/** Writes, and hands the notices that were born leased to whoever sends them. */
async function writeGroups(
  groups: readonly Group[],
  { store, takerNow }: Ground,
): Promise<WriteResult[]> {
  const taker = takerNow();
  const leaseMs = taker?.leaseMs() ?? null;
  const changes = groups.map(toChange);
  if (!taker || leaseMs === null) return await store.write(changes);
  const byId = new Map(changes.map(({ after }) => [after.payment.id, after]));
  const take = (leased: readonly DueNotice[]): void =>
    taker.take(
      leased.flatMap((notice) => {
        const payment = byId.get(notice.paymentId);
        return payment ? [{ notice, payment }] : [];
      }),
    );
  return await store.write(changes, { leaseMs, take });
}

async function loadGroups(groups: readonly Item[][], store: Store): Promise<(Aggregate | null)[]> {
  const keys = await Promise.all(groups.map(async ([first]) => await keyToLoad(first, store)));
  const wanted = keys.filter((key) => key !== null);
  const loaded = wanted.length > 0 ? await store.load(wanted) : [];
  const byId = new Map(loaded.flatMap((one) => (one ? [[one.payment.id, one] as const] : [])));
  return keys.map((key) => {
    const one = key ? byId.get(key.paymentId) : undefined;
    return one && one.payment.merchantNumber === key?.merchantNumber ? one : null;
  });
}

/** A create is taken for new until its number turns out to exist. */
async function keyToLoad(item: Item | undefined, store: Store): Promise<PaymentKey | null> {
  if (!item) return null;
  if (item.input.type !== 'create_payment') return item.key;
  if (!item.isRepeat) return null;
  return await store.findByMerchantOrderNo(item.input.merchantNumber, item.input.merchantOrderNo);
}

function decideGroup(
  items: readonly Item[],
  before: Aggregate | null,
  options: DoorOptions,
): Group {
  const group: Group = { before, after: before, steps: [], results: [] };
  for (const item of items) {
    if (group.after === null && item.input.type !== 'create_payment') {
      group.results.push([item, NO_SUCH_PAYMENT.decision]);
      continue;
    }
    const context = options.context();
    const decision = tryDecide(group.after, item, context);
    if (!decision) continue;
    group.results.push([item, decision]);
    if (decision.type !== 'changed') continue;
    group.after = decision.aggregate;
    group.steps.push({
      version: decision.aggregate.payment.version,
      channelVersion: decision.aggregate.apart?.channelVersion ?? 0,
      touches: decision.touches,
      atMs: context.nowMs,
      effects: decision.effects,
      postings: decision.postings,
      history: decision.history,
    });
  }
  return group;
}

/** A decision that throws is a bug, or an account that is not configured: its own caller is told, nobody else. */
function tryDecide(before: Aggregate | null, item: Item, context: Context): Decision | null {
  try {
    return decide(before, item.input, context);
  } catch (error) {
    item.isRejected = true;
    item.reject(error);
    return null;
  }
}

function toChange({ before, after, steps }: Group): AggregateChange {
  if (!after) throw new Error('a change needs a payment');
  return { before, after, steps };
}
