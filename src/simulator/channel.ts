/**
 * The channels of the simulated world: the sandbox's own books, and the bad manners that real channels
 * have beside them. Somebody else pays the same code, a payer pays in the instant in which the order
 * was closed, a declined card is charged after all, a query is answered from a copy that lags behind,
 * a close is acknowledged and not done, a charge is taken in another currency or taken back.
 */
import type { PayAnswer } from '../sandbox/book-answer.ts';
import type { BookOrder, Charge, PaySubmission } from '../sandbox/book-order.ts';
import { chargesOf, orderKey } from '../sandbox/book-order.ts';
import type { BookRefund, RefundAnswer, RefundSubmission } from '../sandbox/book-refund.ts';
import { Books } from '../sandbox/books.ts';
import { accountOf } from './accounts.ts';
import type { Report } from './report.ts';
import type { Faults } from './faults.ts';
import type { Marks } from './marks.ts';
import type { DeskRefund } from './refund-desk.ts';
import { RefundDesk } from './refund-desk.ts';
import { refundNotification } from './refund-word.ts';
import type { World } from './world.ts';

export type ChannelState = 'WAITING' | 'PAYING' | 'PAID' | 'DECLINED' | 'CLOSED' | 'NOT_EXIST';

/** What a channel says about a number, and what it took under it. */
export type ChannelWord = {
  readonly state: ChannelState;
  readonly charges: readonly Charge[];
  readonly refunds: readonly BookRefund[];
  readonly decline: { readonly code: string; readonly message: string } | null;
};

/** How far a lagging copy may be behind; far less than the margin after a validity. */
const LAG_MS = 3_000;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** A bank that takes a charge back does so on another day, as a rule. */
const REVERSAL_MS = [MINUTE, 30 * HOUR] as const;
const CONSOLE_MS = [SECOND, 20 * MINUTE] as const;
const OTHER_CURRENCY = 'USD';

export type ChannelsOptions = {
  readonly world: World;
  readonly faults: Faults;
  readonly marks: Marks;
  readonly seed: number;
  /** How far the channels' clock is off. */
  readonly skewMs: number;
  readonly report: Report;
  /** Whether statements are made of each day, which tell whatever nobody else told. */
  readonly hasStatements: boolean;
};

export class SimulatedChannels {
  readonly books: Books;
  readonly desk: RefundDesk;
  readonly hasStatements: boolean;
  readonly #world: World;
  readonly #faults: Faults;
  readonly #report: Report;
  readonly #skewMs: number;
  /** What a lagging copy still says, by number. */
  readonly #former = new Map<string, { readonly untilMs: number; readonly word: ChannelWord }>();
  /** Numbers of which the platform can only learn by message from here on. */
  readonly #promised = new Set<string>();
  /** Whether the charges under a number are in another currency. */
  readonly #isForeign = new Map<string, boolean>();
  readonly #befallen = new Set<string>();
  readonly #openedListeners: ((order: BookOrder) => void)[] = [];
  readonly #changedListeners: (() => void)[] = [];

  constructor({ world, faults, marks, seed, skewMs, report, hasStatements }: ChannelsOptions) {
    this.#report = report;
    this.#world = world;
    this.#faults = faults;
    this.#skewMs = skewMs;
    this.hasStatements = hasStatements;
    const random = (): number => world.random.draw('channel:books');
    this.books = new Books({ seed, random, timeScale: 1 });
    this.desk = new RefundDesk({
      world,
      faults,
      marks,
      report,
      nowMs: () => this.nowMs,
      find: (channel, outNo) => this.books.find(channel, outNo, this.nowMs),
      chargesOf: (order) => this.#trueCharges(order),
      tell: (order, refund) => this.#tell(order, refund),
    });
  }

  /** The channels' clock is not ours. */
  get nowMs(): number {
    return this.#world.nowMs + this.#skewMs;
  }

  /** Called with each order that a channel takes for the first time. */
  onOpened(listener: (order: BookOrder) => void): void {
    this.#openedListeners.push(listener);
  }

  /** Called when there may be something new to do or to tell. */
  onChanged(listener: () => void): void {
    this.#changedListeners.push(listener);
  }

  pay(submission: PaySubmission): PayAnswer {
    const { channel, outNo } = submission;
    const isNew = this.books.find(channel, outNo, this.nowMs) === null;
    this.#remember(channel, submission.account, outNo);
    const answer = this.books.pay(submission, this.nowMs);
    if (answer.result === 'ERROR' && answer.code === 'OUT_NO_REUSED') {
      this.#report('I13', `${outNo} was sent with two meanings`);
    }
    const order = isNew ? this.books.find(channel, outNo, this.nowMs) : null;
    if (order) for (const listener of this.#openedListeners) listener(order);
    this.#changed();
    if (answer.result !== 'PAID') return answer;
    return { result: 'PAID', charge: this.#trueCharge(answer.charge) };
  }

  /** What the channel knows about a number, or what a lagging copy of it says. */
  query(channel: string, account: string, outNo: string): ChannelWord {
    const former = this.#former.get(orderKey(channel, outNo));
    const mayLag = former !== undefined && this.nowMs < former.untilMs;
    if (mayLag && this.#faults.hits('query_stale', outNo)) return former.word;
    return this.truth(channel, account, outNo);
  }

  /** `null`: the channel does not know the number, and will not remember that it was closed. */
  close(channel: string, account: string, outNo: string, remembers: boolean): ChannelState | null {
    const before = this.truth(channel, account, outNo);
    if (before.charges.length > 0) return 'PAID';
    if (before.state === 'NOT_EXIST' && !remembers) return null;
    if (before.state === 'WAITING' && this.#faults.hits('close_not_done', outNo)) return 'CLOSED';
    this.#remember(channel, account, outNo);
    const { result } = this.books.close(channel, account, outNo, this.nowMs);
    if (result === 'NOT_YOURS') return null;
    this.#changed();
    const isPayable = result === 'CLOSED' && before.state === 'WAITING';
    if (isPayable && this.#faults.hits('paid_after_close', outNo)) {
      this.#chargeLater(channel, outNo, 30 * SECOND);
    }
    return result;
  }

  /** The platform wants money back; at the same time somebody may want it at the console. */
  refund(submission: RefundSubmission): RefundAnswer {
    const { channel, outNo, refundNo } = submission;
    const isRaced =
      this.#mayBefall(submission) && this.#faults.hits('console_refund_race', refundNo);
    if (isRaced) {
      const isBefore = this.#world.random.chance(`console:${outNo}`, 0.5);
      if (isBefore) this.#refundAtConsole(channel, outNo);
      else this.#world.after(1, `console of ${outNo}`, () => this.#refundAtConsole(channel, outNo));
    }
    const answer = this.desk.request(submission);
    this.#changed();
    return answer;
  }

  queryRefund(asked: RefundSubmission): BookRefund | null {
    return this.desk.query(asked);
  }

  payerPays(channel: string, account: string, outNo: string): void {
    this.#remember(channel, account, outNo);
    const answer = this.books.payerPays(channel, outNo, this.nowMs);
    const result = 'state' in answer ? answer.state : answer.refused;
    this.#world.note(`payer of ${outNo} pays: ${result}`);
    this.#changed();
    if (result !== 'PAID') return;
    if (this.#faults.hits('second_payer', outNo)) this.#chargeLater(channel, outNo, 20 * SECOND);
  }

  payerDeclines(channel: string, account: string, outNo: string): void {
    this.#remember(channel, account, outNo);
    const answer = this.books.payerDeclines(channel, outNo, this.nowMs);
    this.#changed();
    if ('refused' in answer) return;
    if (this.#faults.hits('paid_after_decline', outNo)) this.#chargeLater(channel, outNo, MINUTE);
  }

  /**
   * Whether only a message or a statement can still tell the platform: money, or its return, on an order
   * that it has settled and does not ask about any more. One of the two is not lost for good.
   */
  mustArrive(outNo: string): boolean {
    return this.#promised.has(outNo);
  }

  /** Whether the money under a number is in another currency than was asked for; drawn when it is first looked at. */
  isForeign(outNo: string): boolean {
    const known = this.#isForeign.get(outNo);
    if (known !== undefined) return known;
    const isForeign = this.#faults.hits('other_currency', outNo);
    this.#isForeign.set(outNo, isForeign);
    return isForeign;
  }

  /** What the channel truly knows about a number. */
  truth(channel: string, account: string, outNo: string): ChannelWord {
    const { state, order } = this.books.query(channel, account, outNo, this.nowMs);
    const charges = order ? this.#trueCharges(order) : [];
    const refunds = order ? this.desk.ofOrder(order) : [];
    if (order && charges.length > 0) {
      this.#befall(order);
      return { state: 'PAID', charges, refunds, decline: null };
    }
    return { state, charges, refunds, decline: order?.decline ?? null };
  }

  /** Every charge that one account's channel took, up to now. */
  chargesOf({
    channel,
    account,
  }: {
    readonly channel: string;
    readonly account: string;
  }): Charge[] {
    this.books.settle(this.nowMs);
    return this.charges().filter(
      (one) =>
        one.channel === channel &&
        this.books.find(channel, one.outNo, this.nowMs)?.submission.account === account,
    );
  }

  /** Every charge that any channel took: the truth. */
  charges(): Charge[] {
    return this.books.charges().map((charge) => this.#trueCharge(charge));
  }

  #trueCharges(order: BookOrder): Charge[] {
    return chargesOf(order).map((charge) => this.#trueCharge(charge));
  }

  #trueCharge(charge: Charge): Charge {
    return this.isForeign(charge.outNo) ? { ...charge, currency: OTHER_CURRENCY } : charge;
  }

  /**
   * A charge that the books' own rules would not allow, some time later. Only where the channel also
   * tells, by message or by statement.
   */
  #chargeLater(channel: string, outNo: string, delayMsMax: number): void {
    const order = this.books.find(channel, outNo, this.nowMs);
    const { product, account } = order?.submission ?? {};
    if (!account) return;
    // Of a plain quick payment the channel says nothing but its answer.
    const isTold = product !== 'quickpay' && accountOf(channel, account).notifies;
    if (!isTold && !this.hasStatements) return;
    this.#promised.add(outNo);
    const delayMs = this.#world.random.between(`extra:${outNo}`, 1, delayMsMax);
    this.#world.after(delayMs, `extra charge of ${outNo}`, () => this.#takeExtra(channel, outNo));
  }

  #takeExtra(channel: string, outNo: string): void {
    const order = this.books.find(channel, outNo, this.nowMs);
    if (!order) return;
    this.#remember(channel, order.submission.account, outNo);
    this.books.payerPays(channel, outNo, this.nowMs, { anotherPayer: true, althoughOver: true });
    this.#world.note(`extra charge of ${outNo}`);
    this.#changed();
  }

  /** What may come to a paid order without anybody's call: a refund at the console, a reversal. Drawn once. */
  #befall(order: BookOrder): void {
    const { channel, account, outNo } = order.submission;
    if (this.#befallen.has(outNo)) return;
    this.#befallen.add(outNo);
    if (!this.#mayBefall(order.submission)) return;
    const { random } = this.#world;
    if (this.#faults.hits('console_refund', outNo)) {
      const delayMs = random.between(`console:${outNo}`, ...CONSOLE_MS);
      this.#world.after(delayMs, `console of ${outNo}`, () =>
        this.#refundAtConsole(channel, outNo),
      );
    }
    if (accountOf(channel, account).manner.reverses && this.#faults.hits('reversal', outNo)) {
      const delayMs = random.between(`reversal:${outNo}`, ...REVERSAL_MS);
      this.#world.after(delayMs, `reversal of ${outNo}`, () => this.#reverse(channel, outNo));
    }
  }

  /** Only where the channel also tells, as above. */
  #mayBefall({
    channel,
    account,
  }: {
    readonly channel: string;
    readonly account: string;
  }): boolean {
    return this.hasStatements || accountOf(channel, account).manner.tellsRefunds;
  }

  #refundAtConsole(channel: string, outNo: string): void {
    const order = this.books.find(channel, outNo, this.nowMs);
    const share = this.#world.random.chance(`console:${outNo}`, 0.5) ? 1 : 0.4;
    const refund = order && this.desk.refundAtConsole(order, share);
    if (refund) this.#world.note(`${refund.amountMinor} of ${outNo} went back at the console`);
  }

  #reverse(channel: string, outNo: string): void {
    const order = this.books.find(channel, outNo, this.nowMs);
    const charge = order && chargesOf(order).find((one) => one.reversedAtMs === null);
    if (!order || !charge || !this.desk.isUntouched(order, this.#trueCharge(charge))) return;
    this.#promised.add(outNo);
    this.books.reverse(channel, outNo, charge.tradeNo, this.nowMs);
    this.#world.note(`${charge.tradeNo} of ${outNo} is taken back`);
    this.#changed();
  }

  #tell(order: BookOrder, refund: DeskRefund): void {
    const { tellsRefunds } = accountOf(refund.channel, refund.account).manner;
    if (!tellsRefunds || refund.state === 'PROCESSING') return;
    this.books.notifications.owe(refundNotification(order, refund, this.nowMs));
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#changedListeners) listener();
  }

  #remember(channel: string, account: string, outNo: string): void {
    const word = this.truth(channel, account, outNo);
    this.#former.set(orderKey(channel, outNo), { untilMs: this.nowMs + LAG_MS, word });
  }
}
