/**
 * Which faults happen. Each seed draws its own: half of the kinds are switched off, so that the others
 * meet in every combination, and each of the rest gets a rate of its own (a swarm). Each single fault
 * has a name (kind, site and how often that site came), by which a run can be repeated with fewer.
 */
import type { FaultKind, FaultRates } from './fault-kinds.ts';
import { FAULT_KINDS, rateOf } from './fault-kinds.ts';
import type { Randomness } from './prng.ts';

/** The rates of a seed: half of the kinds off, the others anywhere between their lowest and highest. */
export function swarmRates(random: Randomness): FaultRates {
  const rates: FaultRates = {};
  for (const kind of FAULT_KINDS) {
    if (random.chance(`swarm:on:${kind}`, 0.5)) continue;
    rates[kind] = rateOf(kind, random.draw(`swarm:rate:${kind}`));
  }
  return rates;
}

/** The rates of a run in which only these kinds happen; `strength` from 0, the lowest, to 1, the highest. */
export function onlyRates(kinds: readonly FaultKind[], strength: number): FaultRates {
  return Object.fromEntries(kinds.map((kind) => [kind, rateOf(kind, strength)]));
}

/** What a shrinker or a test of single crashes decides beside the dice. */
export type FaultControl = {
  /** Of the faults that are drawn only these happen. */
  readonly only?: ReadonlySet<string>;
  /** No dice at all: these happen, and nothing else does. */
  readonly forced?: ReadonlySet<string>;
  /** Beside what is forced, kinds that happen at the first occasion of each site. */
  readonly always?: ReadonlySet<FaultKind>;
  /** Told of each fault that happens. */
  readonly onHit?: (occurrence: string) => void;
  /** Told of each occasion on which the process might have died. */
  readonly onCrashPoint?: (occurrence: string) => void;
};

export class Faults {
  readonly counts: Partial<Record<FaultKind, number>> = {};
  readonly #rates: FaultRates;
  readonly #random: Randomness;
  readonly #control: FaultControl;
  readonly #windows = new Map<string, boolean>();
  readonly #occasions = new Map<string, number>();
  #isOn = true;

  constructor(random: Randomness, rates: FaultRates, control: FaultControl = {}) {
    this.#random = random;
    this.#rates = rates;
    this.#control = control;
  }

  /** Whether this fault happens on this occasion; counted when it does. */
  hits(kind: FaultKind, site: string): boolean {
    const { forced } = this.#control;
    if (forced) return this.#isForced(kind, site, forced);
    const rate = this.#rates[kind];
    if (rate === undefined || !this.#isOn) return false;
    const stream = `fault:${kind}:${site}`;
    if (!this.#random.chance(stream, rate)) return false;
    const { only, onHit } = this.#control;
    if (only || onHit) {
      const occurrence = `${kind}|${site}|${this.#random.countOf(stream)}`;
      if (only && !only.has(occurrence)) return false;
      onHit?.(occurrence);
    }
    return this.#count(kind);
  }

  /** The same, drawn once for each site: a window that is open, or is not. */
  hitsOnce(kind: FaultKind, site: string): boolean {
    const mayHappen = this.#rates[kind] !== undefined || this.#control.forced !== undefined;
    if (!this.#isOn || !mayHappen) return false;
    const name = `${kind}:${site}`;
    const known = this.#windows.get(name);
    if (known !== undefined) return known;
    const isOpen = this.hits(kind, site);
    this.#windows.set(name, isOpen);
    return isOpen;
  }

  /** From here on the world is kind: the time in which everything must heal. */
  end(): void {
    this.#isOn = false;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  #isForced(kind: FaultKind, site: string, forced: ReadonlySet<string>): boolean {
    const { always, onCrashPoint } = this.#control;
    const isCrash = kind === 'crash' || kind === 'crash_at_point';
    if (!this.#isOn || !(isCrash || always?.has(kind))) return false;
    const name = `${kind}|${site}`;
    const count = (this.#occasions.get(name) ?? 0) + 1;
    this.#occasions.set(name, count);
    if (!isCrash) return count === 1 && this.#count(kind);
    const occurrence = `${name}|${count}`;
    onCrashPoint?.(occurrence);
    return forced.has(occurrence) && this.#count(kind);
  }

  #count(kind: FaultKind): true {
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    return true;
  }
}
