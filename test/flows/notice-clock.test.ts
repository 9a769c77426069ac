/** The test clock moves the platform's day, never the real clock by which merchants' libraries judge a notice. */
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshDatabase } from '../support/database.ts';
import type { NoticeReceiver, ReceivedNotice } from '../support/notice-receiver.ts';
import { startReceiver } from '../support/notice-receiver.ts';
import type { World } from '../support/world.ts';
import { openWorld } from '../support/world.ts';

let world: World;
let receiver: NoticeReceiver;
let endpoint: { id: string; secret: string };

beforeAll(async () => {
  world = await openWorld(await freshDatabase());
  receiver = await startReceiver();
  const { body } = await world.call('POST', '/v1/webhook_endpoints', { url: receiver.url });
  endpoint = { id: String(body.id), secret: String(body['secret']) };
  await world.advance('P1D');
});

afterAll(async () => {
  await world.stop();
});

/** What a merchant's library makes of it; throws when it would be refused. */
function verified(told: ReceivedNotice | undefined): Record<string, unknown> {
  if (!told) throw new Error('nothing was received');
  const headers = Object.fromEntries(
    Object.entries(told.headers).map(([name, value]) => [name, String(value)]),
  );
  return Object(new Webhook(endpoint.secret).verify(told.body, headers));
}

describe('a day ahead of the real clock', () => {
  it("a notice is signed in real time, and tells the platform's", async () => {
    await world.pay('SO-TOMORROW', { metadata: { scenario: 'success' } });
    await world.advance('PT2S');
    const told = verified(receiver.received.find((one) => one.body.includes('SO-TOMORROW')));
    expect(told).toMatchObject({ type: 'payment.succeeded' });
    const aheadMs = Date.parse(String(told['timestamp'])) - Date.now();
    expect(aheadMs).toBeGreaterThan(23 * 3_600_000);
  });

  it('so is a test notice', async () => {
    const path = `/v1/webhook_endpoints/${endpoint.id}/test`;
    expect((await world.call('POST', path, {})).body).toMatchObject({ delivered: true });
    expect(verified(receiver.received.at(-1))).toMatchObject({ type: 'webhook_endpoint.test' });
  });

  it('the sample merchant takes both', async () => {
    const answer = await fetch(`${world.sandboxUrl}/books`);
    expect(await answer.text()).toContain('"merchant_order_no":"SO-TOMORROW"');
    const { body } = await world.call('GET', '/v1/webhook_deliveries?limit=10');
    expect(JSON.stringify(body)).not.toContain('401');
  });
});
