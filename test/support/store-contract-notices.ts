/** The store contract, third part: notices. */
import { expect, test } from 'vitest';
import type { Effect } from '../../src/core/effect.ts';
import type { Aggregate } from '../../src/core/aggregate.ts';
import type { DueNotice, Store } from '../../src/store/store.ts';
import {
  AMOUNT_MINOR,
  MERCHANT_NUMBER,
  MINUTE,
  paid,
  START_MS,
  ScriptedPayment,
} from './scripted-payment.ts';
import type { Open } from './store-contract-setting.ts';
import { LEASE_MS, MUCH_LATER_MS, save } from './store-contract-setting.ts';

export function noticeContract(open: Open): void {
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

  test('are leased by one sender at a time, and are done when they were taken', async () => {
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

  /** Writes what was decided, and answers the notices that are leased to their writer. */
  const saveLeasing = async (store: Store, ...payments: ScriptedPayment[]) => {
    const leased: DueNotice[] = [];
    const changes = payments.map((one) => one.takeChange());
    const lease = {
      leaseMs: LEASE_MS,
      take: (born: readonly DueNotice[]) => void leased.push(...born),
    };
    return { results: await store.write(changes, lease), leased };
  };

  test('leased from their birth are the ones that would be claimed, and fall due when the lease ends', async () => {
    const { store, addEndpoint } = await open();
    const endpoints = [await addEndpoint(MERCHANT_NUMBER), await addEndpoint(MERCHANT_NUMBER)];
    const [fanned, direct] = [
      new ScriptedPayment({ merchantOrderNo: 'fanned' }),
      new ScriptedPayment({ merchantOrderNo: 'direct', noticeUrl: 'https://shop.example/n' }),
    ];
    for (const one of [fanned, direct]) one.notified(paid());
    const { leased } = await saveLeasing(store, fanned, direct);
    const unclaimed = (notice: DueNotice): DueNotice => ({ ...notice, lease: 0 });
    expect(leased).toHaveLength(endpoints.length + 1);
    expect(leased.map((one) => one.endpoint)).toEqual(expect.arrayContaining([...endpoints, null]));
    expect(await store.claimNotices(10, START_MS + LEASE_MS - 1, LEASE_MS)).toEqual([]);
    const claimed = await store.claimNotices(10, START_MS + LEASE_MS, LEASE_MS);
    expect(claimed.map(unclaimed)).toEqual(expect.arrayContaining(leased.map(unclaimed)));
    expect(claimed).toHaveLength(leased.length);
  });

  test('leased from their birth are done when they were taken, unless another has them by then', async () => {
    const { store, addEndpoint } = await open();
    await addEndpoint(MERCHANT_NUMBER);
    const [quick, late] = [
      new ScriptedPayment({ merchantOrderNo: 'quick' }),
      new ScriptedPayment({ merchantOrderNo: 'late' }),
    ];
    for (const one of [quick, late]) one.notified(paid());
    const first = await saveLeasing(store, quick);
    await store.finishNotices(first.leased.map((one) => result(one, null)));
    const second = await saveLeasing(store, late);
    expect(await store.claimNotices(10, START_MS + LEASE_MS, LEASE_MS)).toHaveLength(1);
    await store.finishNotices(second.leased.map((one) => result(one, null)));
    expect(await store.claimNotices(10, MUCH_LATER_MS, LEASE_MS)).toHaveLength(1);
  });

  test('of a change that lost its guard are leased by nobody', async () => {
    const { store, addEndpoint } = await open();
    await addEndpoint(MERCHANT_NUMBER);
    const [won, lost] = [new ScriptedPayment(), new ScriptedPayment()];
    await save(store, won);
    lost.notified(paid());
    expect(await saveLeasing(store, lost)).toEqual({ results: ['stale'], leased: [] });
    expect(await store.claimNotices(10, MUCH_LATER_MS, LEASE_MS)).toEqual([]);
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
