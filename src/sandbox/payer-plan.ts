import type { OrderState, PayerPlan } from './book-order.ts';
import type { Product } from './channel-catalogue.ts';
import { SCENARIOS, type ScenarioName } from './scenarios.ts';
import type { ScenarioTimes } from './scenario-times.ts';

/** How an order begins, and what its payer will do. */
export type Opening = { readonly state: OrderState; readonly payer: PayerPlan | null };

/**
 * How an order of that product begins under that scenario. `PAYING` means that the charge is under
 * way without the payer, so it can no longer be closed; a plan for `nowMs` itself is carried out
 * before the order call is answered.
 */
export function openingOf(
  product: Product,
  scenario: ScenarioName | null,
  times: ScenarioTimes,
  nowMs: number,
): Opening {
  const chargesWithoutPayer = product === 'quickpay' || product === 'quickpay_accepted';
  const state = chargesWithoutPayer ? 'PAYING' : 'WAITING';
  if (scenario === null) {
    const delayMs = product === 'quickpay_accepted' ? times.payerAcceptedMs : 0;
    return { state, payer: chargesWithoutPayer ? { act: 'pays', atMs: nowMs + delayMs } : null };
  }
  const conduct = SCENARIOS[scenario].payer;
  if (conduct.act === 'pays_on_close') return { state, payer: null };
  return {
    state,
    payer: { act: conduct.act, atMs: nowMs + delayOf(product, conduct.when, times) },
  };
}

function delayOf(
  product: Product,
  when: 'at_once' | 'slow' | 'after_forgery',
  times: ScenarioTimes,
): number {
  if (when === 'slow') return times.payerSlowMs;
  // A quick payment is over before its answer, whatever a forger says meanwhile.
  if (product === 'quickpay') return 0;
  const payerMs = when === 'at_once' ? times.payerAtOnceMs : times.payerAfterForgeryMs;
  return product === 'quickpay_accepted' ? Math.max(payerMs, times.payerAcceptedMs) : payerMs;
}
