/**
 * What a merchant can ask for, from the input to the answer: decide, perform at once what follows,
 * and answer what is known by the deadline. A crash at any point ends in the job that was committed.
 */
import type { Connector, Connectors, Permit } from '../channels/connector.ts';
import type { Aggregate } from '../core/aggregate.ts';
import { isOpen } from '../core/channel-order.ts';
import type { ChannelRefund } from '../core/channel-refund.ts';
import { isInFlight } from '../core/channel-refund.ts';
import type { Refusal } from '../core/decision.ts';
import type { CreatePayment, Input, RequestedTry, RequestRefund } from '../core/input.ts';
import { merchantRefundKey } from '../core/refund.ts';
import type { PaymentKey, Store } from '../store/store.ts';
import type { Applied, Door } from './apply.ts';
import type { Clock } from './clock.ts';
import type { KillPoints } from './kill-point.ts';
import type { Performer } from './perform.ts';
import { needsAnswer } from './perform.ts';

export type Answered =
  | {
      readonly type: 'done';
      readonly aggregate: Aggregate;
      /** True when a payment or a channel order was made, and not merely found. */
      readonly isNew: boolean;
    }
  | { readonly type: 'refused'; readonly refusal: Refusal; readonly aggregate: Aggregate | null };

export type Requests = {
  /** Creates the payment of a merchant order number, or finds it; with a try, sends it to its channel. */
  create(input: CreatePayment, deadlineAtMs: number): Promise<Answered>;
  /** Tries an existing payment, after what stands in the way was asked about and closed. */
  tryChannel(key: PaymentKey, requested: RequestedTry, deadlineAtMs: number): Promise<Answered>;
  /** Asks the channels of all open orders now. */
  sync(key: PaymentKey, deadlineAtMs: number): Promise<Answered>;
  /** Owes the payer money back and has the channel return it, as far as that is known by the deadline. */
  refund(key: PaymentKey, input: RequestRefund, deadlineAtMs: number): Promise<Answered>;
  /** Query → close at the channel → query → closed. */
  close(key: PaymentKey, deadlineAtMs: number): Promise<Answered>;
};

export type RequestsOptions = {
  readonly store: Store;
  readonly door: Door;
  readonly performer: Performer;
  readonly connectors: Connectors;
  readonly clock: Clock;
  readonly killPoint: KillPoints;
};

/** While a product's final result is awaited: how often our own state is looked at, and the channel asked. */
const LOOK_EVERY_MS = 100;
const ASK_EVERY_MS = 1_000;
/** Steps of a safe close in line: query, close, query, and one repetition of each. */
const CLOSE_STEPS_MAX = 6;

/** The merchants' requests over these parts. */
export function newRequests(options: RequestsOptions): Requests {
  const { store, door, killPoint } = options;
  const inline = new Inline(options);
  return {
    create: async (input, deadlineAtMs) => {
      killPoint('create.before_apply');
      const answered = await inline.try(input, input, input.try, deadlineAtMs);
      killPoint('create.before_answer');
      return answered;
    },
    tryChannel: async (key, requested, deadlineAtMs) =>
      await inline.try(key, { type: 'request_try', try: requested }, requested, deadlineAtMs),
    refund: async (key, input, deadlineAtMs) => {
      const owner = await store.findByMerchantRefundNo(key.merchantNumber, input.merchantRefundNo);
      if (owner && owner.paymentId !== key.paymentId) return refundNoReused(input);
      try {
        return await inline.refund(key, input, deadlineAtMs);
      } catch (error) {
        // Two payments may claim one number in the same instant; the database lets one of them have it.
        const other = await store.findByMerchantRefundNo(
          key.merchantNumber,
          input.merchantRefundNo,
        );
        if (other && other.paymentId !== key.paymentId) return refundNoReused(input);
        throw error;
      }
    },
    sync: async (key, deadlineAtMs) => await syncAll(options, key, deadlineAtMs),
    close: async (key, deadlineAtMs) => {
      const applied = await door.apply(key, { type: 'close_payment' });
      killPoint('close_request.after_apply');
      if (applied.decision.type === 'refused' || !applied.aggregate) return refusedBy(applied);
      const aggregate = await inline.closeOpen(applied.aggregate, deadlineAtMs);
      if (aggregate.payment.status === 'succeeded') {
        const refusal = {
          code: 'payment_succeeded',
          detail: 'It was paid.',
          askFirst: [],
        } as const;
        return { type: 'refused', refusal, aggregate };
      }
      return { type: 'done', aggregate, isNew: false };
    },
  };
}

/** Asks the channels about every order and refund whose end they may know by now. */
async function syncAll(
  { store, performer, killPoint }: RequestsOptions,
  key: PaymentKey,
  deadlineAtMs: number,
): Promise<Answered> {
  const [aggregate] = await store.load([key]);
  if (!aggregate) return noSuchPayment;
  killPoint('sync.before_query');
  const call = { planned: false, deadlineAtMs, permit: null };
  let latest: Aggregate = aggregate;
  for (const { attempt, number } of refundsToAsk(aggregate)) {
    const applied = await performer.performRefund(latest, attempt, number, 'query', call);
    latest = applied?.aggregate ?? latest;
  }
  for (const order of aggregate.orders) {
    if (!isOpen(order) && !needsAnswer(aggregate, order.attempt)) continue;
    const applied = await performer.perform(latest, order.attempt, 'query', call);
    latest = applied?.aggregate ?? latest;
  }
  return { type: 'done', aggregate: latest, isNew: false };
}

function isGivenUp({ sentAtMs, failure }: ChannelRefund): boolean {
  return sentAtMs !== null && failure?.code === 'given_up';
}

/** Channel refunds whose result the channel may know by now; it may have paid what a person gave up. */
function refundsToAsk({ orders }: Aggregate): { attempt: number; number: number }[] {
  return orders.flatMap(({ attempt, refunds }) =>
    refunds
      .filter((one) => isInFlight(one) || isGivenUp(one))
      .map(({ number }) => ({ attempt, number })),
  );
}

const noSuchPayment: Answered = {
  type: 'refused',
  refusal: { code: 'not_found', detail: 'There is no such payment.', askFirst: [] },
  aggregate: null,
};

function refundNoReused({ merchantRefundNo }: RequestRefund): Answered {
  const detail = `${merchantRefundNo} is a refund of another payment.`;
  const refusal = { code: 'merchant_refund_no_reused', detail, askFirst: [] } as const;
  return { type: 'refused', refusal, aggregate: null };
}

function refusedBy(applied: Applied): Answered {
  if (applied.decision.type !== 'refused') return noSuchPayment;
  return { type: 'refused', refusal: applied.decision.refusal, aggregate: applied.aggregate };
}

/** Deciding and performing in one go, inside the caller's deadline. */
class Inline {
  readonly #options: RequestsOptions;

  constructor(options: RequestsOptions) {
    this.#options = options;
  }

  /** Puts a request for a try in; what stands in its way is closed first, and then it is put in again. */
  async try(
    key: PaymentKey,
    input: Input,
    requested: RequestedTry | null,
    deadlineAtMs: number,
  ): Promise<Answered> {
    const first = await this.#tryOnce(key, input, requested, deadlineAtMs);
    const standing = first.aggregate;
    const isBlocked = requested !== null && standing !== null && isBeingClosed(standing);
    const mayRetry = first.type === 'done' || first.refusal.askFirst.length > 0;
    if (!isBlocked || !mayRetry || standing.payment.closing) return first;
    await this.closeOpen(standing, deadlineAtMs);
    return await this.#tryOnce(key, input, requested, deadlineAtMs);
  }

  /** Reserves a refund and, where the channel's rules let it leave now, sends it in line. */
  async refund(key: PaymentKey, input: RequestRefund, deadlineAtMs: number): Promise<Answered> {
    const { door, performer, clock } = this.#options;
    const applied = await door.apply(key, input);
    const { decision, aggregate } = applied;
    if (decision.type === 'refused' || !aggregate) return refusedBy(applied);
    const isNew = decision.type === 'changed';
    const nowMs = clock.nowMs();
    const place = aggregate.orders
      .flatMap(({ attempt, refunds }) => refunds.map((refund) => ({ attempt, refund })))
      .findLast(({ refund }) => refund.refundKey === merchantRefundKey(input.merchantRefundNo));
    const mayLeave = place?.refund.status === 'owed' && place.refund.sendAtMs <= nowMs;
    if (!isNew || !place || !mayLeave) return { type: 'done', aggregate, isNew };
    const call = { planned: false, deadlineAtMs, permit: null };
    const { attempt, refund } = place;
    const sent = await performer.performRefund(aggregate, attempt, refund.number, 'send', call);
    return { type: 'done', aggregate: sent?.aggregate ?? aggregate, isNew };
  }

  /** Goes through the safe close of every order on its way out, as far as the deadline lets it. */
  async closeOpen(first: Aggregate, deadlineAtMs: number): Promise<Aggregate> {
    const { performer, clock } = this.#options;
    let latest = first;
    for (const { attempt } of first.orders) {
      for (let step = 0; step < CLOSE_STEPS_MAX && clock.nowMs() < deadlineAtMs; step++) {
        const order = latest.orders.find((one) => one.attempt === attempt);
        if (!order || !isOpen(order) || order.closeStep === 'none') break;
        const operation = order.closeStep === 'closing' ? 'close' : 'query';
        const call = { planned: false, deadlineAtMs, permit: null };
        const applied = await performer.perform(latest, attempt, operation, call);
        if (!applied?.aggregate) break;
        latest = applied.aggregate;
        const after = latest.orders.find((one) => one.attempt === attempt);
        // No progress: nobody knows, and the committed job goes on with it.
        if (after?.closeStep === order.closeStep) break;
      }
    }
    return latest;
  }

  async #tryOnce(
    key: PaymentKey,
    input: Input,
    requested: RequestedTry | null,
    deadlineAtMs: number,
  ): Promise<Answered> {
    const { connectors, door, killPoint } = this.#options;
    const connector = requested && connectors.get(requested.channel, requested.account);
    const product = requested && connector?.rules.products[requested.product];
    const calls = connector !== null && product !== undefined && !product?.opensByLink;
    // A full bulkhead refuses before anything is committed.
    const permit = calls ? connector.acquire() : null;
    if (calls && !permit) return overloaded(connector);
    try {
      const applied = await door.apply(key, input);
      killPoint('create.after_apply');
      return await this.#follow(applied, key, permit, deadlineAtMs);
    } finally {
      permit?.release();
    }
  }

  async #follow(
    applied: Applied,
    key: PaymentKey,
    permit: Permit | null,
    deadlineAtMs: number,
  ): Promise<Answered> {
    const { decision, aggregate } = applied;
    if (decision.type === 'refused' || !aggregate) return refusedBy(applied);
    const { attempt } = decision;
    if (attempt === null || !mustSubmit(applied, attempt, key)) {
      const madeSomething = attempt !== null || aggregate.payment.version === 1;
      return { type: 'done', aggregate, isNew: decision.type === 'changed' && madeSomething };
    }
    const call = { planned: false, deadlineAtMs, permit };
    const answered = await this.#options.performer.perform(aggregate, attempt, 'pay', call);
    const latest = answered?.aggregate ?? aggregate;
    return {
      type: 'done',
      aggregate: await this.#waitForFinal(latest, attempt, deadlineAtMs),
      isNew: true,
    };
  }

  /** Some products only say "accepted": the merchant is answered when the result is known, or time is up. */
  async #waitForFinal(first: Aggregate, attempt: number, deadlineAtMs: number): Promise<Aggregate> {
    const { store, performer, connectors, clock } = this.#options;
    let latest = first;
    let askAtMs = clock.nowMs() + ASK_EVERY_MS;
    const { merchantNumber, id: paymentId } = first.payment;
    while (
      awaitsFinal(latest, attempt, connectors) &&
      clock.nowMs() + LOOK_EVERY_MS < deadlineAtMs
    ) {
      await clock.sleep(LOOK_EVERY_MS);
      const [loaded] = await store.load([{ merchantNumber, paymentId }]);
      latest = loaded ?? latest;
      if (clock.nowMs() < askAtMs || !awaitsFinal(latest, attempt, connectors)) continue;
      const call = { planned: false, deadlineAtMs, permit: null };
      latest = (await performer.perform(latest, attempt, 'query', call))?.aggregate ?? latest;
      askAtMs = clock.nowMs() + ASK_EVERY_MS;
    }
    return latest;
  }
}

function overloaded(connector: Connector): Answered {
  const detail = `All places for calls to ${connector.channel} are taken.`;
  return {
    type: 'refused',
    refusal: { code: 'overloaded', detail, askFirst: [] },
    aggregate: null,
  };
}

/** Whether the order was made by this request: now, or by a commit whose answer was lost. */
function mustSubmit({ decision, aggregate }: Applied, attempt: number, key: PaymentKey): boolean {
  if (decision.type === 'changed') {
    return decision.effects.some(
      (effect) => effect.type === 'submit' && effect.attempt === attempt,
    );
  }
  const order = aggregate?.orders.find((one) => one.attempt === attempt);
  return (
    decision.type === 'unchanged' &&
    aggregate?.payment.id === key.paymentId &&
    order?.status === 'created'
  );
}

function awaitsFinal({ orders }: Aggregate, attempt: number, connectors: Connectors): boolean {
  const order = orders.find((one) => one.attempt === attempt);
  if (!order || order.status !== 'pending') return false;
  const rules = connectors.get(order.channel, order.account)?.rules;
  return rules?.products[order.product]?.waitsForFinal ?? false;
}

/** An open order without another standing beside it is on its way to be closed for this request. */
function isBeingClosed({ orders }: Aggregate): boolean {
  return orders.some((order) => isOpen(order) && order.closeStep !== 'none');
}
