import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CallError } from './call-error.ts';
import { newChannelHttp } from './http.ts';
import type { ChannelHttp, HttpAnswer } from './http.ts';

const FILE = Buffer.from(Array.from({ length: 400_000 }, (_, at) => at % 251));

let answer: (request: IncomingMessage, response: ServerResponse) => void;
let requests: string[];
let server: Server;
let http: ChannelHttp;
let url: string;
beforeEach(async () => {
  requests = [];
  answer = (_request, response) => response.writeHead(200).end(FILE);
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/file?a=1`;
  http = newChannelHttp({
    connectTimeoutMs: 1_000,
    readTimeoutMs: 300,
    deadlineMs: 400,
    connectionsMax: 2,
    bodyBytesMax: 1_000,
  });
});
afterEach(async () => {
  await http.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** What is answered, and the pieces that were taken. */
async function download({ remainingMs = 5_000, bytesMax = 1_000_000, takeMs = 0 } = {}) {
  const pieces: Uint8Array[] = [];
  let underWay = 0;
  let underWayMax = 0;
  const take = async (piece: Uint8Array): Promise<void> => {
    underWayMax = Math.max(underWayMax, ++underWay);
    if (takeMs > 0) await sleep(takeMs);
    pieces.push(piece);
    underWay -= 1;
  };
  const result = await http.download(url, { bytesMax, take }, remainingMs).then(
    (value): HttpAnswer | CallError => value,
    (error: unknown) => {
      if (error instanceof CallError) return error;
      throw error;
    },
  );
  return { result, file: Buffer.concat(pieces), underWayMax };
}

describe('a file from a channel', () => {
  test('comes whole and in order, one piece at a time, also to a slow taker', async () => {
    const { result, file, underWayMax } = await download({ takeMs: 5 });
    expect(result).toMatchObject({ status: 200, body: Buffer.alloc(0) });
    expect(file.equals(FILE)).toBe(true);
    expect(underWayMax).toBe(1);
    expect(requests).toEqual(['GET /file?a=1']);
  });

  test('is not read faster than it is taken', async () => {
    const large = Buffer.alloc(20_000_000);
    let unsent = (): number => 0;
    answer = (request, response) => {
      unsent = () => request.socket.writableLength;
      response.writeHead(200, { 'content-length': large.length }).end(large);
    };
    const { promise: taken, resolve: release } = Promise.withResolvers<void>();
    const sink = { bytesMax: large.length, take: async () => await taken };
    const whole = http.download(url, sink, 5_000);
    await sleep(200);
    expect(unsent()).toBeGreaterThan(large.length / 4);
    release();
    expect(await whole).toMatchObject({ status: 200 });
  });

  test('may take longer than a call does, as long as the channel goes on sending', async () => {
    answer = (_request, response) => {
      response.writeHead(200);
      let at = 0;
      const timer = setInterval(() => {
        if (++at <= 10) response.write(FILE.subarray(0, 10));
        else response.end();
        if (at > 10) clearInterval(timer);
      }, 80);
    };
    expect((await download()).file).toHaveLength(100);
  });

  test('that stops coming is given up after the longest silence', async () => {
    answer = (_request, response) => {
      response.writeHead(200, { 'content-length': 1_000 }).write('a few bytes');
    };
    const { result } = await download();
    expect(result).toMatchObject({ kind: 'read_timeout' });
  });

  test('that is slow is given up by the deadline', async () => {
    const { result } = await download({ takeMs: 100, remainingMs: 150 });
    expect(result).toMatchObject({ kind: 'deadline' });
  });

  test('that is too large is not read to its end, told or not', async () => {
    const told = (_request: IncomingMessage, response: ServerResponse) =>
      void response.writeHead(200, { 'content-length': FILE.length }).end(FILE);
    for (const way of [answer, told]) {
      answer = way;
      const { result, file } = await download({ bytesMax: 150_000 });
      expect(result).toMatchObject({ kind: 'too_large' });
      expect(file.length).toBeLessThanOrEqual(150_000);
    }
  });

  test('that cannot be kept ends the download', async () => {
    const take = async () => await Promise.reject(new Error('the disk is full'));
    const sink = { bytesMax: 1_000_000, take };
    await expect(http.download(url, sink, 5_000)).rejects.toMatchObject({
      kind: 'aborted',
      message: expect.stringContaining('the disk is full'),
    });
  });

  test('that is not there is an answer, and nothing of it a file', async () => {
    answer = (_request, response) => response.writeHead(404).end('gone');
    const { result, file } = await download();
    expect(result).toMatchObject({ status: 404, body: Buffer.from('gone') });
    expect(file).toHaveLength(0);
    answer = (_request, response) => response.writeHead(404).end(FILE);
    expect((await download()).result).toMatchObject({ kind: 'too_large' });
  });
});
