/**
 * One list of behaviours that every store keeps: what the platform relies on, whatever is underneath.
 * Each test works on a store of its own that holds nothing yet.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Effect } from '../../src/core/effect.ts';
import type { Aggregate } from '../../src/core/aggregate.ts';
import type { AggregateChange, DueNotice, Endpoint, Store } from '../../src/store/store.ts';
import { playSteps, steps } from './payment-steps.ts';
import {
  AMOUNT_MINOR,
  BANK,
  CLOSED,
  createInput,
  DECLINED,
  MERCHANT_NUMBER,
  MINUTE,
  PENDING,
  paid,
  SECOND,
  START_MS,
  ScriptedPayment,
  UNKNOWN,
  WALLET_QR,
} from './scripted-payment.ts';

export type OpenStore = {
  readonly store: Store;
  /** Registers a webhook endpoint of a merchant. */
  addEndpoint(merchantNumber: number): Promise<Endpoint>;
};

type Open = () => Promise<OpenStore>;

const WALLET = { channel: 'wallet', account: 'main' };
const FIRST_QUERY_MS = new Map([
  ['wallet/main', 15 * SECOND],
  ['bank/main', 15 * SECOND],
  ['page/main', 15 * SECOND],
]);
const LEASE_MS = 20 * SECOND;
const MUCH_LATER_MS = START_MS + 90 * 24 * 60 * MINUTE;

/** Registers the whole suite for a store; `lives` random payments are written and read back. */
export function storeContract(open: Open, lives: number): void {
  describe('payments', () => paymentContract(open, lives));
  describe('guards', () => guardContract(open));
  describe('questions', () => questionContract(open));
  describe('ends of validity', () => expiryContract(open));
  describe('the sweep', () => sweepContract(open));
  describe('notices', () => noticeContract(open));
}

async function save(store: Store, ...payments: readonly ScriptedPayment[]): Promise<void> {
  const results = await store.write(payments.map((one) => one.takeChange()));
  expect(results).toEqual(payments.map(() => 'written'));
}

/** A payment whose order is unknown, with its first question planned at 15 s. */
function unknown(change: Parameters<typeof createInput>[0] = {}): ScriptedPayment {
  const payment = new ScriptedPayment(change);
  payment.learn(UNKNOWN, { operation: 'pay' });
  return payment;
}

let orderCount = 0;

/** A merchant order number that was not used before. */
function freshNo(): string {
  orderCount += 1;
  return `N-${orderCount}`;
}

function paymentContract(open: Open, lives: number): void {
  test('come back in the order asked, and null where there is none', async () => {
    const { store } = await open();
    const [a, b] = [new ScriptedPayment(), new ScriptedPayment({ merchantOrderNo: 'B' })];
    await save(store, a, b);
    const nobody = new ScriptedPayment().key;
    expect(await store.load([b.key, nobody, a.key, b.key])).toEqual([
      b.aggregate,
      null,
      a.aggregate,
      b.aggregate,
    ]);
    expect(await store.load([])).toEqual([]);
  });

  test('are never shown under another merchant', async () => {
    const { store } = await open();
    const payment = new ScriptedPayment();
    await save(store, payment);
    const stranger = { ...payment.key, merchantNumber: MERCHANT_NUMBER + 1 };
    expect(await store.load([stranger])).toEqual([null]);
    expect(await store.findByMerchantOrderNo(MERCHANT_NUMBER + 1, 'A-1')).toBeNull();
  });

  test('are found by their merchant order number', async () => {
    const { store } = await open();
    const payment = new ScriptedPayment();
    expect(await store.findByMerchantOrderNo(MERCHANT_NUMBER, 'A-1')).toBeNull();
    await save(store, payment);
    expect(await store.findByMerchantOrderNo(MERCHANT_NUMBER, 'A-1')).toEqual(payment.key);
  });

  test('keep every character of what merchants and channels say', async () => {
    const { store } = await open();
    const nasty = `"{}\\,\\" NULL 'it''s' 茶 🍵\n\t{"a":[1]}`;
    const payment = new ScriptedPayment({
      subject: nasty,
      merchantOrderNo: nasty,
      metadata: { [nasty]: nasty },
      returnUrl: nasty,
      noticeUrl: nasty,
    });
    const failure = { type: 'failed', code: nasty, message: nasty, channelCode: nasty } as const;
    payment.learn(failure, { operation: 'pay' });
    payment.decide({ type: 'request_try', try: WALLET_QR });
    const nextAction = { type: 'display_qr', qrContent: nasty } as const;
    payment.learn({ ...PENDING, type: 'pending', nextAction }, { operation: 'pay', attempt: 2 });
    payment.learn(paid({ transactionNo: nasty }), { attempt: 2 });
    await save(store, payment);
    expect(await store.load([payment.key])).toEqual([payment.aggregate]);
  });

  test('come back exactly as they were decided, whatever happened to them', async () => {
    const { store } = await open();
    const chunks = fc.infiniteStream(fc.boolean());
    await fc.assert(
      fc.asyncProperty(steps(), chunks, async (life, savesNow) => {
        const changes: AggregateChange[] = [];
        const create = { ...life.create, merchantOrderNo: freshNo() };
        const payment = playSteps({ ...life, create }, (_aggregate, scripted) => {
          if (savesNow.next().value) changes.push(scripted.takeChange());
        });
        changes.push(payment.takeChange());
        for (const change of changes.filter((one) => one.steps.length > 0)) {
          expect(await store.write([change])).toEqual(['written']);
        }
        expect(await store.load([payment.key])).toEqual([payment.aggregate]);
      }),
      { numRuns: lives },
    );
  });

  test('a case that ends and opens again in one batch is open', async () => {
    const { store } = await open();
    const payment = new ScriptedPayment();
    payment.notified(paid());
    payment.notified(paid({ transactionNo: 'T2', amountMinor: 1 }));
    await save(store, payment);
    payment.learn(paid());
    payment.notified(paid({ transactionNo: 'T3', amountMinor: 1 }));
    await save(store, payment);
    payment.learn(paid());
    await save(store, payment);
    expect(await store.load([payment.key])).toEqual([payment.aggregate]);
  });
}

function guardContract(open: Open): void {
  test('a change decided on an older version writes nothing of itself', async () => {
    const { store, addEndpoint } = await open();
    await addEndpoint(MERCHANT_NUMBER);
    const payment = new ScriptedPayment();
    await save(store, payment);
    payment.learn(UNKNOWN, { operation: 'pay' });
    const late = payment.takeChange();
    expect(await store.write([late])).toEqual(['written']);
    payment.notified(paid());
    const lost = { ...payment.takeChange(), before: late.before };
    expect(await store.write([lost])).toEqual(['stale']);
    expect(await store.load([payment.key])).toEqual([late.after]);
    expect(await store.claimNotices(10, MUCH_LATER_MS, LEASE_MS)).toEqual([]);
    expect(await store.claimDroppedOrders(WALLET, 10, MUCH_LATER_MS, LEASE_MS)).toHaveLength(1);
  });

  test('an existing merchant order number is not created again, and nothing of it is written', async () => {
    const { store } = await open();
    const [first, second] = [new ScriptedPayment(), unknown({ expiresInMs: SECOND })];
    await save(store, first);
    expect(await store.write([second.takeChange()])).toEqual(['stale']);
    expect(await store.load([second.key])).toEqual([null]);
    expect(await store.findByMerchantOrderNo(MERCHANT_NUMBER, 'A-1')).toEqual(first.key);
    expect(await store.claimDroppedOrders(WALLET, 10, MUCH_LATER_MS, LEASE_MS)).toEqual([]);
    expect(await store.claimExpiries(10, MUCH_LATER_MS, LEASE_MS)).toEqual([]);
  });

  test('the same number of another merchant is another payment', async () => {
    const { store } = await open();
    const other = new ScriptedPayment({ merchantNumber: MERCHANT_NUMBER + 1 });
    await save(store, new ScriptedPayment(), other);
    expect(await store.findByMerchantOrderNo(MERCHANT_NUMBER + 1, 'A-1')).toEqual(other.key);
  });

  test('two creations of one number in one batch: one of them stands', async () => {
    const { store } = await open();
    const changes = [new ScriptedPayment(), new ScriptedPayment()].map((one) => one.takeChange());
    expect((await store.write(changes)).toSorted()).toEqual(['stale', 'written']);
  });

  test('of a batch, what lost its guard falls alone', async () => {
    const { store } = await open();
    const [a, b, c] = ['A', 'B', 'C'].map((no) => new ScriptedPayment({ merchantOrderNo: no }));
    if (!a || !b || !c) throw new Error('three payments');
    await save(store, a, b, c);
    for (const one of [a, b, c]) one.learn(PENDING, { operation: 'pay' });
    const [ofA, ofB, ofC] = [a.takeChange(), b.takeChange(), c.takeChange()];
    expect(await store.write([ofB])).toEqual(['written']);
    expect(await store.write([ofA, ofB, ofC])).toEqual(['written', 'stale', 'written']);
    expect(await store.load([a.key, b.key, c.key])).toEqual([ofA.after, ofB.after, ofC.after]);
  });

  test('two changes of one payment in one batch: one of them stands, whole', async () => {
    const { store } = await open();
    const payment = new ScriptedPayment();
    await save(store, payment);
    const { aggregate } = payment;
    payment.learn(UNKNOWN, { operation: 'pay' });
    const first = payment.takeChange();
    const other = new ScriptedPayment();
    other.notified(paid());
    const { steps: taken, after } = other.takeChange();
    const second: AggregateChange = {
      before: aggregate,
      after: { ...after, payment: { ...after.payment, id: payment.payment.id } },
      steps: taken.slice(1),
    };
    const results = await store.write([first, second]);
    expect(results.toSorted()).toEqual(['stale', 'written']);
    const [stored] = await store.load([payment.key]);
    const standing = results[0] === 'written' ? first.after : second.after;
    expect(stored?.payment).toEqual(standing.payment);
    expect(stored?.orders[0]?.charges).toEqual(standing.orders[0]?.charges);
  });

  test.each(['winner', 'charge:1:T1'])(
    'a second entry “%s” is refused with all of its batch',
    async (entry) => {
      const { store } = await open();
      const [payment, bystander] = [
        new ScriptedPayment(),
        new ScriptedPayment({ merchantOrderNo: 'B' }),
      ];
      payment.notified(paid());
      await save(store, payment, bystander);
      bystander.learn(PENDING, { operation: 'pay' });
      const posting = payment.postings.find((one) => one.entry === entry);
      if (!posting) throw new Error(`${entry} was not booked`);
      payment.decide({ type: 'notice_exhausted', eventId: 'evt_1', endpoint: 'we_1' });
      const change = payment.takeChange();
      const again = change.steps.map((step) => ({ ...step, postings: [posting] }));
      const batch = [bystander.takeChange(), { ...change, steps: again }];
      await expect(store.write(batch)).rejects.toThrow();
      expect(await store.load([payment.key, bystander.key])).toEqual([
        change.before,
        batch[0]?.before,
      ]);
    },
  );
}

function questionContract(open: Open): void {
  const claim = async (store: Store, nowMs: number, limit = 10) =>
    await store.claimDroppedOrders(WALLET, limit, nowMs, LEASE_MS);
  const DUE_MS = START_MS + 15 * SECOND;

  test('are claimed when they are due, and not before', async () => {
    const { store } = await open();
    const payment = unknown();
    await save(store, payment);
    expect(await claim(store, DUE_MS - 1)).toEqual([]);
    expect(await claim(store, DUE_MS)).toEqual([
      { ...payment.key, attempt: 1, operation: 'query', lease: expect.any(Number) },
    ]);
  });

  test('are invisible while somebody holds them, and come back when the lease is over', async () => {
    const { store } = await open();
    await save(store, unknown());
    await claim(store, DUE_MS);
    expect(await claim(store, DUE_MS + LEASE_MS - 1)).toEqual([]);
    expect(await claim(store, DUE_MS + LEASE_MS)).toHaveLength(1);
  });

  test('have no upper age: what was due during a long outage is still due', async () => {
    const { store } = await open();
    await save(store, unknown());
    expect(await claim(store, MUCH_LATER_MS)).toHaveLength(1);
  });

  test('are of one account only, the longest overdue first, up to the limit', async () => {
    const { store } = await open();
    const [late, early, bank] = [
      new ScriptedPayment({ merchantOrderNo: 'late' }),
      new ScriptedPayment({ merchantOrderNo: 'early' }),
      new ScriptedPayment({ merchantOrderNo: 'bank', try: BANK }),
    ];
    early.learn(UNKNOWN, { operation: 'pay' });
    for (const one of [late, bank]) one.learn(UNKNOWN, { operation: 'pay' });
    late.answerJob(UNKNOWN);
    await save(store, late, early, bank);
    expect((await claim(store, MUCH_LATER_MS, 1)).map((one) => one.paymentId)).toEqual([
      early.key.paymentId,
    ]);
    expect((await claim(store, MUCH_LATER_MS)).map((one) => one.paymentId)).toEqual([
      late.key.paymentId,
    ]);
    const atBank = { channel: 'bank', account: 'main' };
    expect(await store.claimDroppedOrders(atBank, 10, MUCH_LATER_MS, LEASE_MS)).toHaveLength(1);
  });

  test('planned again replace the former plan', async () => {
    const { store } = await open();
    const payment = unknown();
    await save(store, payment);
    payment.decide({ type: 'close_payment' });
    payment.answerJob(PENDING);
    await save(store, payment);
    expect(payment.questions.get(1)).toEqual({ operation: 'close', dueAtMs: START_MS });
    expect(await claim(store, START_MS)).toMatchObject([{ operation: 'close' }]);
    expect(await claim(store, DUE_MS)).toEqual([]);
  });

  test('are gone when nothing is left to ask', async () => {
    const { store } = await open();
    const payment = unknown();
    await save(store, payment);
    payment.notified(paid());
    await save(store, payment);
    expect(await claim(store, MUCH_LATER_MS)).toEqual([]);
  });

  test('of several plans in one batch the last one counts', async () => {
    const { store } = await open();
    const payment = unknown();
    payment.learn(DECLINED);
    payment.decide({ type: 'request_try', try: WALLET_QR });
    payment.decide({ type: 'close_payment' });
    await save(store, payment);
    expect(await claim(store, MUCH_LATER_MS)).toMatchObject([{ attempt: 2, operation: 'query' }]);
    payment.answerJob(CLOSED, 2);
    await save(store, payment);
    expect(await claim(store, MUCH_LATER_MS)).toEqual([]);
  });

  test('are dropped by their holder', async () => {
    const { store } = await open();
    await save(store, unknown());
    const [claimed] = await claim(store, DUE_MS);
    if (claimed) await store.dropDroppedOrder(claimed);
    expect(await claim(store, MUCH_LATER_MS)).toEqual([]);
  });

  test('cannot be dropped by one whose lease is over and who lost them to another', async () => {
    const { store } = await open();
    await save(store, unknown());
    const [stalled] = await claim(store, DUE_MS);
    const [holder] = await claim(store, DUE_MS + LEASE_MS);
    if (stalled) await store.dropDroppedOrder(stalled);
    expect(await claim(store, DUE_MS + 2 * LEASE_MS)).toHaveLength(1);
    expect(holder?.lease).not.toBe(stalled?.lease);
  });

  test('cannot be dropped by one who claimed them before they were planned anew', async () => {
    const { store } = await open();
    const payment = unknown();
    await save(store, payment);
    const [stalled] = await claim(store, DUE_MS);
    payment.answerJob(UNKNOWN);
    await save(store, payment);
    if (stalled) await store.dropDroppedOrder(stalled);
    expect(await claim(store, MUCH_LATER_MS)).toHaveLength(1);
  });

  test('cannot be dropped by one who claimed the row before it was removed and planned anew', async () => {
    const { store } = await open();
    const payment = unknown({ expiresInMs: SECOND });
    await save(store, payment);
    const [stalled] = await claim(store, DUE_MS);
    while (!payment.order().awaitsStatement) payment.answerJob(UNKNOWN);
    await save(store, payment);
    expect(await claim(store, MUCH_LATER_MS)).toEqual([]);
    payment.decide({ type: 'validity_ended' });
    await save(store, payment);
    if (stalled) await store.dropDroppedOrder(stalled);
    expect(await claim(store, payment.nowMs)).toHaveLength(1);
    if (stalled) await store.dropDroppedOrder(stalled);
    expect(await claim(store, MUCH_LATER_MS)).toHaveLength(1);
  });
}

function expiryContract(open: Open): void {
  test('are claimed when they are due, skip the held ones, and have no upper age', async () => {
    const { store } = await open();
    const payment = new ScriptedPayment({ expiresInMs: SECOND });
    await save(store, payment);
    expect(await store.claimExpiries(10, START_MS + SECOND - 1, LEASE_MS)).toEqual([]);
    const [claimed] = await store.claimExpiries(10, START_MS + SECOND, LEASE_MS);
    expect(claimed).toEqual({ ...payment.key, lease: expect.any(Number) });
    expect(await store.claimExpiries(10, START_MS + 2 * SECOND, LEASE_MS)).toEqual([]);
    const [again] = await store.claimExpiries(10, MUCH_LATER_MS, LEASE_MS);
    if (claimed) await store.dropExpiry(claimed);
    expect(await store.claimExpiries(10, MUCH_LATER_MS + LEASE_MS, LEASE_MS)).toHaveLength(1);
    expect(again?.lease).not.toBe(claimed?.lease);
  });

  test('are dropped by their holder, and stay when the payment was opened again meanwhile', async () => {
    const { store } = await open();
    const payment = new ScriptedPayment({ try: null, expiresInMs: SECOND });
    await save(store, payment);
    payment.pass(SECOND);
    const [claimed] = await store.claimExpiries(10, payment.nowMs, LEASE_MS);
    payment.decide({ type: 'validity_ended' });
    await save(store, payment);
    payment.decide(createInput({ try: null, expiresInMs: MINUTE }));
    await save(store, payment);
    if (claimed) await store.dropExpiry(claimed);
    const [fresh] = await store.claimExpiries(10, payment.nowMs + MINUTE, LEASE_MS);
    expect(fresh).toMatchObject(payment.key);
    if (fresh) await store.dropExpiry(fresh);
    expect(await store.claimExpiries(10, MUCH_LATER_MS, LEASE_MS)).toEqual([]);
  });
}

function sweepContract(open: Open): void {
  const OVERLAP_MS = 2 * SECOND;
  const later = (durationMs: number): number => START_MS + durationMs;

  test('finds open orders and ends of validity once they are old enough, and once only', async () => {
    const { store } = await open();
    const payment = new ScriptedPayment();
    payment.learn(PENDING, { operation: 'pay' });
    await save(store, payment);
    expect(await store.sweepYoung(FIRST_QUERY_MS, later(15 * SECOND), OVERLAP_MS)).toBe(0);
    expect(await store.sweepYoung(FIRST_QUERY_MS, later(15 * SECOND + 1), OVERLAP_MS)).toBe(2);
    expect(await store.sweepYoung(FIRST_QUERY_MS, later(16 * SECOND), OVERLAP_MS)).toBe(0);
    const due = later(15 * SECOND);
    expect(await store.claimDroppedOrders(WALLET, 10, due - 1, LEASE_MS)).toEqual([]);
    expect(await store.claimDroppedOrders(WALLET, 10, due, LEASE_MS)).toMatchObject([
      { ...payment.key, attempt: 1, operation: 'query' },
    ]);
    const endsAtMs = payment.payment.expiresAtMs;
    expect(await store.claimExpiries(10, endsAtMs - 1, LEASE_MS)).toEqual([]);
    expect(await store.claimExpiries(10, endsAtMs, LEASE_MS)).toHaveLength(1);
  });

  test('leaves what is finished, handed over, planned already, or of an account that is not here', async () => {
    const { store } = await open();
    const names = ['paid', 'closed', 'planned', 'waits', 'elsewhere'];
    const [won, closed, planned, waits, elsewhere] = names.map(
      (no) =>
        new ScriptedPayment({ merchantOrderNo: no, try: no === 'elsewhere' ? BANK : WALLET_QR }),
    );
    if (!won || !closed || !planned || !waits || !elsewhere) throw new Error('five payments');
    won.notified(paid());
    closed.decide({ type: 'close_payment' });
    closed.answerJob(CLOSED);
    for (const one of [planned, waits]) one.learn(UNKNOWN, { operation: 'pay' });
    while (!waits.order().awaitsStatement) waits.answerJob(UNKNOWN);
    await save(store, won, closed, planned, waits, elsewhere);
    const here = new Map([['wallet/main', 15 * SECOND]]);
    // The ends of validity of the three that are not finished.
    expect(await store.sweepYoung(here, MUCH_LATER_MS, OVERLAP_MS)).toBe(3);
    const claimed = await store.claimDroppedOrders(WALLET, 10, MUCH_LATER_MS, LEASE_MS);
    expect(claimed.map((one) => one.paymentId)).toEqual([planned.key.paymentId]);
    expect(await store.claimExpiries(10, MUCH_LATER_MS, LEASE_MS)).toHaveLength(3);
  });

  test('gives a payment that is being closed no second end', async () => {
    const { store } = await open();
    const payment = new ScriptedPayment();
    payment.decide({ type: 'close_payment' });
    await save(store, payment);
    expect(await store.sweepAll(FIRST_QUERY_MS, MUCH_LATER_MS)).toBe(0);
  });

  test('looks back over the overlap for commits that came late', async () => {
    const { store } = await open();
    await store.sweepYoung(FIRST_QUERY_MS, later(16 * SECOND), OVERLAP_MS);
    await save(store, new ScriptedPayment());
    expect(await store.sweepYoung(FIRST_QUERY_MS, later(16 * SECOND), OVERLAP_MS)).toBe(2);
  });

  test('over everything finds what came even later, and nothing twice', async () => {
    const { store } = await open();
    await store.sweepYoung(FIRST_QUERY_MS, later(MINUTE), OVERLAP_MS);
    await save(store, new ScriptedPayment());
    expect(await store.sweepYoung(FIRST_QUERY_MS, later(MINUTE), OVERLAP_MS)).toBe(0);
    expect(await store.sweepAll(FIRST_QUERY_MS, later(MINUTE))).toBe(2);
    expect(await store.sweepAll(FIRST_QUERY_MS, later(MINUTE))).toBe(0);
  });

  test('tells when something is due next', async () => {
    const { store } = await open();
    expect(await store.nextDueAtMs(FIRST_QUERY_MS)).toBeNull();
    const payment = new ScriptedPayment();
    await save(store, payment);
    // Not swept yet: the sweep itself is what is due, when the order is old enough for it.
    expect(await store.nextDueAtMs(FIRST_QUERY_MS)).toBe(later(15 * SECOND + 1));
    await store.sweepYoung(FIRST_QUERY_MS, later(15 * SECOND + 1), OVERLAP_MS);
    expect(await store.nextDueAtMs(FIRST_QUERY_MS)).toBe(later(15 * SECOND));
    await store.claimDroppedOrders(WALLET, 10, later(20 * SECOND), LEASE_MS);
    expect(await store.nextDueAtMs(FIRST_QUERY_MS)).toBe(later(20 * SECOND + LEASE_MS));
    payment.notified(paid());
    await save(store, payment);
    const [row] = await store.claimDroppedOrders(WALLET, 10, MUCH_LATER_MS, LEASE_MS);
    if (row) await store.dropDroppedOrder(row);
    expect(await store.nextDueAtMs(FIRST_QUERY_MS)).toBe(payment.payment.expiresAtMs);
  });
}

function noticeContract(open: Open): void {
  const result = (notice: DueNotice, retryAtMs: number | null) => ({
    notice,
    atMs: START_MS,
    durationMs: 12,
    responseStatus: retryAtMs === null ? 200 : 500,
    error: null,
    retryAtMs,
  });
  const eventOf = (aggregate: Aggregate, events: readonly Effect[]): object => ({
    merchantNumber: MERCHANT_NUMBER,
    paymentId: aggregate.payment.id,
    event: 'payment.succeeded',
    atMs: START_MS,
    subjectKey: null,
    tries: 0,
    ...events.flatMap((one) =>
      one.type === 'event' ? [{ eventId: one.id, snapshot: one.snapshot }] : [],
    )[0],
  });

  test('go to every endpoint of the merchant, and to no other’s', async () => {
    const { store, addEndpoint } = await open();
    const endpoints = [await addEndpoint(MERCHANT_NUMBER), await addEndpoint(MERCHANT_NUMBER)];
    await addEndpoint(MERCHANT_NUMBER + 1);
    const payment = new ScriptedPayment();
    payment.notified(paid());
    await save(store, payment);
    const claimed = await store.claimNotices(10, START_MS, LEASE_MS);
    expect(claimed).toHaveLength(2);
    expect(claimed).toEqual(
      expect.arrayContaining(
        endpoints.map((endpoint) => ({
          ...eventOf(payment.aggregate, payment.events),
          endpoint,
          lease: expect.any(Number),
        })),
      ),
    );
    expect(claimed[0]?.snapshot).toEqual(payment.events[0]?.snapshot);
  });

  test('go to the payment’s own address instead, where it names one', async () => {
    const { store, addEndpoint } = await open();
    await addEndpoint(MERCHANT_NUMBER);
    const payment = new ScriptedPayment({ noticeUrl: 'https://shop.example/notices' });
    payment.notified(paid());
    await save(store, payment);
    expect(await store.claimNotices(10, START_MS, LEASE_MS)).toMatchObject([{ endpoint: null }]);
  });

  test('to nobody are not kept', async () => {
    const { store } = await open();
    const payment = new ScriptedPayment();
    payment.notified(paid());
    await save(store, payment);
    expect(await store.claimNotices(10, MUCH_LATER_MS, LEASE_MS)).toEqual([]);
  });

  test('are held by one sender at a time, and are done when they were taken', async () => {
    const { store, addEndpoint } = await open();
    await addEndpoint(MERCHANT_NUMBER);
    const payment = new ScriptedPayment();
    payment.notified(paid());
    await save(store, payment);
    const [notice] = await store.claimNotices(10, START_MS, LEASE_MS);
    expect(await store.claimNotices(10, START_MS, LEASE_MS)).toEqual([]);
    if (notice) await store.finishNotices([result(notice, null)]);
    expect(await store.claimNotices(10, MUCH_LATER_MS, LEASE_MS)).toEqual([]);
  });

  test('that were not taken come again when planned, with their tries counted', async () => {
    const { store, addEndpoint } = await open();
    await addEndpoint(MERCHANT_NUMBER);
    const payment = new ScriptedPayment();
    payment.notified(paid());
    await save(store, payment);
    const [notice] = await store.claimNotices(10, START_MS, LEASE_MS);
    const retryAtMs = START_MS + MINUTE;
    if (notice) await store.finishNotices([result(notice, retryAtMs)]);
    expect(await store.claimNotices(10, retryAtMs - 1, LEASE_MS)).toEqual([]);
    expect(await store.claimNotices(10, retryAtMs, LEASE_MS)).toMatchObject([{ tries: 1 }]);
  });

  test('are not touched by a sender who lost them to another', async () => {
    const { store, addEndpoint } = await open();
    await addEndpoint(MERCHANT_NUMBER);
    const payment = new ScriptedPayment();
    payment.notified(paid());
    await save(store, payment);
    const [stalled] = await store.claimNotices(10, START_MS, LEASE_MS);
    await store.claimNotices(10, START_MS + LEASE_MS, LEASE_MS);
    if (stalled) await store.finishNotices([result(stalled, null)]);
    if (stalled) await store.finishNotices([result(stalled, START_MS)]);
    expect(await store.claimNotices(10, START_MS + LEASE_MS, LEASE_MS)).toEqual([]);
    const [again] = await store.claimNotices(10, START_MS + 2 * LEASE_MS, LEASE_MS);
    expect(again?.tries).toBe(0);
  });

  test('tell the sum that was ordered, for ever', async () => {
    const { store, addEndpoint } = await open();
    await addEndpoint(MERCHANT_NUMBER);
    const payment = new ScriptedPayment();
    payment.notified(paid());
    await save(store, payment);
    payment.notified(paid({ transactionNo: 'T2' }));
    await save(store, payment);
    const claimed = await store.claimNotices(10, START_MS, LEASE_MS);
    const told = claimed.find((one) => one.event === 'payment.succeeded');
    expect(told?.snapshot.payment.surplusReceivedMinor ?? 0).toBe(0);
    expect(payment.payment.surplusReceivedMinor).toBe(AMOUNT_MINOR);
  });
}
