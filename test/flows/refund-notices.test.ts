/** What a merchant is told of refunds, verified with the library that merchants use. */
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freshDatabase } from '../support/database.ts';
import type { NoticeReceiver } from '../support/notice-receiver.ts';
import { startReceiver } from '../support/notice-receiver.ts';
import type { Story } from '../support/refund-story.ts';
import { newStory } from '../support/refund-story.ts';
import type { Body, World } from '../support/world.ts';
import { openWorld } from '../support/world.ts';

let world: World;
let story: Story;
let receiver: NoticeReceiver;
let secret: string;
beforeAll(async () => {
  const databaseUrl = await freshDatabase();
  world = await openWorld(databaseUrl);
  story = newStory(world, databaseUrl);
  receiver = await startReceiver();
  const url = `${receiver.url}/hook`;
  const { body } = await world.call('POST', '/v1/webhook_endpoints', { url });
  secret = String(body['secret']);
});
afterAll(async () => await world.stop());

type Notice = {
  readonly id: string;
  readonly type: string;
  readonly data: { object: Body; refund?: Body };
};

/**
 * The events of this type about a payment, each with a signature that holds. Delivery is at least once, so a
 * merchant counts an event by its id, and so does this.
 */
function noticesOf(id: string, type: string): Notice[] {
  const notices = receiver.received.map(({ headers, body }): Notice => {
    const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];
    const sealed = Object.fromEntries(names.map((name) => [name, String(headers[name])]));
    return new Webhook(secret).verify(body, sealed) as Notice;
  });
  const byId = new Map(notices.map((one) => [one.id, one]));
  return [...byId.values()].filter((one) => one.type === type && one.data.object.id === id);
}

it('a refund is told once, with the refund as the API shows it', async () => {
  const id = await story.play('SO-1', 'success');
  await world.advance('PT2S');
  const { body } = await story.refund(id, 'RF-1', 3000);
  await world.advance('PT10S');
  const [notice, ...more] = noticesOf(id, 'refund.succeeded');
  expect(more).toEqual([]);
  const refund = await world.call('GET', `/v1/refunds/${String(body.id)}`);
  expect(notice?.data.refund).toEqual(refund.body);
  expect(notice?.data.object).toMatchObject({ status: 'succeeded', amount_refunded: 3000 });
});

it('a return that nobody asked for is told once, without a merchant’s number', async () => {
  const id = await story.play('SO-2', 'pay_twice');
  await world.advance('PT1M');
  const notices = noticesOf(id, 'payment.surplus_refunded');
  expect(notices).toMatchObject([
    { data: { refund: { merchant_refund_no: null, reason: 'duplicate', status: 'succeeded' } } },
  ]);
});

it('a refund that needs a person is told, and its end by that person too', async () => {
  const id = await story.play('SO-3', 'refund_abnormal');
  await world.advance('PT2S');
  await story.refund(id, 'RF-3', 8800);
  await world.advance('PT1M');
  expect(noticesOf(id, 'refund.requires_action')).toMatchObject([
    { data: { refund: { status: 'requires_action', merchant_refund_no: 'RF-3' } } },
  ]);
  await story.decide(await story.openCase(id, 'failed_refund'), { action: 'give_up_refund' });
  await world.advance('PT2S');
  expect(noticesOf(id, 'refund.failed')).toMatchObject([
    { data: { refund: { status: 'failed', failure: { code: 'given_up' } } } },
  ]);
});
