type Entry<T> = { readonly atMs: number; readonly serial: number; readonly item: T };

/**
 * What must happen at a time, earliest first; equal times in the order they were put in, so that a
 * run can be repeated. A binary heap, because a busy channel has hundreds of thousands of entries.
 */
export class DueQueue<T> {
  readonly #heap: Entry<T>[] = [];
  #serial = 0;

  push(atMs: number, item: T): void {
    const heap = this.#heap;
    const entry = { atMs, serial: this.#serial++, item };
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex];
      if (parent === undefined || !isBefore(entry, parent)) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = entry;
  }

  /** The earliest entry, left where it is; null when there is none. */
  peek(): { readonly atMs: number; readonly item: T } | null {
    return this.#heap[0] ?? null;
  }

  /** Removes and returns the earliest entry; null when there is none. */
  pop(): { readonly atMs: number; readonly item: T } | null {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (first === undefined || last === undefined) return null;
    if (this.#heap.length > 0) this.#sinkFromRoot(last);
    return first;
  }

  #sinkFromRoot(entry: Entry<T>): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      const left = heap[2 * index + 1];
      if (left === undefined) break;
      const right = heap[2 * index + 2];
      const takesRight = right !== undefined && isBefore(right, left);
      const child = takesRight ? right : left;
      if (!isBefore(child, entry)) break;
      heap[index] = child;
      index = 2 * index + (takesRight ? 2 : 1);
    }
    heap[index] = entry;
  }
}

function isBefore(left: Entry<unknown>, right: Entry<unknown>): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.serial < right.serial);
}
