type Entry<T> = { readonly atMs: number; readonly tie: number; readonly item: T };

/**
 * A binary heap by time. Equal times come in the order of their tie, which the caller chooses: a
 * counter keeps the order of arrival, a drawn number shuffles it.
 */
export class DueHeap<T> {
  readonly #entries: Entry<T>[] = [];

  get size(): number {
    return this.#entries.length;
  }

  push(atMs: number, tie: number, item: T): void {
    const entries = this.#entries;
    const entry = { atMs, tie, item };
    let at = entries.length;
    entries.push(entry);
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = entries[parentAt];
      if (!parent || !isBefore(entry, parent)) break;
      entries[at] = parent;
      at = parentAt;
    }
    entries[at] = entry;
  }

  /** The earliest entry, left where it is; null when there is none. */
  peek(): Entry<T> | null {
    return this.#entries[0] ?? null;
  }

  /** Takes the earliest entry out; null when there is none. */
  pop(): Entry<T> | null {
    const first = this.#entries[0];
    const last = this.#entries.pop();
    if (!first || !last) return null;
    if (this.#entries.length > 0) this.#sink(last);
    return first;
  }

  /** Puts an entry at the root and lets it sink to its place. */
  #sink(entry: Entry<T>): void {
    const entries = this.#entries;
    let at = 0;
    for (;;) {
      const leftAt = 2 * at + 1;
      const left = entries[leftAt];
      const right = entries[leftAt + 1];
      const isRight = left !== undefined && right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (!child || !isBefore(child, entry)) break;
      entries[at] = child;
      at = isRight ? leftAt + 1 : leftAt;
    }
    entries[at] = entry;
  }
}

function isBefore(a: Entry<unknown>, b: Entry<unknown>): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.tie < b.tie);
}
