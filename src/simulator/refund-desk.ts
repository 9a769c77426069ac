/**
 * The refund desks of the simulated channels, with the manners that their accounts have: some answer as
 * done, some accept and let it come to nothing, one pays twice, pays too much, and pays what it called
 * dead. What stands here is the truth about money that went back; nothing of the platform is asked.
 */
import type { BookOrder, Charge } from '../sandbox/book-order.ts';
import { orderKey } from '../sandbox/book-order.ts';
import type {
  BookRefund,
  RefundAnswer,
  RefundState,
  RefundSubmission,
} from '../sandbox/book-refund.ts';
import { isSameRefund, refundRefusal, remainderMinor } from '../sandbox/book-refund.ts';
import type { Manner } from './accounts.ts';
import { accountOf } from './accounts.ts';
import type { Report } from './report.ts';
import type { Faults } from './faults.ts';
import type { Marks } from './marks.ts';
import type { World } from './world.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** How far a lagging copy may be behind. */
const LAG_MS = 3_000;
const NO_FUNDS_MS = 2 * MINUTE;
const CLOSED = { code: 'REFUND_CLOSED', message: '退款已关闭' };
const ABNORMAL = { code: 'USER_ACCOUNT_ABNORMAL', message: '付款人账户异常，退款失败' };

/** A refund as its channel has it, and what was never said about it. */
export type DeskRefund = BookRefund & {
  /** The channel called it dead, whatever became of it later. */
  readonly wasDenied: boolean;
  /** Nobody will ask about it any more: the word of it is not lost for good. */
  readonly mustArrive: boolean;
};

export type DeskParts = {
  readonly world: World;
  readonly faults: Faults;
  readonly marks: Marks;
  readonly nowMs: () => number;
  readonly find: (channel: string, outNo: string) => BookOrder | null;
  /** What was truly charged under an order. */
  readonly chargesOf: (order: BookOrder) => readonly Charge[];
  readonly report: Report;
  /** A refund came to an end, and the channel has something to say. */
  readonly tell: (order: BookOrder, refund: DeskRefund) => void;
};

export class RefundDesk {
  readonly #parts: DeskParts;
  readonly #refunds: DeskRefund[] = [];
  /** Places of the refunds of an order, and of a number. */
  readonly #byOrder = new Map<string, number[]>();
  readonly #byNo = new Map<string, number[]>();
  /** What each number was first sent with: one number, one meaning, for life. */
  readonly #sent = new Map<string, RefundSubmission>();
  readonly #noFundsUntilMs = new Map<string, number>();

  constructor(parts: DeskParts) {
    this.#parts = parts;
  }

  all(): readonly DeskRefund[] {
    return this.#refunds;
  }

  ofOrder({ submission }: BookOrder): DeskRefund[] {
    return this.#at(this.#byOrder.get(orderKey(submission.channel, submission.outNo)));
  }

  ofNumber(channel: string, refundNo: string): DeskRefund[] {
    return this.#at(this.#byNo.get(orderKey(channel, refundNo)));
  }

  /** The platform wants money back. */
  request(submission: RefundSubmission): RefundAnswer {
    const { channel, account, outNo, refundNo } = submission;
    this.#checkMeaning(submission);
    const order = this.#parts.find(channel, outNo);
    const charge =
      order && this.#parts.chargesOf(order).find((one) => one.tradeNo === submission.tradeNo);
    const isTheirs = order?.submission.account === account;
    if (!order || !charge || !isTheirs || charge.currency !== submission.currency) {
      return refundRefusal('TRADE_NOT_EXIST');
    }
    const { manner, rules } = accountOf(channel, account);
    const known = this.ofNumber(channel, refundNo).at(-1);
    if (known && manner.knowsRefundNo) {
      if (!isSameRefund(known, submission)) return refundRefusal('REFUND_NO_REUSED');
      this.#parts.marks.reach('refund_resent');
      return this.#repeat(order, known);
    }
    this.#checkResend(submission, manner);
    const refused = this.#refusal(order, charge, submission, manner, rules.refund.gapMs);
    if (refused) return refused;
    this.#checkReserve(order, charge, submission);
    return this.#open(order, submission, manner);
  }

  query({ channel, account, refundNo }: RefundSubmission): BookRefund | null {
    const refund = this.ofNumber(channel, refundNo).at(-1) ?? null;
    if (refund?.account !== account) return null;
    const ageMs = this.#parts.nowMs() - (refund.endedAtMs ?? refund.requestedAtMs);
    if (ageMs >= LAG_MS || !this.#parts.faults.hits('refund_query_stale', refundNo)) return refund;
    return refund.endedAtMs === null ? null : { ...refund, state: 'PROCESSING', failure: null };
  }

  /** Somebody gives money back at the channel's own console; null when nothing is left. */
  refundAtConsole(order: BookOrder, share: number): DeskRefund | null {
    const charge = this.#parts.chargesOf(order)[0];
    if (!charge) return null;
    const leftMinor = remainderMinor(charge, this.ofOrder(order));
    if (leftMinor < 1) return null;
    const amountMinor = Math.max(1, Math.floor(leftMinor * share));
    const { channel, outNo, tradeNo, currency } = charge;
    const { account } = order.submission;
    const asked = { channel, account, outNo, tradeNo, amountMinor, currency, refundNo: null };
    return this.#end(order, this.#add(asked, true), 'SUCCESS', null);
  }

  /** Whether nothing of the charge was given back, nor is under way. */
  isUntouched(order: BookOrder, charge: Charge): boolean {
    return remainderMinor(charge, this.ofOrder(order)) === charge.amountMinor;
  }

  #refusal(
    order: BookOrder,
    charge: Charge,
    submission: RefundSubmission,
    manner: Manner,
    gapMs: number,
  ): RefundAnswer | null {
    const { faults } = this.#parts;
    const nowMs = this.#parts.nowMs();
    const earlier = this.ofOrder(order);
    const isOver = submission.amountMinor > remainderMinor(charge, earlier);
    if (manner.guardsRemainder && isOver) return refundRefusal('REFUND_EXCEEDS');
    // Clocks differ by up to some seconds; a channel that is strict about them is met all the same.
    const isSoon = earlier.some((one) => nowMs < one.requestedAtMs + gapMs - 4 * SECOND);
    if (isSoon && manner.guardsRemainder) return refundRefusal('TOO_SOON');
    const { refundNo } = submission;
    const knownMs = this.#noFundsUntilMs.get(refundNo);
    if (knownMs === undefined && faults.hits('refund_no_funds', refundNo)) {
      this.#noFundsUntilMs.set(refundNo, nowMs + NO_FUNDS_MS);
    }
    const untilMs = this.#noFundsUntilMs.get(refundNo) ?? 0;
    return nowMs < untilMs ? refundRefusal('NOT_ENOUGH') : null;
  }

  /** The same number again: as it stands; what is stuck is tried once more. */
  #repeat(order: BookOrder, known: DeskRefund): RefundAnswer {
    if (known.state !== 'ABNORMAL') return { result: 'OK', refund: known };
    const again = this.#put({ ...known, state: 'PROCESSING', failure: null, endedAtMs: null });
    const { manner } = accountOf(known.channel, known.account);
    return { result: 'OK', refund: this.#plan(order, again, manner) };
  }

  #open(order: BookOrder, submission: RefundSubmission, manner: Manner): RefundAnswer {
    const { faults } = this.#parts;
    const refund = this.#plan(order, this.#add(submission, false), manner);
    if (!manner.knowsRefundNo && faults.hits('refund_paid_twice', submission.refundNo)) {
      this.#plan(order, this.#add(submission, true), manner);
    }
    return { result: 'OK', refund };
  }

  /** Draws how it ends, and when. */
  #plan(order: BookOrder, refund: DeskRefund, manner: Manner): DeskRefund {
    const { faults, world } = this.#parts;
    const site = refund.refundId;
    const [leastMs, mostMs] = manner.refundMs;
    if (mostMs === 0) return this.#end(order, refund, 'SUCCESS', null);
    const isStuck = faults.hits('refund_abnormal', site);
    const isDead = !isStuck && faults.hits('refund_closed', site);
    const slowMs = faults.hits('refund_slow', site) ? 30 * MINUTE : 0;
    const state = isStuck ? 'ABNORMAL' : isDead ? 'CLOSED' : 'SUCCESS';
    const failure = isStuck ? ABNORMAL : isDead ? CLOSED : null;
    const isRevived = isDead && manner.revivesRefunds && faults.hits('refund_revived', site);
    const delayMs = world.random.between(`desk:${site}`, leastMs, mostMs) + slowMs;
    world.after(delayMs, `refund ${site} is ${state}`, () => {
      this.#endLater(order, site, state, failure);
      if (isRevived) {
        const laterMs = world.random.between(`desk:${site}`, SECOND, 30 * MINUTE);
        world.after(laterMs, `refund ${site} is paid after all`, () => {
          this.#endLater(order, site, 'SUCCESS', null);
        });
      }
    });
    return refund;
  }

  #endLater(
    order: BookOrder,
    refundId: string,
    state: RefundState,
    failure: BookRefund['failure'],
  ): void {
    const refund = this.#refunds[placeOf(refundId)];
    if (refund) this.#end(order, refund, state, failure);
  }

  #end(
    order: BookOrder,
    refund: DeskRefund,
    state: RefundState,
    failure: BookRefund['failure'],
  ): DeskRefund {
    const wasDenied = refund.wasDenied || state === 'CLOSED';
    const isOneOfSeveral =
      refund.refundNo !== null && this.ofNumber(refund.channel, refund.refundNo).length > 1;
    const mustArrive =
      refund.mustArrive || isOneOfSeveral || (refund.wasDenied && state === 'SUCCESS');
    const endedAtMs = this.#parts.nowMs();
    const ended = this.#put({ ...refund, state, failure, endedAtMs, wasDenied, mustArrive });
    const now = this.#parts.find(refund.channel, refund.outNo) ?? order;
    this.#parts.tell(now, ended);
    return ended;
  }

  #add(
    asked: Omit<RefundSubmission, 'refundNo'> & { readonly refundNo: string | null },
    mustArrive: boolean,
  ): DeskRefund {
    const refund: DeskRefund = {
      ...asked,
      refundId: `R${String(this.#refunds.length + 1).padStart(6, '0')}`,
      requestedAtMs: this.#parts.nowMs(),
      state: 'PROCESSING',
      failure: null,
      endedAtMs: null,
      plan: null,
      wasDenied: false,
      mustArrive,
    };
    const place = this.#refunds.push(refund) - 1;
    append(this.#byOrder, orderKey(refund.channel, refund.outNo), place);
    if (refund.refundNo !== null) {
      append(this.#byNo, orderKey(refund.channel, refund.refundNo), place);
    }
    return refund;
  }

  #put(refund: DeskRefund): DeskRefund {
    this.#refunds[placeOf(refund.refundId)] = refund;
    return refund;
  }

  #at(places: readonly number[] = []): DeskRefund[] {
    return places.flatMap((place) => this.#refunds[place] ?? []);
  }

  /** I13: each resend of a number carries the same money of the same charge. */
  #checkMeaning(submission: RefundSubmission): void {
    const key = orderKey(submission.channel, submission.refundNo);
    const first = this.#sent.get(key);
    if (!first) this.#sent.set(key, submission);
    else if (JSON.stringify(first) !== JSON.stringify(submission)) {
      this.#parts.report('I13', `${submission.refundNo} was sent with two meanings`);
    }
  }

  /** I5: to a channel that pays each time, a number is not sent again while it may be paid. */
  #checkResend({ channel, refundNo }: RefundSubmission, { knowsRefundNo }: Manner): void {
    const known = this.ofNumber(channel, refundNo);
    const isAlive = known.every((one) => one.state === 'PROCESSING' || one.state === 'SUCCESS');
    if (knowsRefundNo || known.length === 0 || !isAlive) return;
    this.#parts.report('I5', `${refundNo} was sent twice to a channel that pays each time`);
  }

  /** I4: what we had returned never exceeds the charge, also where the channel would let us. */
  #checkReserve(order: BookOrder, charge: Charge, submission: RefundSubmission): void {
    const numbers = new Map<string, number>([[submission.refundNo, submission.amountMinor]]);
    for (const one of this.ofOrder(order)) {
      // What the channel itself called dead is not ours to count.
      const counts = one.refundNo !== null && one.tradeNo === charge.tradeNo && !one.wasDenied;
      if (counts) numbers.set(one.refundNo, one.amountMinor);
    }
    const sumMinor = [...numbers.values()].reduce((sum, one) => sum + one, 0);
    if (sumMinor <= charge.amountMinor) return;
    const words = `${sumMinor} of ${charge.amountMinor} of ${charge.tradeNo} were asked back`;
    this.#parts.report('I4', words);
  }
}

/** A channel's own number of a refund counts its place. */
function placeOf(refundId: string): number {
  return Number(refundId.slice(1)) - 1;
}

function append(map: Map<string, number[]>, key: string, place: number): void {
  const places = map.get(key);
  if (places) places.push(place);
  else map.set(key, [place]);
}
