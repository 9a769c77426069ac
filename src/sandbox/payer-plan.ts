import type { BookOrder, OrderState, PaySubmission, Plan } from './book-order.ts';
import { findChannel, type Product } from './channel-catalogue.ts';
import { SCENARIOS, type ScenarioName } from './scenarios.ts';
import type { ScenarioTimes } from './scenario-times.ts';

/** How an order begins, and what its payer will do. */
export type Opening = { readonly state: OrderState; readonly plan: Plan | null };

/**
 * How an order of that kind begins under that scenario. `PAYING` means that the charge is under
 * way without the payer, so it can no longer be closed; a plan for `nowMs` itself is carried out
 * before the order call is answered.
 */
export function openingOf(
  submission: PaySubmission,
  scenario: ScenarioName | null,
  times: ScenarioTimes,
  nowMs: number,
): Opening {
  const { product } = submission;
  const chargesWithoutPayer = product === 'quickpay' || product === 'quickpay_accepted';
  const state = chargesWithoutPayer ? 'PAYING' : 'WAITING';
  if (scenario === null) {
    const delayMs = product === 'quickpay_accepted' ? times.payerAcceptedMs : 0;
    return { state, plan: chargesWithoutPayer ? { act: 'pays', atMs: nowMs + delayMs } : null };
  }
  const conduct = SCENARIOS[scenario].payer;
  if (conduct.act === 'pays_on_close') return { state, plan: null };
  if (conduct.act === 'pays_after_close') {
    return { state, plan: latePlan(submission, times, submission.expireAtMs) };
  }
  return {
    state,
    plan: { act: conduct.act, atMs: nowMs + delayOf(product, conduct.when, times) },
  };
}

/** What happens to an order that was shut at that time: nothing more, unless its payer comes late. */
export function planAfterClose(order: BookOrder, times: ScenarioTimes, atMs: number): Plan | null {
  return order.plan?.act === 'pays_late' ? latePlan(order.submission, times, atMs) : null;
}

/** What happens to an order after the charge that made it paid. */
export function planAfterCharge(
  { submission, scenario }: BookOrder,
  times: ScenarioTimes,
  paidAtMs: number,
): Plan | null {
  if (scenario === null || !canTell(submission)) return null;
  switch (SCENARIOS[scenario].aftermath) {
    case 'none':
      return null;
    case 'paid_again':
      return { act: 'pays_again', atMs: paidAtMs + times.secondPayerMs };
    case 'refunded_at_console':
      return { act: 'refunded_at_console', atMs: paidAtMs + times.consoleRefundMs };
    case 'reversed':
      return { act: 'reversed', atMs: paidAtMs + times.reversalMs };
  }
}

function latePlan(submission: PaySubmission, times: ScenarioTimes, overAtMs: number): Plan | null {
  if (!canTell(submission)) return null;
  return { act: 'pays_late', atMs: overAtMs + times.payerLateMs };
}

/** Of what happens at a silent channel when nobody asks any more, no platform knows before the statement. */
function canTell({ channel }: PaySubmission): boolean {
  return findChannel(channel)?.notifies === true;
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
