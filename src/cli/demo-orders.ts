/**
 * The demo's orders: which scenario each payment plays, and through which product. One seed, one
 * list; every scenario appears at least twenty times when there are enough payments.
 */
import { SCENARIOS } from '../sandbox/scenarios.ts';
import type { ExpectedEnd, ScenarioName } from '../sandbox/scenarios.ts';

export type DemoOrder = {
  readonly merchantOrderNo: string;
  readonly scenario: ScenarioName;
  readonly channel: string;
  readonly product: string;
  readonly amountMinor: number;
  readonly expected: ExpectedEnd;
  /** The merchant closes it: while the payer is paying, or before they come after all. */
  readonly closes: boolean;
  /** The merchant asks for the whole amount back once it is paid. */
  readonly refunds: boolean;
  /** Notices of this order go to the address that the merchant has moved away from. */
  readonly merchantMoved: boolean;
};

const SCENARIO_NAMES = Object.keys(SCENARIOS).filter(
  (name): name is ScenarioName => name in SCENARIOS,
);
/** One payment in so many plays a scenario where something goes wrong; the others just succeed. */
const TROUBLE_SHARE = 0.7;
const PRODUCTS = ['qr', 'redirect', 'quickpay', 'quickpay_accepted'] as const;

/** The orders of one demo run, of all scenarios or of one. `stamp` keeps the numbers of two runs apart. */
export function demoOrders(
  count: number,
  seed: number,
  stamp: string,
  only: ScenarioName | null,
): DemoOrder[] {
  const random = newRandom(seed);
  const perScenario = Math.max(1, Math.floor((count * TROUBLE_SHARE) / SCENARIO_NAMES.length));
  return Array.from({ length: count }, (_, at) => {
    const scenario = only ?? SCENARIO_NAMES[Math.floor(at / perScenario)] ?? 'success';
    const place = placeFor(scenario, random);
    return {
      merchantOrderNo: `DEMO-${stamp}-${String(at + 1).padStart(5, '0')}`,
      scenario,
      ...place,
      amountMinor: 100 + Math.floor(random() * 500_000),
      expected: SCENARIOS[scenario].expected,
      // Every other late payer comes after the end of the validity, which nobody has to ask for.
      closes: scenario === 'close_race' || (scenario === 'paid_after_close' && at % 2 === 0),
      refunds: SCENARIOS[scenario].merchantRefunds,
      merchantMoved: SCENARIOS[scenario].merchantMoved,
    };
  });
}

/** Scenarios that need a payer on a page, or a notification, keep to products that have them. */
function placeFor(
  scenario: ScenarioName,
  random: () => number,
): Pick<DemoOrder, 'channel' | 'product'> {
  if (scenario === 'success' && random() < 0.2) return { channel: 'query_only', product: 'qr' };
  if (
    scenario === 'close_race' ||
    scenario === 'paid_after_close' ||
    scenario === 'slow_payer' ||
    scenario === 'contradicting_notification' ||
    scenario === 'forged_notification'
  ) {
    return { channel: 'sandbox', product: random() < 0.5 ? 'qr' : 'redirect' };
  }
  return { channel: 'sandbox', product: PRODUCTS[Math.floor(random() * PRODUCTS.length)] ?? 'qr' };
}

/** mulberry32: small, even, and the same numbers everywhere for one seed. */
function newRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
