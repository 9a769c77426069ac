import type { Books } from './books.ts';
import type { Faults } from './faults.ts';
import type { PendingNotification } from './notification.ts';
import type { NotificationSender } from './notification-sender.ts';
import type { SandboxClock } from './sandbox-clock.ts';

export type DueRunnerOptions = {
  readonly books: Books;
  readonly faults: Faults;
  readonly clock: SandboxClock;
  readonly sender: NotificationSender;
  /** The signing secret of an account; null when it is no longer configured. */
  readonly secretOf: (account: string) => string | null;
};

/** The longest pause that a timer of this platform can count. */
const TIMER_MS_MAX = 2_147_483_647;

/**
 * Whoever moves the clock wants to run what has become due, in their own order and with a count, so
 * the timer holds back for this long and only makes good for those who never ask.
 */
const MOVED_CLOCK_GRACE_MS = 250;

/** Does what is due in the pretend world when its time comes: payers act, notifications go out. */
export class DueRunner {
  readonly #options: DueRunnerOptions;
  readonly #underWay = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | null = null;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #heldUntilWallMs = 0;
  #isStopped = false;

  constructor(options: DueRunnerOptions) {
    this.#options = options;
  }

  /** Call after the clock was moved. */
  clockMoved(): void {
    this.#heldUntilWallMs = Date.now() + MOVED_CLOCK_GRACE_MS;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.wake();
  }

  /** Call after anything that may have made something due earlier. */
  wake(): void {
    const nextAtMs = this.#options.books.nextDueAtMs();
    if (this.#isStopped || nextAtMs === null) return;
    const wallAtMs = Math.max(nextAtMs - this.#options.clock.offsetMs, this.#heldUntilWallMs);
    if (this.#timer !== null && this.#timerAtMs <= wallAtMs) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timerAtMs = wallAtMs;
    const pauseMs = Math.min(Math.max(0, wallAtMs - Date.now()), TIMER_MS_MAX);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#start();
      this.wake();
    }, pauseMs);
  }

  /**
   * Does everything that is due now, also what becomes due by doing it, and waits for every send
   * under way. Answers how many things it did.
   */
  async runDue(): Promise<number> {
    let count = 0;
    for (;;) {
      const started = this.#start();
      count += started;
      if (started === 0 && this.#underWay.size === 0) break;
      await Promise.all(this.#underWay);
    }
    this.wake();
    return count;
  }

  /** Starts nothing more and waits for what is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    await Promise.all(this.#underWay);
  }

  #start(): number {
    const { books, clock } = this.#options;
    if (this.#isStopped) return 0;
    const actions = books.takeDue(clock.nowMs());
    for (const action of actions) {
      if (action.kind !== 'notification') continue;
      const sent = this.#notify(action.notification).finally(() => {
        this.#underWay.delete(sent);
        this.wake();
      });
      this.#underWay.add(sent);
    }
    return actions.length;
  }

  async #notify(notification: PendingNotification): Promise<void> {
    const { books, clock, faults } = this.#options;
    const effect = notification.exempt ? null : faults.drawForNotification(notification.channel);
    switch (effect) {
      case 'drop':
        return books.notifications.retry(notification, clock.nowMs());
      case 'delay':
        return books.notifications.delay(notification, clock.nowMs());
      case 'duplicate':
        return books.notifications.duplicate(notification, clock.nowMs());
      case 'forge':
        await this.#send({ ...notification, manner: 'wrong' });
        return books.notifications.finish(notification);
      case null: {
        const isAcknowledged = await this.#send(notification);
        if (isAcknowledged) books.notifications.finish(notification);
        else books.notifications.retry(notification, clock.nowMs());
      }
    }
  }

  async #send(notification: PendingNotification): Promise<boolean> {
    const { clock, secretOf, sender } = this.#options;
    const secret = secretOf(notification.account);
    if (secret === null) return false;
    return await sender.send(notification, notification.manner, secret, clock.nowMs());
  }
}
