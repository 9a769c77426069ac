import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../test/support/database.ts';
import type { NotificationReply, RawNotification } from '../channels/connector.ts';
import type { ApiRig } from './api-rig.ts';
import { openApi } from './api-rig.ts';

type Received = RawNotification & { readonly channel: string; readonly account: string };

let rig: ApiRig;
const received: Received[] = [];
let reply: NotificationReply | null | Error = null;
beforeAll(async () => {
  rig = await openApi(await freshDatabase(), {
    receiver: {
      receive: async (channel, account, { headers, body }) => {
        received.push({ channel, account, headers: { ...headers }, body });
        if (reply instanceof Error) throw reply;
        return await Promise.resolve(reply);
      },
    },
  });
});
beforeEach(() => {
  received.length = 0;
  reply = { status: 200, contentType: 'text/plain; charset=utf-8', body: 'success' };
});
afterEach(() => expect(rig.undocumented).toEqual([]));
afterAll(async () => await rig.close());

const notify = async (
  payload: Buffer | string | undefined,
  headers: Record<string, string> = {},
  url = '/notifications/wallet/main',
) =>
  await rig.app.inject({ method: 'POST', url, headers, ...(payload !== undefined && { payload }) });

describe('a channel’s notification', () => {
  test.each([
    ['application/json'],
    ['application/x-www-form-urlencoded; charset=GBK'],
    ['text/xml'],
    ['application/json; charset=utf-16'],
    ['multipart/form-data'],
    ['garbage'],
    ['a b/c d;;;='],
    [''],
    [undefined],
  ])('is taken in to the byte, as content type %j', async (type) => {
    const bytes = Buffer.from([0x00, 0xff, 0xfe, 0x7b, 0x22, 0xd6, 0xa7, 0xb8, 0xb6, 0x0d, 0x0a]);
    const answer = await notify(bytes, {
      'X-Signature': 'abc',
      ...(type !== undefined && { 'content-type': type }),
    });
    expect(answer.statusCode).toBe(200);
    expect(received).toHaveLength(1);
    expect(Buffer.from(received[0]?.body ?? []).equals(bytes)).toBe(true);
    expect(received[0]).toMatchObject({
      channel: 'wallet',
      account: 'main',
      headers: { 'x-signature': 'abc' },
    });
    expect(received[0]?.headers['content-type']).toBe(type);
  });

  test.each([
    [200, 'text/plain', 'success'],
    [200, 'application/json', '{"code":"SUCCESS"}'],
    [204, 'text/plain', ''],
    [400, 'text/plain', 'fail'],
    [500, 'application/json', '{"code":"FAIL"}'],
    [200, 'text/html; charset=GBK', 'ok'],
  ])('is answered in the channel’s own words: %i %s %j', async (status, contentType, body) => {
    reply = { status, contentType, body };
    const answer = await notify('x');
    expect([answer.statusCode, answer.payload]).toEqual([status, body]);
    if (status !== 204) expect(String(answer.headers['content-type'])).toContain(contentType);
  });

  test('without a body is one of no bytes', async () => {
    await notify(undefined);
    expect(received[0]?.body).toHaveLength(0);
  });

  test('for an account that we do not have is 404', async () => {
    reply = null;
    const answer = await notify('x', {}, '/notifications/nobody/none');
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toMatchObject({ code: 'not_found' });
  });

  test('that cannot be made durable is not acknowledged, and the reason stays with us', async () => {
    reply = new Error('connect ECONNREFUSED 10.0.0.1:5432');
    const answer = await notify('x');
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toMatchObject({ code: 'unavailable', retryable: true });
    expect(answer.payload).not.toContain('10.0.0.1');
    expect(rig.logged.join('')).toContain('10.0.0.1');
  });

  test('of a megabyte is taken, and a larger one refused', async () => {
    expect((await notify(Buffer.alloc(1024 * 1024, 120))).statusCode).toBe(200);
    const answer = await notify(Buffer.alloc(1024 * 1024 + 1, 120));
    expect(answer.statusCode).toBe(413);
    expect(answer.json()).toMatchObject({ code: 'body_too_large' });
    expect(received).toHaveLength(1);
  });

  test('needs no key, and a key does not matter', async () => {
    expect((await notify('x', { authorization: 'Bearer nobody' })).statusCode).toBe(200);
  });
});
