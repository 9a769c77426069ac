/** The connector and the sandbox, which were written apart, over real HTTP: money that goes back. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildConnectors } from '../../src/channels/catalogue.ts';
import type { ChannelCatalogue } from '../../src/channels/catalogue.ts';
import type { NotificationReading, RefundCall } from '../../src/channels/connector.ts';
import type { ChannelOrder } from '../../src/core/channel-order.ts';
import type { Sandbox } from '../../src/sandbox/server.ts';
import { startSandbox } from '../../src/sandbox/server.ts';

const SECRET = 'a-secret-that-both-sides-know-0001';
/** Long enough for a plain refund (300 ms) and for one that comes to nothing (5 s, scaled to 200 ms). */
const END_MS = 400;

let sandbox: Sandbox;
let catalogue: ChannelCatalogue;
const readings: NotificationReading[] = [];
const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const body = await buffer(request);
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  );
  readings.push(connector().readNotification({ headers, body }));
  response.end('ok');
};
const platform = createServer((request, response) => void receive(request, response));

beforeAll(async () => {
  await new Promise<void>((resolve) => platform.listen(0, '127.0.0.1', resolve));
  const accounts = { main: { secret: SECRET, channels: ['sandbox'] } };
  sandbox = await startSandbox({ port: 0, accounts, timeScale: 0.04 });
  const { port } = platform.address() as AddressInfo;
  catalogue = buildConnectors(
    [{ channel: 'sandbox', account: 'main', secret: SECRET, base_url: sandbox.url }],
    {
      publicUrl: `http://127.0.0.1:${port}`,
      nowMs: Date.now,
      requestDeadlineMs: 8_000,
      merchantWaitMs: 10_000,
    },
  );
});
afterAll(async () => {
  await catalogue.close();
  await sandbox.close();
  platform.closeAllConnections();
  await new Promise((resolve) => platform.close(resolve));
});

function connector() {
  const found = catalogue.get('sandbox', 'main');
  if (found === null) throw new Error('the account is not configured');
  return found;
}

const soon = () => Date.now() + 3_000;
const pause = async (ms: number) => await new Promise((resolve) => setTimeout(resolve, ms));
const control = async (path: string, words: object) =>
  await fetch(`${sandbox.url}/control/${path}`, { method: 'POST', body: JSON.stringify(words) });

let count = 0;

/** An order that is paid at the channel, and the refund of its whole charge. */
async function paidOrder(scenario?: string) {
  const channelOrderNo = `FLOW${String(++count).padStart(8, '0')}`;
  const order = {
    channel: 'sandbox',
    account: 'main',
    product: 'qr',
    channelOrderNo,
    amountMinor: 1_999,
    currency: 'CNY',
    validUntilMs: Date.now() + 600_000,
    createdAtMs: Date.now(),
  } as ChannelOrder;
  const metadata: Record<string, string> = scenario === undefined ? {} : { scenario };
  await connector().pay(order, { subject: 'Shoes', returnUrl: null, metadata }, soon());
  await control('pay', { out_no: channelOrderNo });
  const { outcome } = await connector().query(order, soon());
  if (outcome.type !== 'succeeded') throw new Error(`the order is ${outcome.type}`);
  const transactionNo = outcome.charges[0]?.transactionNo ?? '';
  const refund: RefundCall = {
    channelOrderNo,
    channelRefundNo: `${channelOrderNo}R1`,
    transactionNo,
    amountMinor: 1_999,
    currency: 'CNY',
    chargedMinor: 1_999,
  };
  return { order, refund };
}

const send = async (refund: RefundCall) => (await connector().refund(refund, soon())).outcome;
const ask = async (refund: RefundCall) => (await connector().queryRefund(refund, soon())).outcome;

/** What was notified about that order, the payment itself left out. */
const notified = ({ channelOrderNo }: RefundCall) =>
  readings.filter(
    (one) =>
      one.type !== 'refused' &&
      one.channelOrderNo === channelOrderNo &&
      (one.type === 'authentic_refund' || one.outcome.type !== 'succeeded'),
  );

test('a refund is taken, done and told, and the query of the order lists it', async () => {
  const { order, refund } = await paidOrder();
  expect(await ask(refund)).toMatchObject({ type: 'not_found' });
  expect(await send(refund)).toMatchObject({ type: 'pending' });
  await pause(END_MS);
  const done = { type: 'succeeded', refund: { channelRefundNo: refund.channelRefundNo } };
  expect(await send(refund)).toMatchObject(done);
  const outcome = await ask(refund);
  expect(outcome).toMatchObject(done);
  expect(notified(refund)).toMatchObject([{ type: 'authentic_refund', outcome }]);
  const fact = outcome.type === 'succeeded' ? outcome.refund : null;
  const known = (await connector().query(order, soon())).outcome;
  expect(known).toMatchObject({ type: 'succeeded', refunds: [fact] });
});

test('a refund over what is left is a no for that number, by answer and by question', async () => {
  const { refund } = await paidOrder();
  const over = { ...refund, amountMinor: 2_000 };
  expect(await send(over)).toMatchObject({ type: 'failed', code: 'exceeds_charge' });
  expect(await ask(over)).toMatchObject({ type: 'failed', code: 'exceeds_charge' });
  expect(await send(refund)).toMatchObject({ type: 'unknown', channelCode: 'REFUND_NO_REUSED' });
});

test.each([
  ['refund_no_funds', { type: 'refused_for_now', code: 'not_enough_funds' }],
  ['refund_slow', { type: 'pending' }],
])('%s: the first answer is no end', async (scenario, expected) => {
  const { refund } = await paidOrder(scenario);
  expect(await send(refund)).toMatchObject(expected);
});

test.each([
  ['refund_abnormal', { type: 'requires_action', code: 'payer_account_abnormal' }],
  ['refund_closed', { type: 'failed', code: 'refund_closed' }],
])('%s: what was taken comes to nothing', async (scenario, expected) => {
  const { refund } = await paidOrder(scenario);
  expect(await send(refund)).toMatchObject({ type: 'pending' });
  await pause(END_MS);
  expect(await ask(refund)).toMatchObject(expected);
  expect(notified(refund)).toMatchObject([{ outcome: expected }]);
});

test('refund_timeout_accepted: nobody knows, and the same number tells', async () => {
  const { refund } = await paidOrder('refund_timeout_accepted');
  const lost = await connector().refund(refund, Date.now() + 200);
  expect(lost.outcome).toMatchObject({ type: 'unknown' });
  await pause(END_MS);
  expect(await send(refund)).toMatchObject({ type: 'succeeded' });
  expect(notified(refund)).toEqual([]);
});

test('a refund of the console and a reversal come by notification and by query', async () => {
  const { order, refund } = await paidOrder();
  await control('console_refund', { out_no: order.channelOrderNo, amount: 5 });
  const other = await paidOrder();
  await control('reverse', { out_no: other.order.channelOrderNo });
  await pause(END_MS);
  expect(notified(refund)).toMatchObject([
    { type: 'authentic_refund', channelRefundNo: null, outcome: { refund: { amountMinor: 5 } } },
  ]);
  const { transactionNo } = other.refund;
  const reversed = { type: 'reversed', transactionNo };
  expect(notified(other.refund)).toMatchObject([{ type: 'authentic', outcome: reversed }]);
  expect((await connector().query(other.order, soon())).outcome).toMatchObject(reversed);
  expect((await connector().query(order, soon())).outcome).toMatchObject({
    refunds: [{ channelRefundNo: null, amountMinor: 5 }],
  });
  expect(await send(other.refund)).toMatchObject({ type: 'failed', code: 'exceeds_charge' });
});
