/**
 * The line between merchants and the platform: requests and answers are lost, and a merchant that heard
 * nothing asks again. Everything heard is written down.
 */
import type { Aggregate } from '../core/aggregate.ts';
import { PROBLEMS } from '../core/problem.ts';
import type { Answered } from '../runtime/requests.ts';
import type { Faults } from './faults.ts';
import type { Parts, PlatformProcess } from './process.ts';
import type { Told } from './told.ts';
import { readableOf } from './told.ts';
import type { World } from './world.ts';

const SECOND = 1_000;
const REQUEST_DEADLINE_MS = 8 * SECOND;
/** A merchant waits longer than the platform may take. */
const PATIENCE_MS = 10 * SECOND;
const TRIES_MAX = 6;
const LEG_MS = [1, 50] as const;

export type Reply = Answered | 'no_answer';

export class MerchantLine {
  readonly world: World;
  readonly faults: Faults;
  readonly told: Told[] = [];
  readonly #processOf: (site: string) => PlatformProcess;
  readonly #onAnswer: (aggregate: Aggregate) => void;

  /** `onAnswer` is what becomes of an answer even when it is lost on the way to the merchant. */
  constructor(
    world: World,
    faults: Faults,
    processOf: (site: string) => PlatformProcess,
    onAnswer: (aggregate: Aggregate) => void,
  ) {
    this.world = world;
    this.faults = faults;
    this.#processOf = processOf;
    this.#onAnswer = onAnswer;
  }

  /** Asks, and asks again while that may help, until there is an answer or patience is over. */
  async insist(site: string, run: (parts: Parts) => Promise<Answered>): Promise<Reply> {
    const { random } = this.world;
    for (let tries = 1; ; tries++) {
      const reply = await this.call(site, run);
      const mayHelp =
        reply === 'no_answer' ||
        (reply.type === 'refused' && PROBLEMS[reply.refusal.code].retryable);
      if (!mayHelp || tries === TRIES_MAX) return reply;
      await this.world.sleep(random.between(site, 500, 15 * SECOND), `${site} tries again`);
    }
  }

  /** One request over the line, and what is heard of it. */
  async call(site: string, run: (parts: Parts) => Promise<Answered>): Promise<Reply> {
    const { world, faults } = this;
    await world.sleep(world.random.between('merchant:leg', ...LEG_MS), `${site} asks`);
    if (faults.hits('request_lost', site)) {
      await world.sleep(PATIENCE_MS, `${site} waits in vain`);
      return 'no_answer';
    }
    const served = await this.#processOf(site).serve(run, PATIENCE_MS);
    if (served.type !== 'answered') return 'no_answer';
    const { value } = served;
    if (value.type === 'done') this.#onAnswer(value.aggregate);
    if (faults.hits('answer_lost', site)) return 'no_answer';
    const words = value.type === 'done' ? value.aggregate.payment.status : value.refusal.code;
    world.note(`${site} hears ${words}`);
    if (value.type === 'done') {
      const readable = readableOf(value.aggregate);
      this.told.push({ by: 'answer', atMs: world.nowMs, ...readable, notice: null });
    }
    return value;
  }
}

/** Until when the platform may take for a request that comes in now. */
export function deadlineOf(parts: Parts): number {
  return parts.nowMs() + REQUEST_DEADLINE_MS;
}
