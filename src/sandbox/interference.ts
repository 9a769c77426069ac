import { type BookOrder, orderKey, type PaySubmission, stateAt } from './book-order.ts';
import type { CallEffect, FollowUp } from './call-effect.ts';
import { openingOf } from './payer-plan.ts';
import type { Random } from './random.ts';
import { chooseScenario, SCENARIOS } from './scenarios.ts';
import type { ScenarioTimes } from './scenario-times.ts';

const OUTAGE_TIMEOUT_SHARE = 0.3;
const OUTAGE_RESET_SHARE = 0.2;

/** What a scenario does to the calls about its own order; every other order is left alone. */
export class Interference {
  readonly #times: ScenarioTimes;
  readonly #random: Random;
  /** First calls of orders in an outage, which may never get as far as being recorded. */
  readonly #outageSinceMs = new Map<string, number>();

  constructor(times: ScenarioTimes, random: Random) {
    this.#times = times;
    this.#random = random;
  }

  /** What befalls this order call; `order` is what the channel already has under the number. */
  onPay(submission: PaySubmission, order: BookOrder | null, nowMs: number): CallEffect | null {
    const scenario = chooseScenario(submission.scenario, submission.amountMinor);
    const conduct = scenario === null ? 'answered' : SCENARIOS[scenario].calls;
    if (conduct === 'pay_done_unanswered') return 'timeout_after';
    if (conduct === 'pay_lost') return 'timeout_before';
    if (conduct === 'outage') {
      const key = orderKey(submission.channel, submission.outNo);
      if (!this.#outageSinceMs.has(key)) this.#outageSinceMs.set(key, nowMs);
      const effect = this.#outageEffect(key, nowMs);
      if (effect !== null) return effect;
    }
    // A quick payment answers with its result, so while there is none it cannot answer.
    const isUndecided =
      submission.product === 'quickpay' &&
      (order === null
        ? openingOf(submission, scenario, this.#times, nowMs).plan?.atMs !== nowMs
        : stateAt(order, nowMs) === 'PAYING');
    return isUndecided ? 'timeout_after' : null;
  }

  /** What befalls a call about an order; `order` is what the channel has under the number. */
  onFollowUp(
    operation: FollowUp,
    key: string,
    order: BookOrder | null,
    nowMs: number,
  ): CallEffect | null {
    const scenario = order?.scenario ?? null;
    const conduct = scenario === null ? 'answered' : SCENARIOS[scenario].calls;
    const paidAtMs = order?.charge?.paidAtMs;
    if (conduct === 'query_down' && operation === 'query' && paidAtMs !== undefined) {
      if (nowMs >= paidAtMs + this.#times.queryDownMs) return null;
      return this.#random() < 0.5 ? 'http_500' : 'http_429';
    }
    if (conduct === 'outage' && order !== null && !this.#outageSinceMs.has(key)) {
      this.#outageSinceMs.set(key, order.createdAtMs);
    }
    return this.#outageEffect(key, nowMs);
  }

  #outageEffect(key: string, nowMs: number): CallEffect | null {
    const sinceMs = this.#outageSinceMs.get(key);
    if (sinceMs === undefined || nowMs >= sinceMs + this.#times.outageMs) return null;
    const drawn = this.#random();
    if (drawn >= OUTAGE_TIMEOUT_SHARE + OUTAGE_RESET_SHARE) return null;
    const happensBefore = this.#random() < 0.5;
    if (drawn < OUTAGE_TIMEOUT_SHARE) return happensBefore ? 'timeout_before' : 'timeout_after';
    return happensBefore ? 'reset_before' : 'reset_after';
  }
}
