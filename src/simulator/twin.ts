/**
 * A second store beside the one in memory: whatever a run asks, both are asked, in one order, and must answer
 * the same. The run goes on with what memory says, so PostgreSQL is judged by the simulation, and memory
 * by PostgreSQL. 内存库与 PostgreSQL 逐次对照。
 */
import { isDeepStrictEqual } from 'node:util';
import type { BookDatabases, BookReaders } from '../store/book-databases.ts';
import type { Claimed, DueNotice, NoticeLease, Store } from '../store/store.ts';
import type { Report } from './report.ts';
import type { World } from './world.ts';

/** The other store: of both books, or of each alone. It must hold nothing yet. */
export type TwinStores =
  | { readonly store: Store }
  | { readonly databases: BookDatabases; readonly readers: BookReaders };

type Comparable<T> = (value: T) => unknown;

export class Twin {
  readonly #world: World;
  readonly #report: Report;
  /** Leases that the other store gave, by the row's name and the lease that memory gave. */
  readonly #leases = new Map<string, number>();
  /** How to end at the other store what memory ended by itself. */
  readonly #ends = new WeakMap<object, () => Promise<void>>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(world: World, report: Report) {
    this.#world = world;
    this.#report = report;
  }

  /** Asks both; answers what memory says. What memory refuses is not asked of the other one. */
  async both<T>(
    what: string,
    mine: () => Promise<T>,
    theirs: () => Promise<T>,
    comparable: Comparable<T> = (value) => value,
  ): Promise<T> {
    const value = await mine();
    const other = await this.theirs(what, theirs);
    if (other && !isDeepStrictEqual(comparable(value), comparable(other.value))) {
      const words = `${JSON.stringify(comparable(value))} and ${JSON.stringify(comparable(other.value))}`;
      this.#report('twin', `${what}: the two stores answer ${words.slice(0, WORDS_MAX)}`);
    }
    return value;
  }

  /** Asks the other one alone, after everything that it was asked before; null when it fails. */
  async theirs<T>(what: string, ask: () => Promise<T>): Promise<{ readonly value: T } | null> {
    const inTurn = this.#turn.then(ask);
    this.#turn = inTurn.catch(() => {});
    return await this.#world.outside(
      inTurn.then(
        (value) => ({ value }),
        (error: unknown) => {
          this.#report('twin', `${what}: the other store fails: ${String(error)}`);
          return null;
        },
      ),
    );
  }

  /** Uses the other one's database for what memory has no part in, in its turn; what fails there is the caller's. */
  async beside<T>(use: () => Promise<T>): Promise<T> {
    const inTurn = this.#turn.then(use);
    this.#turn = inTurn.catch(() => {});
    await this.#world.outside(this.#turn);
    return await inTurn;
  }

  /** Something open at both: where memory's own server ends it, no time has passed at the other one's. */
  pair(mine: object, endTheirs: () => Promise<void>): void {
    this.#ends.set(mine, endTheirs);
  }

  ended(mine: object): void {
    const endTheirs = this.#ends.get(mine);
    if (endTheirs) void this.theirs('end', endTheirs);
  }

  /** Claims at both; from now on the lease of either stands for the other's. */
  async claim<Row extends Claimed>(
    what: string,
    nameOf: (row: Row) => string,
    mine: () => Promise<Row[]>,
    theirs: () => Promise<Row[]>,
  ): Promise<Row[]> {
    const named = (rows: readonly Row[]): unknown[] =>
      rows
        .toSorted((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1))
        .map((row) => ({ ...row, lease: 0 }));
    let given: Row[] = [];
    const rows = await this.both(what, mine, async () => (given = await theirs()), named);
    for (const row of rows) {
      const other = given.find((one) => nameOf(one) === nameOf(row));
      this.learnLease(nameOf(row), row.lease, other?.lease ?? 0);
    }
    return rows;
  }

  learnLease(name: string, mine: number, theirs: number): void {
    this.#leases.set(`${name} ${mine}`, theirs);
  }

  /** The row as the other store knows it. */
  leased<Row extends Claimed>(name: string, row: Row): Row {
    return { ...row, lease: this.#leases.get(`${name} ${row.lease}`) ?? 0 };
  }

  /** Writes at both with notices that are born leased. */
  async write<T>(
    what: string,
    lease: NoticeLease | null,
    mine: (lease: NoticeLease | null) => Promise<T>,
    theirs: (lease: NoticeLease | null) => Promise<T>,
  ): Promise<T> {
    if (!lease)
      return await this.both(
        what,
        async () => await mine(null),
        async () => await theirs(null),
      );
    const own: DueNotice[] = [];
    const other: DueNotice[] = [];
    const into = (all: DueNotice[]): NoticeLease => ({
      leaseMs: lease.leaseMs,
      take: (leased) => void all.push(...leased),
    });
    const value = await this.both(
      what,
      async () => await mine(into(own)),
      async () => await theirs(into(other)),
    );
    for (const notice of own) {
      const twin = other.find((one) => noticeName(one) === noticeName(notice));
      this.learnLease(noticeName(notice), notice.lease, twin?.lease ?? 0);
    }
    lease.take(own);
    return value;
  }
}

const WORDS_MAX = 2_000;

export function noticeName({ eventId, endpoint }: Pick<DueNotice, 'eventId' | 'endpoint'>): string {
  return `notice ${eventId} ${endpoint?.id ?? ''}`;
}
