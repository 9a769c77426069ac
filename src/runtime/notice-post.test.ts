import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import type { Reply } from '../../test/support/notice-receiver.ts';
import { silence, startReceiver, status } from '../../test/support/notice-receiver.ts';
import { newNoticePost } from './notice-post.ts';

const DEADLINE_MS = 400;
const http = newNoticePost({ mode: 'sandbox', deadlineMs: DEADLINE_MS });
afterAll(async () => await http.close());

async function postTo(reply: Reply) {
  const receiver = await startReceiver(reply);
  const target = http.target(`${receiver.url}/hook?a=b`);
  if (typeof target === 'string') throw new Error(target);
  const posted = await http.post(target, { 'content-type': 'application/json' }, '{"a":"茶"}');
  return { posted, receiver };
}

describe('posting a notice', () => {
  test('sends the body as it is, and answers the status', async () => {
    const { posted, receiver } = await postTo(status(202));
    expect(posted).toMatchObject({ status: 202, error: null, retryAfter: null });
    expect(receiver.received).toMatchObject([{ path: '/hook?a=b', body: '{"a":"茶"}' }]);
  });

  test('answers Retry-After and Date as they came', async () => {
    const date = 'Tue, 24 Nov 2026 08:00:00 GMT';
    const { posted } = await postTo(status(429, { 'retry-after': '30', date }));
    expect(posted).toMatchObject({ status: 429, retryAfter: '30', date });
  });

  test('keeps its connections for the next notices', async () => {
    const { receiver } = await postTo(status(204));
    const target = { origin: receiver.url, path: '/' };
    const sockets = new Set<unknown>();
    receiver.reply = (response) => {
      sockets.add(response.socket);
      response.writeHead(204).end();
    };
    for (let count = 0; count < 20; count++) await http.post(target, {}, '{}');
    // One may still be finishing an answer when the next notice leaves.
    expect(sockets.size).toBeLessThanOrEqual(2);
  });

  test('ends by its deadline when no answer comes', async () => {
    const { posted } = await postTo(silence);
    expect(posted).toMatchObject({ status: 0, error: `no answer within ${DEADLINE_MS} ms` });
    expect(posted.durationMs).toBeLessThan(DEADLINE_MS + 200);
  });

  test('takes the status for the answer though the body never ends', async () => {
    const { posted } = await postTo((response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      const drip = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(drip));
    });
    expect(posted).toMatchObject({ status: 200, error: null });
    expect(posted.durationMs).toBeLessThan(DEADLINE_MS + 200);
  });

  test('cuts off a body beyond 64 kB', async () => {
    let sentBytes = 0;
    const { posted, receiver } = await postTo((response) => {
      const chunk = Buffer.alloc(16 * 1024);
      const pour = (): void => {
        while (!response.destroyed && sentBytes < 512 * 1024 * 1024) {
          sentBytes += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', pour);
        }
      };
      response.writeHead(200);
      pour();
    });
    expect(posted).toMatchObject({ status: 200, error: null });
    await sleep(50);
    expect(sentBytes).toBeLessThan(64 * 1024 * 1024);
    await receiver.close();
  });

  test('never unpacks what it throws away', async () => {
    const bomb = gzipSync(Buffer.alloc(40 * 1024 * 1024));
    const before = process.memoryUsage().rss;
    const { posted } = await postTo((response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
    );
    expect(posted.status).toBe(200);
    expect(process.memoryUsage().rss - before).toBeLessThan(30 * 1024 * 1024);
  });

  test.each<[string, Reply]>([
    ['closes the connection', (response) => response.socket?.destroy()],
    ['speaks no HTTP', (response) => response.socket?.end('hello there\r\n\r\n')],
    [
      'sends endless headers',
      (response) => response.writeHead(200, { x: 'a'.repeat(40_000) }).end(),
    ],
  ])('answers an error when the other side %s', async (_what, reply) => {
    const { posted } = await postTo(reply);
    expect(posted.status).toBe(0);
    expect(posted.error).toMatch(/^[ -~]{5,200}$/u);
  });

  test('answers an error when nobody listens', async () => {
    const { receiver } = await postTo(status(204));
    await receiver.close();
    const { status: code, error } = await http.post({ origin: receiver.url, path: '/' }, {}, '{}');
    expect([code, error]).toEqual([0, expect.stringContaining('ECONNREFUSED')]);
  });

  test('does not go where the URL says it may not', () => {
    expect(http.target('http://169.254.169.254/')).toBe(
      'The URL leads to an address that is not public.',
    );
    expect(http.target('')).toBe('This is not a complete URL.');
  });
});
