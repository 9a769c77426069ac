import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BookOrder, chargesOf, isReversed, type PaySubmission } from './book-order.ts';
import { remainderMinor } from './book-refund.ts';
import type { Books } from './books.ts';
import { newBooks, runUntil, START_MS, submission } from './books-rig.ts';
import { SCENARIOS, scenarioNames } from './scenarios.ts';

const { channel, account } = submission();
const OUT_NOS = ['A0000001', 'B0000001', 'C0000001'] as const;

const REFUND_NOS = ['R0000001', 'R0000002', 'R0000003'] as const;
const OPERATIONS = [
  'pay',
  'query',
  'close',
  'payer_pays',
  'payer_declines',
  'run_due',
  'second_payer_pays',
  'payer_pays_although_over',
  'refund',
  'console_refund',
  'reverse',
] as const;
/** What befalls an order without bad manners: one charge, in time, that nobody touches again. */
const MANNERLY = OPERATIONS.slice(0, 6);
const MANNERLY_SCENARIOS = scenarioNames().filter(
  (name) =>
    SCENARIOS[name].aftermath !== 'paid_again' && SCENARIOS[name].payer.act !== 'pays_after_close',
);

type Step = {
  readonly afterMs: number;
  readonly operation: (typeof OPERATIONS)[number];
  readonly outNo: (typeof OUT_NOS)[number];
  readonly refundNo: (typeof REFUND_NOS)[number];
  readonly refundMinor: number;
  readonly product: PaySubmission['product'];
  readonly scenario: PaySubmission['scenario'];
  readonly validMs: number;
};

function stepsOf(
  operations: readonly Step['operation'][],
  scenarios: readonly NonNullable<Step['scenario']>[],
): fc.Arbitrary<Step[]> {
  const step = fc.record({
    afterMs: fc.constantFrom(0, 1, 50, 399, 1_000, 7_999, 60_000),
    operation: fc.constantFrom('pay' as const, ...operations),
    outNo: fc.constantFrom(...OUT_NOS),
    refundNo: fc.constantFrom(...REFUND_NOS),
    refundMinor: fc.constantFrom(1, 999, 1_000, 1_999),
    product: fc.constantFrom('qr', 'redirect', 'quickpay', 'quickpay_accepted'),
    scenario: fc.option(fc.constantFrom(...scenarios)),
    validMs: fc.constantFrom(1, 300, 8_000, 8_001, 600_000),
  });
  return fc.array(step, { maxLength: 25 });
}

const steps = stepsOf(OPERATIONS, scenarioNames());
const mannerlySteps = stepsOf(MANNERLY, MANNERLY_SCENARIOS);
/** Orders that are paid at once, and then mostly refunds. */
const refundSteps = stepsOf(
  ['payer_pays', 'second_payer_pays', 'refund', 'refund', 'refund', 'console_refund', 'reverse'],
  scenarioNames().filter((name) => SCENARIOS[name].merchantRefunds),
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
    case 'second_payer_pays':
      return books.payerPays(channel, outNo, nowMs, { anotherPayer: true });
    case 'payer_pays_although_over':
      return books.payerPays(channel, outNo, nowMs, { althoughOver: true });
    case 'refund':
      return books.refund(refundOf(books, step, nowMs), nowMs);
    case 'console_refund':
      return books.consoleRefund(channel, outNo, step.refundMinor, nowMs);
    case 'reverse':
      return books.reverse(channel, outNo, null, nowMs);
  }
}

/** A refund of the first charge of that order with anything left, or of none at all. */
function refundOf(books: Books, { outNo, refundNo, refundMinor }: Step, nowMs: number) {
  const { order, refunds } = books.query(channel, account, outNo, nowMs);
  const charges = order === null ? [] : chargesOf(order);
  const charge = charges.find((one) => remainderMinor(one, refunds) > 0) ?? charges[0];
  const tradeNo = charge?.tradeNo ?? 'none';
  const amountMinor = refundMinor;
  return { channel, account, outNo, refundNo, tradeNo, amountMinor, currency: 'CNY' };
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
    fc.property(mannerlySteps, (path) => {
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

test('no charge ever gives back more than it took, and a reversed one nothing', () => {
  fc.assert(
    fc.property(refundSteps, (path) => {
      const books = newBooks();
      const check = () => {
        for (const charge of books.charges()) {
          const mine = books.refunds().filter(({ tradeNo }) => tradeNo === charge.tradeNo);
          const heldMinor = mine
            .filter(({ state }) => state !== 'CLOSED')
            .reduce((sum, { amountMinor }) => sum + amountMinor, 0);
          expect(heldMinor).toBeLessThanOrEqual(charge.amountMinor);
          if (charge.reversedAtMs !== null) expect(heldMinor).toBe(0);
        }
      };
      const nowMs = walk(books, path, check);
      runUntil(books, nowMs + 86_400_000);
      check();
      expect(books.refunds().every(({ state }) => state !== 'PROCESSING')).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test('a refund sent again is the same refund, and one number with other content moves nothing', () => {
  fc.assert(
    fc.property(refundSteps, (path) => {
      const books = newBooks();
      walk(books, path, ({ outNo, refundNo }, nowMs) => {
        const known = books.queryRefund({ channel, account, outNo, refundNo }, nowMs);
        if (known === null) return;
        const { tradeNo, amountMinor, currency } = known;
        const same = { channel, account, outNo, refundNo, tradeNo, amountMinor, currency };
        const before = JSON.stringify([...books.entries()]);
        const isRefused = known.endedAtMs === known.requestedAtMs;
        expect(books.refund(same, nowMs)).toEqual(
          isRefused ? { result: 'ERROR', ...known.failure } : { result: 'OK', refund: known },
        );
        expect(books.refund({ ...same, amountMinor: amountMinor + 1 }, nowMs)).toMatchObject({
          code: 'REFUND_NO_REUSED',
        });
        expect(JSON.stringify([...books.entries()])).toBe(before);
      });
    }),
    { numRuns: 300 },
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
      expect(busy.refunds()).toEqual(sleepy.refunds());
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
      expect(restored.refunds()).toEqual(first.refunds());
      const later = [{ ...(after[0] ?? idle), afterMs: stoppedAtMs - START_MS }, ...after.slice(1)];
      walk(first, later, () => undefined);
      walk(restored, later, () => undefined);
      runUntil(first, stoppedAtMs + 86_400_000);
      runUntil(restored, stoppedAtMs + 86_400_000);
      const outNos = (books: Books) =>
        books
          .charges()
          .map((one) => one.outNo)
          .sort();
      expect(outNos(restored)).toEqual(outNos(first));
      const returned = (books: Books) =>
        books.refunds().map(({ refundNo, amountMinor, state }) => [refundNo, amountMinor, state]);
      expect(returned(restored)).toEqual(returned(first));
    }),
    { numRuns: 200 },
  );
});

const idle: Step = {
  afterMs: 0,
  operation: 'run_due',
  outNo: 'A0000001',
  refundNo: 'R0000001',
  refundMinor: 1,
  product: 'qr',
  scenario: null,
  validMs: 1,
};

/** What the first answer about that order was, unless the order has been closed since. */
function firstAnswer(order: BookOrder, state: string): object {
  if (state === 'CLOSED') return { code: 'ORDER_CLOSED' };
  if (isReversed(order)) return { code: 'ORDER_REVERSED' };
  if (order.submission.product !== 'quickpay' || state === 'PAYING') return { result: 'ACCEPTED' };
  return state === 'PAID' ? { result: 'PAID', charge: order.charge } : { result: 'DECLINED' };
}

function hasCharge(books: Books, outNo: string): boolean {
  return books.charges().some((charge) => charge.outNo === outNo);
}
