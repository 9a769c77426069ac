/**
 * The channels of the simulated world: the sandbox's own books, and the bad manners that real channels
 * have beside them. Somebody else pays the same code, a payer pays in the instant in which the order
 * was closed, a declined card is charged after all, a query is answered from a copy that lags behind.
 */
import type { PayAnswer } from '../sandbox/book-answer.ts';
import type { BookOrder, Charge, PaySubmission } from '../sandbox/book-order.ts';
import { chargesOf, orderKey } from '../sandbox/book-order.ts';
import type { BookRefund, RefundAnswer, RefundSubmission } from '../sandbox/book-refund.ts';
import { Books } from '../sandbox/books.ts';
import type { Report } from './commit-check.ts';
import type { Faults } from './faults.ts';
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

export class SimulatedChannels {
  readonly books: Books;
  readonly #world: World;
  readonly #faults: Faults;
  readonly #skewMs: number;
  /** What a lagging copy still says, by number. */
  readonly #former = new Map<string, { readonly untilMs: number; readonly word: ChannelWord }>();
  /** Numbers that get, or got, a charge beside the books' own. */
  readonly #promised = new Set<string>();
  readonly #openedListeners: ((order: BookOrder) => void)[] = [];
  readonly #changedListeners: (() => void)[] = [];

  readonly #report: Report;

  /** `skewMs` is how far the channels' clock is off. */
  constructor(world: World, faults: Faults, seed: number, skewMs: number, report: Report) {
    this.#report = report;
    this.#world = world;
    this.#faults = faults;
    this.#skewMs = skewMs;
    const random = (): number => world.random.draw('channel:books');
    this.books = new Books({ seed, random, timeScale: 1 });
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
    return answer;
  }

  /** What the channel knows about a number, or what a lagging copy of it says. */
  query(channel: string, account: string, outNo: string): ChannelWord {
    const former = this.#former.get(orderKey(channel, outNo));
    const mayLag = former !== undefined && this.nowMs < former.untilMs;
    if (mayLag && this.#faults.hits('query_stale', outNo)) return former.word;
    return this.#word(channel, account, outNo);
  }

  /** `null`: the channel does not know the number, and will not remember that it was closed. */
  close(channel: string, account: string, outNo: string, remembers: boolean): ChannelState | null {
    const before = this.#word(channel, account, outNo);
    if (before.charges.length > 0) return 'PAID';
    if (before.state === 'NOT_EXIST' && !remembers) return null;
    this.#remember(channel, account, outNo);
    const { result } = this.books.close(channel, account, outNo, this.nowMs);
    if (result === 'NOT_YOURS') return null;
    this.#changed();
    const isPayable = result === 'CLOSED' && before.state === 'WAITING';
    if (isPayable && this.#faults.hits('paid_after_close', outNo)) {
      this.#chargeLater(channel, outNo, 30_000);
    }
    return result;
  }

  /** The platform wants money back. */
  refund(submission: RefundSubmission): RefundAnswer {
    const answer = this.books.refund(submission, this.nowMs);
    if (answer.result === 'ERROR' && answer.code === 'REFUND_NO_REUSED') {
      this.#report('I13', `${submission.refundNo} was sent with two meanings`);
    }
    this.#changed();
    return answer;
  }

  queryRefund(asked: RefundSubmission): BookRefund | null {
    return this.books.queryRefund(asked, this.nowMs);
  }

  payerPays(channel: string, account: string, outNo: string): void {
    this.#remember(channel, account, outNo);
    const answer = this.books.payerPays(channel, outNo, this.nowMs);
    const result = 'state' in answer ? answer.state : answer.refused;
    this.#world.note(`payer of ${outNo} pays: ${result}`);
    this.#changed();
    if (result === 'PAID' && this.#faults.hits('second_payer', outNo)) {
      this.#chargeLater(channel, outNo, 20_000);
    }
  }

  payerDeclines(channel: string, account: string, outNo: string): void {
    this.#remember(channel, account, outNo);
    const answer = this.books.payerDeclines(channel, outNo, this.nowMs);
    this.#changed();
    if ('refused' in answer) return;
    if (this.#faults.hits('paid_after_decline', outNo)) this.#chargeLater(channel, outNo, 60_000);
  }

  /** Whether more than one charge may be taken under this number. */
  isChargedTwice(outNo: string): boolean {
    return this.#promised.has(outNo);
  }

  /** What the channel truly knows about a number. */
  truth(channel: string, account: string, outNo: string): ChannelWord {
    return this.#word(channel, account, outNo);
  }

  /**
   * A charge that the books' own rules would not allow, some time later. Only where the channel also
   * tells: of such money on a silent channel nobody can know before the statement.
   */
  #chargeLater(channel: string, outNo: string, delayMsMax: number): void {
    if (channel === 'query_only') return;
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

  #changed(): void {
    for (const listener of this.#changedListeners) listener();
  }

  /** Every charge that any channel took: the truth. */
  charges(): Charge[] {
    return [...this.books.charges()];
  }

  #word(channel: string, account: string, outNo: string): ChannelWord {
    const { state, order, refunds } = this.books.query(channel, account, outNo, this.nowMs);
    const charges = order ? chargesOf(order) : [];
    if (charges.length > 0) return { state: 'PAID', charges, refunds, decline: null };
    return { state, charges, refunds, decline: order?.decline ?? null };
  }

  #remember(channel: string, account: string, outNo: string): void {
    const word = this.#word(channel, account, outNo);
    this.#former.set(orderKey(channel, outNo), { untilMs: this.nowMs + LAG_MS, word });
  }
}
