/**
 * The people who look after the platform: some time after a case has become theirs they decide about it,
 * as its kind allows; now and then twice at once, from two windows. 运营人员。
 */
import type { Aggregate } from '../core/aggregate.ts';
import type { Case } from '../core/exceptions/kind.ts';
import type { Input, OperatorAction } from '../core/input.ts';
import type { PaymentKey } from '../store/store.ts';
import type { Faults } from './faults.ts';
import type { Marks } from './marks.ts';
import type { PlatformProcess } from './process.ts';
import type { World } from './world.ts';

const MINUTE = 60_000;
const FIRST_LOOK_MS = [MINUTE, 90 * MINUTE] as const;
const LATER_LOOK_MS = [30 * MINUTE, 8 * 60 * MINUTE] as const;
const PATIENCE_MS = 10_000;
/** Whoever looked so often at a refund without success lets it be. */
const RETRIES_MAX = 3;
/** A case that needs nobody any more after so many looks is left alone. */
const LOOKS_MAX = 60;

export type OperatorsOptions = {
  readonly world: World;
  readonly faults: Faults;
  readonly marks: Marks;
  readonly read: (paymentId: string) => Aggregate | null;
  readonly processOf: (site: string) => PlatformProcess;
};

export class Operators {
  readonly #options: OperatorsOptions;
  readonly #seen = new Set<string>();

  constructor(options: OperatorsOptions) {
    this.#options = options;
  }

  /** Called with each committed state: what became a person's business gets a person. */
  see({ payment, cases }: Aggregate): void {
    for (const { id, owner, resolvedAtMs } of cases) {
      if (owner !== 'operations' || resolvedAtMs !== null || this.#seen.has(id)) continue;
      this.#seen.add(id);
      this.#lookLater(id, payment.id, FIRST_LOOK_MS, 1);
    }
  }

  #lookLater(
    caseId: string,
    paymentId: string,
    pauseMs: readonly [number, number],
    look: number,
  ): void {
    const { world } = this.#options;
    const delayMs = world.random.between(`operator:${caseId}`, ...pauseMs);
    world.after(delayMs, `operator looks at ${caseId}`, () => {
      void this.#look(caseId, paymentId, look);
    });
  }

  async #look(caseId: string, paymentId: string, look: number): Promise<void> {
    const aggregate = this.#options.read(paymentId);
    const open = aggregate?.cases.find((one) => one.id === caseId && one.resolvedAtMs === null);
    if (!aggregate || !open || look > LOOKS_MAX) return;
    const input = this.#decide(aggregate, open, look);
    const { merchantNumber } = aggregate.payment;
    if (input) await this.#apply({ merchantNumber, paymentId }, input, caseId);
    this.#lookLater(caseId, paymentId, LATER_LOOK_MS, look + 1);
  }

  #decide(aggregate: Aggregate, open: Case, look: number): Input | null {
    const { random } = this.#options.world;
    const decision = (action: OperatorAction): Input => ({
      type: 'operator_decision',
      caseId: open.id,
      action,
      by: 'Li Na',
      reason: 'cleared up with the channel',
    });
    switch (open.kind) {
      case 'amount_mismatch':
        return random.chance(`decide:${open.id}`, 0.7) ? decision('return_money') : null;
      case 'failed_refund':
        return this.#decideRefund(aggregate, open, look, decision);
      case 'excess_refund':
      case 'reversed_payment':
      case 'conflicting_outcome':
      case 'undelivered_notice':
        return decision('resolve');
      default:
        return null;
    }
  }

  #decideRefund(
    { payment, orders }: Aggregate,
    open: Case,
    look: number,
    decision: (action: OperatorAction) => Input,
  ): Input | null {
    const { world, marks } = this.#options;
    for (const { attempt, refunds } of orders) {
      const held = refunds.find(
        (one) => one.refundKey === open.subject && one.status === 'held_back',
      );
      if (!held) continue;
      marks.reach('refund_released');
      const { number } = held;
      return { type: 'refund_released', attempt, number, by: 'Li Na', reason: 'checked' };
    }
    const refund = payment.refunds.find((one) => one.key === open.subject);
    if (refund?.status !== 'requires_action') return null;
    const isRetried = look <= RETRIES_MAX && world.random.chance(`decide:${open.id}`, 0.7);
    marks.reach(isRetried ? 'refund_retried' : 'refund_given_up');
    return decision(isRetried ? 'retry_refund' : 'give_up_refund');
  }

  async #apply(key: PaymentKey, input: Input, caseId: string): Promise<void> {
    const { faults, processOf } = this.#options;
    const windows = faults.hits('decided_twice', caseId) ? [1, 2] : [1];
    await Promise.all(
      windows.map(
        async (window) =>
          await processOf(`operator:${window}:${caseId}`).serve(
            async ({ door }) => await door.apply(key, input),
            PATIENCE_MS,
          ),
      ),
    );
  }
}
