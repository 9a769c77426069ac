import { randomBytes } from 'node:crypto';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { PendingNotification, SignatureManner } from './notification.ts';
import { PROBE_SIGNATURE_PREFIX, signedHeaders } from './wire.ts';

/** How long a channel waits for the acknowledgement of a notification. */
const ACKNOWLEDGE_TIMEOUT_MS = 5_000;

/** At most this many sends at once; the rest waits its turn. */
const SOCKET_COUNT_MAX = 64;

const ACKNOWLEDGEMENT = 'ok';

/** Sends notifications over HTTP and tells whether they were acknowledged. */
export class NotificationSender {
  readonly #httpAgent = new HttpAgent({ keepAlive: true, maxSockets: SOCKET_COUNT_MAX });
  readonly #httpsAgent = new HttpsAgent({ keepAlive: true, maxSockets: SOCKET_COUNT_MAX });

  /**
   * Sends it once, signed at `nowMs` in that manner. True only for HTTP 200 with the body `ok`;
   * a receiver that is away, slow or says anything else has not acknowledged. Never rejects.
   */
  send(
    notification: PendingNotification,
    manner: SignatureManner,
    secret: string,
    nowMs: number,
  ): Promise<boolean> {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(notification.body),
      ...headersOf(notification, manner, secret, nowMs),
    };
    const isSecure = notification.url.startsWith('https:');
    return new Promise((resolve) => {
      const call = (isSecure ? httpsRequest : httpRequest)(notification.url, {
        method: 'POST',
        headers,
        agent: isSecure ? this.#httpsAgent : this.#httpAgent,
      });
      let timer: NodeJS.Timeout | undefined;
      const finish = (isAcknowledged: boolean) => {
        clearTimeout(timer);
        resolve(isAcknowledged);
      };
      // Waiting for a free socket is not the receiver's fault, so patience starts with the socket.
      call.on('socket', () => {
        timer = setTimeout(() => call.destroy(new Error('no answer')), ACKNOWLEDGE_TIMEOUT_MS);
      });
      call.on('error', () => finish(false));
      call.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          if (text.length <= ACKNOWLEDGEMENT.length) text += chunk;
        });
        response.on('error', () => finish(false));
        response.on('end', () => finish(response.statusCode === 200 && text === ACKNOWLEDGEMENT));
      });
      call.end(notification.body);
    });
  }

  /** Breaks off what is under way; those sends count as not acknowledged. */
  close(): void {
    this.#httpAgent.destroy();
    this.#httpsAgent.destroy();
  }
}

function headersOf(
  notification: PendingNotification,
  manner: SignatureManner,
  secret: string,
  nowMs: number,
) {
  const headers = signedHeaders(
    { account: notification.account, secret: manner === 'wrong' ? `not ${secret}` : secret },
    { scope: 'NOTIFY', nonce: randomBytes(12).toString('hex'), body: notification.body },
    nowMs,
  );
  if (manner !== 'probe') return headers;
  const signature = `${PROBE_SIGNATURE_PREFIX}${String(headers['sandbox-signature'])}`;
  return { ...headers, 'sandbox-signature': signature };
}
