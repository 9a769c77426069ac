import { createHmac, randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Sandbox, type SandboxOptions, startSandbox } from './server.ts';

/** The secret that the rig's platform shares with the sandbox. */
const SECRET = 'a secret for the rig';
const ACCOUNT = 'shop-account';

type Received = {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly words: Readonly<Record<string, unknown>>;
  readonly isAuthentic: boolean;
  readonly atMs: number;
};

type Reply = {
  readonly status: number;
  readonly text: string;
  readonly words: Readonly<Record<string, unknown>>;
  readonly isAuthentic: boolean;
};

type CallChanges = {
  readonly channel?: string;
  readonly headers?: Record<string, string>;
  readonly timeoutMs?: number;
  readonly rawBody?: string;
};

/** A running sandbox, a platform that speaks its wire by the description alone, and a notification address. */
export class TestRig {
  readonly sandbox: Sandbox;
  readonly received: Received[] = [];
  /** What the notification address answers. */
  acknowledgement: { status: number; body: string } = { status: 200, body: 'ok' };
  /** How long the notification address takes to answer. */
  acknowledgeMs = 0;
  readonly #receiver = createServer();
  #numbers = 0;

  private constructor(sandbox: Sandbox) {
    this.sandbox = sandbox;
  }

  static async start(options: Partial<SandboxOptions> = {}): Promise<TestRig> {
    const rig = new TestRig(
      await startSandbox({
        port: 0,
        accounts: { [ACCOUNT]: { secret: SECRET, channels: ['sandbox', 'query_only'] } },
        ...options,
      }),
    );
    await rig.#listen();
    return rig;
  }

  async stop(): Promise<void> {
    await this.sandbox.close();
    this.#receiver.closeAllConnections();
    await new Promise((resolve) => this.#receiver.close(resolve));
  }

  /** A pay request that the channel accepts, with a number of its own. */
  order(changes: Record<string, unknown> = {}): Record<string, unknown> {
    this.#numbers += 1;
    const { port } = this.#receiver.address() as AddressInfo;
    return {
      out_no: `T${String(this.#numbers).padStart(11, '0')}`,
      product: 'qr',
      amount: 1999,
      currency: 'CNY',
      subject: 'A pair of shoes',
      notify_url: `http://127.0.0.1:${port}/notifications/sandbox/${ACCOUNT}`,
      expire_at: new Date(Date.now() + 1_800_000).toISOString(),
      ...changes,
    };
  }

  /** One signed call; rejects when it is not answered within the timeout or the socket is reset. */
  async call(
    operation: 'pay' | 'query' | 'close' | 'refund' | 'refund_query' | 'statement',
    words: Record<string, unknown>,
    changes: CallChanges = {},
  ): Promise<Reply> {
    const path = `/gateway/${changes.channel ?? 'sandbox'}/${operation}`;
    const body = changes.rawBody ?? JSON.stringify(words);
    const headers = { ...this.headersFor(path, body), ...changes.headers };
    const response = await fetch(this.sandbox.url + path, {
      method: 'POST',
      body,
      signal: AbortSignal.timeout(changes.timeoutMs ?? 4_000),
      headers,
    });
    const text = await response.text();
    const signed = `${response.headers.get('sandbox-timestamp')}\n${headers['sandbox-nonce']}\nREPLY ${path}\n${text}`;
    return {
      status: response.status,
      text,
      words: wordsOf(text),
      isAuthentic: response.headers.get('sandbox-signature') === sign(signed),
    };
  }

  /** The signed headers of one request with that body. */
  headersFor(path: string, body: string): Record<string, string> {
    const nonce = randomUUID();
    const timestamp = String(Date.now());
    return {
      'content-type': 'application/json',
      'sandbox-account': ACCOUNT,
      'sandbox-timestamp': timestamp,
      'sandbox-nonce': nonce,
      'sandbox-signature': sign(`${timestamp}\n${nonce}\nPOST ${path}\n${body}`),
    };
  }

  /** A signed link to the payment page; `changes` set a field, or leave it out where undefined. */
  pageLink(changes: Record<string, string | undefined> = {}): string {
    const { out_no: outNo, amount, product: _, ...texts } = this.order();
    const fields = {
      ...texts,
      account: ACCOUNT,
      out_no: outNo,
      amount: String(amount),
      ...changes,
    };
    const signed = Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
      .sort()
      .join('&');
    const timestamp = String(Date.now() - 600_000);
    const nonce = String(fields.out_no);
    const signature = sign(`${timestamp}\n${nonce}\nPAGE\n${signed}`);
    const seal = `timestamp=${timestamp}&nonce=${nonce}&signature=${encodeURIComponent(signature)}`;
    return `${this.sandbox.url}/page/sandbox?${signed}&${seal}`;
  }

  /** One call of the control API or any other unsigned address. */
  async control(method: string, path: string, words?: unknown): Promise<Reply> {
    const response = await fetch(this.sandbox.url + path, {
      method,
      ...(words !== undefined && { body: JSON.stringify(words) }),
    });
    const text = await response.text();
    return { status: response.status, text, words: wordsOf(text), isAuthentic: false };
  }

  /** Waits until that many notifications have arrived. */
  async receive(count: number, timeoutMs = 3_000): Promise<Received[]> {
    const untilMs = Date.now() + timeoutMs;
    while (this.received.length < count) {
      if (Date.now() > untilMs) {
        throw new Error(`${this.received.length} of ${count} notifications came`);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return this.received;
  }

  async #listen(): Promise<void> {
    this.#receiver.on('request', (request, response) => {
      let body = '';
      request.setEncoding('utf8');
      request.on('data', (chunk: string) => (body += chunk));
      request.on('end', () => {
        const { headers } = request;
        const signed = `${String(headers['sandbox-timestamp'])}\n${String(headers['sandbox-nonce'])}\nNOTIFY\n${body}`;
        this.received.push({
          headers,
          body,
          words: wordsOf(body),
          isAuthentic: headers['sandbox-signature'] === sign(signed),
          atMs: Date.now(),
        });
        setTimeout(() => {
          response.writeHead(this.acknowledgement.status).end(this.acknowledgement.body);
        }, this.acknowledgeMs);
      });
    });
    await new Promise<void>((resolve) => this.#receiver.listen(0, '127.0.0.1', resolve));
  }
}

function sign(text: string): string {
  return createHmac('sha256', SECRET).update(text).digest('base64');
}

function wordsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
