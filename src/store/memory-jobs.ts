/**
 * One table of jobs in memory: at most one row per key, claimed in the order of their due times under
 * a lease. A claim draws a lease number that was never used before, so whoever lost a row can never
 * touch it again, not even after it was dropped and planned anew.
 */
import { DueHeap } from './memory-heap.ts';

type Job<Row> = { readonly lane: string; row: Row; dueAtMs: number; lease: number; stamp: number };
type Due = { readonly key: string; readonly stamp: number };

export type ClaimedJob<Row> = {
  readonly key: string;
  readonly row: Row;
  readonly lease: number;
};

export class JobTable<Row> {
  readonly #jobs = new Map<string, Job<Row>>();
  /** Due times by lane. An entry counts only while its job still bears its stamp. */
  readonly #due = new Map<string, DueHeap<Due>>();
  #counter = 0;

  get size(): number {
    return this.#jobs.size;
  }

  keys(): Iterable<string> {
    return this.#jobs.keys();
  }

  has(key: string): boolean {
    return this.#jobs.has(key);
  }

  /** Plans a job, or plans it anew; whoever had claimed the former row has lost it. */
  plan(lane: string, key: string, row: Row, dueAtMs: number): void {
    const job = { lane, row, dueAtMs, lease: 0, stamp: 0 };
    this.#jobs.set(key, job);
    this.#queue(key, job);
  }

  /** Plans a job that its planner holds already; it is due when that lease is over. Answers the lease. */
  planLeased(lane: string, key: string, row: Row, dueAtMs: number): number {
    const lease = ++this.#counter;
    const job = { lane, row, dueAtMs, lease, stamp: 0 };
    this.#jobs.set(key, job);
    this.#queue(key, job);
    return lease;
  }

  drop(key: string): void {
    this.#jobs.delete(key);
  }

  /**
   * Takes up to `limit` due rows of a lane, but for those that are locked; each is invisible to others
   * until the lease is over.
   */
  claim(
    lane: string,
    limit: number,
    nowMs: number,
    leaseMs: number,
    isLocked: (row: Row) => boolean = () => false,
  ): ClaimedJob<Row>[] {
    const claimed: ClaimedJob<Row>[] = [];
    const passedOver: [string, Job<Row>][] = [];
    while (claimed.length < limit) {
      const key = this.#takeDue(lane, nowMs);
      const job = key === null ? undefined : this.#jobs.get(key);
      if (key === null || !job) break;
      if (isLocked(job.row)) {
        passedOver.push([key, job]);
        continue;
      }
      job.dueAtMs = nowMs + leaseMs;
      job.lease = ++this.#counter;
      this.#queue(key, job);
      claimed.push({ key, row: job.row, lease: job.lease });
    }
    for (const [key, job] of passedOver) this.#queue(key, job);
    return claimed;
  }

  /** Drops a row that is still under this lease. */
  release(key: string, lease: number): void {
    if (this.#jobs.get(key)?.lease === lease) this.#jobs.delete(key);
  }

  /** Makes a row that is still under this lease due at another time. */
  putOff(key: string, lease: number, dueAtMs: number, row: Row): void {
    const job = this.#jobs.get(key);
    if (!job || job.lease !== lease) return;
    job.dueAtMs = dueAtMs;
    job.row = row;
    this.#queue(key, job);
  }

  /** The earliest due time of all lanes; null when the table is empty. */
  nextDueAtMs(): number | null {
    let earliest: number | null = null;
    for (const heap of this.#due.values()) {
      const next = this.#first(heap);
      if (next !== null && (earliest === null || next.atMs < earliest)) earliest = next.atMs;
    }
    return earliest;
  }

  #queue(key: string, job: Job<Row>): void {
    job.stamp = ++this.#counter;
    let heap = this.#due.get(job.lane);
    if (!heap) {
      heap = new DueHeap();
      this.#due.set(job.lane, heap);
    }
    heap.push(job.dueAtMs, job.stamp, { key, stamp: job.stamp });
  }

  #takeDue(lane: string, nowMs: number): string | null {
    const heap = this.#due.get(lane);
    const next = heap ? this.#first(heap) : null;
    if (!heap || !next || next.atMs > nowMs) return null;
    heap.pop();
    return next.item.key;
  }

  /** The earliest entry that still counts. */
  #first(heap: DueHeap<Due>): { readonly atMs: number; readonly item: Due } | null {
    for (;;) {
      const next = heap.peek();
      if (!next || this.#jobs.get(next.item.key)?.stamp === next.item.stamp) return next;
      heap.pop();
    }
  }
}
