/**
 * Chance, repeatable. Each site has a stream of its own, and its n-th number depends on the seed, the
 * site and n alone: to take one fault away leaves every other one where it was, which is what makes
 * it possible to shrink a failing run.
 */
type Stream = { readonly hash: number; count: number };

export class Randomness {
  readonly #seed: number;
  readonly #streams = new Map<string, Stream>();

  constructor(seed: number) {
    this.#seed = mixed(seed | 0, 0x9e3779b1);
  }

  /** The next number of a site, in [0, 1). */
  draw(site: string): number {
    let stream = this.#streams.get(site);
    if (!stream) {
      stream = { hash: hashOf(site), count: 0 };
      this.#streams.set(site, stream);
    }
    stream.count += 1;
    const first = mixed(this.#seed ^ stream.hash, stream.count);
    return (mixed(first, stream.hash) >>> 0) / 2 ** 32;
  }

  /** How many numbers a site has drawn so far. */
  countOf(site: string): number {
    return this.#streams.get(site)?.count ?? 0;
  }

  chance(site: string, probability: number): boolean {
    return this.draw(site) < probability;
  }

  /** A whole number from `min` to `max`, both included. */
  between(site: string, min: number, max: number): number {
    return min + Math.floor(this.draw(site) * (max - min + 1));
  }

  pick<T>(site: string, items: readonly [T, ...T[]]): T {
    return items[Math.floor(this.draw(site) * items.length)] ?? items[0];
  }

  bytes(site: string, count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.between(site, 0, 255));
  }
}

/** FNV-1a, 32 bits. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash;
}

/** The finalizer of MurmurHash3: every bit of the input reaches every bit of the result. */
function mixed(a: number, b: number): number {
  let hash = a ^ Math.imul(b, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
