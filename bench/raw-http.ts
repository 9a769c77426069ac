/**
 * The leanest HTTP client and server the driver can do with, over raw sockets: it shares two cores
 * with what it measures, so every microsecond of its own is one that the platform does not get.
 */
import { createServer, connect } from 'node:net';
import type { Socket } from 'node:net';

export type RawAnswer = { readonly status: number; readonly body: string };

/** One keep-alive connection; one request at a time. */
export type RawConnection = {
  send(head: string, body: string): Promise<RawAnswer>;
  close(): void;
};

/** Opens a connection to `host:port`. A connection that breaks rejects what waits on it. */
export async function openConnection(host: string, port: number): Promise<RawConnection> {
  const socket = await new Promise<Socket>((resolve, reject) => {
    const fresh = connect({ host, port, noDelay: true }, () => resolve(fresh));
    fresh.once('error', reject);
  });
  let waiting: { resolve: (answer: RawAnswer) => void; reject: (error: Error) => void } | null =
    null;
  let buffer = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    buffer += chunk;
    const answer = readAnswer(buffer);
    if (!answer) return;
    buffer = buffer.slice(answer.length);
    const { resolve } = waiting ?? { resolve: () => {} };
    waiting = null;
    resolve({ status: answer.status, body: answer.body });
  });
  socket.on('error', (error) => waiting?.reject(error));
  socket.on('close', () => waiting?.reject(new Error('the connection was closed')));
  return {
    send: async (head, body) =>
      await new Promise<RawAnswer>((resolve, reject) => {
        waiting = { resolve, reject };
        socket.write(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
      }),
    close: () => socket.destroy(),
  };
}

function readAnswer(text: string): { status: number; body: string; length: number } | null {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const size = Number(/\r\ncontent-length: (\d+)/i.exec(text.slice(0, end + 2))?.[1] ?? '0');
  const length = end + 4 + size;
  if (text.length < length) return null;
  return { status: Number(text.slice(9, 12)), body: text.slice(end + 4, length), length };
}

/** A server that answers 204 to every POST and hands the body on. Resolves with its port. */
export async function openSink(
  onBody: (body: string) => void,
): Promise<{ port: number; close(): void }> {
  const server = createServer({ noDelay: true }, (socket) => {
    let buffer = '';
    socket.setEncoding('latin1');
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: string) => {
      buffer += chunk;
      for (;;) {
        const end = buffer.indexOf('\r\n\r\n');
        if (end < 0) return;
        const size = Number(
          /\r\ncontent-length: (\d+)/i.exec(buffer.slice(0, end + 2))?.[1] ?? '0',
        );
        if (buffer.length < end + 4 + size) return;
        onBody(buffer.slice(end + 4, end + 4 + size));
        buffer = buffer.slice(end + 4 + size);
        socket.write('HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n');
      }
    });
  });
  return await new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve({
        port: typeof address === 'object' && address ? address.port : 0,
        close: () => server.close(),
      });
    });
  });
}
