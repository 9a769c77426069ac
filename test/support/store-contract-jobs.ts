/** The store contract, second part: questions, ends of validity and the sweep. */
import { expect, test } from 'vitest';
import type { Store } from '../../src/store/store.ts';
import {
  BANK,
  CLOSED,
  createInput,
  DECLINED,
  MINUTE,
  PENDING,
  paid,
  SECOND,
  START_MS,
  ScriptedPayment,
  UNKNOWN,
  WALLET_QR,
} from './scripted-payment.ts';
import type { Open } from './store-contract-setting.ts';
import {
  FIRST_QUERY_MS,
  LEASE_MS,
  MUCH_LATER_MS,
  WALLET,
  save,
  unknown,
} from './store-contract-setting.ts';

export function questionContract(open: Open): void {
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

export function expiryContract(open: Open): void {
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

export function sweepContract(open: Open): void {
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
