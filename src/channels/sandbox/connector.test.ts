import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { sealedHeaders, sealOf } from '../../../test/support/sandbox-message.ts';
import type { ChannelOrder } from '../../core/channel-order.ts';
import type { Connector, PayDetails } from '../connector.ts';
import { contractOf } from '../contract.ts';
import { newChannelHttp } from '../http.ts';
import type { WireRequest } from '../scripted-channel.ts';
import { newSandboxConnector } from './connector.ts';
import type { SandboxChannel } from './rules.ts';
import {
  CHARGE,
  notificationWords,
  ORDER_NO,
  REFUND,
  refundWords,
  replyWords,
} from './scripted-words.ts';

const SECRET = 'a-secret-that-both-sides-know-0001';
const ACCOUNT = 'main';
const CREATED_AT_MS = Date.UTC(2026, 10, 24, 1, 2, 3, 4);

const DETAILS: PayDetails = {
  subject: '两杯咖啡 & cake',
  returnUrl: 'https://shop.example/return?a=1',
  metadata: { scenario: 'slow_payer', note: 'not for the channel' },
};

function orderOf(product: string): ChannelOrder {
  return {
    attempt: 1,
    channel: 'sandbox',
    account: ACCOUNT,
    product,
    channelOrderNo: ORDER_NO,
    amountMinor: 1_999,
    currency: 'CNY',
    validUntilMs: CREATED_AT_MS + 1_800_000,
    createdAtMs: CREATED_AT_MS,
    status: 'created',
    closeStep: 'none',
    queryCount: 0,
    awaitsStatement: false,
    notifiedAtMs: null,
    confirmedBy: null,
    deathEvidence: null,
    failure: null,
    nextAction: null,
    charges: [],
    refunds: [],
    foreignReturns: [],
  };
}

let nonceCount = 0;
function connect(baseUrl: string, channel: SandboxChannel = 'sandbox', nowMs = Date.now) {
  const http = newChannelHttp({
    connectTimeoutMs: 1_000,
    readTimeoutMs: 4_000,
    deadlineMs: 5_000,
    connectionsMax: 4,
    bodyBytesMax: 1_048_576,
  });
  const connector = newSandboxConnector({
    channel,
    account: ACCOUNT,
    secret: SECRET,
    baseUrl,
    notificationBaseUrl: 'http://127.0.0.1:4040',
    queriesPerSecond: 50,
    nowMs,
    nonce: () => `nonce-${String(++nonceCount).padStart(6, '0')}`,
    rules: { queryCountMax: 7 },
    statementBytesMax: 200_000,
    feeBasisPoints: null,
    http,
  });
  return { connector, close: async () => await http.close() };
}

function seal(secret: string, { path, headers }: WireRequest, body: string) {
  const nonce = String(headers['sandbox-nonce']);
  const scope = `REPLY ${path}`;
  return sealedHeaders(
    { account: ACCOUNT, secret, timestamp: String(Date.now()), nonce, scope },
    body,
  );
}

function notification(words: object, secret = SECRET) {
  const body = Buffer.from(JSON.stringify({ notify_id: 'n1', event: 'payment', ...words }));
  const timestamp = String(Date.now());
  const sealing = { account: ACCOUNT, secret, timestamp, nonce: 'notified-0001', scope: 'NOTIFY' };
  return { headers: sealedHeaders(sealing, body), body };
}

contractOf({
  name: 'the sandbox',
  order: orderOf('qr'),
  details: DETAILS,
  refund: REFUND,
  secret: SECRET,
  connect,
  say: (call, saying, changes = {}) => {
    const words = replyWords(call, saying, changes);
    if (typeof words !== 'object' || words === null) return null;
    const status = 'result' in words && words.result === 'ERROR' ? 400 : 200;
    return { status, body: JSON.stringify({ out_no: changes.orderNo ?? ORDER_NO, ...words }) };
  },
  seal: (request, body) => seal(SECRET, request, body),
  forge: (request, body) => seal(`${SECRET}x`, request, body),
  statement: {
    hasDigest: true,
    say: (saying, day, { path, sha256 }) => {
      const states = { ready: 'READY', creating: 'CREATING', no_trades: 'NO_TRADES' };
      const state = saying === 'something_unlisted' ? 'ARCHIVED' : states[saying];
      const file = saying === 'ready' ? { sha256, url: path } : {};
      return { status: 200, body: JSON.stringify({ result: 'OK', day, state, ...file }) };
    },
  },
  notify: (saying, changes = {}) => {
    const words = notificationWords(saying, changes);
    return words === null ? null : notification({ account: ACCOUNT, ...words });
  },
});

/** What the channel gets when the connector makes a call, answered by a signed reply. */
async function received(
  words: object,
  use: (connector: Connector) => Promise<unknown>,
  { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
) {
  const requests: WireRequest[] = [];
  const serve = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(message);
    const request = { path: message.url ?? '', headers: message.headers, body };
    requests.push(request);
    const reply = JSON.stringify(words);
    response.writeHead(status, { ...seal(SECRET, request, reply), ...headers }).end(reply);
  };
  const server = createServer((message, response) => void serve(message, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { connector, close } = connect(`http://127.0.0.1:${port}`, 'sandbox', () => CREATED_AT_MS);
  const answer = await use(connector);
  await close();
  await new Promise((resolve) => server.close(resolve));
  return { answer, request: requests[0] ?? { path: '', headers: {}, body: '' } };
}

describe('what the sandbox is sent', () => {
  const deadlineAtMs = CREATED_AT_MS + 2_000;

  test('an order, with only the scenario of its metadata', async () => {
    const words = { result: 'ACCEPTED', out_no: ORDER_NO, pay_url: 'http://bank.example/1' };
    const { answer, request } = await received(
      words,
      async (connector) => await connector.pay(orderOf('redirect'), DETAILS, deadlineAtMs),
    );
    expect(request.path).toBe('/gateway/sandbox/pay');
    expect(JSON.parse(request.body)).toEqual({
      out_no: ORDER_NO,
      product: 'redirect',
      amount: 1_999,
      currency: 'CNY',
      subject: '两杯咖啡 & cake',
      notify_url: 'http://127.0.0.1:4040/notifications/sandbox/main',
      return_url: 'https://shop.example/return?a=1',
      expire_at: '2026-11-24T01:32:03.004Z',
      scenario: 'slow_payer',
    });
    expect(answer).toMatchObject({
      outcome: { type: 'pending', nextAction: { type: 'redirect', url: 'http://bank.example/1' } },
    });
  });

  test('a signature of the channel clock over the very bytes', async () => {
    const { request } = await received(
      { result: 'CLOSED', out_no: ORDER_NO },
      async (connector) => await connector.close(orderOf('qr'), deadlineAtMs),
    );
    const { headers, body, path } = request;
    const nonce = String(headers['sandbox-nonce']);
    const scope = `POST ${path}`;
    const timestamp = String(CREATED_AT_MS);
    expect(headers).toMatchObject(
      sealedHeaders({ account: ACCOUNT, secret: SECRET, timestamp, nonce, scope }, body),
    );
    expect(body).toBe(JSON.stringify({ out_no: ORDER_NO }));
    expect(path).toBe('/gateway/sandbox/close');
  });

  test('a refund of one charge, and later only its numbers', async () => {
    const words = { ...refundWords('refund_under_way', {}), result: 'OK', out_no: ORDER_NO };
    const sent = await received(
      words,
      async (connector) => await connector.refund(REFUND, deadlineAtMs),
    );
    expect(sent.request.path).toBe('/gateway/sandbox/refund');
    expect(JSON.parse(sent.request.body)).toEqual({
      out_no: ORDER_NO,
      refund_no: REFUND.channelRefundNo,
      trade_no: '2026112400001',
      amount: 1_234,
      currency: 'CNY',
    });
    const asked = await received(
      words,
      async (connector) => await connector.queryRefund(REFUND, deadlineAtMs),
    );
    expect(asked.request.path).toBe('/gateway/sandbox/refund_query');
    expect(JSON.parse(asked.request.body)).toEqual({
      out_no: ORDER_NO,
      refund_no: REFUND.channelRefundNo,
    });
    expect([sent.answer, asked.answer]).toMatchObject([
      { outcome: { type: 'pending' } },
      { outcome: { type: 'pending' } },
    ]);
  });

  test.each([
    ['qr', { code_url: '' }],
    ['qr', { code_url: 5 }],
    ['redirect', { pay_url: 'javascript:alert(1)' }],
    ['redirect', {}],
  ])('an accepted %s order without anything to show is unknown: %j', async (product, words) => {
    const { answer } = await received(
      { result: 'ACCEPTED', out_no: ORDER_NO, ...words },
      async (connector) => await connector.pay(orderOf(product), DETAILS, deadlineAtMs),
    );
    expect(answer).toMatchObject({ outcome: { type: 'unknown' } });
  });
});

const payNow = async (connector: Connector) =>
  await connector.pay(orderOf('qr'), DETAILS, CREATED_AT_MS + 2_000);

describe('a reply that is signed well', () => {
  test('is unknown when its header names another account', async () => {
    const words = { result: 'DECLINED', out_no: ORDER_NO, code: 'X' };
    const { answer } = await received(words, payNow, { headers: { 'sandbox-account': 'other' } });
    expect(answer).toMatchObject({ outcome: { channelCode: 'reply_not_authentic' } });
  });

  test('and refuses may leave the number out, yet not name another', async () => {
    const words = { result: 'ERROR', code: 'ORDER_CLOSED', message: 'closed before' };
    const ours = await received(words, payNow, { status: 400 });
    expect(ours.answer).toMatchObject({ outcome: { type: 'closed' } });
    const other = await received({ ...words, out_no: `${ORDER_NO}1` }, payNow, { status: 400 });
    expect(other.answer).toMatchObject({ outcome: { channelCode: 'reply_about_other_order' } });
  });
});

describe('the link of a page order', () => {
  const { connector } = connect('http://127.0.0.1:4041');
  const urlOf = (details: PayDetails): URL => {
    const action = connector.link(orderOf('page'), details);
    return new URL(action.type === 'redirect' ? action.url : '');
  };

  test('carries the whole order, and a signature that a verifier can make again', () => {
    const { origin, pathname, search, searchParams } = urlOf(DETAILS);
    expect(origin + pathname).toBe('http://127.0.0.1:4041/page/sandbox');
    const { signature, timestamp, nonce, ...fields } = Object.fromEntries(searchParams);
    expect(fields).toEqual({
      account: 'main',
      amount: '1999',
      currency: 'CNY',
      expire_at: '2026-11-24T01:32:03.004Z',
      notify_url: 'http://127.0.0.1:4040/notifications/sandbox/main',
      out_no: ORDER_NO,
      return_url: 'https://shop.example/return?a=1',
      scenario: 'slow_payer',
      subject: '两杯咖啡 & cake',
    });
    expect([timestamp, nonce]).toEqual([String(CREATED_AT_MS), ORDER_NO]);
    const again = Object.entries(fields)
      .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
      .sort()
      .join('&');
    const sealing = {
      account: ACCOUNT,
      secret: SECRET,
      timestamp: timestamp ?? '',
      nonce: nonce ?? '',
      scope: 'PAGE',
    };
    expect(signature).toBe(sealOf(sealing, again));
    expect(search.startsWith(`?${again}&timestamp=`)).toBe(true);
  });

  test('is the same each time, and leaves out what there is not', () => {
    const bare = { subject: 'x', returnUrl: null, metadata: {} };
    expect(urlOf(bare).href).toBe(urlOf(bare).href);
    expect(urlOf(bare).search).not.toMatch(/return_url|scenario|undefined|null/);
  });

  test('survives a subject with half a character', () => {
    expect(urlOf({ ...DETAILS, subject: 'a\ud800b' }).searchParams.get('subject')).toBe('a\ufffdb');
  });

  test('exists for page orders only, and those are never sent', async () => {
    expect(() => connector.link(orderOf('qr'), DETAILS)).toThrow('has no link');
    await expect(connector.pay(orderOf('page'), DETAILS, Date.now() + 1_000)).rejects.toThrow(
      'opened by its link',
    );
  });
});

describe('the channels that speak this wire', () => {
  test('sandbox notifies; query_only refuses even what is signed well', () => {
    const words = { account: ACCOUNT, out_no: ORDER_NO, state: 'PAID', ...CHARGE, amount: 1_999 };
    const type = (channel: SandboxChannel) =>
      connect('http://127.0.0.1:4041', channel).connector.readNotification(notification(words))
        .type;
    expect(type('sandbox')).toBe('authentic');
    expect(type('query_only')).toBe('refused');
  });

  test('a message that was kept is read again as of the time at which it came', () => {
    const words = { account: ACCOUNT, out_no: ORDER_NO, state: 'PAID', ...CHARGE, amount: 1_999 };
    const cameAtMs = Date.now();
    const message = notification(words);
    const tomorrow = connect('http://127.0.0.1:4041', 'sandbox', () => cameAtMs + 86_400_000);
    expect(tomorrow.connector.readNotification(message).type).toBe('refused');
    expect(tomorrow.connector.readNotification(message, cameAtMs).type).toBe('authentic');
  });

  test('rules are the channel advice, with the overrides', () => {
    const { rules } = connect('http://127.0.0.1:4041').connector;
    expect(rules.queryDelaysMs.slice(0, 5)).toEqual([2_000, 3_000, 5_000, 10_000, 30_000]);
    expect(rules).toMatchObject({ queryCountMax: 7, canClose: true, closeRefusesUnknown: true });
    expect(rules.refund).toMatchObject({ gapMs: 1_000, partsMax: 50, resendsSafely: true });
    const { products } = connect('http://127.0.0.1:4041', 'query_only').connector.rules;
    expect(Object.keys(products)).toEqual(['qr']);
  });
});
