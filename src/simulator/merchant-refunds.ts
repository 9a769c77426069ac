/**
 * Merchants who give money back: whole, in parts, several at once past the remainder, under a number that
 * they used before, and more than there is.
 */
import type { PaymentKey } from '../store/store.ts';
import type { Marks } from './marks.ts';
import type { MerchantLine } from './merchant-line.ts';
import { deadlineOf } from './merchant-line.ts';
import type { AcknowledgedRefund } from './told.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const STYLES = [
  'whole',
  'parts',
  'racing',
  'again',
  'other_meaning',
  'over',
  'foreign_no',
] as const;
/** A merchant whose payment is not paid yet looks again that often. */
const LOOKS_MAX = 3;

type Answer = 'taken' | 'not_paid' | 'over' | 'reused' | 'other';

export class MerchantRefunds {
  readonly acknowledged: AcknowledgedRefund[] = [];
  readonly #line: MerchantLine;
  readonly #marks: Marks;
  /** A number that was taken for another payment of each merchant. */
  readonly #takenNo = new Map<number, string>();

  constructor(line: MerchantLine, marks: Marks) {
    this.#line = line;
    this.#marks = marks;
  }

  /** The refunds of payment number `at`, if its merchant wants any; resolves when there is nothing more to do. */
  async refund(at: number, key: PaymentKey, amountMinor: number): Promise<void> {
    const { world } = this.#line;
    const { random } = world;
    const site = `refunds:${at}`;
    if (!random.chance(site, 0.45)) return;
    const style = random.pick(site, STYLES);
    const firstMinor = style === 'whole' || style === 'over' ? amountMinor : half(amountMinor);
    for (let look = 1; look <= LOOKS_MAX; look++) {
      await world.sleep(random.between(site, 5 * SECOND, 8 * MINUTE), `${site} looks`);
      const wantedMinor = style === 'over' ? amountMinor + 1 : firstMinor;
      const isPaid = await this.#first(site, key, at, style, wantedMinor);
      if (isPaid) return await this.#more(site, key, at, style, amountMinor);
    }
  }

  /** The first refund, or two at once; false while the payment is not paid. */
  async #first(
    site: string,
    key: PaymentKey,
    at: number,
    style: (typeof STYLES)[number],
    minor: number,
  ): Promise<boolean> {
    const no = `R${at}-1`;
    if (style !== 'racing') {
      const answer = await this.#ask(site, key, no, minor);
      if (style === 'over' && answer === 'over') this.#marks.reach('refund_refused_over');
      return answer !== 'not_paid';
    }
    const answers = await Promise.all(
      [1, 2, 3].map(async (one) => await this.#ask(`${site}.${one}`, key, `R${at}-${one}`, minor)),
    );
    const isRaced = answers.includes('over') && answers.includes('taken');
    if (isRaced) this.#marks.reach('refund_raced');
    return !answers.includes('not_paid');
  }

  async #more(
    site: string,
    key: PaymentKey,
    at: number,
    style: (typeof STYLES)[number],
    amountMinor: number,
  ): Promise<void> {
    const { world } = this.#line;
    const { random } = world;
    const minor = half(amountMinor);
    if (style === 'parts') {
      const parts = random.between(site, 1, 3);
      for (let part = 2; part < 2 + parts; part++) {
        await world.sleep(random.between(site, 10, 2 * MINUTE), `${site} wants more`);
        await this.#ask(site, key, `R${at}-${part}`, Math.max(1, Math.floor(minor / parts)));
      }
    } else if (style === 'again') {
      this.#marks.reach('refund_repeated');
      await world.sleep(random.between(site, 0, MINUTE), `${site} repeats`);
      await this.#ask(site, key, `R${at}-1`, minor);
    } else if (style === 'other_meaning' && amountMinor > 1) {
      const answer = await this.#ask(site, key, `R${at}-1`, minor + 1);
      if (answer === 'reused') this.#marks.reach('refund_no_reused');
    } else if (style === 'foreign_no') {
      const taken = this.#takenNo.get(key.merchantNumber);
      if (taken !== undefined) await this.#ask(site, key, taken, 1);
      this.#takenNo.set(key.merchantNumber, `R${at}-1`);
    }
  }

  async #ask(
    site: string,
    key: PaymentKey,
    merchantRefundNo: string,
    amountMinor: number,
  ): Promise<Answer> {
    const input = { type: 'request_refund', merchantRefundNo, amountMinor, note: null } as const;
    const reply = await this.#line.insist(site, async (parts) =>
      parts.requests.refund(key, input, deadlineOf(parts)),
    );
    if (reply === 'no_answer') return 'other';
    if (reply.type === 'done') {
      this.acknowledged.push({ merchantRefundNo, paymentId: key.paymentId, amountMinor });
      return 'taken';
    }
    switch (reply.refusal.code) {
      case 'payment_not_succeeded':
        return 'not_paid';
      case 'refund_exceeds_payment':
        return 'over';
      case 'merchant_refund_no_reused':
        return 'reused';
      default:
        return 'other';
    }
  }
}

function half(amountMinor: number): number {
  return Math.ceil(amountMinor * 0.5);
}
