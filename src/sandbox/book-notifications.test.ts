import { describe, expect, test } from 'vitest';
import { newBooks, START_MS, submission } from './books-rig.ts';
import type { Books } from './books.ts';
import type { PendingNotification } from './notification.ts';

function takeOne(books: Books, nowMs: number): PendingNotification {
  const [action, ...others] = books.takeDue(nowMs);
  if (action?.kind !== 'notification' || others.length > 0) throw new Error('not one notification');
  return action.notification;
}

function paidBooks(): Books {
  const books = newBooks();
  books.pay(submission(), START_MS);
  books.payerPays('sandbox', 'A0000001', START_MS);
  return books;
}

describe('a notification', () => {
  test('that nobody acknowledges climbs the ladder with the same number and body, then ends', () => {
    const books = paidBooks();
    const first = takeOne(books, START_MS);
    const pausesMs: number[] = [];
    let nowMs = START_MS;
    books.notifications.retry(first, nowMs);
    for (let dueAtMs = books.nextDueAtMs(); dueAtMs !== null; dueAtMs = books.nextDueAtMs()) {
      pausesMs.push(dueAtMs - nowMs);
      nowMs = dueAtMs;
      const again = takeOne(books, nowMs);
      expect([again.notifyId, again.body]).toEqual([first.notifyId, first.body]);
      books.notifications.retry(again, nowMs);
    }
    const minutes = pausesMs.map((pauseMs) => pauseMs / 60_000);
    expect(minutes).toEqual([0.25, 0.25, 0.5, 3, 10, 20, 30, 30, 30, 60, 180, 180, 180, 360, 360]);
  });

  test('that is acknowledged is never sent again', () => {
    const books = paidBooks();
    books.notifications.finish(takeOne(books, START_MS));
    expect(books.nextDueAtMs()).toBeNull();
    expect([...books.notifications.entries()]).toEqual([]);
  });

  test('can be made late once, and no fault rule meets it again', () => {
    const books = paidBooks();
    books.notifications.delay(takeOne(books, START_MS), START_MS);
    expect(books.nextDueAtMs()).toBe(START_MS + 30_000);
    expect(takeOne(books, START_MS + 30_000)).toMatchObject({ exempt: true, resends: true });
  });

  test('can be made five, two of them in the same millisecond, of which one climbs the ladder', () => {
    const books = paidBooks();
    books.notifications.duplicate(takeOne(books, START_MS), START_MS);
    expect(books.takeDue(START_MS)).toHaveLength(2);
    const later = books.takeDue(START_MS + 1_000);
    expect(later).toHaveLength(3);
    const isLadder = later.map(
      (action) => action.kind === 'notification' && action.notification.resends,
    );
    expect(isLadder).toEqual([false, false, false]);
  });
});
