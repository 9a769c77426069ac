/**
 * One payment, decided input by input with a clock in hand, the way the door would do it. After each
 * decision every invariant is asked; a broken one fails the test at the decision that broke it.
 */
import { TOGETHER } from '../../src/core/decision.ts';
import type { ChannelRefund } from '../../src/core/channel-refund.ts';
import type { Aggregate } from '../../src/core/aggregate.ts';
import type { ChannelOrder } from '../../src/core/channel-order.ts';
import { decide } from '../../src/core/decide.ts';
import type { Context, Decision } from '../../src/core/decision.ts';
import type { Effect, EventType } from '../../src/core/effect.ts';
import type { Case, ExceptionKind } from '../../src/core/exceptions/kind.ts';
import { ID_RANDOM_BYTES, newId, newPaymentId } from '../../src/core/id.ts';
import type { CreatePayment, Input, OperatorAction, RequestedTry } from '../../src/core/input.ts';
import { checkAggregate, checkMove } from '../../src/core/invariants.ts';
import type { Posting } from '../../src/core/journal.ts';
import type { ChargeFact, Operation, Outcome, Via } from '../../src/core/outcome.ts';
import type { Policy } from '../../src/core/policy.ts';
import { POLICY_DEFAULT } from '../../src/core/policy.ts';
import type { RefundFact, RefundOutcome } from '../../src/core/refund-outcome.ts';
import type { AggregateChange, PaymentKey, Step } from '../../src/store/store.ts';
import { rulesOf } from './scripted-rules.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const START_MS = Date.parse('2026-11-24T08:00:00Z');
export const AMOUNT_MINOR = 1_999;
export const MERCHANT_NUMBER = 7;

export const WALLET_QR: RequestedTry = {
  channel: 'wallet',
  account: 'main',
  product: 'qr',
  allowOverlap: false,
};
export const WALLET_QUICKPAY: RequestedTry = { ...WALLET_QR, product: 'quickpay' };
export const PAGE: RequestedTry = { ...WALLET_QR, channel: 'page', product: 'page' };
/** A channel that would return the money twice if the same refund were sent twice. */
export const CARELESS: RequestedTry = { ...WALLET_QR, channel: 'careless' };
export const BANK: RequestedTry = { ...WALLET_QR, channel: 'bank', product: 'redirect' };

export const PENDING: Outcome = {
  type: 'pending',
  nextAction: { type: 'display_qr', qrContent: 'https://pay.example/1' },
  channelCode: 'ACCEPTED',
};
export const WAITING: Outcome = { type: 'pending', nextAction: null, channelCode: 'WAITING' };
export const UNKNOWN: Outcome = { type: 'unknown', reason: 'timeout', channelCode: 'no_answer' };
export const NOT_FOUND: Outcome = { type: 'not_found', channelCode: 'NOT_EXIST' };
export const CLOSED: Outcome = { type: 'closed', channelCode: 'CLOSED' };
export const DECLINED: Outcome = {
  type: 'failed',
  code: 'insufficient_balance',
  message: '余额不足',
  channelCode: 'INSUFFICIENT_BALANCE',
};

/** The channel took the money: the ordered sum unless told otherwise. */
export function paid(...charges: readonly Partial<ChargeFact>[]): Outcome {
  const full = (charges.length > 0 ? charges : [{}]).map((one) => ({
    transactionNo: 'T1',
    amountMinor: AMOUNT_MINOR,
    currency: 'CNY',
    paidAtMs: START_MS,
    ...one,
  }));
  return { type: 'succeeded', charges: full, channelCode: 'PAID' };
}

/** An input that creates a payment; `paymentId` differs with each call, as in each request. */
export function createInput(change: Partial<CreatePayment> = {}): CreatePayment {
  return {
    type: 'create_payment',
    paymentId: newPaymentId(MERCHANT_NUMBER, START_MS, countingBytes()),
    merchantNumber: MERCHANT_NUMBER,
    merchantOrderNo: 'A-1',
    amountMinor: AMOUNT_MINOR,
    currency: 'CNY',
    subject: 'tea',
    expiresInMs: null,
    returnUrl: null,
    noticeUrl: null,
    metadata: {},
    latePayment: 'refund',
    try: WALLET_QR,
    ...change,
  };
}

type RefundJob = Extract<Effect, { type: 'refund_job' }>;

let count = 0;

/** Bytes for ids that sort in the order in which they were made. */
export function countingBytes(): Uint8Array {
  count += 1;
  const bytes = new Uint8Array(ID_RANDOM_BYTES);
  new DataView(bytes.buffer).setUint32(2, count);
  return bytes;
}

export type Learned = {
  readonly askedAtMs?: number;
  readonly operation?: Operation;
  readonly attempt?: number;
  readonly planned?: boolean;
};

export class ScriptedPayment {
  nowMs = START_MS;
  #aggregate: Aggregate | null = null;
  #saved: Aggregate | null = null;
  #steps: Step[] = [];
  readonly policy: Policy;
  readonly postings: Posting[] = [];
  /** Every event that was told, in order. */
  readonly events: Extract<Effect, { type: 'event' }>[] = [];
  /** The dropped-order table, by attempt. */
  readonly questions = new Map<number, { operation: 'query' | 'close'; dueAtMs: number }>();
  /** The table of refund jobs, by attempt and number of the channel refund. */
  readonly refundJobs = new Map<string, RefundJob>();
  expiresDueAtMs: number | null = null;

  constructor(create: Partial<CreatePayment> = {}, policy: Policy = POLICY_DEFAULT) {
    this.policy = policy;
    this.decide(createInput(create));
  }

  get aggregate(): Aggregate {
    if (!this.#aggregate) throw new Error('the payment was not created');
    return this.#aggregate;
  }

  get payment(): Aggregate['payment'] {
    return this.aggregate.payment;
  }

  get key(): PaymentKey {
    return { merchantNumber: this.payment.merchantNumber, paymentId: this.payment.id };
  }

  get status(): string {
    return this.payment.status;
  }

  order(attempt = 1): ChannelOrder {
    const order = this.aggregate.orders.find((one) => one.attempt === attempt);
    if (!order) throw new Error(`there is no order ${attempt}`);
    return order;
  }

  /** The open case of a kind, or null; throws when there are several. */
  openCase(kind: ExceptionKind): Case | null {
    const open = this.aggregate.cases.filter(
      (one) => one.kind === kind && one.resolvedAtMs === null,
    );
    if (open.length > 1) throw new Error(`${open.length} open cases of ${kind}`);
    return open[0] ?? null;
  }

  /** Which events were told so far. */
  told(): EventType[] {
    return this.events.map((one) => one.event);
  }

  pass(durationMs: number): this {
    this.nowMs += durationMs;
    return this;
  }

  /** Decides one input; throws when an invariant is broken. */
  decide(input: Input): Decision {
    const before = this.#aggregate;
    const decision = decide(before, input, this.context());
    if (decision.type !== 'changed') return decision;
    const { aggregate, postings, effects } = decision;
    const broken = [
      ...checkAggregate(aggregate),
      ...checkMove(before, aggregate, postings, effects),
    ];
    if (broken.length > 0) {
      throw new Error(broken.map((one) => `${one.id}: ${one.words}`).join('\n'));
    }
    this.#aggregate = aggregate;
    this.postings.push(...postings);
    const { version } = aggregate.payment;
    const { history } = decision;
    const channelVersion = aggregate.apart?.channelVersion ?? 0;
    const { touches } = decision;
    const made = { version, channelVersion, touches, atMs: this.nowMs };
    this.#steps.push({ ...made, effects, postings, history });
    for (const effect of effects) this.#take(effect);
    return decision;
  }

  /** Everything decided since the last call, as the door hands it to the store. */
  takeChange(): AggregateChange {
    const change = { before: this.#saved, after: this.aggregate, steps: this.#steps };
    this.#saved = this.aggregate;
    this.#steps = [];
    return change;
  }

  /** What a channel said about an order, by whichever call or message. */
  learn(outcome: Outcome, how: Learned = {}): Decision {
    const { operation = 'query', attempt = 1, planned = false, askedAtMs } = how;
    const { channel, account } = this.order(attempt);
    return this.decide({
      type: 'outcome_learned',
      attempt,
      outcome,
      evidence: { via: viaOf(operation), operation, raw: outcome.channelCode },
      planned,
      ...(askedAtMs !== undefined && { askedAtMs }),
      from: { channel, account },
    });
  }

  notified(outcome: Outcome, attempt = 1): Decision {
    return this.learn(outcome, { operation: 'notification', attempt });
  }

  /** The job that stands in the dropped-order table is done when it is due, and answered so. */
  answerJob(outcome: Outcome, attempt = 1): Decision {
    const job = this.questions.get(attempt);
    if (!job) throw new Error(`nothing is planned for order ${attempt}`);
    this.nowMs = Math.max(this.nowMs, job.dueAtMs);
    return this.learn(outcome, { operation: job.operation, attempt, planned: true });
  }

  /** A merchant asks for money back. */
  refund(amountMinor = AMOUNT_MINOR, merchantRefundNo = 'R-1'): Decision {
    return this.decide({ type: 'request_refund', merchantRefundNo, amountMinor, note: null });
  }

  /** A channel refund by its place; throws when there is none. */
  channelRefund(number = 1, attempt = 1): ChannelRefund {
    const refund = this.order(attempt).refunds.find((one) => one.number === number);
    if (!refund) throw new Error(`order ${attempt} has no refund ${number}`);
    return refund;
  }

  /** The job that is due first, after time has passed until then; null when there is none. */
  nextRefundJob(): RefundJob | null {
    // What the brake holds is due never.
    const [first] = [...this.refundJobs.values()]
      .filter((job) => job.operation !== 'held')
      .toSorted((a, b) => a.dueAtMs - b.dueAtMs);
    if (first) this.nowMs = Math.max(this.nowMs, first.dueAtMs);
    return first ?? null;
  }

  /** The next refund job is done, as the worker does it: guard, call, answer. */
  answerRefund(outcome: RefundOutcome): Decision {
    const job = this.nextRefundJob();
    if (!job) throw new Error('no refund is to be sent or asked about');
    const { attempt, number, operation } = job;
    if (operation === 'send') {
      const decision = this.decide({ type: 'refund_sending', attempt, number });
      if (decision.type !== 'changed') return decision;
    }
    return this.learnRefund(outcome, {
      attempt,
      number,
      operation: operation === 'send' ? 'refund' : 'refund_query',
      planned: true,
    });
  }

  learnRefund(outcome: RefundOutcome, how: Learned & { readonly number?: number } = {}): Decision {
    const { operation = 'refund_query', attempt = 1, planned = false, number = 1 } = how;
    const { channel, account } = this.order(attempt);
    return this.decide({
      type: 'refund_outcome_learned',
      attempt,
      number,
      outcome,
      evidence: { via: viaOf(operation), operation, raw: outcome.channelCode },
      planned,
      from: { channel, account },
    });
  }

  /** Money goes back at the channel's own console. */
  refundedAtConsole(refund: Partial<RefundFact> = {}, attempt = 1): Decision {
    const { channel, account } = this.order(attempt);
    return this.decide({
      type: 'foreign_refund_learned',
      attempt,
      refund: {
        channelRefundNo: null,
        refundId: 'C1',
        transactionNo: 'T1',
        amountMinor: AMOUNT_MINOR,
        currency: 'CNY',
        refundedAtMs: this.nowMs,
        ...refund,
      },
      evidence: { via: 'notification', operation: 'notification', raw: 'console' },
      from: { channel, account },
    });
  }

  /** The channel has returned what this channel refund asked for. */
  returned(number = 1, attempt = 1): RefundOutcome {
    const { channelRefundNo, transactionNo, amountMinor, currency } = this.channelRefund(
      number,
      attempt,
    );
    const refundId = `F${channelRefundNo}`;
    return {
      type: 'succeeded',
      refund: {
        channelRefundNo,
        refundId,
        transactionNo,
        amountMinor,
        currency,
        refundedAtMs: this.nowMs,
      },
      channelCode: 'SUCCESS',
    };
  }

  /** A named person decides about the open case of a kind. */
  decideCase(kind: ExceptionKind, action: OperatorAction): Decision {
    const caseId = this.openCase(kind)?.id ?? 'exc_none';
    return this.decide({
      type: 'operator_decision',
      caseId,
      action,
      by: 'Li Na',
      reason: 'agreed',
    });
  }

  context(): Context {
    return {
      nowMs: this.nowMs,
      ...TOGETHER,
      policy: this.policy,
      rules: rulesOf,
      newId: (prefix) => newId(prefix, this.nowMs, countingBytes()),
    };
  }

  #take(effect: Effect): void {
    if (effect.type === 'ask') {
      this.questions.set(effect.attempt, { operation: effect.operation, dueAtMs: effect.dueAtMs });
    } else if (effect.type === 'ask_done') this.questions.delete(effect.attempt);
    else if (effect.type === 'expire') this.expiresDueAtMs = effect.dueAtMs;
    else if (effect.type === 'event') this.events.push(effect);
    else if (effect.type === 'refund_job') {
      this.refundJobs.set(`${effect.attempt}:${effect.number}`, effect);
    } else if (effect.type === 'refund_job_done') {
      this.refundJobs.delete(`${effect.attempt}:${effect.number}`);
    }
  }
}

function viaOf(operation: Operation): Via {
  if (operation === 'notification' || operation === 'query') return operation;
  if (operation === 'refund_query') return 'query';
  return 'response';
}
