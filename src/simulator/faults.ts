/**
 * What goes wrong, and how often. Each seed draws its own: half of the kinds are switched off, so that
 * the others meet in every combination, and each of the rest gets a rate of its own (a swarm).
 */
import type { Randomness } from './prng.ts';

/** Every kind, with the lowest and the highest rate that a seed may draw, per occasion. */
const RATES = {
  // A platform's call to a channel.
  call_lost: [0.02, 0.3],
  call_reply_lost: [0.02, 0.3],
  call_late: [0.01, 0.15],
  channel_error: [0.02, 0.3],
  channel_busy: [0.02, 0.2],
  unlisted_code: [0.01, 0.15],
  query_stale: [0.05, 0.5],
  bulkhead_full: [0.01, 0.1],
  // Windows in which a channel answers nothing; the rate is per minute.
  channel_outage: [0.02, 0.2],
  // A channel's message to the platform.
  notification_lost: [0.05, 0.6],
  notification_lost_for_ever: [0.05, 0.5],
  notification_late: [0.05, 0.4],
  notification_copied: [0.05, 0.6],
  notification_forged: [0.02, 0.3],
  notification_misaddressed: [0.02, 0.2],
  notification_answer_lost: [0.05, 0.4],
  // What payers and weak channels do.
  second_payer: [0.02, 0.2],
  paid_after_close: [0.05, 0.5],
  paid_after_decline: [0.2, 0.6],
  other_amount: [0.01, 0.1],
  other_amount_notified: [0.01, 0.1],
  // A platform's process and its database.
  store_error: [0.002, 0.05],
  commit_answer_lost: [0.005, 0.08],
  commit_stale: [0.005, 0.1],
  commit_slow: [0.002, 0.05],
  crash: [0.0005, 0.008],
  crash_at_point: [0.0005, 0.008],
  // A merchant and the platform.
  request_lost: [0.02, 0.25],
  answer_lost: [0.02, 0.3],
  notice_lost: [0.02, 0.4],
  notice_answer_lost: [0.02, 0.4],
  merchant_down: [0.02, 0.2],
} as const satisfies Record<string, readonly [number, number]>;

export type FaultKind = keyof typeof RATES;
export type FaultRates = Partial<Record<FaultKind, number>>;

export const FAULT_KINDS = Object.keys(RATES).filter((kind): kind is FaultKind => kind in RATES);

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

function rateOf(kind: FaultKind, strength: number): number {
  const [lowest, highest] = RATES[kind];
  return lowest * (highest / lowest) ** strength;
}

export class Faults {
  readonly counts: Partial<Record<FaultKind, number>> = {};
  readonly #rates: FaultRates;
  readonly #random: Randomness;
  readonly #windows = new Map<string, boolean>();
  #isOn = true;

  constructor(random: Randomness, rates: FaultRates) {
    this.#random = random;
    this.#rates = rates;
  }

  /** Whether this fault happens on this occasion; counted when it does. */
  hits(kind: FaultKind, site: string): boolean {
    const rate = this.#rates[kind];
    if (rate === undefined || !this.#isOn) return false;
    if (!this.#random.chance(`fault:${kind}:${site}`, rate)) return false;
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    return true;
  }

  /** The same, drawn once for each site: a window that is open, or is not. */
  hitsOnce(kind: FaultKind, site: string): boolean {
    if (!this.#isOn) return false;
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
}
