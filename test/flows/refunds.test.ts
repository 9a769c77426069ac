/** Money that goes back, over real HTTP: asked for, or returned by itself; the channels' books are the judge. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshDatabase } from '../support/database.ts';
import type { Story } from '../support/refund-story.ts';
import { newStory } from '../support/refund-story.ts';
import type { World } from '../support/world.ts';
import { openWorld } from '../support/world.ts';

let world: World;
let story: Story;
beforeAll(async () => {
  const databaseUrl = await freshDatabase();
  world = await openWorld(databaseUrl);
  story = newStory(world, databaseUrl);
});
afterAll(async () => {
  expect(await story.broken()).toEqual([]);
  await world.stop();
});

const paid = async (orderNo: string, scenario = 'success'): Promise<string> => {
  const id = await story.play(orderNo, scenario);
  await world.advance('PT2S');
  expect(await story.read(id)).toMatchObject({ status: 'succeeded' });
  return id;
};

describe('a payment that was paid twice', () => {
  it('keeps its first charge, returns the other whole, and tells the merchant once', async () => {
    const id = await story.play('SO-DUP', 'pay_twice');
    await world.advance('PT1M');
    expect(await story.read(id)).toMatchObject({
      status: 'succeeded',
      amount_received: 8800,
      amount_refunded: 0,
      surplus: { received: 8800, returned: 8800, held: 0 },
      exceptions: expect.arrayContaining([
        expect.objectContaining({ kind: 'duplicate_payment', status: 'resolved' }),
      ]),
    });
    expect(await story.returned(id)).toEqual([8800]);
    expect(await story.refundsOf(id)).toMatchObject([
      { reason: 'duplicate', status: 'succeeded', merchant_refund_no: null },
    ]);
    const told = await story.told('SO-DUP');
    expect(told.filter((event) => event === 'payment.surplus_refunded')).toHaveLength(1);
    expect(told.filter((event) => event === 'payment.succeeded')).toHaveLength(1);
  });

  it('can still be refunded whole, and the return of the duplicate is not part of that', async () => {
    const id = await story.play('SO-DUP-REF', 'pay_twice');
    await world.advance('PT1M');
    expect((await story.refund(id, 'RF-DUP', 8800)).status).toBe(201);
    await world.advance('PT1M');
    expect(await story.returned(id)).toEqual([8800, 8800]);
    expect(await story.read(id)).toMatchObject({ amount_refunded: 8800 });
  });
});

describe('money for a closed payment', () => {
  const late = async (orderNo: string): Promise<string> => {
    const id = await story.play(orderNo, 'paid_after_close');
    const closed = await world.call('POST', `/v1/payments/${id}/close`, {});
    expect(closed.body).toMatchObject({ status: 'closed' });
    await world.advance('PT1M');
    return id;
  };

  it('is returned whole, and the payment stays closed', async () => {
    const id = await late('SO-LATE');
    expect(await story.read(id)).toMatchObject({
      status: 'closed',
      amount_received: 0,
      surplus: { received: 8800, returned: 8800 },
      exceptions: expect.arrayContaining([
        expect.objectContaining({ kind: 'expired_payment', status: 'resolved' }),
      ]),
    });
    expect(await story.returned(id)).toEqual([8800]);
    expect(await story.refund(id, 'RF-LATE', 1)).toMatchObject({
      status: 409,
      body: { code: 'payment_not_succeeded' },
    });
  });

  it('is accepted where the merchant’s policy says so', async () => {
    const body = { late_payment: 'accept', reason: 'They sell vouchers' };
    await world.operate('POST', `/v1/merchants/${world.merchantId}`, body);
    try {
      // A key is looked up at most every five seconds.
      await world.advance('PT6S');
      const id = await late('SO-LATE-OK');
      expect(await story.read(id)).toMatchObject({ status: 'succeeded', amount_received: 8800 });
      expect(await story.returned(id)).toEqual([]);
      expect(await story.told('SO-LATE-OK')).toContain('payment.succeeded');
    } finally {
      const back = { late_payment: 'refund', reason: 'As before' };
      await world.operate('POST', `/v1/merchants/${world.merchantId}`, back);
      await world.advance('PT6S');
    }
  });
});

describe('a merchant’s refund', () => {
  it('goes back in parts, each once, and never more than was paid', async () => {
    const id = await paid('SO-PARTS');
    expect(await story.refund(id, 'RF-1', 3000)).toMatchObject({ status: 201 });
    expect(await story.refund(id, 'RF-2', 5000)).toMatchObject({ status: 201 });
    expect(await story.refund(id, 'RF-3', 801)).toMatchObject({
      status: 422,
      body: { code: 'refund_exceeds_payment', errors: [{ pointer: '/amount' }] },
    });
    expect(await story.refund(id, 'RF-4', 800)).toMatchObject({ status: 201 });
    expect(await story.refund(id, 'RF-1', 3000)).toMatchObject({ status: 200 });
    await world.advance('PT1M');
    expect((await story.returned(id)).toSorted((a, b) => a - b)).toEqual([800, 3000, 5000]);
    expect(await story.read(id)).toMatchObject({ status: 'succeeded', amount_refunded: 8800 });
    const told = await story.told('SO-PARTS');
    expect(told.filter((event) => event === 'refund.succeeded')).toHaveLength(3);
  });

  it('races with sixteen others, and the channel returns no more than was paid', async () => {
    const id = await paid('SO-RACE');
    const answers = await Promise.all(
      Array.from({ length: 16 }, async (_, at) => await story.refund(id, `RF-RACE-${at}`, 2000)),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(4);
    await world.advance('PT2M');
    expect(await story.returned(id)).toEqual([2000, 2000, 2000, 2000]);
    expect(await story.read(id)).toMatchObject({ amount_refunded: 8000 });
  });

  it.each(['refund_slow', 'refund_no_funds', 'refund_timeout_accepted', 'refund_closed'])(
    'of %s ends with the money back, once',
    async (scenario) => {
      const id = await paid(`SO-${scenario.toUpperCase()}`, scenario);
      await story.refund(id, `RF-${scenario}`, 8800);
      await world.advance('PT40M');
      expect(await story.refundsOf(id)).toMatchObject([{ status: 'succeeded' }]);
      expect(await story.returned(id)).toEqual([8800]);
      const { exceptions } = await story.read(id);
      expect(exceptions).not.toContainEqual(expect.objectContaining({ status: 'open' }));
    },
    30_000,
  );
});

describe('a refund that its channel cannot carry out', () => {
  const stuck = async (orderNo: string): Promise<{ id: string; exception: string }> => {
    const id = await paid(orderNo, 'refund_abnormal');
    await story.refund(id, `RF-${orderNo}`, 8800);
    await world.advance('PT1M');
    expect(await story.refundsOf(id)).toMatchObject([{ status: 'requires_action' }]);
    expect(await story.told(orderNo)).toContain('refund.requires_action');
    return { id, exception: await story.openCase(id, 'failed_refund') };
  };

  it('is tried again by a named person, and needs one again when the channel stays stuck', async () => {
    const { id, exception } = await stuck('SO-STUCK');
    const detail = await world.operate('GET', `/v1/exceptions/${exception}`);
    expect(detail.body).toMatchObject({ actions: ['retry_refund', 'give_up_refund'] });
    const dry = await story.decide(exception, { action: 'retry_refund', dry_run: true });
    expect(dry).toMatchObject({ status: 200, body: { dry_run: true } });
    expect(await story.refundsOf(id)).toMatchObject([{ status: 'requires_action' }]);
    await story.decide(exception, { action: 'retry_refund' });
    await world.advance('PT1M');
    expect(await story.refundsOf(id)).toMatchObject([{ status: 'requires_action' }]);
    expect(await story.openCase(id, 'failed_refund')).not.toBe(exception);
    expect(await story.returned(id)).toEqual([]);
  });

  it('is given up by a named person, and the merchant is told', async () => {
    const { id, exception } = await stuck('SO-GIVEN-UP');
    const done = await story.decide(exception, { action: 'give_up_refund' });
    expect(done).toMatchObject({ status: 200, body: { payment: { id } } });
    await world.advance('PT1S');
    expect(await story.refundsOf(id)).toMatchObject([{ status: 'failed' }]);
    expect(await story.told('SO-GIVEN-UP')).toContain('refund.failed');
    const { body } = await world.call('GET', `/v1/payments/${id}/timeline`);
    expect(JSON.stringify(body)).toContain(`${String(done.body['by'])}: As the payer asked`);
  });
});

describe('what happens at the channel without us', () => {
  it('a refund made at its console counts, and what is left is less', async () => {
    const id = await story.play('SO-CONSOLE', 'console_refund');
    await world.advance('PT1M');
    expect(await story.read(id)).toMatchObject({ status: 'succeeded', amount_refunded: 8800 });
    expect(await story.refund(id, 'RF-CONSOLE', 1)).toMatchObject({
      body: { code: 'refund_exceeds_payment' },
    });
    const exception = await story.openCase(id, 'excess_refund');
    const done = await story.decide(exception, { action: 'resolve' });
    expect(done.body['exception']).toMatchObject({ status: 'resolved', actions: [] });
  });

  it('a success that is revoked stays a success whose money is gone', async () => {
    const id = await story.play('SO-REVERSED', 'reversed');
    await world.advance('PT1M');
    const payment = await story.read(id);
    expect(payment).toMatchObject({ status: 'succeeded', reversed_at: expect.any(String) });
    expect(await story.told('SO-REVERSED')).toContain('payment.reversed');
    expect(await story.refund(id, 'RF-REVERSED', 1)).toMatchObject({
      status: 409,
      body: { code: 'payment_reversed' },
    });
    const exception = await story.openCase(id, 'reversed_payment');
    expect(await story.decide(exception, { action: 'resolve' })).toMatchObject({ status: 200 });
  });

  it('money of another amount is returned when a person says so', async () => {
    const id = await story.play('SO-TAMPERED', 'tampered_amount');
    await world.advance('PT1M');
    expect(await story.read(id)).toMatchObject({ surplus: { held: 8799 } });
    const exception = await story.openCase(id, 'amount_mismatch');
    await story.decide(exception, { action: 'return_money' });
    await world.advance('PT1M');
    expect(await story.read(id)).toMatchObject({ surplus: { held: 0, returned: 8799 } });
    expect(await story.returned(id)).toEqual([8799]);
  });
});
