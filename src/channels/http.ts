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

/** Where a file goes. */
export type DownloadSink = {
  /** A larger file is not read to its end. */
  readonly bytesMax: number;
  /** Takes the next piece; the one after it comes when it is done. A rejection ends the download. */
  readonly take: (piece: Uint8Array) => Promise<void>;
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
  /**
   * Gets a file, piece by piece. Rejects as `post` does, but `remainingMs` alone limits the whole, and
   * each silence of the channel is limited as always. The body of an answer other than 200 is not
   * given to the sink but answered.
   */
  download(url: string, sink: DownloadSink, remainingMs: number): Promise<HttpAnswer>;
  /** Breaks off what is under way and closes the connections. */
  close(): Promise<void>;
};

/** Fewer could not keep a place free for a connection that is being closed. */
export const CONNECTIONS_MIN = 2;

/** Undici's own timers only clean up; they come this long after ours, which decide. */
const BACKSTOP_MS = 1_000;

const TIMER_MS_MAX = 2 ** 31 - 1;

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
  const send = async (
    request: Dispatcher.DispatchOptions,
    allowedMs: number,
    sink: DownloadSink | null,
  ): Promise<HttpAnswer> => {
    if (!(allowedMs > 0)) throw new CallError('deadline', false, 'no time was left');
    return await new Promise<HttpAnswer>((resolve, reject) => {
      agent.dispatch(request, new Call(options, allowedMs, sink, resolve, reject));
    });
  };
  return {
    deadlineMs,
    bulkhead: newBulkhead(connectionsMax - Math.ceil(connectionsMax / 4)),
    post: async (url, headers, body, remainingMs) => {
      const request = { ...addressOf(url), method: 'POST', headers, body } as const;
      return await send(request, Math.min(remainingMs, deadlineMs), null);
    },
    download: async (url, sink, remainingMs) =>
      // Node turns a timer of 2^31 ms and more into one of 1 ms.
      await send({ ...addressOf(url), method: 'GET' }, Math.min(remainingMs, TIMER_MS_MAX), sink),
    close: async () => await agent.destroy(),
  };
}

function addressOf(url: string) {
  const { origin, pathname, search } = new URL(url);
  return { origin, path: pathname + search };
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
  readonly #sink: DownloadSink | null;
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
  /** Settles when the sink has taken every piece so far. */
  #taken: Promise<void> = Promise.resolve();
  #bytes = 0;

  constructor(
    options: ChannelHttpOptions,
    allowedMs: number,
    sink: DownloadSink | null,
    resolve: (answer: HttpAnswer) => void,
    reject: (error: CallError) => void,
  ) {
    this.#options = options;
    this.#sink = sink;
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
    if (Number(headers['content-length']) > this.#bytesMax()) this.#cut();
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    // Each resume brings an empty piece where nothing more has come: to pause again would never end.
    if (this.#isOver || chunk.length === 0) return;
    this.#phaseTimer.refresh();
    this.#bytes += chunk.length;
    const sink = this.#openSink();
    if (this.#bytes > this.#bytesMax()) this.#cut();
    else if (sink === null) this.#chunks.push(chunk);
    else this.#hand(chunk, sink, controller);
  }

  onResponseEnd(): void {
    if (this.#openSink() === null) this.#finish();
    else void this.#taken.then(() => this.#finish());
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(callErrorOf(error, this.#wasSent));
  }

  /** Where the body goes; null: into the answer. A body other than the file's is none for the sink. */
  #openSink(): DownloadSink | null {
    return this.#status === 200 ? this.#sink : null;
  }

  #bytesMax(): number {
    return this.#openSink()?.bytesMax ?? this.#options.bodyBytesMax;
  }

  /** One piece after another, also where undici does not heed the pause because the socket has ended. */
  #hand(piece: Buffer, sink: DownloadSink, controller: Dispatcher.DispatchController): void {
    controller.pause();
    const take = async (): Promise<void> => {
      if (!this.#isOver) await sink.take(piece);
      // The channel's silence counts from here: until now it was not listened to.
      if (!this.#isOver) this.#phaseTimer.refresh();
      controller.resume();
    };
    this.#taken = this.#taken.then(take).catch((error: unknown) => {
      const words = error instanceof Error ? error.message : 'the file could not be kept';
      this.#fail(new CallError('aborted', true, words));
    });
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#end();
    const body = Buffer.concat(this.#chunks);
    this.#resolve({ status: this.#status, headers: this.#headers, body });
  }

  #cut(): void {
    this.#fail(new CallError('too_large', true, `more than ${this.#bytesMax()} bytes`));
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
