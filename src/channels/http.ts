/**
 * Calls to one channel account over HTTP/1.1: nothing is repeated, no redirect is followed, and every
 * call ends by its deadline.
 *
 * undici queues a request when all its connections are busy, and neither an abort nor its timers
 * reach a queued request (known upstream since 2020); its timers are coarse besides. So the deadline is our
 * own timer, a bulkhead smaller than the number of connections stands in front, and a request that
 * is over before it left is never sent afterwards. HTTP/2 stays off: while undici probes for it,
 * all other requests wait for the first connection.
 */
import { Agent } from 'undici';
import type { Dispatcher } from 'undici';
import { newBulkhead } from './bulkhead.ts';
import type { Bulkhead } from './bulkhead.ts';
import { CallError, callErrorOf } from './call-error.ts';

export type ChannelHttpOptions = {
  /** The longest wait for a connection, TLS included. */
  readonly connectTimeoutMs: number;
  /** The longest silence of the channel once the request has left. */
  readonly readTimeoutMs: number;
  /** The longest that a call takes in all, whatever the caller allows. */
  readonly deadlineMs: number;
  /** Sockets; a quarter of them stays out of the bulkhead for those that are still being closed. */
  readonly connectionsMax: number;
  /** The largest answer that is read. */
  readonly bodyBytesMax: number;
};

export type HttpAnswer = {
  readonly status: number;
  /** Lower-case names; a header that came more than once is a list. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
};

export type ChannelHttp = {
  /** As given in the options. */
  readonly deadlineMs: number;
  /** The places for calls; take one before each call. */
  readonly bulkhead: Bulkhead;
  /**
   * Posts and answers what the channel answered, whatever its status. Rejects with a `CallError`
   * after `remainingMs` or `deadlineMs` of real time at the latest; without any time left it does
   * not call.
   */
  post(
    url: string,
    headers: Readonly<Record<string, string>>,
    body: string,
    remainingMs: number,
  ): Promise<HttpAnswer>;
  /** Breaks off what is under way and closes the connections. */
  close(): Promise<void>;
};

/** Fewer could not keep a place free for a connection that is being closed. */
export const CONNECTIONS_MIN = 2;

/** Undici's own timers only clean up; they come this long after ours, which decide. */
const BACKSTOP_MS = 1_000;

/** An HTTP client for one channel account. Throws a RangeError for a number that cannot work. */
export function newChannelHttp(options: ChannelHttpOptions): ChannelHttp {
  checkOptions(options);
  const { connectionsMax, connectTimeoutMs, readTimeoutMs, deadlineMs } = options;
  const agent = new Agent({
    connections: connectionsMax,
    pipelining: 1,
    allowH2: false,
    connect: { timeout: connectTimeoutMs + BACKSTOP_MS },
    headersTimeout: readTimeoutMs + BACKSTOP_MS,
    bodyTimeout: readTimeoutMs + BACKSTOP_MS,
  });
  return {
    deadlineMs,
    bulkhead: newBulkhead(connectionsMax - Math.ceil(connectionsMax / 4)),
    post: async (url, headers, body, remainingMs) => {
      const allowedMs = Math.min(remainingMs, deadlineMs);
      if (!(allowedMs > 0)) throw new CallError('deadline', false, 'no time was left');
      const { origin, pathname, search } = new URL(url);
      return await new Promise<HttpAnswer>((resolve, reject) => {
        const call = new Call(options, allowedMs, resolve, reject);
        agent.dispatch({ origin, path: pathname + search, method: 'POST', headers, body }, call);
      });
    },
    close: async () => await agent.destroy(),
  };
}

function checkOptions(options: ChannelHttpOptions): void {
  for (const [name, value] of Object.entries(options)) {
    const least = name === 'connectionsMax' ? CONNECTIONS_MIN : 1;
    // Node turns a timer of 2^31 ms and more into one of 1 ms.
    if (!Number.isSafeInteger(value) || value < least || value >= 2 ** 31) {
      throw new RangeError(`${name} must be a whole number from ${least} on, not ${value}`);
    }
  }
}

/** One call: it is settled once, by the answer, by the first error, or by one of its two timers. */
class Call implements Dispatcher.DispatchHandler {
  readonly #options: ChannelHttpOptions;
  readonly #resolve: (answer: HttpAnswer) => void;
  readonly #reject: (error: CallError) => void;
  readonly #deadlineTimer: NodeJS.Timeout;
  #phaseTimer: NodeJS.Timeout;
  #controller: Dispatcher.DispatchController | null = null;
  #wasSent = false;
  #isOver = false;
  #status = 0;
  #headers: HttpAnswer['headers'] = {};
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(
    options: ChannelHttpOptions,
    allowedMs: number,
    resolve: (answer: HttpAnswer) => void,
    reject: (error: CallError) => void,
  ) {
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#deadlineTimer = setTimeout(() => {
      this.#fail(new CallError('deadline', this.#wasSent, `${Math.round(allowedMs)} ms`));
    }, allowedMs);
    const { connectTimeoutMs } = options;
    this.#phaseTimer = setTimeout(() => {
      this.#fail(new CallError('connect_timeout', this.#wasSent, `${connectTimeoutMs} ms`));
    }, connectTimeoutMs);
  }

  /** A connection stands and the request is written next. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#isOver) {
      controller.abort(new CallError('aborted', false, 'it was over before it left'));
      return;
    }
    this.#controller = controller;
    this.#wasSent = true;
    clearTimeout(this.#phaseTimer);
    const { readTimeoutMs } = this.#options;
    this.#phaseTimer = setTimeout(() => {
      this.#fail(new CallError('read_timeout', true, `${readTimeoutMs} ms`));
    }, readTimeoutMs);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: HttpAnswer['headers'],
  ): void {
    // An interim answer (1xx) is no sign of life that would prolong the wait.
    if (status < 200 || this.#isOver) return;
    this.#phaseTimer.refresh();
    this.#status = status;
    this.#headers = headers;
    if (Number(headers['content-length']) > this.#options.bodyBytesMax) this.#cut();
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isOver) return;
    this.#phaseTimer.refresh();
    this.#bytes += chunk.length;
    if (this.#bytes > this.#options.bodyBytesMax) this.#cut();
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#isOver) return;
    this.#end();
    const body = Buffer.concat(this.#chunks, this.#bytes);
    this.#resolve({ status: this.#status, headers: this.#headers, body });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(callErrorOf(error, this.#wasSent));
  }

  #cut(): void {
    const { bodyBytesMax } = this.#options;
    this.#fail(new CallError('too_large', true, `more than ${bodyBytesMax} bytes`));
  }

  #fail(error: CallError): void {
    if (this.#isOver) return;
    this.#end();
    this.#reject(error);
    // Ends the socket: an answer that comes later must not be taken for that of another request.
    this.#controller?.abort(error);
  }

  #end(): void {
    this.#isOver = true;
    clearTimeout(this.#deadlineTimer);
    clearTimeout(this.#phaseTimer);
  }
}
