import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TestRig } from './test-rig.ts';

const SECRET = `whsec_${Buffer.from('the secret of the sample merchant').toString('base64')}`;
const OTHER_SECRET = `whsec_${Buffer.from('the secret of somebody else......').toString('base64')}`;

let rig: TestRig;
beforeEach(async () => {
  rig = await TestRig.start({ merchantSecret: SECRET });
});
afterEach(async () => {
  await rig.stop();
});

type Changes = {
  id?: string;
  secret?: string;
  at?: Date;
  path?: string;
  headers?: Record<string, string>;
};

/** Sends a notice that an independent library has signed; answers with the status. */
async function notify(notice: unknown, changes: Changes = {}): Promise<number> {
  const id = changes.id ?? 'evt_1';
  const at = changes.at ?? new Date();
  const body = JSON.stringify(notice);
  const response = await fetch(`${rig.sandbox.url}${changes.path ?? '/merchant/notices'}`, {
    method: 'POST',
    body,
    headers: {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': new Webhook(changes.secret ?? SECRET).sign(id, at, body),
      ...changes.headers,
    },
  });
  return response.status;
}

async function told(): Promise<unknown> {
  return (await rig.control('GET', '/books')).words['told'];
}

const NOTICE = {
  type: 'payment.succeeded',
  timestamp: '2026-11-24T04:00:00Z',
  data: { object: { merchant_order_no: 'SO-1', amount: 1999 } },
};

describe('the sample merchant', () => {
  test('takes an authentic notice and remembers what it was told', async () => {
    expect(await notify(NOTICE)).toBe(204);
    expect(await told()).toEqual([
      {
        merchant_order_no: 'SO-1',
        event: 'payment.succeeded',
        amount: 1999,
        at: expect.stringMatching(/^\d{4}-.*Z$/),
      },
    ]);
  });

  test('counts a repeated message once, and another message again', async () => {
    expect([await notify(NOTICE), await notify(NOTICE)]).toEqual([204, 204]);
    const changed = { ...NOTICE, data: { object: { merchant_order_no: 'SO-1', amount: 1 } } };
    expect(await notify(changed)).toBe(204);
    expect(await told()).toMatchObject([{ amount: 1999 }]);
    await notify(NOTICE, { id: 'evt_2' });
    expect(await told()).toHaveLength(2);
  });

  test('believes one right signature among several, as during a rotation', async () => {
    const right = new Webhook(SECRET).sign('evt_1', new Date(), JSON.stringify(NOTICE));
    const headers = { 'webhook-signature': `v1,AAAA v1a,BBBB ${right}` };
    expect(await notify(NOTICE, { headers })).toBe(204);
  });

  test.each<[string, Changes]>([
    ['another secret', { secret: OTHER_SECRET }],
    ['another message number', { headers: { 'webhook-id': 'evt_9' } }],
    ['an old time', { at: new Date(Date.now() - 301_000) }],
    ['a time to come', { at: new Date(Date.now() + 302_000) }],
    ['another version', { headers: { 'webhook-signature': 'v2,AAAA' } }],
    ['nothing', { headers: { 'webhook-signature': '' } }],
  ])('refuses a notice signed with %s', async (_, changes) => {
    expect(await notify(NOTICE, changes)).toBe(401);
    expect(await told()).toEqual([]);
  });

  test('refuses what is signed and is no notice', async () => {
    expect(await notify({ hello: 'world' })).toBe(400);
    expect(await told()).toEqual([]);
  });

  test('learns its secret from control', async () => {
    expect(await notify(NOTICE, { secret: OTHER_SECRET })).toBe(401);
    await rig.control('POST', '/control/merchant', { secret: OTHER_SECRET });
    expect(await notify(NOTICE, { secret: OTHER_SECRET })).toBe(204);
  });

  test('knows a second secret, of the notices to its own addresses', async () => {
    await rig.control('POST', '/control/merchant', { secret: SECRET, notice_secret: OTHER_SECRET });
    expect(await notify(NOTICE, { secret: OTHER_SECRET })).toBe(204);
    expect(await notify({ ...NOTICE, type: 'payment.closed' }, { id: 'evt_2' })).toBe(204);
  });

  test('says once that it has moved away from its former address, and takes the notice the second time', async () => {
    const path = '/merchant/moved';
    expect(await notify(NOTICE, { path })).toBe(410);
    expect(await told()).toEqual([]);
    expect(await notify(NOTICE, { path })).toBe(204);
    expect(await told()).toHaveLength(1);
  });

  test('answers otherwise as often as control says, and hears nothing meanwhile', async () => {
    await rig.control('POST', '/control/merchant_faults', { status: 503, times: 2 });
    expect([await notify(NOTICE), await notify(NOTICE)]).toEqual([503, 503]);
    expect(await told()).toEqual([]);
    expect(await notify(NOTICE)).toBe(204);
    expect(await told()).toHaveLength(1);
  });
});
