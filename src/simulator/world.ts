/**
 * Virtual time and the order of events. Events at the same time come in an order that the seed
 * draws: that is how interleavings are explored. After each event every promise that it released is
 * drained, so nothing depends on how long a chain of awaits is.
 */
import { DueHeap } from '../store/memory-heap.ts';
import type { Randomness } from './prng.ts';

export type Timer = { cancel(): void };
type Event = { readonly name: string; readonly run: () => void; isCancelled: boolean };

export class World {
  readonly random: Randomness;
  readonly #heap = new DueHeap<Event>();
  readonly #trace: ((line: string) => void) | null;
  readonly #startMs: number;
  #nowMs: number;
  #eventCount = 0;
  /** What really happens outside and is not over yet. */
  readonly #outside = new Set<Promise<unknown>>();
  #hashLow = 0x811c9dc5;
  #hashHigh = 0x9e3779b1;

  constructor(random: Randomness, startMs: number, trace: ((line: string) => void) | null) {
    this.random = random;
    this.#startMs = startMs;
    this.#nowMs = startMs;
    this.#trace = trace;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  get eventCount(): number {
    return this.#eventCount;
  }

  /** Two hashes of everything noted so far; equal runs have equal hashes. */
  get traceHash(): string {
    return [this.#hashHigh, this.#hashLow]
      .map((half) => (half >>> 0).toString(16).padStart(8, '0'))
      .join('');
  }

  /** Runs something at a time; what is past comes next. */
  at(atMs: number, name: string, run: () => void): Timer {
    const event: Event = { name, run, isCancelled: false };
    this.#heap.push(Math.max(atMs, this.#nowMs), this.random.draw('world:tie'), event);
    return {
      cancel: () => {
        event.isCancelled = true;
      },
    };
  }

  after(durationMs: number, name: string, run: () => void): Timer {
    return this.at(this.#nowMs + durationMs, name, run);
  }

  /** Resolves after so long; what takes no time is no event. */
  async sleep(durationMs: number, name: string): Promise<void> {
    if (durationMs <= 0) return;
    await new Promise<void>((resolve) => {
      this.after(durationMs, name, resolve);
    });
  }

  /** Something real that no time passes over: the next event comes when it is done. It must not reject. */
  async outside<T>(work: Promise<T>): Promise<T> {
    const done = work.finally(() => this.#outside.delete(done));
    this.#outside.add(done);
    return await done;
  }

  /** Adds to the trace: what two runs of one seed must have in common. */
  note(line: string): void {
    for (let at = 0; at < line.length; at++) {
      const code = line.charCodeAt(at);
      this.#hashLow = Math.imul(this.#hashLow ^ code, 0x01000193);
      this.#hashHigh = Math.imul(this.#hashHigh ^ (code + at), 0x85ebca6b);
    }
    this.#trace?.(`${((this.#nowMs - this.#startMs) / 1000).toFixed(3).padStart(12)} ${line}`);
  }

  /** Lets everything happen that happens until then; false when that is more than `eventsMax` events in all. */
  async runUntil(untilMs: number, eventsMax: number): Promise<boolean> {
    for (;;) {
      if (this.#eventCount >= eventsMax) return false;
      const next = this.#heap.peek();
      if (!next || next.atMs > untilMs) break;
      this.#heap.pop();
      if (next.item.isCancelled) continue;
      this.#nowMs = next.atMs;
      this.#eventCount += 1;
      this.note(next.item.name);
      next.item.run();
      await drained();
      while (this.#outside.size > 0) {
        await Promise.all(this.#outside);
        await drained();
      }
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
    return true;
  }
}

/** Comes back when every microtask that an event released has run. */
async function drained(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}
