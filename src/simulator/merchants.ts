/**
 * Merchants: each payment of theirs has a small story of its own. They create, lose the answer and
 * create again, change their mind about the channel, close, ask, come back after the end; and they
 * write down everything that they are told.
 */
import type { Aggregate } from '../core/aggregate.ts';
import { isOpen } from '../core/channel-order.ts';
import type { CreatePayment, RequestedTry } from '../core/input.ts';
import { LATE_PAYMENT_POLICIES } from '../core/payment.ts';
import { ID_RANDOM_BYTES, newId } from '../core/id.ts';
import type { Endpoint, PaymentKey } from '../store/store.ts';
import { submissionOf } from './connector.ts';
import type { Faults } from './faults.ts';
import type { Marks } from './marks.ts';
import { deadlineOf, MerchantLine } from './merchant-line.ts';
import { MerchantRefunds } from './merchant-refunds.ts';
import type { Notice, NoticeReceiver } from './notices.ts';
import type { Payers } from './payers.ts';
import type { PlatformProcess } from './process.ts';
import type { Acknowledged, Told } from './told.ts';
import type { World } from './world.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** Payments arrive over this long, and evenly over whole days where those are simulated. */
const ARRIVALS_MS = 10 * MINUTE;
const DAY = 24 * 60 * MINUTE;

const way = (channel: string, account: string, product: string): RequestedTry => ({
  channel,
  account,
  product,
  allowOverlap: false,
});
const WAYS: readonly [RequestedTry, ...RequestedTry[]] = [
  way('sandbox', 'wallet', 'qr'),
  way('sandbox', 'wallet', 'redirect'),
  way('sandbox', 'wallet', 'quickpay'),
  way('sandbox', 'wallet', 'quickpay_accepted'),
  way('sandbox', 'wallet', 'page'),
  way('sandbox', 'bank', 'redirect'),
  way('sandbox', 'bank', 'redirect'),
  way('sandbox', 'page', 'page'),
  way('sandbox', 'page', 'qr'),
  way('sandbox', 'weak', 'qr'),
  way('sandbox', 'weak', 'redirect'),
  way('query_only', 'main', 'qr'),
];
const SCENARIOS: readonly [string, ...string[]] = [
  'declined',
  'close_race',
  'reordered_notification',
  'duplicate_notification',
  'late_notification',
  'slow_payer',
];

/** One merchant has an endpoint, one has two, and one names an address with each payment. */
const MERCHANT_COUNT = 3;
const ENDPOINT_COUNTS: Readonly<Record<number, number>> = { 1: 1, 2: 2, 3: 0 };

export function endpointsOf(merchantNumber: number): Endpoint[] {
  return Array.from({ length: ENDPOINT_COUNTS[merchantNumber] ?? 0 }, (_, at) => ({
    id: newId('we', merchantNumber, new Uint8Array(ID_RANDOM_BYTES).fill(at)),
    url: 'https://merchant.example/notices',
    secrets: ['whsec_simulated'],
  }));
}

export class Merchants implements NoticeReceiver {
  readonly acknowledged: Acknowledged[] = [];
  readonly refunds: MerchantRefunds;
  readonly #world: World;
  readonly #faults: Faults;
  readonly #payers: Payers;
  readonly #line: MerchantLine;
  readonly #linked = new Set<string>();

  constructor(
    world: World,
    faults: Faults,
    marks: Marks,
    payers: Payers,
    processOf: (site: string) => PlatformProcess,
  ) {
    this.#world = world;
    this.#faults = faults;
    this.#payers = payers;
    // What the platform hands out may reach a payer even when its answer is lost on the way.
    this.#line = new MerchantLine(world, faults, processOf, (one) => this.#showLinks(one));
    this.refunds = new MerchantRefunds(this.#line, marks);
  }

  /** Everything that merchants heard. */
  get told(): readonly Told[] {
    return this.#line.told;
  }

  take(
    _merchantNumber: number,
    { readable, eventId, endpoint, event, subjectKey }: Notice,
  ): number {
    const notice = { eventId, endpoint, event, subjectKey };
    this.#line.told.push({ by: 'notice', atMs: this.#world.nowMs, ...readable, notice });
    return 204;
  }

  /** The story of payment number `at`, begun within so many days and some minutes; resolves when its merchant has nothing more to do. */
  async sell(at: number, days: number): Promise<void> {
    const { random } = this.#world;
    const site = `merchant:${at}`;
    await this.#world.sleep(random.between(site, 1, days * DAY + ARRIVALS_MS), `${site} arrives`);
    const order = this.#draw(site, at);
    const payment = await this.#create(site, order, order.try);
    if (!payment) return;
    void this.refunds.refund(at, payment, order.amountMinor);
    const actions = random.between(site, 0, 3);
    for (let action = 0; action < actions; action++) {
      await this.#world.sleep(random.between(site, 100, 3 * MINUTE), `${site} acts`);
      await this.#act(site, order, payment);
    }
  }

  /** Asks the channels of a payment, as reconciliation would before it believes a statement. */
  async sync(key: PaymentKey): Promise<void> {
    await this.#line.call('sync', async (parts) => parts.requests.sync(key, deadlineOf(parts)));
  }

  #draw(site: string, at: number): CreatePayment {
    const { random } = this.#world;
    const merchantNumber = 1 + (at % MERCHANT_COUNT);
    const isLong = random.chance(site, 0.3);
    return {
      type: 'create_payment',
      paymentId: '',
      merchantNumber,
      merchantOrderNo: `M${at}`,
      amountMinor: random.between(site, 1, 100_000),
      currency: 'CNY',
      subject: 'tea',
      expiresInMs: isLong ? null : random.between(site, SECOND, 10 * MINUTE),
      returnUrl: null,
      noticeUrl: endpointsOf(merchantNumber).length > 0 ? null : 'https://merchant.example/direct',
      metadata: this.#scenario(site),
      latePayment: random.pick(site, LATE_PAYMENT_POLICIES),
      try: random.chance(site, 0.85) ? random.pick(site, WAYS) : null,
    };
  }

  #scenario(site: string): Readonly<Record<string, string>> {
    const { random } = this.#world;
    if (this.#faults.hits('other_amount', site)) return { scenario: 'tampered_amount' };
    if (this.#faults.hits('other_amount_notified', site)) {
      return { scenario: 'tampered_notification' };
    }
    return random.chance(site, 0.15) ? { scenario: random.pick(site, SCENARIOS) } : {};
  }

  /** Creates, and creates again until there is an answer or patience is over. */
  async #create(
    site: string,
    order: CreatePayment,
    requested: RequestedTry | null,
  ): Promise<PaymentKey | null> {
    const reply = await this.#line.insist(site, async (parts) => {
      const paymentId = parts.newPaymentId(order.merchantNumber);
      const input = { ...order, paymentId, try: requested };
      return await parts.requests.create(input, deadlineOf(parts));
    });
    if (reply === 'no_answer' || reply.type === 'refused') return null;
    const { merchantOrderNo, amountMinor } = order;
    const { merchantNumber, id: paymentId } = reply.aggregate.payment;
    this.acknowledged.push({ merchantOrderNo, paymentId, amountMinor });
    return { merchantNumber, paymentId };
  }

  async #act(site: string, order: CreatePayment, key: PaymentKey): Promise<void> {
    const { random } = this.#world;
    const requested = { ...random.pick(site, WAYS), allowOverlap: random.chance(site, 0.6) };
    const draw = random.draw(site);
    if (draw < 0.35) {
      await this.#line.insist(site, async (parts) =>
        parts.requests.tryChannel(key, requested, deadlineOf(parts)),
      );
    } else if (draw < 0.6) {
      await this.#create(site, order, random.chance(site, 0.5) ? requested : order.try);
    } else if (draw < 0.8) {
      await this.#line.insist(site, async (parts) => parts.requests.close(key, deadlineOf(parts)));
    } else {
      await this.#line.call(site, async (parts) => parts.requests.sync(key, deadlineOf(parts)));
    }
  }

  /** Pages that open by a link are opened by payers, not by us. */
  #showLinks({ payment, orders }: Aggregate): void {
    for (const order of orders) {
      const isLink = order.product === 'page' && isOpen(order);
      if (!isLink || this.#linked.has(order.channelOrderNo)) continue;
      this.#linked.add(order.channelOrderNo);
      this.#payers.getLink(submissionOf(order, payment));
    }
  }
}
