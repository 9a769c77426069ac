/** A merchant's HTTP server that answers notices as a test tells it to, and remembers them. */
import type { IncomingHttpHeaders, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll } from 'vitest';

export type ReceivedNotice = {
  readonly atMs: number;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
};

/** What to do with one request: a status, or anything at all. */
export type Reply = (response: ServerResponse, received: ReceivedNotice) => void;

export type NoticeReceiver = {
  readonly url: string;
  readonly received: ReceivedNotice[];
  /** The most requests that were open at one time. */
  readonly openMax: () => number;
  reply: Reply;
  close(): Promise<void>;
};

const receivers: NoticeReceiver[] = [];

afterAll(async () => {
  await Promise.all(receivers.splice(0).map(async (one) => await one.close()));
});

/** An answer with this status and no body. */
export function status(code: number, headers: Record<string, string> = {}): Reply {
  return (response) => response.writeHead(code, headers).end();
}

/** No answer at all. */
export const silence: Reply = () => {};

/** Starts a receiver on a port of its own; it ends with the test file. */
export async function startReceiver(reply: Reply = status(204)): Promise<NoticeReceiver> {
  const received: ReceivedNotice[] = [];
  let open = 0;
  let openMax = 0;
  const server: Server = createServer((request, response) => {
    open += 1;
    openMax = Math.max(openMax, open);
    response.on('close', () => {
      open -= 1;
    });
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const { url = '', headers } = request;
      const one = { atMs: Date.now(), path: url, headers, body };
      received.push(one);
      receiver.reply(response, one);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const receiver: NoticeReceiver = {
    url: `http://127.0.0.1:${port}`,
    received,
    openMax: () => openMax,
    reply,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  receivers.push(receiver);
  return receiver;
}
