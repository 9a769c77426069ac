import { DueQueue } from './due-queue.ts';
import { copies, type PendingNotification } from './notification.ts';
import type { ScenarioTimes } from './scenario-times.ts';

/** A line of the books about notifications, for whoever keeps the books over a restart. */
export type NotificationEntry =
  | { readonly kind: 'notification'; readonly notification: PendingNotification }
  | { readonly kind: 'notification_done'; readonly id: string };

/** The sends that a channel still owes. Pure: the caller sends, and says what came of it. */
export class BookNotifications {
  readonly #times: ScenarioTimes;
  readonly #record: (entry: NotificationEntry) => void;
  readonly #queue = new DueQueue<PendingNotification>();
  /** Everything owed, also what was taken and not answered yet: a restart must send that again. */
  readonly #owed = new Map<string, PendingNotification>();

  constructor(times: ScenarioTimes, record: (entry: NotificationEntry) => void) {
    this.#times = times;
    this.#record = record;
  }

  owe(notification: PendingNotification): void {
    this.#owed.set(notification.id, notification);
    this.#queue.push(notification.dueAtMs, notification);
    this.#record({ kind: 'notification', notification });
  }

  nextDueAtMs(): number | null {
    return this.#queue.peek()?.atMs ?? null;
  }

  /** Takes what is due by `nowMs`, earliest first; each must be given to one of the methods below. */
  take(nowMs: number): PendingNotification[] {
    const taken: PendingNotification[] = [];
    for (;;) {
      const next = this.#queue.peek();
      if (next === null || next.atMs > nowMs) return taken;
      this.#queue.pop();
      taken.push(next.item);
    }
  }

  /** The send was acknowledged, or was never to be repeated. */
  finish(notification: PendingNotification): void {
    this.#owed.delete(notification.id);
    this.#record({ kind: 'notification_done', id: notification.id });
  }

  /** The send was not acknowledged: again after the ladder's next pause, until the ladder ends. */
  retry(notification: PendingNotification, nowMs: number): void {
    const pauseMs = this.#times.resendLadderMs[notification.failedCount];
    if (!notification.resends || pauseMs === undefined) {
      this.finish(notification);
      return;
    }
    const failedCount = notification.failedCount + 1;
    this.owe({ ...notification, failedCount, dueAtMs: nowMs + pauseMs });
  }

  /** A fault rule makes it late. */
  delay(notification: PendingNotification, nowMs: number): void {
    const dueAtMs = nowMs + this.#times.notificationDelayMs;
    this.owe({ ...notification, exempt: true, dueAtMs });
  }

  /** A fault rule makes five of it, two of them due now. */
  duplicate(notification: PendingNotification, nowMs: number): void {
    for (const copy of copies({ ...notification, exempt: true }, nowMs)) this.owe(copy);
  }

  restore(entry: NotificationEntry): void {
    if (entry.kind === 'notification') this.#owed.set(entry.notification.id, entry.notification);
    else this.#owed.delete(entry.id);
  }

  /** Ends the restoring: what is still owed is queued again. */
  resume(): void {
    for (const notification of this.#owed.values())
      this.#queue.push(notification.dueAtMs, notification);
  }

  /** The lines that rebuild what is owed now. */
  *entries(): Iterable<NotificationEntry> {
    for (const notification of this.#owed.values()) yield { kind: 'notification', notification };
  }
}
