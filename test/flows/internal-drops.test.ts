import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openPool } from '../../src/store/postgres/pool.ts';
import type { ApartBooks } from '../support/apart-books.ts';
import { keyOf, openApartBooks, unheard } from '../support/apart-books.ts';
import { proveInternalDrops } from '../proofs/internal-drops.ts';
import { freshDatabase } from '../support/database.ts';
import {
  AMOUNT_MINOR,
  BANK,
  CLOSED,
  MINUTE,
  PENDING,
  paid,
  WALLET_QR,
} from '../support/scripted-payment.ts';

let books: ApartBooks;
beforeAll(async () => {
  const [payment, channel] = await Promise.all([freshDatabase(), freshDatabase()]);
  const open = (url: string) => openPool(url, { max: 6, onError: () => {} });
  books = openApartBooks({ payment: open(payment), channel: open(channel) });
});
afterAll(async () => {
  await Promise.all([books.pools.payment.end(), books.pools.channel.end()]);
});

describe('two books in two databases, coupled by messages', () => {
  test('know the same after each input, and nothing is left on the way', async () => {
    const created = await books.create();
    expect(created.orders[0]).toMatchObject({ status: 'created' });
    expect(created.payment.tries[0]).toMatchObject({ status: 'open' });
    const after = await books.apply(keyOf(created), {
      type: 'outcome_learned',
      attempt: 1,
      outcome: paid(),
      evidence: { via: 'notification', operation: 'notification', raw: 'PAID' },
      planned: false,
      from: { channel: 'wallet', account: 'main' },
    });
    expect(after.payment).toMatchObject({ status: 'succeeded', version: 3 });
    expect(after.apart?.channelVersion).toBe(2);
    expect(unheard(await books.reload(after))).toEqual([]);
    expect(await books.loseOutboxes()).toBe(0);
  });

  test('a message that comes again changes nothing', async () => {
    const created = await books.create();
    await books.learnAlone(created, paid());
    const [key] = unheard(await books.reload(created));
    expect(key).toBe('charge:1:T1');
    const before = await books.reload(created);
    await books.door.catchUp(before);
    const once = await books.reload(created);
    await books.door.catchUp(before);
    const twice = await books.reload(created);
    expect(once.payment.status).toBe('succeeded');
    expect(twice.payment.version).toBe(once.payment.version);
  });

  test('the relay brings what its hop did not, and late orders are sent all the same', async () => {
    const created = await books.create({ try: null });
    await books.alone.payment.apply(keyOf(created), { type: 'request_try', try: WALLET_QR });
    expect(unheard(await books.reload(created))).toEqual(['open_try:1']);
    books.clock.ms += 4_000;
    for (const kind of books.work.kinds) await kind();
    const after = await books.reload(created);
    expect(after.orders[0]?.status).toBe('created');
    expect(unheard(after)).toEqual([]);
    expect(books.lateSubmits).toContain(1);
  });

  test('an order that comes when its validity is over is refused and never sent', async () => {
    const created = await books.create({ try: null, expiresInMs: MINUTE });
    await books.alone.payment.apply(keyOf(created), { type: 'request_try', try: WALLET_QR });
    books.clock.ms += 2 * MINUTE;
    await books.door.catchUp(await books.reload(created));
    const after = await books.reload(created);
    expect(after.orders[0]).toMatchObject({ status: 'closed', deathEvidence: 'never_sent' });
    expect(after.payment.tries[0]?.status).toBe('dead');
  });
});

describe('an internal drop whose outbox rows were lost as well', () => {
  test('of a paid order is found by the scan and healed: winner, event and case', async () => {
    const created = await books.create();
    await books.learnAlone(created, paid());
    expect(await books.loseOutboxes()).toBe(1);
    expect((await books.reload(created)).payment.status).toBe('processing');
    expect(await books.heal()).toBe(1);
    const after = await books.reload(created);
    expect(after.payment).toMatchObject({ status: 'succeeded' });
    expect(after.cases).toMatchObject([{ kind: 'internal_drop', subject: 'charge:1:T1' }]);
    expect(after.cases[0]?.resolution).not.toBeNull();
  });

  test('of a closed payment leads to the return of the money, and the order for it is healed too', async () => {
    const created = await books.create();
    await books.learnAlone(created, PENDING);
    await books.apply(keyOf(created), { type: 'close_payment' });
    await books.learnAlone(created, CLOSED, 1, 'query');
    await books.heal();
    expect((await books.reload(created)).payment.status).toBe('closed');
    await books.learnAlone(created, paid());
    await books.loseOutboxes();
    await books.heal();
    await books.loseOutboxes();
    await books.heal();
    const after = await books.reload(created);
    expect(after.payment.surplusReceivedMinor).toBe(AMOUNT_MINOR);
    expect(after.orders[0]?.refunds).toMatchObject([{ status: 'owed', amountMinor: AMOUNT_MINOR }]);
    expect(unheard(after)).toEqual([]);
  });

  test('of a payment with another winner leads to the return of the second charge', async () => {
    const created = await books.create({ try: BANK });
    await books.learnAlone(created, PENDING);
    await books.apply(keyOf(created), {
      type: 'request_try',
      try: { ...WALLET_QR, allowOverlap: true },
    });
    await books.learnAlone(await books.reload(created), paid({ transactionNo: 'W' }), 2);
    await books.heal();
    await books.learnAlone(created, paid({ transactionNo: 'B' }), 1);
    await books.loseOutboxes();
    await books.heal();
    const after = await books.reload(created);
    expect(after.payment.winner?.transactionNo).toBe('W');
    expect(after.orders[0]?.refunds).toMatchObject([{ transactionNo: 'B', status: 'owed' }]);
  });

  test('is one case, though its worker died between the heal and the end of its row', async () => {
    const created = await books.create();
    await books.learnAlone(created, paid({ transactionNo: 'once' }));
    await books.loseOutboxes();
    await books.heal();
    await books.apply(keyOf(created), { type: 'internal_drop_healed', key: 'charge:1:once' });
    const { cases } = await books.reload(created);
    expect(cases.filter((one) => one.kind === 'internal_drop')).toHaveLength(1);
  });

  test('is none, where the message was taken in while the scan was looking at it', async () => {
    const created = await books.create();
    await books.learnAlone(created, paid({ transactionNo: 'just' }));
    books.clock.ms += 10_000;
    // The scan has read it as missing; now it is brought, and its outbox row goes.
    const look = vi.spyOn(books.store, 'load').mockImplementationOnce(async (keys) => {
      const loaded = await books.store.load(keys);
      await Promise.all(loaded.map(async (one) => one && (await books.door.catchUp(one))));
      return loaded;
    });
    expect(await books.work.scan()).toBe(0);
    expect(look).toHaveBeenCalled();
    look.mockRestore();
    expect((await books.reload(created)).payment.status).toBe('succeeded');
  });

  test('is not looked for where nothing changed: the cost follows the window', async () => {
    await books.heal();
    expect(await books.work.scan()).toBe(0);
    expect(await books.work.sweepAll()).toBe(0);
  });
});

test('messages of closed, won and ordinary payments, lost in both directions while the relay stands still, are all healed by the scans', async () => {
  const [databaseUrl, channelDatabaseUrl] = await Promise.all([freshDatabase(), freshDatabase()]);
  const report = await proveInternalDrops({
    databaseUrl,
    channelDatabaseUrl,
    payments: 42,
    spreadMs: 20_000,
    scanEveryMs: 10_000,
    speed: 10,
  });
  const seven = { lost: 7, healed: 7 };
  const both = { toChannel: seven, toPayment: seven };
  expect(report.thirds).toEqual({ closed: both, other_winner: both, ordinary: both });
  expect(report).toMatchObject({ healed: 42, cases: 42, left: 0, missedByScan: 0 });
  expect(report.auditBroken).toEqual([]);
  expect(report.verdict).toBe('proven');
}, 60_000);
