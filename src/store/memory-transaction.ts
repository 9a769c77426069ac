/**
 * Transactions in memory, as far as two books in two databases depend on them: rows are locked until the
 * end, a wait for a lock is over after some time, what is prepared outlives its connection, and everything
 * else that nobody ends is rolled back.
 */
import { bookOfEffect } from '../core/apart.ts';
import type { MemoryBook } from './memory-book.ts';
import { orderNoKey } from './memory-book.ts';
import { jobRow } from './memory-claims.ts';
import { applyChange, checkConstraints, guard } from './memory-write.ts';
import type { AggregateChange, DueNotice, NoticeLease, WriteResult } from './store.ts';
import { inLockOrder } from './store.ts';

export type Timer = { cancel(): void };
/** Runs something after so long, on whatever clock there is. */
export type After = (durationMs: number, what: string, run: () => void) => Timer;

/** A row that another transaction held for too long. */
export class LockTimeoutError extends Error {}
/** A transaction that its server has ended meanwhile. */
export class TransactionOverError extends Error {}

/** What a server grants an open transaction that nobody speaks to. */
const IDLE_MS = 15_000;

export class Locks {
  readonly #after: After;
  readonly #holders = new Map<string, Transaction>();
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(after: After) {
    this.#after = after;
  }

  holderOf(name: string): Transaction | null {
    return this.#holders.get(name) ?? null;
  }

  /** Takes a lock for a transaction; rejects when another one holds it for longer than `waitMs`. */
  async take(name: string, transaction: Transaction, waitMs: number): Promise<void> {
    const patience = { isOver: false, timer: null as Timer | null };
    while (!this.#isFree(name, transaction)) {
      if (patience.isOver) throw new LockTimeoutError(`${name} is locked`);
      patience.timer ??= this.#after(waitMs, `the lock ${name} is waited for`, () => {
        patience.isOver = true;
        this.#wake(name);
      });
      await new Promise<void>((resolve) => {
        const waiting = this.#waiting.get(name) ?? new Set();
        this.#waiting.set(name, waiting.add(resolve));
      });
    }
    patience.timer?.cancel();
    // Whoever was ended while it waited locks nothing any more.
    transaction.requireOpen();
    this.#holders.set(name, transaction);
    transaction.locks.add(name);
  }

  release(transaction: Transaction): void {
    for (const name of transaction.locks) {
      this.#holders.delete(name);
      this.#wake(name);
    }
    transaction.locks.clear();
  }

  /** Whoever waits looks again. */
  #wake(name: string): void {
    const waiting = this.#waiting.get(name);
    this.#waiting.delete(name);
    for (const wake of waiting ?? []) wake();
  }

  #isFree(name: string, transaction: Transaction): boolean {
    const holder = this.#holders.get(name);
    return holder === undefined || holder === transaction;
  }
}

export class Transaction {
  readonly locks = new Set<string>();
  /** Called when its server ends it because nobody spoke to it. */
  onIdle: () => void = () => {};
  readonly #book: MemoryBook;
  readonly #allLocks: Locks;
  readonly #after: After;
  readonly #staged: (() => void)[] = [];
  readonly #changes: AggregateChange[] = [];
  readonly #onCommitted: (changes: readonly AggregateChange[]) => void;
  #state: 'open' | 'prepared' | 'over' = 'open';
  #idle: Timer | null = null;

  constructor(
    book: MemoryBook,
    locks: Locks,
    after: After,
    onCommitted: (changes: readonly AggregateChange[]) => void,
  ) {
    this.#book = book;
    this.#allLocks = locks;
    this.#after = after;
    this.#onCommitted = onCommitted;
    this.#waitForMore();
  }

  get isPrepared(): boolean {
    return this.#state === 'prepared';
  }

  requireOpen(): void {
    if (this.#state !== 'open') throw new TransactionOverError('the transaction is over');
  }

  async lock(name: string, waitMs: number): Promise<void> {
    this.requireOpen();
    this.#idle?.cancel();
    await this.#allLocks.take(name, this, waitMs);
    this.#waitForMore();
  }

  /** What is done with the commit. */
  stage(run: () => void): void {
    this.requireOpen();
    this.#staged.push(run);
  }

  /** See `BookTransaction.write`; rejects where a constraint or a lock forbids it. */
  async write(
    changes: readonly AggregateChange[],
    hopMs: number,
    waitMs: number,
    lease: NoticeLease | null,
  ): Promise<WriteResult[]> {
    for (const change of changes.toSorted(inLockOrder)) {
      for (const name of this.#rowsOf(change)) await this.lock(name, waitMs);
    }
    const results = guard(this.#book, changes);
    for (const [at, change] of changes.entries()) {
      if (results[at] !== 'written') continue;
      for (const row of jobRowsOf(this.#book, change)) await this.lock(row, waitMs);
    }
    const passed = changes.filter((_change, at) => results[at] === 'written');
    checkConstraints(this.#book, passed);
    this.stage(() => {
      const leased: DueNotice[] = [];
      const birth = lease && { leaseMs: lease.leaseMs, leased };
      for (const change of passed) applyChange(this.#book, change, hopMs, birth);
      lease?.take(leased);
    });
    this.#changes.push(...passed);
    return results;
  }

  prepare(): void {
    this.requireOpen();
    this.#idle?.cancel();
    this.#state = 'prepared';
  }

  commit(): void {
    if (this.#state === 'over') throw new TransactionOverError('the transaction is over');
    for (const run of this.#staged) run();
    this.#end();
    if (this.#changes.length > 0) this.#onCommitted(this.#changes);
  }

  rollback(): void {
    if (this.#state !== 'over') this.#end();
  }

  /** Its connection breaks off: what was not prepared is rolled back. */
  disconnect(): void {
    if (this.#state === 'open') this.#end();
  }

  #end(): void {
    this.#idle?.cancel();
    this.#state = 'over';
    this.#allLocks.release(this);
  }

  #waitForMore(): void {
    this.#idle?.cancel();
    this.#idle = this.#after(IDLE_MS, 'a transaction is idle', () => {
      this.disconnect();
      this.onIdle();
    });
  }

  /** The root row, and what is unique beside it: a number is locked by whoever inserts it. */
  #rowsOf({ before, after }: AggregateChange): string[] {
    const { payment } = after;
    if (this.#book.part === 'channel') return [payment.id];
    const fresh = payment.refunds.filter(
      (one) => one.merchantRefundNo !== null && !before?.payment.refunds.includes(one),
    );
    return [
      payment.id,
      ...(before ? [] : [`order ${orderNoKey(payment)}`]),
      ...fresh.map((one) => `refund ${payment.merchantNumber}:${one.merchantRefundNo}`),
    ];
  }
}

/** The rows of jobs that a change plans anew or ends. */
function jobRowsOf({ part }: MemoryBook, { after, steps }: AggregateChange): string[] {
  const { id: paymentId } = after.payment;
  return steps.flatMap((step) =>
    step.effects.flatMap((effect): string[] => {
      if (part !== 'both' && bookOfEffect(effect) !== part) return [];
      switch (effect.type) {
        case 'ask':
        case 'ask_done':
          return [jobRow('question', { paymentId, attempt: effect.attempt })];
        case 'refund_job':
        case 'refund_job_done':
          return [jobRow('refund', { paymentId, attempt: effect.attempt, number: effect.number })];
        case 'expire':
          return [jobRow('expiry', { paymentId })];
        case 'submit':
        case 'message':
        case 'received':
        case 'event':
          return [];
      }
    }),
  );
}
