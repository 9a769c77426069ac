/**
 * One process of the platform: the real door, performer, requests, receiver and worker, over ports
 * that lead into the simulated world. It may die at any await, and comes back with nothing but what
 * the database holds.
 */
import type { Connector, Connectors, RawNotification } from '../channels/connector.ts';
import type { Aggregate } from '../core/aggregate.ts';
import { ID_RANDOM_BYTES, newId, newPaymentId } from '../core/id.ts';
import type { Fact } from '../core/input.ts';
import type { Policy } from '../core/policy.ts';
import type { Door } from '../runtime/apply.ts';
import type { Coupled, CoupledBooks, CoupledOptions } from '../runtime/coupled-books.ts';
import { coupleBooks } from '../runtime/coupled-books.ts';
import type { Brake } from '../runtime/perform.ts';
import type { Performer } from '../runtime/perform.ts';
import { newPerformer } from '../runtime/perform.ts';
import { newRateLimit } from '../runtime/rate-limit.ts';
import type { Receiver } from '../runtime/receive.ts';
import { newReceiver } from '../runtime/receive.ts';
import type { Requests } from '../runtime/requests.ts';
import { newRequests } from '../runtime/requests.ts';
import type { Worker } from '../runtime/worker.ts';
import { newWorker } from '../runtime/worker.ts';
import type { BookDatabases, BookReaders } from '../store/book-databases.ts';
import type { JobTable } from '../store/memory-jobs.ts';
import { DuplicateEntryError } from '../store/memory-write.ts';
import type { PaymentKey, Store } from '../store/store.ts';
import { ACCOUNTS } from './accounts.ts';
import type { SimulatedBrake } from './brake.ts';
import type { SimulatedChannels } from './channel.ts';
import { simulatedConnector } from './connector.ts';
import type { DayEnd, DayEndParts, SimulatedDays } from './day-end.ts';
import { Life } from './life.ts';
import type { NoticeReceiver } from './notices.ts';
import { newSimulatedNotices } from './notices.ts';
import type { Faults } from './faults.ts';
import type { SimulatedBooks } from './simulated-books.ts';
import type { Marks } from './marks.ts';
import type { SimulatedStatements } from './statements.ts';
import type { Twin } from './twin.ts';
import type { Timer, World } from './world.ts';

export type Parts = {
  readonly door: Door;
  readonly requests: Requests;
  readonly receiver: Receiver;
  readonly worker: Worker;
  readonly store: Store;
  readonly connectors: Connectors;
  /** Null: days are not simulated. */
  readonly dayEnd: DayEnd | null;
  /** The time as this process sees it. */
  readonly nowMs: () => number;
  readonly newPaymentId: (merchantNumber: number) => string;
};

/** What a test may put between two parts, to prove that the simulator would notice. */
export type Sabotage = {
  readonly connector?: (connector: Connector) => Connector;
  /** Where both books lie together. */
  readonly store?: (store: Store) => Store;
  /** Where they lie apart. */
  readonly databases?: (databases: BookDatabases) => BookDatabases;
  readonly readers?: (readers: BookReaders) => BookReaders;
  readonly door?: (door: Door, store: Store) => Door;
  readonly receiver?: (receiver: Receiver, door: Door) => Receiver;
  readonly brake?: (brake: Brake) => Brake;
};

/** What outlives every process: the database, and raw messages kept in it. */
export type Durable = {
  readonly books: SimulatedBooks;
  readonly brake: SimulatedBrake;
  readonly marks: Marks;
  readonly storedNotifications: JobTable<{ readonly key: PaymentKey; readonly fact: Fact }>;
  /** Bodies of the messages that were ever stored for later. */
  readonly keptBodies: Set<string>;
  /** The earliest time at which any job is due. */
  readonly nextDueAtMs: () => number | null;
};

export type Served<T> =
  | { readonly type: 'answered'; readonly value: T }
  | { readonly type: 'broken' }
  | { readonly type: 'silent' };

export type ProcessOptions = {
  readonly name: string;
  readonly world: World;
  readonly faults: Faults;
  readonly channels: SimulatedChannels;
  readonly durable: Durable;
  readonly policy: Policy;
  readonly merchants: NoticeReceiver;
  readonly sabotage: Sabotage;
  readonly skewMs: number;
  /** Where days are simulated: what the channels say of them, and how they are compared. */
  readonly days: {
    readonly simulated: SimulatedDays;
    readonly statements: SimulatedStatements;
    readonly twin: Twin;
  } | null;
};

const LEASE_MS = 20_000;
const SCAN_EVERY_MS = 30_000;
const CLAIM_SIZE_MAX = 16;
const APPLY_WITHIN_MS = 2_000;
const RESTART_MS = [50, 60_000] as const;
/** Pause after a round that could not do what is due, as the worker's own loop keeps it. */
const POLL_MS = 200;

export class PlatformProcess {
  readonly #options: ProcessOptions;
  #running: { readonly life: Life; readonly parts: Parts } | null = null;
  #wake: { readonly atMs: number; readonly timer: Timer } | null = null;
  #isWorking = false;
  #storedCount = 0;

  constructor(options: ProcessOptions) {
    this.#options = options;
  }

  start(): void {
    const { name, world, faults, skewMs } = this.#options;
    const life = new Life(name, world, faults, skewMs, () => this.#died());
    this.#running = { life, parts: this.#build(life) };
    this.#isWorking = false;
    this.#wake = null;
    world.note(`${name} starts`);
    this.wakeAt(world.nowMs);
  }

  /**
   * Lets a request in from outside, and answers what comes back within the caller's patience: nothing
   * at all when the process is not there, or dies over it.
   */
  async serve<T>(run: (parts: Parts) => Promise<T>, patienceMs: number): Promise<Served<T>> {
    const { world } = this.#options;
    const running = this.#running;
    if (!running) return { type: 'silent' };
    return await new Promise<Served<T>>((resolve) => {
      const timer = world.after(patienceMs, `${this.#options.name} is waited for`, () =>
        resolve({ type: 'silent' }),
      );
      const answer = (served: Served<T>): void => {
        timer.cancel();
        resolve(served);
      };
      running.life.awaits(run(running.parts)).then(
        (value) => answer({ type: 'answered', value }),
        (error: unknown) => {
          world.note(`${this.#options.name} broke: ${String(error)}`);
          answer({ type: 'broken' });
        },
      );
    });
  }

  /** Has the worker look for work at that time, unless it looks earlier anyway. */
  wakeAt(atMs: number): void {
    const { world, name } = this.#options;
    if (!this.#running || this.#isWorking) return;
    if (this.#wake && this.#wake.atMs <= atMs) return;
    this.#wake?.timer.cancel();
    const timer = world.at(atMs, `${name} works`, () => {
      this.#wake = null;
      void this.#work();
    });
    this.#wake = { atMs, timer };
  }

  async #work(): Promise<void> {
    const running = this.#running;
    if (!running || this.#isWorking) return;
    this.#isWorking = true;
    const { world } = this.#options;
    const done = await running.life
      .awaits(running.parts.worker.runDue())
      .catch((error: unknown) => {
        // The database is away: everything due stays due.
        world.note(`${this.#options.name} could not work: ${String(error)}`);
        return 0;
      });
    this.#isWorking = false;
    const nextMs = this.#nextDueAtMs(running.parts);
    if (nextMs === null) return;
    this.wakeAt(Math.max(nextMs, world.nowMs + (done === 0 ? POLL_MS : 1)));
  }

  #nextDueAtMs({ dayEnd }: Parts): number | null {
    const { durable } = this.#options;
    const dues = [durable.nextDueAtMs(), dayEnd?.daily.nextDueAtMs() ?? null];
    const known = dues.filter((dueAtMs) => dueAtMs !== null);
    return known.length === 0 ? null : Math.min(...known);
  }

  #died(): void {
    this.#running = null;
    this.#wake?.timer.cancel();
    this.#wake = null;
    const { world } = this.#options;
    const downMs = world.random.between('process:down', ...RESTART_MS);
    world.after(downMs, `${this.#options.name} restarts`, () => this.start());
  }

  #build(life: Life): Parts {
    const { world, channels, policy, sabotage, days } = this.#options;
    const statements = days?.statements ?? null;
    const connectors = connectorsOf(life, channels, statements, sabotage);
    const bytes = (): Uint8Array => world.random.bytes(`ids:${life.name}`, ID_RANDOM_BYTES);
    const { clock, killPoint } = life;
    const late: { performer: Performer | null } = { performer: null };
    const books = this.#couple(life, connectors, bytes, (aggregate, attempt) => {
      const call = { planned: false, deadlineAtMs: Number.POSITIVE_INFINITY, permit: null };
      void late.performer?.perform(aggregate, attempt, 'pay', call).catch(() => null);
    });
    const { store } = books;
    const door = sabotage.door?.(books.door, store) ?? books.door;
    const performer = newPerformer(connectors, door, clock, killPoint, this.#brake(life));
    late.performer = performer;
    const stored = this.#storedNotifications(life, door);
    const limits = new Map(connectors.all.map((one) => [one, newRateLimit(one.queriesPerSecond)]));
    const notices = newSimulatedNotices(life, store, door, this.#options.merchants, LEASE_MS);
    books.door.giveNoticesTo(notices.taker);
    const dayEnd = this.#dayEnd({ life, store, door, performer, connectors, policy }, bytes);
    const worker = newWorker({
      store,
      door,
      performer,
      notices,
      applyStoredNotifications: stored.applyDue,
      onMissed: (count) => world.note(`the daily sweep found ${count} that were missed`),
      purge: async () => await books.daily(),
      moreKinds: books.work,
      ...(dayEnd && { atDaysEnd: dayEnd.daily }),
      connectors,
      policy,
      clock,
      killPoint,
      rateLimit: (connector) => limits.get(connector) ?? newRateLimit(connector.queriesPerSecond),
      leaseMs: LEASE_MS,
      claimSizeMax: CLAIM_SIZE_MAX,
      onError: (error) => world.note(`a worker round failed: ${String(error)}`),
    });
    const ground = { connectors, door, clock, killPoint };
    const receiving = { store: stored, count: noCount, applyWithinMs: APPLY_WITHIN_MS };
    const receiver = newReceiver({ ...ground, ...receiving });
    return {
      door,
      store,
      worker,
      connectors,
      dayEnd,
      requests: newRequests({ ...ground, store, performer }),
      receiver: sabotage.receiver?.(receiver, door) ?? receiver,
      nowMs: clock.nowMs,
      newPaymentId: (merchantNumber) => newPaymentId(merchantNumber, clock.nowMs(), bytes()),
    };
  }

  #dayEnd(parts: Omit<DayEndParts, 'twin' | 'freshId'>, bytes: () => Uint8Array): DayEnd | null {
    const { days } = this.#options;
    if (!days) return null;
    const freshId = (prefix: string): string => newId(prefix, parts.life.clock.nowMs(), bytes());
    return days.simulated.open({ ...parts, freshId, twin: days.twin });
  }

  #couple(
    life: Life,
    connectors: Connectors,
    bytes: () => Uint8Array,
    onLateSubmit: (aggregate: Aggregate, attempt: number) => void,
  ): CoupledBooks {
    const { durable, sabotage, world } = this.#options;
    const reached = durable.books.reach(life);
    return coupleBooks(sabotaged(reached, sabotage), {
      clock: life.clock,
      wallMs: life.clock.nowMs,
      freshName: () => newId('txn', life.clock.nowMs(), bytes()),
      context: () => this.#context(life, connectors, bytes),
      killPoint: life.killPoint,
      defer: (run) => life.soon(run),
      isDataError: (error) => error instanceof DuplicateEntryError,
      leaseMs: LEASE_MS,
      claimSizeMax: CLAIM_SIZE_MAX,
      scanEveryMs: SCAN_EVERY_MS,
      onError: (error) => world.note(`a message will be brought again: ${String(error)}`),
      onLateSubmit,
    });
  }

  #brake(life: Life): Brake {
    const { durable, sabotage } = this.#options;
    const brake: Brake = async (spending) =>
      await life.exchange('store.brake', [0, 2], async () => durable.brake.spend(spending));
    return sabotage.brake?.(brake) ?? brake;
  }

  /** What one decision is made in: the process's own clock, and ids drawn from the seed. */
  #context(
    life: Life,
    connectors: Connectors,
    bytes: () => Uint8Array,
  ): ReturnType<CoupledOptions['context']> {
    const nowMs = life.clock.nowMs();
    return {
      nowMs,
      policy: this.#options.policy,
      rules: (channel, account) => {
        const connector = connectors.get(channel, account);
        if (!connector) throw new Error(`there is no account ${channel}/${account}`);
        return connector.rules;
      },
      newId: (prefix) => newId(prefix, nowMs, bytes()),
    };
  }

  /** Raw messages in the database: those that change nothing are only counted here. */
  #storedNotifications(life: Life, door: Door) {
    const { durable, world } = this.#options;
    const jobs = durable.storedNotifications;
    const at = [0, 2] as const;
    return {
      keep: async (_source: object, _message: RawNotification, verdict: string): Promise<void> =>
        await life.exchange('store.keep', at, async () => world.note(`a message is ${verdict}`)),
      keepForLater: async (
        _source: object,
        message: RawNotification,
        key: PaymentKey,
        fact: Fact,
      ): Promise<void> => {
        this.#storedCount += 1;
        const name = `${life.name}:${this.#storedCount}`;
        await life.exchange('store.keep', at, async () => {
          if (life.hits('store_error', 'keep')) throw new Error('the database is away');
          durable.marks.reach('stored_for_later');
          durable.keptBodies.add(new TextDecoder().decode(message.body));
          jobs.plan('', name, { key, fact }, world.nowMs);
        });
      },
      applyDue: async (): Promise<number> => {
        if (jobs.size === 0) return 0;
        const claimed = await life.exchange('store.claim_kept', at, async () =>
          jobs.claim('', CLAIM_SIZE_MAX, life.clock.nowMs(), LEASE_MS),
        );
        for (const { row, lease, key } of claimed) {
          await door.apply(row.key, row.fact);
          await life.exchange('store.drop_kept', at, async () => jobs.release(key, lease));
        }
        return claimed.length;
      },
    };
  }
}

function noCount(): void {}

function sabotaged(coupled: Coupled, { store, databases, readers }: Sabotage): Coupled {
  if (coupled.coupling === 'together') {
    return store ? { ...coupled, store: store(coupled.store) } : coupled;
  }
  return {
    ...coupled,
    databases: databases?.(coupled.databases) ?? coupled.databases,
    readers: readers?.(coupled.readers) ?? coupled.readers,
  };
}

function connectorsOf(
  life: Life,
  channels: SimulatedChannels,
  statements: SimulatedStatements | null,
  sabotage: Sabotage,
): Connectors {
  const all = ACCOUNTS.map((account) => {
    const connector = simulatedConnector(life, channels, account, statements);
    return sabotage.connector?.(connector) ?? connector;
  });
  return {
    all,
    forChannel: (channel) => all.find((one) => one.channel === channel) ?? null,
    get: (channel, account) =>
      all.find((one) => one.channel === channel && one.account === account) ?? null,
  };
}
