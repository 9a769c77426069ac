/** Payments in the order of their creation: what the sweep over young orders walks. */
export class YoungPayments {
  readonly #all: { readonly createdAtMs: number; readonly paymentId: string }[] = [];

  /** Nearly always goes to the end: only a commit that came late has to find its place. */
  add(createdAtMs: number, paymentId: string): void {
    const all = this.#all;
    let at = all.length;
    while (at > 0 && (all[at - 1]?.createdAtMs ?? 0) > createdAtMs) at -= 1;
    all.splice(at, 0, { createdAtMs, paymentId });
  }

  /** Ids of the payments created at `fromMs` or later and before `toMs`. */
  *between(fromMs: number, toMs: number): Iterable<string> {
    for (let at = this.#placeOf(fromMs); at < this.#all.length; at++) {
      const one = this.#all[at];
      if (!one || one.createdAtMs >= toMs) return;
      yield one.paymentId;
    }
  }

  /** When the first wanted payment at `fromMs` or later was created; null when there is none. */
  firstFrom(fromMs: number, isWanted: (paymentId: string) => boolean): number | null {
    for (let at = this.#placeOf(fromMs); at < this.#all.length; at++) {
      const one = this.#all[at];
      if (one && isWanted(one.paymentId)) return one.createdAtMs;
    }
    return null;
  }

  /** The first place whose payment was created at this time or later. */
  #placeOf(createdAtMs: number): number {
    let low = 0;
    let high = this.#all.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#all[middle]?.createdAtMs ?? 0) < createdAtMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
