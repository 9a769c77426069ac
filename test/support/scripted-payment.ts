/**
 * One payment, decided input by input with a clock in hand, the way the door would do it. After each
 * decision every invariant is asked; a broken one fails the test at the decision that broke it.
 */
import type { Aggregate } from '../../src/core/aggregate.ts';
import type { ChannelOrder } from '../../src/core/channel-order.ts';
import { decide } from '../../src/core/decide.ts';
import type { Context, Decision } from '../../src/core/decision.ts';
import type { Effect, EventType } from '../../src/core/effect.ts';
import type { Case, ExceptionKind } from '../../src/core/exceptions/kind.ts';
import { ID_RANDOM_BYTES, newId, newPaymentId } from '../../src/core/id.ts';
import type { CreatePayment, Input, RequestedTry } from '../../src/core/input.ts';
import { checkAggregate, checkMove } from '../../src/core/invariants.ts';
import type { Posting } from '../../src/core/journal.ts';
import type { ChargeFact, Operation, Outcome, Via } from '../../src/core/outcome.ts';
import type { ChannelRules, Policy } from '../../src/core/policy.ts';
import { POLICY_DEFAULT } from '../../src/core/policy.ts';
import type { AggregateChange, PaymentKey, Step } from '../../src/store/store.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const START_MS = Date.parse('2026-11-24T08:00:00Z');
export const AMOUNT_MINOR = 1_999;
export const MERCHANT_NUMBER = 7;

const PRODUCTS = {
  qr: { chargesWithoutPayer: false, waitsForFinal: false, opensByLink: false },
  redirect: { chargesWithoutPayer: false, waitsForFinal: false, opensByLink: false },
  quickpay: { chargesWithoutPayer: true, waitsForFinal: false, opensByLink: false },
  page: { chargesWithoutPayer: false, waitsForFinal: false, opensByLink: true },
};

/** A channel with every ability: it closes, and remembers a number that was closed before it came. */
export const WALLET_RULES: ChannelRules = {
  queryDelaysMs: [15 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE],
  queryCountMax: 4,
  validityMarginMs: MINUTE,
  canClose: true,
  closeRefusesUnknown: true,
  validityMsMin: 0,
  products: PRODUCTS,
};

/** What stands behind each account: a wallet, a page that exists once it is opened, a bank that never closes. */
const RULES: Readonly<Record<string, ChannelRules>> = {
  'wallet/main': WALLET_RULES,
  'page/main': { ...WALLET_RULES, closeRefusesUnknown: false },
  'bank/main': { ...WALLET_RULES, canClose: false, closeRefusesUnknown: false },
};

export const WALLET_QR: RequestedTry = {
  channel: 'wallet',
  account: 'main',
  product: 'qr',
  allowOverlap: false,
};
export const WALLET_QUICKPAY: RequestedTry = { ...WALLET_QR, product: 'quickpay' };
export const PAGE: RequestedTry = { ...WALLET_QR, channel: 'page', product: 'page' };
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
    try: WALLET_QR,
    ...change,
  };
}

/** The rules of one of the accounts above; throws for any other, as the platform does. */
export function rulesOf(channel: string, account: string): ChannelRules {
  const rules = RULES[`${channel}/${account}`];
  if (!rules) throw new Error(`${channel}/${account} is not configured`);
  return rules;
}

let count = 0;

/** Bytes for ids that sort in the order in which they were made. */
export function countingBytes(): Uint8Array {
  count += 1;
  const bytes = new Uint8Array(ID_RANDOM_BYTES);
  new DataView(bytes.buffer).setUint32(2, count);
  return bytes;
}

export type Learned = {
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
    this.#steps.push({ version, atMs: this.nowMs, effects, postings, history });
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
    const { operation = 'query', attempt = 1, planned = false } = how;
    const { channel, account } = this.order(attempt);
    return this.decide({
      type: 'outcome_learned',
      attempt,
      outcome,
      evidence: { via: viaOf(operation), operation, raw: outcome.channelCode },
      planned,
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

  context(): Context {
    return {
      nowMs: this.nowMs,
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
  }
}

function viaOf(operation: Operation): Via {
  if (operation === 'notification' || operation === 'query') return operation;
  return 'response';
}
