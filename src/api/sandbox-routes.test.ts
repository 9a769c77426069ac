import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freshDatabase } from '../../test/support/database.ts';
import * as sandboxEffects from '../sandbox/call-effect.ts';
import * as sandboxStatements from '../sandbox/statement-faults.ts';
import type { Sandbox } from '../sandbox/server.ts';
import { startSandbox } from '../sandbox/server.ts';
import type { ApiRig } from './api-rig.ts';
import { openApi } from './api-rig.ts';
import { PAYABLE, paid } from './scripted-channels.ts';
import { CALL_EFFECTS, FAULTY_CALLS, NOTIFICATION_EFFECTS } from './test-faults.ts';
import { STATEMENT_FAULTS } from './test-statements.ts';

describe('the payer', () => {
  let rig: ApiRig;
  let control: Server;
  let answer: { status: number; body: unknown } = { status: 200, body: {} };
  const asked: unknown[] = [];
  beforeAll(async () => {
    const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      asked.push({ path: request.url, body: await json(request) });
      response.writeHead(answer.status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer.body));
    };
    control = createServer((request, response) => void serve(request, response));
    await new Promise<void>((resolve) => control.listen(0, '127.0.0.1', resolve));
    const sandboxUrl = `http://127.0.0.1:${(control.address() as AddressInfo).port}`;
    rig = await openApi(await freshDatabase(), { sandboxUrl });
  });
  beforeEach(() => {
    asked.length = 0;
    rig.script.pay = PAYABLE;
    answer = { status: 200, body: { state: 'PAID' } };
  });
  afterEach(() => expect(rig.undocumented).toEqual([]));
  afterAll(async () => {
    await rig.close();
    await new Promise((resolve) => control.close(resolve));
  });

  let count = 0;
  const create = async (fields: Record<string, unknown> = {}) => {
    const { body } = await rig.shop.call('POST', '/v1/payments', {
      merchant_order_no: `SO-${++count}`,
      amount: 1999,
      currency: 'CNY',
      subject: 'Tea',
      ...fields,
    });
    const orders = body['channel_orders'] as { channel_order_no: string }[];
    return {
      url: `/v1/test/payments/${String(body['id'])}/pay`,
      id: body['id'],
      outNo: orders[0]?.channel_order_no,
    };
  };

  test('pays the open channel order', async () => {
    const { url, id, outNo } = await create({ channel: 'wallet' });
    const { status, body } = await rig.shop.call('POST', url);
    expect(status).toBe(200);
    expect(body).toMatchObject({ id, object: 'payment' });
    expect(asked).toEqual([{ path: '/control/pay', body: { channel: 'wallet', out_no: outNo } }]);
  });

  test('pays the channel order that is named, also after the payment succeeded', async () => {
    rig.script.pay = paid(1999);
    const { url, outNo } = await create({ channel: 'wallet' });
    const { status } = await rig.shop.call('POST', url, { channel_order_no: outNo });
    expect(status).toBe(200);
    expect(asked).toHaveLength(1);
  });

  test('cannot pay what the channel refuses', async () => {
    const { url, id } = await create({ channel: 'wallet' });
    answer = { status: 409, body: { code: 'EXPIRED' } };
    const { status, body } = await rig.shop.call('POST', url);
    expect(status).toBe(409);
    expect(body).toMatchObject({
      code: 'payment_not_payable',
      payment: id,
      detail: expect.stringContaining('EXPIRED'),
    });
  });

  test('cannot pay without an open channel order', async () => {
    const untried = await create();
    const pending = await rig.shop.call('POST', untried.url);
    expect(pending.body).toMatchObject({
      status: 409,
      code: 'payment_not_payable',
      payment: untried.id,
    });
    await rig.shop.call('POST', `/v1/payments/${String(untried.id)}/close`);
    expect((await rig.shop.call('POST', untried.url)).body).toMatchObject({
      status: 409,
      code: 'payment_closed',
    });
    expect(asked).toEqual([]);
  });

  test('who has paid does not pay again', async () => {
    rig.script.pay = paid(1999);
    const { url } = await create({ channel: 'wallet' });
    const { status, body } = await rig.shop.call('POST', url);
    expect(status).toBe(200);
    expect(body['status']).toBe('succeeded');
    expect(asked).toEqual([]);
  });

  test('cannot pay a channel order of another payment', async () => {
    const { url } = await create({ channel: 'wallet' });
    const other = await create({ channel: 'wallet' });
    const { status, body } = await rig.shop.call('POST', url, { channel_order_no: other.outNo });
    expect(status).toBe(422);
    expect(body).toMatchObject({ errors: [{ pointer: '/channel_order_no' }] });
    expect(asked).toEqual([]);
  });

  test('is not there when the sandbox is not', async () => {
    answer = { status: 200, body: undefined };
    const { url } = await create({ channel: 'wallet' });
    const { status, body } = await rig.shop.call('POST', url);
    expect({ status, code: body['code'] }).toEqual({ status: 503, code: 'unavailable' });
  });
});

describe('faults', () => {
  let rig: ApiRig;
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await startSandbox({
      port: 0,
      accounts: { main: { secret: 'shared', channels: ['sandbox'] } },
    });
    rig = await openApi(await freshDatabase(), { sandboxUrl: sandbox.url });
  });
  afterEach(() => expect(rig.undocumented).toEqual([]));
  afterAll(async () => {
    await rig.close();
    await sandbox.close();
  });

  test('are those that the sandbox knows', () => {
    expect(CALL_EFFECTS).toEqual(sandboxEffects.CALL_EFFECTS);
    expect(NOTIFICATION_EFFECTS).toEqual(sandboxEffects.NOTIFY_EFFECTS);
    expect(FAULTY_CALLS).toEqual(sandboxEffects.OPERATIONS);
  });

  test('are ordered, listed and removed', async () => {
    const rule = {
      channel: 'sandbox',
      operation: 'query',
      effect: 'http_500',
      probability: 0.3,
      times: 50,
      seed: 7,
    };
    const made = await rig.shop.call('POST', '/v1/test/faults', rule);
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ ...rule, id: expect.any(String), hits: 0 });
    await rig.shop.call('POST', '/v1/test/faults', { operation: 'notify', effect: 'drop' });
    const { body } = await rig.shop.call('GET', '/v1/test/faults');
    expect(body).toMatchObject({
      object: 'list',
      data: [made.body, { operation: 'notify', channel: null, probability: 1 }],
    });
    const one = await rig.shop.call('DELETE', `/v1/test/faults?id=${String(made.body['id'])}`);
    expect(one.body).toEqual({ deleted: 1 });
    expect((await rig.shop.call('DELETE', '/v1/test/faults')).body).toEqual({ deleted: 1 });
    expect((await rig.shop.call('GET', '/v1/test/faults')).body['data']).toEqual([]);
  });

  test('may be written with a decimal point where it means the same', async () => {
    const made = await rig.app.inject({
      method: 'POST',
      url: '/v1/test/faults',
      headers: { authorization: `Bearer ${rig.shop.key}`, 'content-type': 'application/json' },
      payload: '{"operation":"query","effect":"http_500","probability":1.0}',
    });
    expect(made.statusCode).toBe(201);
  });
});

describe('a statement to order', () => {
  let rig: ApiRig;
  let sandbox: Sandbox;
  beforeAll(async () => {
    const accounts = { main: { secret: 'shared', channels: ['sandbox'] } };
    sandbox = await startSandbox({ port: 0, accounts });
    rig = await openApi(await freshDatabase(), { sandboxUrl: sandbox.url });
  });
  afterEach(() => expect(rig.undocumented).toEqual([]));
  afterAll(async () => {
    await rig.close();
    await sandbox.close();
  });
  const generate = async (body: object) =>
    await rig.shop.call('POST', '/v1/test/statements/generate', body);

  test('has the faults that the sandbox knows', () => {
    expect(STATEMENT_FAULTS).toEqual(Object.keys(sandboxStatements.STATEMENT_FAULTS));
  });

  test('is made at once, with what is wrong with it', async () => {
    const asked = { channel: 'sandbox', date: '2026-11-18' };
    const made = { object: 'test_statement', ...asked, account: 'main' };
    const empty = await generate(asked);
    expect(empty.status).toBe(200);
    const none = { state: 'NO_TRADES', lines: 0, spoilt: {}, sha256: null, text: null };
    expect(empty.body).toEqual({ ...made, ...none });
    const faults = [
      { fault: 'extra_line', count: 2 },
      { fault: 'late', until: '2026-11-19T12:00:00+08:00' },
    ];
    const { body } = await generate({ ...asked, faults });
    expect(body).toMatchObject({ ...made, state: 'READY', lines: 2, spoilt: { extra_line: 2 } });
    expect(body['sha256']).toMatch(/^[0-9a-f]{64}$/);
    expect(body['text']).toMatch(/^tieout-sandbox-statement,1\n[^]*\nend,2\n$/);
  });

  test.each([
    ['/channel', { channel: 'elsewhere' }],
    ['/channel', { channel: 'wallet' }],
    ['/date', { date: '2026-02-30' }],
    ['/faults/0/fault', { faults: [{ fault: 'lost' }] }],
    ['/faults/0/count', { faults: [{ fault: 'late', count: 0 }] }],
    ['/faults/0/until', { faults: [{ fault: 'late', until: 'tomorrow' }] }],
    ['/faults/0/until', { faults: [{ fault: 'cent_off', until: '2026-11-19T12:00:00Z' }] }],
    ['/faults', { faults: [{ fault: 'late' }, { fault: 'late' }] }],
    ['/faults/0/times', { faults: [{ fault: 'late', times: 1 }] }],
  ])('is refused with the pointer %s for %j', async (pointer, change) => {
    const answer = await generate({ channel: 'sandbox', date: '2026-11-18', ...change });
    expect(answer.status).toBe(422);
    expect(answer.body['errors']).toMatchObject([{ pointer }]);
  });
});

describe('the test clock', () => {
  test('is read, and advanced by a duration', async () => {
    const advanced: number[] = [];
    const rig = await openApi(await freshDatabase(), {
      testClock: {
        now: () => ({ nowMs: Date.parse('2026-11-22T04:00:00Z'), offsetMs: 5_000 }),
        advance: async (byMs) => {
          advanced.push(byMs);
          return await Promise.resolve({
            nowMs: Date.parse('2026-11-23T04:00:00Z'),
            dueJobsRun: 3,
          });
        },
      },
    });
    expect((await rig.shop.call('GET', '/v1/test/clock')).body).toEqual({
      now: '2026-11-22T04:00:00.000Z',
      offset_ms: 5_000,
    });
    for (const by of ['PT20S', 'P1DT2H3M4.5S', 'P400D', 'P2W']) {
      const { status, body } = await rig.shop.call('POST', '/v1/test/clock/advance', { by });
      expect([status, body]).toEqual([200, { now: '2026-11-23T04:00:00.000Z', due_jobs_run: 3 }]);
    }
    expect(advanced).toEqual([20_000, 93_784_500, 34_560_000_000, 1_209_600_000]);
    expect(rig.undocumented).toEqual([]);
    await rig.close();
  });
});

test('live mode has no trace of any of it', async () => {
  const rig = await openApi(await freshDatabase(), { mode: 'live' });
  for (const [method, url] of [
    ['GET', '/v1/test/clock'],
    ['POST', '/v1/test/clock/advance'],
    ['GET', '/v1/test/faults'],
    ['POST', '/v1/test/statements/generate'],
    ['POST', '/v1/test/payments/pay_01m80pjbg0f9xv59tdwh9edd1r/pay'],
  ] as const) {
    const { status, body } = await rig.shop.call(method, url);
    expect({ url, status, code: body['code'] }).toEqual({ url, status: 404, code: 'not_found' });
  }
  expect(JSON.stringify(rig.app.swagger())).not.toMatch(/\/v1\/test|TestClock|Sandbox/);
  await rig.close();
});
