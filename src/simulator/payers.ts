/** Payers: what the people do whom a channel shows an order. */
import type { BookOrder, PaySubmission } from '../sandbox/book-order.ts';
import type { SimulatedChannels } from './channel.ts';
import type { World } from './world.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

export class Payers {
  readonly #world: World;
  readonly #channels: SimulatedChannels;

  constructor(world: World, channels: SimulatedChannels) {
    this.#world = world;
    this.#channels = channels;
    channels.onOpened((order) => this.#meet(order));
  }

  /** A payer holds a link in hand: only when they open it does the channel learn of the order. */
  getLink(submission: PaySubmission): void {
    const site = `link:${submission.outNo}`;
    if (this.#world.random.chance(site, 0.25)) return;
    const delayMs = this.#world.random.between(site, SECOND, 2 * MINUTE);
    this.#world.after(delayMs, `payer opens ${submission.outNo}`, () => {
      const answer = this.#channels.pay(submission);
      this.#world.note(`the page of ${submission.outNo} says ${answer.result}`);
    });
  }

  /** Draws what the payer of a fresh order will do; where a scenario stands, the books do it. */
  #meet({ submission, scenario, plan }: BookOrder): void {
    if (scenario !== null || plan !== null) return;
    const { channel, account, outNo, expireAtMs } = submission;
    const { random, nowMs } = this.#world;
    const site = `payer:${outNo}`;
    const mood = random.draw(site);
    // Some walk away for good, and nobody hears of them again.
    if (mood < 0.1) return;
    const isDeclined = mood < 0.2;
    const isLastMoment = mood > 0.9;
    const delayMs = isLastMoment
      ? expireAtMs - nowMs + random.between(site, -5 * SECOND, 5 * SECOND)
      : random.between(site, 100, mood < 0.7 ? 20 * SECOND : 5 * MINUTE);
    this.#world.after(Math.max(1, delayMs), `payer of ${outNo}`, () => {
      if (isDeclined) this.#channels.payerDeclines(channel, account, outNo);
      else this.#channels.payerPays(channel, account, outNo);
    });
  }
}
