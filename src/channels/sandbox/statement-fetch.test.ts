import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sealedHeaders } from '../../../test/support/sandbox-message.ts';
import { CHINA_DAY } from '../../core/reconciliation/business-day.ts';
import type { Sandbox } from '../../sandbox/server.ts';
import { startSandbox } from '../../sandbox/server.ts';
import type { Connector, StatementFetch } from '../connector.ts';
import { newChannelHttp } from '../http.ts';
import type { ChannelHttp } from '../http.ts';
import { newSandboxConnector } from './connector.ts';

const SECRET = 'a-secret-that-both-sides-know-0001';
const ACCOUNT = 'main';
const DAY = '2026-11-18';
const BYTES_MAX = 100_000;

function connect(baseUrl: string): { connector: Connector; http: ChannelHttp } {
  const http = newChannelHttp({
    connectTimeoutMs: 1_000,
    readTimeoutMs: 4_000,
    deadlineMs: 5_000,
    connectionsMax: 4,
    bodyBytesMax: 1_048_576,
  });
  const connector = newSandboxConnector({
    channel: 'sandbox',
    account: ACCOUNT,
    secret: SECRET,
    baseUrl,
    notificationBaseUrl: 'http://127.0.0.1:4040',
    queriesPerSecond: 50,
    nowMs: Date.now,
    nonce: randomUUID,
    statementBytesMax: BYTES_MAX,
    feeBasisPoints: null,
    http,
  });
  return { connector, http };
}

async function fileOf(fetch: StatementFetch): Promise<string> {
  if (fetch.type !== 'file') throw new Error(`there is no file but ${JSON.stringify(fetch)}`);
  return await text(fetch.bytes);
}

const soon = () => Date.now() + 5_000;

describe('a sandbox that speaks for itself', () => {
  let sandbox: Sandbox;
  let connector: Connector;
  let http: ChannelHttp;
  beforeEach(async () => {
    const accounts = { [ACCOUNT]: { secret: SECRET, channels: ['sandbox'] } };
    sandbox = await startSandbox({ port: 0, accounts });
    ({ connector, http } = connect(sandbox.url));
  });
  afterEach(async () => {
    await http.close();
    await sandbox.close();
  });

  const generate = async (...faults: object[]): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${sandbox.url}/control/statements/generate`, {
      method: 'POST',
      body: JSON.stringify({ channel: 'sandbox', date: DAY, faults }),
    });
    return (await answer.json()) as Record<string, unknown>;
  };

  test('has a day that is not over, a day without movements, and a file', async () => {
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
    expect(await connector.fetchStatement(tomorrow, soon())).toMatchObject({ type: 'not_ready' });
    expect(await connector.fetchStatement(DAY, soon())).toMatchObject({ type: 'no_trades' });
    const made = await generate({ fault: 'extra_line', count: 3 });
    const fetched = await connector.fetchStatement(DAY, soon());
    const { sha256 } = made;
    expect(fetched).toMatchObject({ type: 'file', name: `sandbox-main-${DAY}.csv`, sha256 });
    expect(await fileOf(fetched)).toBe(made['text']);
  });

  test('is late, sends a file that was cut off, and then the whole one', async () => {
    const extra = { fault: 'extra_line', count: 3 };
    const made = await generate(extra, { fault: 'late' }, { fault: 'corrupt' });
    expect(await connector.fetchStatement(DAY, soon())).toMatchObject({ type: 'not_ready' });
    expect(await connector.fetchStatement(DAY, soon())).toMatchObject({
      type: 'unknown',
      raw: 'The file is not the one whose digest the channel told.',
    });
    const whole = await fileOf(await connector.fetchStatement(DAY, soon()));
    expect(whole.startsWith(String(made['text']))).toBe(true);
    expect(whole).toMatch(/\nend,3\n$/);
  });

  test('sends no file that is larger than we take', async () => {
    await generate({ fault: 'extra_line', count: 1_000 });
    expect(await connector.fetchStatement(DAY, soon())).toMatchObject({
      type: 'unknown',
      raw: expect.stringContaining(`more than ${BYTES_MAX} bytes`),
    });
  });

  test('says when its days end and when their statements are ready', () => {
    expect(connector.statement).toEqual({
      clock: CHINA_DAY,
      readyAtMinutes: 540,
      formats: ['sandbox'],
      feeBasisPoints: null,
    });
  });
});

describe('an answer about a statement that is signed well', () => {
  let words: object = {};
  let asked = { path: '', body: '' };
  let connector: Connector;
  let http: ChannelHttp;
  const serve = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = message.url ?? '';
    asked = { path, body: await text(message) };
    const body = JSON.stringify({ result: 'OK', day: DAY, ...words });
    const nonce = String(message.headers['sandbox-nonce']);
    const timestamp = String(Date.now());
    const scope = `REPLY ${path}`;
    const sealing = { account: ACCOUNT, secret: SECRET, timestamp, nonce, scope };
    response.writeHead(200, sealedHeaders(sealing, body)).end(body);
  };
  const server = createServer((message, response) => void serve(message, response));
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ({ connector, http } = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
  afterAll(async () => {
    await http.close();
    await new Promise((resolve) => server.close(resolve));
  });

  test('answers a question that names the day alone', async () => {
    words = { state: 'CREATING' };
    expect(await connector.fetchStatement(DAY, soon())).toMatchObject({ type: 'not_ready' });
    expect(asked).toEqual({ path: '/gateway/sandbox/statement', body: `{"day":"${DAY}"}` });
  });

  const sha256 = 'a'.repeat(64);
  const url = '/statement-files/x';
  test.each([
    [{ state: 'NO_TRADES', url }],
    [{ state: 'NO_TRADES', sha256 }],
    [{ state: 'CREATING', url, sha256 }],
    [{ state: 'READY' }],
    [{ state: 'READY', url }],
    [{ state: 'READY', sha256 }],
    [{ state: 'READY', url, sha256: sha256.toUpperCase() }],
    [{ state: 'READY', url: 'http://169.254.169.254/latest', sha256 }],
    [{ state: 'READY', url: '//169.254.169.254/latest', sha256 }],
    [{ state: 'READY', url: '/\\169.254.169.254/latest', sha256 }],
    [{ result: 'ERROR', code: 'PARAM_ERROR' }],
    [{ result: 'CLOSED', state: 'NO_TRADES' }],
  ])('is unknown where it makes no sense: %j', async (said) => {
    words = said;
    const fetched = await connector.fetchStatement(DAY, soon());
    // Refused for what it says, and not because nobody was there.
    expect(fetched).toMatchObject({ type: 'unknown', raw: expect.stringMatching(/^The channel /) });
    expect(asked.path).toBe('/gateway/sandbox/statement');
  });
});
