import { type BookOrder, type Charge, chargesOf, orderKey } from './book-order.ts';
import {
  type BookRefund,
  DEADLY_REFUSALS,
  isSameRefund,
  refundKey,
  type RefundAnswer,
  type RefundPlan,
  refundPlanOf,
  refundRefusal,
  type RefundSubmission,
  refusalOf,
  remainderMinor,
} from './book-refund.ts';
import { DueQueue } from './due-queue.ts';
import { SCENARIOS } from './scenarios.ts';
import type { ScenarioTimes } from './scenario-times.ts';
import { serialNumber } from './serial-number.ts';

/** A line of the books about refunds, for whoever keeps the books over a restart. */
export type RefundEntry =
  | { readonly kind: 'refund'; readonly refund: BookRefund }
  | { readonly kind: 'no_funds'; readonly key: string; readonly sinceMs: number };

export type BookRefundsOptions = {
  readonly seed: number;
  readonly times: ScenarioTimes;
  readonly record: (entry: RefundEntry) => void;
};

/** The money that the channels gave back or were asked to. Pure: each call brings the time. */
export class BookRefunds {
  readonly #seed: number;
  readonly #times: ScenarioTimes;
  readonly #record: (entry: RefundEntry) => void;
  readonly #refunds = new Map<string, BookRefund>();
  /** Keys of the refunds of an order, by the order's key, in the order in which they came. */
  readonly #byOrder = new Map<string, string[]>();
  /** Orders of the scenario without funds, with the time of their first request. */
  readonly #noFundsSinceMs = new Map<string, number>();
  readonly #ends = new DueQueue<string>();

  constructor({ seed, times, record }: BookRefundsOptions) {
    this.#seed = seed;
    this.#times = times;
    this.#record = record;
  }

  /** The platform wants money back. The same number and content again is answered as it stands now. */
  submit(order: BookOrder, submission: RefundSubmission, nowMs: number): RefundAnswer {
    const known = this.find(submission.channel, submission.refundNo);
    if (known !== null) return repeated(known, submission);
    const charge = chargesOf(order).find(({ tradeNo }) => tradeNo === submission.tradeNo);
    if (charge === undefined || charge.currency !== submission.currency) {
      return refundRefusal('TRADE_NOT_EXIST');
    }
    const earlier = this.ofOrder(order);
    const refused = refusalOf(submission, charge, earlier, this.#times, nowMs);
    if (refused !== null) {
      const answer = refundRefusal(refused);
      if (answer.result === 'ERROR' && DEADLY_REFUSALS.has(refused)) {
        const { code, message } = answer;
        this.#open(submission, nowMs, { state: 'CLOSED', failure: { code, message }, atMs: nowMs });
      }
      return answer;
    }
    if (this.#lacksFunds(order, nowMs)) return refundRefusal('NOT_ENOUGH');
    const plan = refundPlanOf(order, earlier, this.#times, nowMs);
    return { result: 'OK', refund: this.#open(submission, nowMs, plan) };
  }

  /**
   * Somebody gives money back at the channel's own console, at once; null when there is nothing left
   * of the charge, or less than they want. Without an amount: all that is left.
   */
  refundAtConsole(
    order: BookOrder,
    charge: Charge,
    amountMinor: number | null,
    nowMs: number,
  ): BookRefund | null {
    const leftMinor = remainderMinor(charge, this.ofOrder(order));
    const wantedMinor = amountMinor ?? leftMinor;
    if (wantedMinor < 1 || wantedMinor > leftMinor) return null;
    const { channel, outNo, tradeNo, currency } = charge;
    const { account } = order.submission;
    const refund = { channel, account, outNo, tradeNo, amountMinor: wantedMinor, currency };
    const plan = { state: 'SUCCESS', failure: null, atMs: nowMs } as const;
    return this.#open({ ...refund, refundNo: null }, nowMs, plan);
  }

  /** The refund under the platform's number; null when the channel never took one. */
  find(channel: string, refundNo: string): BookRefund | null {
    return this.#refunds.get(orderKey(channel, refundNo)) ?? null;
  }

  /** The refunds of an order, dead ones included, in the order in which they came. */
  ofOrder({ submission }: BookOrder): readonly BookRefund[] {
    const keys = this.#byOrder.get(orderKey(submission.channel, submission.outNo)) ?? [];
    return keys.flatMap((key) => this.#refunds.get(key) ?? []);
  }

  /** Every refund there ever was. */
  all(): readonly BookRefund[] {
    return [...this.#refunds.values()];
  }

  /** When the next refund ends; null when none is under way. */
  nextDueAtMs(): number | null {
    return this.#ends.peek()?.atMs ?? null;
  }

  /** Lets the next refund come to its end and answers it; null when none is under way. */
  endNext(): BookRefund | null {
    const refund = this.#refunds.get(this.#ends.pop()?.item ?? '');
    if (refund === undefined || refund.plan === null) return null;
    return this.#put(ended(refund, refund.plan));
  }

  restore(entry: RefundEntry): void {
    if (entry.kind === 'no_funds') this.#noFundsSinceMs.set(entry.key, entry.sinceMs);
    else this.#keep(entry.refund);
  }

  /** Ends the restoring: refunds under way go on. */
  resume(): void {
    for (const [key, { plan }] of this.#refunds) if (plan !== null) this.#ends.push(plan.atMs, key);
  }

  /** The lines that rebuild the refunds as they are now. */
  *entries(): Iterable<RefundEntry> {
    for (const [key, sinceMs] of this.#noFundsSinceMs) yield { kind: 'no_funds', key, sinceMs };
    for (const refund of this.#refunds.values()) yield { kind: 'refund', refund };
  }

  #lacksFunds({ scenario, submission }: BookOrder, nowMs: number): boolean {
    if (scenario === null || SCENARIOS[scenario].refund !== 'no_funds_at_first') return false;
    const key = orderKey(submission.channel, submission.outNo);
    const sinceMs = this.#noFundsSinceMs.get(key);
    if (sinceMs !== undefined) return nowMs < sinceMs + this.#times.refundNoFundsMs;
    this.#noFundsSinceMs.set(key, nowMs);
    this.#record({ kind: 'no_funds', key, sinceMs: nowMs });
    return true;
  }

  #open(
    asked: Omit<RefundSubmission, 'refundNo'> & { readonly refundNo: string | null },
    nowMs: number,
    plan: RefundPlan,
  ): BookRefund {
    const opened: BookRefund = {
      ...asked,
      refundId: `R${serialNumber(nowMs, this.#seed, this.#refunds.size + 1)}`,
      requestedAtMs: nowMs,
      state: 'PROCESSING',
      failure: null,
      endedAtMs: null,
      plan,
    };
    if (plan.atMs <= nowMs) return this.#put(ended(opened, plan));
    this.#ends.push(plan.atMs, refundKey(opened));
    return this.#put(opened);
  }

  #put(refund: BookRefund): BookRefund {
    this.#keep(refund);
    this.#record({ kind: 'refund', refund });
    return refund;
  }

  #keep(refund: BookRefund): void {
    const key = refundKey(refund);
    if (!this.#refunds.has(key)) {
      const home = orderKey(refund.channel, refund.outNo);
      const siblings = this.#byOrder.get(home) ?? [];
      siblings.push(key);
      this.#byOrder.set(home, siblings);
    }
    this.#refunds.set(key, refund);
  }
}

function ended(refund: BookRefund, { state, failure, atMs }: RefundPlan): BookRefund {
  return { ...refund, state, failure, endedAtMs: atMs, plan: null };
}

function repeated(known: BookRefund, again: RefundSubmission): RefundAnswer {
  if (!isSameRefund(known, again)) return refundRefusal('REFUND_NO_REUSED');
  const { failure } = known;
  if (failure !== null && DEADLY_REFUSALS.has(failure.code)) {
    // Dead is dead: also when the charge has room again by now.
    return refundRefusal(failure.code as 'REFUND_EXCEEDS');
  }
  return { result: 'OK', refund: known };
}
