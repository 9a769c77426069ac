/** The store contract, first part: payments and their guards. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AggregateChange } from '../../src/store/store.ts';
import { playSteps, steps } from './payment-steps.ts';
import {
  MERCHANT_NUMBER,
  PENDING,
  paid,
  SECOND,
  ScriptedPayment,
  UNKNOWN,
  WALLET_QR,
} from './scripted-payment.ts';
import type { Open } from './store-contract-setting.ts';
import {
  LEASE_MS,
  MUCH_LATER_MS,
  WALLET,
  freshNo,
  save,
  unknown,
} from './store-contract-setting.ts';

export function paymentContract(open: Open, lives: number): void {
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

export function guardContract(open: Open): void {
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
