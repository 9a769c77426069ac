import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { CallError } from './call-error.ts';
import { newChannelHttp } from './http.ts';
import type { ChannelHttp, ChannelHttpOptions, HttpAnswer } from './http.ts';

const DEADLINE_MS = 250;
const SLACK_MS = 50;
const OPTIONS: ChannelHttpOptions = {
  connectTimeoutMs: 5_000,
  readTimeoutMs: 5_000,
  deadlineMs: 10_000,
  connectionsMax: 4,
  bodyBytesMax: 1_048_576,
};

type TestServer = {
  readonly url: string;
  readonly requests: string[];
  readonly sockets: Set<Socket>;
};

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** A TCP server that records what it is sent and does with each piece what the test says. */
async function listen(onData: (socket: Socket, text: string) => void): Promise<TestServer> {
  const sockets = new Set<Socket>();
  const requests: string[] = [];
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      requests.push(text);
      onData(socket, text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/gateway`, requests, sockets };
}

function open(options: Partial<ChannelHttpOptions> = {}): ChannelHttp {
  const http = newChannelHttp({ ...OPTIONS, ...options });
  cleanups.push(async () => await http.close());
  return http;
}

function post(http: ChannelHttp, url: string, remainingMs = DEADLINE_MS): Promise<HttpAnswer> {
  return http.post(url, { 'content-type': 'application/json' }, '{"out_no":"A"}', remainingMs);
}

/**
 * The error of a call, which must come within the slack after its time. A plain timer started at the
 * same moment shows how late this machine is; only lateness beyond that is the client's.
 */
async function failureWithin(limitMs: number, call: () => Promise<HttpAnswer>): Promise<CallError> {
  const startedAtMs = performance.now();
  const timer = sleep(limitMs).then(() => performance.now() - startedAtMs);
  const error: unknown = await call().then(
    () => new Error('the call was answered'),
    (reason: unknown) => reason,
  );
  const tookMs = performance.now() - startedAtMs;
  if (!(error instanceof CallError)) throw error;
  const lateMs = tookMs > limitMs ? tookMs - (await timer) : 0;
  expect(lateMs).toBeLessThan(SLACK_MS);
  return error;
}

const answer = (body: string): string =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const silent = (): void => undefined;

describe('a call to a channel', () => {
  test('answers status, headers and the raw bytes, whatever the status', async () => {
    const server = await listen((socket) =>
      socket.write(
        'HTTP/1.1 503 Busy\r\nX-Two: a\r\nX-Two: b\r\nContent-Length: 3\r\n\r\n\xff{}',
        'latin1',
      ),
    );
    const { status, headers, body } = await post(open(), server.url);
    expect(status).toBe(503);
    expect(headers['x-two']).toEqual(['a', 'b']);
    expect([...body]).toEqual([0xff, 0x7b, 0x7d]);
    expect(server.requests[0]).toMatch(/^POST \/gateway HTTP\/1\.1\r\n/);
  });

  test('follows no redirect', async () => {
    const server = await listen((socket) =>
      socket.write('HTTP/1.1 307 Elsewhere\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n'),
    );
    expect((await post(open(), server.url)).status).toBe(307);
    expect(server.requests).toHaveLength(1);
  });

  test.each([0, -1, Number.NaN])('does not leave with %s ms left', async (remainingMs) => {
    const server = await listen((socket) => socket.write(answer('{}')));
    const error = await failureWithin(0, async () => await post(open(), server.url, remainingMs));
    expect([error.kind, error.wasSent]).toEqual(['deadline', false]);
    await sleep(50);
    expect(server.sockets.size).toBe(0);
  });
});

describe('without an answer, a call ends by its deadline and says whether it left', () => {
  test('connection refused', async () => {
    const server = await listen(silent);
    await cleanups.pop()?.();
    const error = await failureWithin(DEADLINE_MS, async () => await post(open(), server.url));
    expect([error.kind, error.wasSent]).toEqual(['connect_refused', false]);
    expect(error.message).toBe(
      'No connection to the channel could be made (ECONNREFUSED); the request was surely not sent.',
    );
  });

  test('a connection that never stands, cut by the connect timeout', async () => {
    const server = await listen(silent);
    const url = server.url.replace('http:', 'https:');
    const http = open({ connectTimeoutMs: 100 });
    const error = await failureWithin(100, async () => await post(http, url));
    expect([error.kind, error.wasSent]).toEqual(['connect_timeout', false]);
  });

  test('a connection that never stands, cut by the deadline', async () => {
    const server = await listen(silent);
    const url = server.url.replace('http:', 'https:');
    const error = await failureWithin(DEADLINE_MS, async () => await post(open(), url));
    expect([error.kind, error.wasSent]).toEqual(['deadline', false]);
    expect(error.message).toContain('the request was surely not sent');
  });

  test('a black hole that accepts and never answers', async () => {
    const server = await listen(silent);
    const error = await failureWithin(DEADLINE_MS, async () => await post(open(), server.url));
    expect([error.kind, error.wasSent]).toEqual(['deadline', true]);
    expect(error.message).toBe(
      'The deadline of the call has passed (250 ms); the request had left, so nobody knows what the channel did.',
    );
  });

  test('a black hole, cut by the read timeout; interim answers do not prolong it', async () => {
    const server = await listen((socket) => {
      const timer = setInterval(() => socket.write('HTTP/1.1 102 Processing\r\n\r\n'), 20);
      socket.on('close', () => clearInterval(timer));
    });
    const http = open({ readTimeoutMs: 150 });
    const error = await failureWithin(200, async () => await post(http, server.url, 5_000));
    expect([error.kind, error.wasSent]).toEqual(['read_timeout', true]);
  });

  test('a body that trickles and never ends', async () => {
    const server = await listen((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n');
      const timer = setInterval(() => socket.write('{'), 20);
      socket.on('close', () => clearInterval(timer));
    });
    const error = await failureWithin(DEADLINE_MS, async () => await post(open(), server.url));
    expect(error.kind).toBe('deadline');
  });

  test('a reset before the answer', async () => {
    const server = await listen((socket) => socket.resetAndDestroy());
    const error = await failureWithin(DEADLINE_MS, async () => await post(open(), server.url));
    expect([error.kind, error.wasSent]).toEqual(['reset', true]);
    expect(server.requests).toHaveLength(1);
  });

  test('a reset in the middle of the body', async () => {
    const server = await listen((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"result":');
      setTimeout(() => socket.resetAndDestroy(), 20);
    });
    const error = await failureWithin(DEADLINE_MS, async () => await post(open(), server.url));
    expect([error.kind, error.wasSent]).toEqual(['reset', true]);
  });

  test('half-open: the channel closes its side and keeps listening', async () => {
    const server = await listen((socket) => socket.end());
    const error = await failureWithin(DEADLINE_MS, async () => await post(open(), server.url));
    expect([error.kind, error.wasSent]).toEqual(['reset', true]);
  });

  test('half-open: a kept connection that has died without a word', async () => {
    let isDead = false;
    const server = await listen((socket) => {
      if (!isDead) socket.write(answer('{}'));
    });
    const http = open();
    expect((await post(http, server.url)).status).toBe(200);
    isDead = true;
    const error = await failureWithin(DEADLINE_MS, async () => await post(http, server.url));
    expect(error.kind).toBe('deadline');
    isDead = false;
    // The dead connection is gone: the next call has one of its own.
    expect((await post(http, server.url)).status).toBe(200);
  });

  test('an answer of 2 MB that is announced: it need not come first', async () => {
    const server = await listen((socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2097152\r\n\r\n{'),
    );
    const error = await failureWithin(DEADLINE_MS, async () => await post(open(), server.url));
    expect([error.kind, error.wasSent]).toEqual(['too_large', true]);
  });

  test('an answer of 2 MB that comes unannounced', async () => {
    const server = await listen((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${'x'.repeat(2_097_152)}`),
    );
    const error = await failureWithin(5_000, async () => await post(open(), server.url, 5_000));
    expect([error.kind, error.wasSent]).toEqual(['too_large', true]);
  });

  test('an answer of exactly 1 MB is read', async () => {
    const server = await listen((socket) => socket.write(answer('x'.repeat(1_048_576))));
    expect((await post(open(), server.url, 5_000)).body).toHaveLength(1_048_576);
  });

  test('an answer that is not HTTP', async () => {
    const server = await listen((socket) => socket.write('+OK POP3 ready\r\n'));
    const error = await failureWithin(DEADLINE_MS, async () => await post(open(), server.url));
    expect(error.kind).toBe('reset');
  });

  test('our own end', async () => {
    const server = await listen(silent);
    const http = open();
    const call = failureWithin(DEADLINE_MS, async () => await post(http, server.url));
    await sleep(50);
    await http.close();
    expect((await call).kind).toBe('aborted');
    expect((await failureWithin(10, async () => await post(http, server.url))).kind).toBe(
      'aborted',
    );
  });
});

describe('a saturated bulkhead', () => {
  test('is smaller than the connections, and the next call is refused without waiting', async () => {
    for (const connectionsMax of [2, 3, 4, 10, 64]) {
      const { limit } = open({ connectionsMax }).bulkhead.counts();
      expect(limit).toBeGreaterThan(0);
      expect(limit).toBeLessThan(connectionsMax);
    }
  });

  test('keeps every call on a connection of its own: none waits, all end by their deadline', async () => {
    const server = await listen(silent);
    const http = open();
    const { limit } = http.bulkhead.counts();
    const ROUNDS = 8;
    for (let round = 0; round < ROUNDS; round++) {
      const permits = Array.from({ length: limit }, () => http.bulkhead.acquire());
      expect(http.bulkhead.acquire()).toBeNull();
      const errors = await Promise.all(
        permits.map(async (permit) => {
          const error = await failureWithin(100, async () => await post(http, server.url, 100));
          permit?.release();
          return error;
        }),
      );
      expect(errors.every((error) => error.kind === 'deadline' && error.wasSent)).toBe(true);
    }
    // Each of them reached the channel at once: not one stood in undici's queue.
    expect(server.requests).toHaveLength(ROUNDS * limit);
  });

  test('over TLS too: no call waits for the connection of another', async () => {
    const server = await listen(silent);
    const http = open();
    const url = server.url.replace('http:', 'https:');
    const calls = [1, 2, 3].map(
      async () => await failureWithin(DEADLINE_MS, async () => await post(http, url)),
    );
    await sleep(DEADLINE_MS / 2);
    expect(server.sockets.size).toBe(3);
    expect((await Promise.all(calls)).every((error) => !error.wasSent)).toBe(true);
  });

  test('even a call that goes round the bulkhead ends by its deadline, and is not sent later', async () => {
    let isSilent = true;
    const server = await listen((socket, text) => {
      if (!isSilent) socket.write(answer('{}'));
      else if (text.includes('/gateway')) setTimeout(() => socket.write(answer('{}')), 600);
    });
    const http = open({ connectionsMax: 2 });
    const busy = [1, 2].map(async () => await post(http, server.url, 5_000));
    await sleep(100);
    const queued = [1, 2].map(
      async () => await failureWithin(DEADLINE_MS, async () => await post(http, server.url)),
    );
    const errors = await Promise.all(queued);
    expect(errors.map((error) => [error.kind, error.wasSent])).toEqual([
      ['deadline', false],
      ['deadline', false],
    ]);
    expect((await Promise.all(busy)).map(({ status }) => status)).toEqual([200, 200]);
    isSilent = false;
    expect((await post(http, server.url, 1_000)).status).toBe(200);
    expect(server.requests).toHaveLength(3);
  });
});

test.each([
  ['connectionsMax', 1],
  ['deadlineMs', 0],
  ['readTimeoutMs', 2 ** 31],
  ['bodyBytesMax', 1.5],
])('%s cannot be %s', (name, value) => {
  expect(() => newChannelHttp({ ...OPTIONS, [name]: value })).toThrow(name);
});
