/** Sending notifications as they are, byte by byte: a header may come twice, and any content type goes. */
import { Agent, request } from 'node:http';
import type { Sent } from '../support/notification-draw.ts';

export type NotificationPost = {
  /** Answers status and body. Rejects when the connection breaks. */
  post(apiUrl: string, message: Sent): Promise<{ readonly status: number; readonly body: string }>;
  close(): void;
};

const PATH = '/notifications/sandbox/main';

/** A sender with so many connections to each API. */
export function newNotificationPost(connections: number): NotificationPost {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return {
    post: async (apiUrl, { headers, body }) =>
      await new Promise((resolve, reject) => {
        const { hostname, port, host } = new URL(apiUrl);
        const own = ['host', host, 'content-length', String(body.byteLength)];
        const all = [...own, ...headers.flat()];
        const call = request(
          { agent, hostname, port, path: PATH, method: 'POST', headers: all },
          (response) => {
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.on('error', reject);
            response.on('end', () =>
              resolve({
                status: response.statusCode ?? 0,
                body: Buffer.concat(chunks).toString('utf8'),
              }),
            );
          },
        );
        call.on('error', reject);
        call.end(body);
      }),
    close: () => agent.destroy(),
  };
}
