import type { PaySubmission } from './book-order.ts';
import { type BookEntry, Books } from './books.ts';
import type { PendingNotification } from './notification.ts';
import { createRandom } from './random.ts';
import type { ScenarioName } from './scenarios.ts';

/** When the tests of the books begin. */
export const START_MS = Date.UTC(2026, 10, 24, 4);

/** An order call that the channel accepts, valid for half an hour from the start. */
export function submission(changes: Partial<PaySubmission> = {}): PaySubmission {
  return {
    channel: 'sandbox',
    account: 'shop-account',
    outNo: 'A0000001',
    product: 'qr',
    amountMinor: 1999,
    currency: 'CNY',
    subject: 'A pair of shoes',
    notifyUrl: 'http://127.0.0.1:1/notifications/sandbox/shop-account',
    returnUrl: null,
    expireAtMs: START_MS + 1_800_000,
    scenario: null,
    ...changes,
  };
}

/** Books that keep nothing anywhere, or hand each line to `record`. */
export function newBooks(record?: (entry: BookEntry) => void): Books {
  return new Books({
    seed: 7,
    random: createRandom(7),
    timeScale: 1,
    ...(record !== undefined && { record }),
  });
}

/** Lets the world run until that time and returns what was sent; each send is acknowledged at once. */
export function runUntil(books: Books, untilMs: number): PendingNotification[] {
  const sent: PendingNotification[] = [];
  for (let atMs = books.nextDueAtMs(); atMs !== null && atMs <= untilMs; ) {
    for (const action of books.takeDue(atMs)) {
      if (action.kind !== 'notification') continue;
      sent.push(action.notification);
      books.notifications.finish(action.notification);
    }
    atMs = books.nextDueAtMs();
  }
  return sent;
}

/** The words of a notification. */
export function wordsOf(notification: PendingNotification): Record<string, unknown> {
  return JSON.parse(notification.body) as Record<string, unknown>;
}

/** Orders one QR code under that scenario at the start and lets the world run for that long. */
export function play(scenario: ScenarioName, durationMs: number) {
  const books = newBooks();
  books.pay(submission({ scenario }), START_MS);
  const sent = runUntil(books, START_MS + durationMs);
  return { books, sent, charge: books.charges()[0] ?? null };
}
