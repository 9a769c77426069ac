import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BookOrder, PaySubmission } from './book-order.ts';
import type { Books } from './books.ts';
import { newBooks, runUntil, START_MS, submission } from './books-rig.ts';
import { scenarioNames } from './scenarios.ts';

const { channel, account } = submission();
const OUT_NOS = ['A0000001', 'B0000001', 'C0000001'] as const;

type Step = {
  readonly afterMs: number;
  readonly operation: 'pay' | 'query' | 'close' | 'payer_pays' | 'payer_declines' | 'run_due';
  readonly outNo: (typeof OUT_NOS)[number];
  readonly product: PaySubmission['product'];
  readonly scenario: PaySubmission['scenario'];
  readonly validMs: number;
};

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    afterMs: fc.constantFrom(0, 1, 50, 399, 1_000, 7_999, 60_000),
    operation: fc.constantFrom(
      'pay',
      'pay',
      'query',
      'close',
      'payer_pays',
      'payer_declines',
      'run_due',
    ),
    outNo: fc.constantFrom(...OUT_NOS),
    product: fc.constantFrom('qr', 'redirect', 'quickpay', 'quickpay_accepted'),
    scenario: fc.option(fc.constantFrom(...scenarioNames())),
    validMs: fc.constantFrom(1, 300, 8_000, 8_001, 600_000),
  }),
  { maxLength: 25 },
);

function perform(books: Books, step: Step, nowMs: number): unknown {
  const { outNo, operation } = step;
  switch (operation) {
    case 'pay': {
      const { product, scenario, validMs } = step;
      return books.pay(
        submission({ outNo, product, scenario, expireAtMs: nowMs + validMs }),
        nowMs,
      );
    }
    case 'query':
      return books.query(channel, account, outNo, nowMs);
    case 'close':
      return books.close(channel, account, outNo, nowMs);
    case 'payer_pays':
      return books.payerPays(channel, outNo, nowMs);
    case 'payer_declines':
      return books.payerDeclines(channel, outNo, nowMs);
    case 'run_due':
      return books.takeDue(nowMs).length;
  }
}

/** Performs the steps, calling `watch` with the time after each. */
function walk(books: Books, path: readonly Step[], watch: (step: Step, nowMs: number) => void) {
  let nowMs = START_MS;
  for (const step of path) {
    nowMs += step.afterMs;
    perform(books, step, nowMs);
    watch(step, nowMs);
  }
  return nowMs;
}

test('an order has at most one charge, before its expiry, and never after a close or a decline', () => {
  fc.assert(
    fc.property(steps, (path) => {
      const books = newBooks();
      const dead = new Set<string>();
      const nowMs = walk(books, path, (_, atMs) => {
        const paid = new Set(books.charges().map(({ outNo }) => outNo));
        expect(paid.size).toBe(books.charges().length);
        for (const outNo of dead) expect(paid).not.toContain(outNo);
        for (const outNo of OUT_NOS) {
          const { state } = books.query(channel, account, outNo, atMs);
          if (state === 'CLOSED' || state === 'DECLINED') dead.add(outNo);
          expect(state === 'PAID').toBe(hasCharge(books, outNo));
        }
      });
      runUntil(books, nowMs + 86_400_000);
      for (const charge of books.charges()) {
        expect(dead).not.toContain(charge.outNo);
        const order = books.find(channel, charge.outNo, nowMs);
        expect(charge.paidAtMs).toBeLessThan(order?.submission.expireAtMs ?? 0);
        expect(charge.paidAtMs).toBeGreaterThanOrEqual(order?.createdAtMs ?? Infinity);
        expect(charge.tradeNo).toMatch(/^\d{28}$/);
      }
      const tradeNos = books.charges().map(({ tradeNo }) => tradeNo);
      expect(new Set(tradeNos).size).toBe(tradeNos.length);
    }),
    { numRuns: 300 },
  );
});

test('a resend is answered as the first time, or that the order is closed, and changes nothing', () => {
  fc.assert(
    fc.property(steps, (path) => {
      const books = newBooks();
      walk(books, path, ({ operation, outNo }, nowMs) => {
        const order = books.find(channel, outNo, nowMs);
        if (operation !== 'pay' || order === null) return;
        const { state } = books.query(channel, account, outNo, nowMs);
        const before = [...books.entries()].length;
        const again = books.pay(order.submission, nowMs);
        expect(again).toMatchObject(firstAnswer(order, state));
        expect([...books.entries()]).toHaveLength(before);
      });
    }),
    { numRuns: 200 },
  );
});

test('what happens depends on the times of the calls and not on who looks or wakes up in between', () => {
  fc.assert(
    fc.property(steps, (path) => {
      const sleepy = newBooks();
      const busy = newBooks();
      const acts = path.filter(({ operation }) => operation !== 'run_due');
      walk(sleepy, acts, () => undefined);
      const nowMs = walk(busy, acts, (_, atMs) => {
        runUntil(busy, atMs);
        for (const outNo of OUT_NOS) busy.query(channel, account, outNo, atMs);
      });
      runUntil(sleepy, nowMs + 86_400_000);
      runUntil(busy, nowMs + 86_400_000);
      expect(busy.charges()).toEqual(sleepy.charges());
    }),
    { numRuns: 200 },
  );
});

test('books restored from their lines at any point go on as the ones that never stopped', () => {
  fc.assert(
    fc.property(steps, steps, (before, after) => {
      const first = newBooks();
      const restored = newBooks();
      const stoppedAtMs = walk(first, before, () => undefined);
      for (const entry of first.entries()) restored.restore(entry);
      restored.resume();
      expect(restored.charges()).toEqual(first.charges());
      const later = [{ ...(after[0] ?? idle), afterMs: stoppedAtMs - START_MS }, ...after.slice(1)];
      walk(first, later, () => undefined);
      walk(restored, later, () => undefined);
      runUntil(first, stoppedAtMs + 86_400_000);
      runUntil(restored, stoppedAtMs + 86_400_000);
      expect(
        restored
          .charges()
          .map(({ outNo }) => outNo)
          .sort(),
      ).toEqual(
        first
          .charges()
          .map(({ outNo }) => outNo)
          .sort(),
      );
    }),
    { numRuns: 200 },
  );
});

const idle: Step = {
  afterMs: 0,
  operation: 'run_due',
  outNo: 'A0000001',
  product: 'qr',
  scenario: null,
  validMs: 1,
};

/** What the first answer about that order was, unless the order has been closed since. */
function firstAnswer(order: BookOrder, state: string): object {
  if (state === 'CLOSED') return { code: 'ORDER_CLOSED' };
  if (order.submission.product !== 'quickpay' || state === 'PAYING') return { result: 'ACCEPTED' };
  return state === 'PAID' ? { result: 'PAID', charge: order.charge } : { result: 'DECLINED' };
}

function hasCharge(books: Books, outNo: string): boolean {
  return books.charges().some((charge) => charge.outNo === outNo);
}
