/** The main job over real HTTP: whatever happens on the way, the payment ends right. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditDatabase } from '../../src/store/postgres/audit.ts';
import { freshDatabase } from '../support/database.ts';
import type { World } from '../support/world.ts';
import { openWorld } from '../support/world.ts';

let world: World;
let databaseUrl: string;

beforeAll(async () => {
  databaseUrl = await freshDatabase();
  world = await openWorld(databaseUrl);
});

afterAll(async () => {
  await world.stop();
});

async function play(orderNo: string, scenario: string, fields: Record<string, unknown> = {}) {
  const created = await world.pay(orderNo, { metadata: { scenario }, ...fields });
  expect(created).toMatchObject({ status: 201 });
  return created.body;
}

async function read(orderNo: string) {
  const { body } = await world.call('GET', `/v1/merchant_orders/${orderNo}`);
  return body;
}

async function told(orderNo: string): Promise<string[]> {
  const answer = await fetch(`${world.sandboxUrl}/books`);
  const books = (await answer.json()) as { told: { merchant_order_no: string; event: string }[] };
  return books.told.filter((one) => one.merchant_order_no === orderNo).map((one) => one.event);
}

describe('a payment by QR code', () => {
  it('is paid by its notification, and the merchant is told once', async () => {
    const created = await play('SO-SUCCESS', 'success');
    expect(created).toMatchObject({ status: 'processing', next_action: { type: 'display_qr' } });
    await world.advance('PT1S');
    expect(await read('SO-SUCCESS')).toMatchObject({
      status: 'succeeded',
      confirmed_by: 'notification',
      amount_received: 8800,
      exceptions: [],
    });
    await world.advance('PT1S');
    expect(await told('SO-SUCCESS')).toEqual(['payment.succeeded']);
  });

  it('is healed by the first query when its notification is lost', async () => {
    await play('SO-LOST', 'lost_notification');
    await world.advance('PT10S');
    const payment = await read('SO-LOST');
    expect(payment).toMatchObject({
      status: 'succeeded',
      confirmed_by: 'query',
      amount_received: 8800,
    });
    expect(payment.exceptions).toMatchObject([{ kind: 'external_drop', status: 'resolved' }]);
  });

  it('counts a late notification and five copies once', async () => {
    await play('SO-LATE', 'late_notification');
    await play('SO-COPIES', 'duplicate_notification');
    await world.advance('PT2M');
    for (const orderNo of ['SO-LATE', 'SO-COPIES']) {
      expect(await read(orderNo)).toMatchObject({ status: 'succeeded', amount_received: 8800 });
      expect(await told(orderNo)).toEqual(['payment.succeeded']);
    }
  });

  it('stays paid when an older word says that it waits', async () => {
    await play('SO-OLDER', 'reordered_notification');
    await world.advance('PT1M');
    expect(await read('SO-OLDER')).toMatchObject({ status: 'succeeded' });
  });

  it('is not paid by a forged notification, and is paid by the true one', async () => {
    const created = await play('SO-FORGED', 'forged_notification');
    await world.advance('PT30S');
    expect(await read('SO-FORGED')).toMatchObject({ id: created.id, status: 'succeeded' });
    expect(await told('SO-FORGED')).toEqual(['payment.succeeded']);
  });

  it('is held when the channel confirms another amount, with a case for a person', async () => {
    await play('SO-HELD', 'tampered_amount');
    await world.advance('PT1M');
    const payment = await read('SO-HELD');
    expect(payment).toMatchObject({
      status: 'processing',
      amount_received: 0,
      surplus: { held: 8799 },
    });
    expect(payment.channel_orders).toMatchObject([{ status: 'held' }]);
    expect(payment.exceptions).toContainEqual(
      expect.objectContaining({ kind: 'amount_mismatch', status: 'open', owner: 'operations' }),
    );
    const close = await world.call('POST', `/v1/payments/${payment.id}/close`, {});
    expect(close).toMatchObject({ status: 409, body: { code: 'payment_held' } });
  });

  it('is settled when only the notification named another amount', async () => {
    await play('SO-DOUBT', 'tampered_notification');
    await world.advance('PT1M');
    const payment = await read('SO-DOUBT');
    expect(payment).toMatchObject({
      status: 'succeeded',
      confirmed_by: 'query',
      amount_received: 8800,
    });
    expect(payment.exceptions).toContainEqual(
      expect.objectContaining({ kind: 'amount_mismatch', status: 'resolved' }),
    );
  });

  it('is closed at expiry after the channel was asked, and never before', async () => {
    await world.pay('SO-UNPAID', { expires_in: 60 });
    await world.advance('PT59S');
    expect(await read('SO-UNPAID')).toMatchObject({ status: 'processing' });
    await world.advance('PT1M');
    expect(await read('SO-UNPAID')).toMatchObject({ status: 'closed', close_reason: 'expired' });
    expect(await told('SO-UNPAID')).toEqual(['payment.closed']);
  });

  it('is closed at once by the merchant, with the proof of the channel', async () => {
    const created = await world.pay('SO-CLOSE', {});
    const closed = await world.call('POST', `/v1/payments/${created.body.id}/close`, {});
    expect(closed).toMatchObject({
      status: 200,
      body: { status: 'closed', close_reason: 'merchant' },
    });
    const again = await world.pay('SO-CLOSE', {});
    expect(again).toMatchObject({ status: 409, body: { code: 'payment_closed' } });
  });

  it('is paid, and not closed, when the payer pays in the instant of the close', async () => {
    const created = await play('SO-RACE', 'close_race');
    const closed = await world.call('POST', `/v1/payments/${created.id}/close`, {});
    expect(closed).toMatchObject({ status: 409, body: { code: 'payment_succeeded' } });
  });
});

describe('a channel that does not answer', () => {
  it('leaves the payment open, and a query finds the money', async () => {
    // The first query may find it even before the call has run into its deadline.
    await play('SO-TIMEOUT', 'timeout_accepted');
    await world.advance('PT20S');
    expect(await read('SO-TIMEOUT')).toMatchObject({ status: 'succeeded', confirmed_by: 'query' });
  }, 20_000);

  it('is never taken for a failure: an order that never arrived ends by its validity', async () => {
    await play('SO-GHOST', 'timeout_rejected', { expires_in: 120 });
    await world.advance('PT90S');
    expect(await read('SO-GHOST')).toMatchObject({ status: 'processing' });
    await world.advance('PT10M');
    expect(await read('SO-GHOST')).toMatchObject({ status: 'closed' });
  }, 20_000);

  it('is asked again, less and less often, while its queries fail', async () => {
    await play('SO-DOWN', 'query_down');
    await world.advance('PT10M');
    expect(await read('SO-DOWN')).toMatchObject({ status: 'succeeded', confirmed_by: 'query' });
  });
});

describe('products without a payer', () => {
  it('quickpay answers paid in the same request', async () => {
    const { status, body } = await world.pay('SO-QUICK', { product: 'quickpay' });
    expect({ status, body }).toMatchObject({
      status: 201,
      body: { status: 'succeeded', confirmed_by: 'response' },
    });
  });

  it('quickpay declined leaves the payment payable again', async () => {
    const first = await play('SO-DECLINED', 'declined', { product: 'quickpay' });
    expect(first).toMatchObject({ status: 'pending', channel_orders: [{ status: 'failed' }] });
    const second = await world.pay('SO-DECLINED', { product: 'qr', metadata: {} });
    expect(second).toMatchObject({
      status: 201,
      body: { status: 'processing', channel_orders: [{ status: 'failed' }, { status: 'pending' }] },
    });
  });

  it('"accepted" is turned into the final result inside the request', async () => {
    const { status, body } = await world.pay('SO-ACCEPTED', { product: 'quickpay_accepted' });
    expect({ status, body }).toMatchObject({ status: 201, body: { status: 'succeeded' } });
  });

  it('a channel that never notifies is asked', async () => {
    await world.pay('SO-QUERY', { channel: 'query_only', metadata: { scenario: 'success' } });
    await world.advance('PT30S');
    expect(await read('SO-QUERY')).toMatchObject({ status: 'succeeded', confirmed_by: 'query' });
  });

  it('a page that opens by link is a redirect without a call', async () => {
    const { body } = await world.pay('SO-PAGE', { product: 'page' });
    expect(body).toMatchObject({ status: 'processing', next_action: { type: 'redirect' } });
  });
});

describe('retry and switch', () => {
  it('the same number again answers the same payment and the same code', async () => {
    const first = await world.pay('SO-TWICE', {});
    const second = await world.pay('SO-TWICE', {});
    expect(second.status).toBe(200);
    expect(second.body.next_action).toEqual(first.body.next_action);
    const other = await world.pay('SO-TWICE', { amount: 9900 });
    expect(other).toMatchObject({ status: 422, body: { code: 'merchant_order_no_reused' } });
  });

  it('another channel closes the open order first', async () => {
    const first = await world.pay('SO-SWITCH', {});
    const second = await world.call('POST', `/v1/payments/${first.body.id}/channel_orders`, {
      channel: 'query_only',
      product: 'qr',
    });
    expect(second.body).toMatchObject({
      channel_orders: [
        { channel: 'sandbox', status: 'closed' },
        { channel: 'query_only', status: 'pending' },
      ],
    });
  });

  it('a payment closed by expiry is opened again by asking for it', async () => {
    await world.pay('SO-AGAIN', { expires_in: 30 });
    await world.advance('PT2M');
    expect(await read('SO-AGAIN')).toMatchObject({ status: 'closed' });
    const again = await world.pay('SO-AGAIN', {});
    expect(again).toMatchObject({ status: 201, body: { status: 'processing' } });
  });
});

describe('after all of it', () => {
  it('every invariant holds on the database', async () => {
    const { findings } = await auditDatabase(databaseUrl, world.platform.clock.nowMs());
    expect(findings).toEqual([]);
  });
});
