import { describe, expect, test } from 'vitest';
import { keyOf, openBooks } from '../../../test/support/books.ts';
import { paid, WALLET_QR } from '../../../test/support/scripted-payment.ts';
import { idToUuid } from '../../core/id.ts';
import { restoreSnapshot } from '../../core/snapshot.ts';
import { deliveriesOf, getEvent, listDeliveries, listEvents } from './events.ts';
import { timelineOf } from './history.ts';

const books = await openBooks();
const PAGE = { limit: 100, startingAfter: null };
const ALL = { ...PAGE, type: null, paymentId: null };

/** Two payments: one paid, one paid twice; three events in all. */
async function twoPayments() {
  const merchant = await books.merchant();
  books.clock.ms += 1_000;
  const once = await books.succeed(merchant);
  books.clock.ms += 1_000;
  const first = await books.succeed(merchant);
  books.clock.ms += 1_000;
  const twice = await books.learn(first, paid({}, { transactionNo: 'T2' }));
  return { merchant, once, first, twice };
}

describe('events', () => {
  test('are listed newest first, by page, type and payment', async () => {
    const { merchant, once, twice } = await twoPayments();
    const told = async (wanted: object) => {
      const page = await listEvents(books.pool, merchant.number, { ...ALL, ...wanted });
      return { told: page.items.map((one) => [one.event, one.paymentId]), hasMore: page.hasMore };
    };
    const [duplicate, second, first] = [
      ['exception.opened', twice.payment.id],
      ['payment.succeeded', twice.payment.id],
      ['payment.succeeded', once.payment.id],
    ];
    expect(await told({})).toEqual({ told: [duplicate, second, first], hasMore: false });
    expect(await told({ limit: 2 })).toEqual({ told: [duplicate, second], hasMore: true });
    const { items } = await listEvents(books.pool, merchant.number, ALL);
    expect((await told({ startingAfter: items[0]?.eventId ?? '' })).told).toEqual([second, first]);
    expect((await told({ type: 'payment.succeeded' })).told).toEqual([second, first]);
    expect((await told({ paymentId: twice.payment.id })).told).toEqual([duplicate, second]);
    expect((await told({ paymentId: twice.payment.id, type: 'payment.succeeded' })).told).toEqual([
      second,
    ]);
    expect(await told({ paymentId: twice.payment.id, limit: 1 })).toEqual({
      told: [duplicate],
      hasMore: true,
    });
    expect(
      (await told({ paymentId: twice.payment.id, startingAfter: items[0]?.eventId ?? '' })).told,
    ).toEqual([second]);
  });

  test('keep the payment as it stood', async () => {
    const { merchant, first, twice } = await twoPayments();
    const { items } = await listEvents(books.pool, merchant.number, {
      ...ALL,
      paymentId: first.payment.id,
    });
    const snapshot = items.find((one) => one.event === 'payment.succeeded')?.snapshot;
    if (!snapshot) throw new Error('nothing was told');
    const then = restoreSnapshot(await books.reload(twice), snapshot);
    expect(then.payment).toMatchObject({ version: first.payment.version, surplusReceivedMinor: 0 });
    expect(then.orders[0]?.charges).toHaveLength(1);
    expect(then.cases).toEqual([]);
  });

  test('from before names were written short are read like all others', async () => {
    const { merchant, once } = await twoPayments();
    const wanted = { ...ALL, paymentId: once.payment.id };
    const { items: before } = await listEvents(books.pool, merchant.number, wanted);
    await books.pool.query('UPDATE event SET snapshot = $2 WHERE id = $1', [
      idToUuid(before[0]?.eventId ?? ''),
      JSON.stringify(before[0]?.snapshot),
    ]);
    await books.pool.query('UPDATE payment SET tries = $2 WHERE id = $1', [
      idToUuid(once.payment.id),
      JSON.stringify(once.payment.tries),
    ]);
    expect((await listEvents(books.pool, merchant.number, wanted)).items).toEqual(before);
    expect(await books.reload(once)).toEqual(once);
  });

  test('are found one by one, by their own merchant only', async () => {
    const { merchant, once } = await twoPayments();
    const other = await books.merchant();
    const { items } = await listEvents(books.pool, merchant.number, {
      ...ALL,
      paymentId: once.payment.id,
    });
    const [event] = items;
    const eventId = event?.eventId ?? '';
    expect(await getEvent(books.pool, merchant.number, eventId)).toEqual(event);
    expect(await getEvent(books.pool, other.number, eventId)).toBeNull();
    expect((await listEvents(books.pool, other.number, ALL)).items).toEqual([]);
    const foreign = { ...ALL, paymentId: once.payment.id };
    expect((await listEvents(books.pool, other.number, foreign)).items).toEqual([]);
    expect(await deliveriesOf(books.pool, other.number, [eventId], null)).toEqual([]);
  });
});

describe('deliveries', () => {
  test('say of each endpoint what was tried, and when it is tried again', async () => {
    const merchant = await books.merchant();
    const one = await books.endpoint(merchant, 'http://127.0.0.1:9/a');
    const two = await books.endpoint(merchant, 'http://127.0.0.1:9/b');
    const payment = await books.succeed(merchant);
    const claimed = await books.store.claimNotices(10, books.clock.ms, 30_000);
    const result = { atMs: books.clock.ms, durationMs: 12, error: null };
    const retryAtMs = books.clock.ms + 15_000;
    await books.store.finishNotices(
      claimed.map((notice) =>
        notice.endpoint?.id === one.id
          ? { ...result, notice, responseStatus: 200, retryAtMs: null }
          : { ...result, notice, responseStatus: 0, error: 'no answer', retryAtMs },
      ),
    );
    const { items, lastEventId } = await listDeliveries(books.pool, merchant.number, {
      ...PAGE,
      eventId: null,
      endpointId: null,
    });
    const eventId = items[0]?.eventId ?? '';
    const tried = { atMs: books.clock.ms, durationMs: 12 };
    const common = { ...keyOf(payment), eventId, event: 'payment.succeeded' };
    expect(lastEventId).toBeNull();
    expect(items).toEqual([
      {
        ...common,
        endpointId: one.id,
        tries: [{ ...tried, responseStatus: 200, error: null }],
        nextTryAtMs: null,
      },
      {
        ...common,
        endpointId: two.id,
        tries: [{ ...tried, responseStatus: 0, error: 'no answer' }],
        nextTryAtMs: retryAtMs,
      },
    ]);
    const ofTwo = { ...PAGE, eventId: null, endpointId: two.id };
    expect((await listDeliveries(books.pool, merchant.number, ofTwo)).items).toEqual([items[1]]);
    const ofEvent = { ...PAGE, eventId, endpointId: null };
    expect((await listDeliveries(books.pool, merchant.number, ofEvent)).items).toEqual(items);
  });

  test('are walked by event', async () => {
    const merchant = await books.merchant();
    await books.endpoint(merchant, 'http://127.0.0.1:9/a');
    const payments = [];
    for (let at = 0; at < 3; at++) {
      books.clock.ms += 1;
      payments.push(await books.succeed(merchant));
    }
    const wanted = { limit: 2, eventId: null, endpointId: null };
    const first = await listDeliveries(books.pool, merchant.number, {
      ...wanted,
      startingAfter: null,
    });
    const second = await listDeliveries(books.pool, merchant.number, {
      ...wanted,
      startingAfter: first.lastEventId,
    });
    const ids = [...first.items, ...second.items].map((one) => one.paymentId);
    expect(ids).toEqual(payments.map(({ payment }) => payment.id).toReversed());
    expect(second.lastEventId).toBeNull();
  });
});

describe('the timeline of a payment', () => {
  test('tells inputs, events and deliveries in their order', async () => {
    const merchant = await books.merchant();
    const endpoint = await books.endpoint(merchant, 'http://127.0.0.1:9/a');
    const created = await books.create(merchant);
    books.clock.ms += 1_000;
    const payment = await books.learn(created, paid());
    const [notice] = await books.store
      .claimNotices(64, books.clock.ms, 30_000)
      .then((all) => all.filter((one) => one.paymentId === payment.payment.id));
    if (!notice) throw new Error('nothing is to be told');
    const atMs = books.clock.ms + 20;
    await books.store.finishNotices([
      { notice, atMs, durationMs: 5, responseStatus: 500, error: null, retryAtMs: atMs + 15_000 },
    ]);
    books.clock.ms += 1_000;
    const twice = await books.learn(payment, paid({}, { transactionNo: 'T2' }));
    const entries = await timelineOf(books.pool, keyOf(payment));
    expect(
      entries.map((one) => [one.type, 'version' in one ? one.version : one.responseStatus]),
    ).toEqual([
      ['input', 1],
      ['input', 2],
      ['event', 2],
      ['delivery', 500],
      ['input', 3],
      ['event', 3],
    ]);
    expect(entries[1]).toMatchObject({
      input: 'outcome_learned',
      attempt: 1,
      outcome: 'succeeded',
      via: 'query',
      operation: 'query',
      raw: 'PAID',
      changes: expect.arrayContaining(['payment: processing → succeeded']) as string[],
    });
    expect(entries[2]).toMatchObject({ event: 'payment.succeeded', subjectKey: null });
    expect(entries[3]).toMatchObject({ endpointId: endpoint.id, durationMs: 5, atMs });
    expect(entries[5]).toMatchObject({ event: 'exception.opened', version: twice.payment.version });
    expect(entries[5]).toHaveProperty('subjectKey', `duplicate_payment:${twice.cases[0]?.subject}`);
  });

  test('keeps the order of versions when a clock went backwards', async () => {
    const created = await books.create(await books.merchant());
    books.clock.ms -= 30_000;
    const payment = await books.learn(created, paid());
    books.clock.ms += 30_000;
    const entries = await timelineOf(books.pool, keyOf(payment));
    expect(entries.map((one) => one.type)).toEqual(['input', 'input', 'event']);
  });

  test('begins with the creation, in the words of its decision, whether or not that line is stored', async () => {
    const merchant = await books.merchant();
    const stored = async (paymentId: string): Promise<number> => {
      const { rows } = await books.pool.query('SELECT 1 FROM history WHERE payment_id = $1', [
        idToUuid(paymentId),
      ]);
      return rows.length;
    };
    const usual = await books.create(merchant);
    const bare = await books.create(merchant, { try: null });
    const opened = await books.apply(keyOf(bare), { type: 'request_try', try: WALLET_QR });
    const creation = { type: 'input', version: 1, input: 'create_payment', raw: null };
    expect(await timelineOf(books.pool, keyOf(usual))).toEqual([
      expect.objectContaining({
        ...creation,
        atMs: books.clock.ms,
        changes: [
          'payment created: processing',
          `channel order 1 created at wallet: ${usual.orders[0]?.channelOrderNo}`,
        ],
      }),
    ]);
    const ofOpened = await timelineOf(books.pool, keyOf(opened));
    expect(ofOpened).toMatchObject([
      { ...creation, changes: ['payment created: pending'] },
      { type: 'input', version: 2, input: 'request_try' },
    ]);
    expect([await stored(usual.payment.id), await stored(opened.payment.id)]).toEqual([0, 2]);
  });

  test('of a payment that is not there, or is another merchant’s, is empty', async () => {
    const payment = await books.succeed(await books.merchant());
    const other = await books.merchant();
    const { paymentId } = keyOf(payment);
    expect(await timelineOf(books.pool, { merchantNumber: other.number, paymentId })).toEqual([]);
  });
});
