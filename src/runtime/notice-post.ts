/**
 * Posting one notice: a single HTTP exchange that ends within its deadline, follows no redirect,
 * and looks at nothing of the answer but its status and Retry-After.
 */
import { Agent } from 'undici';
import type { Dispatcher } from 'undici';
import { checkNoticeUrl, guardedConnector } from './url-guard.ts';
import type { GuardMode, Resolve } from './url-guard.ts';

export type Posted = {
  /** 0 when no answer came; `error` then says why. */
  readonly status: number;
  readonly error: string | null;
  /** The headers Retry-After and Date, as they came. */
  readonly retryAfter: string | null;
  readonly date: string | null;
  readonly durationMs: number;
};

/** Where a notice goes, read once from its URL. */
export type NoticeTarget = { readonly origin: string; readonly path: string };

export type NoticePost = {
  /** The parts of a URL, or a sentence that says why notices may not go there. */
  target(url: string): NoticeTarget | string;
  /** Never rejects: whatever happens is an answer. */
  post(
    target: NoticeTarget,
    headers: Readonly<Record<string, string>>,
    body: string,
  ): Promise<Posted>;
  /** Closes all connections; what is under way ends with an error. */
  close(): Promise<void>;
};

/** From the first byte of the name look-up to the last byte of the answer. */
const DEADLINE_MS = 15_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** The answer's body is thrown away; one that is longer is cut off with its connection. */
const BODY_BYTES_MAX = 64 * 1024;
const TARGETS_KEPT_MAX = 10_000;
const ERROR_LENGTH_MAX = 200;

/** The way out for notices. `deadlineMs` and `resolve` are for tests; both have their usual value without them. */
export function newNoticePost(options: {
  readonly mode: GuardMode;
  readonly deadlineMs?: number;
  readonly resolve?: Resolve;
}): NoticePost {
  const { mode, resolve, deadlineMs = DEADLINE_MS } = options;
  const agent = new Agent({
    connect: guardedConnector(mode, {
      timeoutMs: Math.min(CONNECT_TIMEOUT_MS, deadlineMs),
      ...(resolve ? { resolve } : {}),
    }),
    allowH2: false,
    pipelining: 1,
    keepAliveTimeout: 10_000,
    // The deadline below is the one that counts; these only have to be no shorter.
    headersTimeout: deadlineMs + 1_000,
    bodyTimeout: deadlineMs + 1_000,
  });
  const targets = new Map<string, NoticeTarget | string>();
  return {
    target: (url) => {
      const known = targets.get(url);
      if (known !== undefined) return known;
      if (targets.size >= TARGETS_KEPT_MAX) targets.clear();
      const target = readTarget(url, mode);
      targets.set(url, target);
      return target;
    },
    post: async (target, headers, body) =>
      await new Promise<Posted>((settle) => {
        const exchange = newExchange(deadlineMs, settle);
        try {
          agent.dispatch({ ...target, method: 'POST', headers, body }, exchange.handler);
        } catch (error) {
          exchange.fail(error);
        }
      }),
    close: async () => await agent.destroy(),
  };
}

function readTarget(url: string, mode: GuardMode): NoticeTarget | string {
  const refusal = checkNoticeUrl(url, mode);
  if (refusal !== null) return refusal;
  const { origin, pathname, search } = new URL(url);
  return { origin, path: `${pathname}${search}` };
}

type Exchange = {
  readonly handler: Dispatcher.DispatchHandler;
  fail(error: unknown): void;
};

/** One exchange: settled by its end, by its deadline or by its first error, whichever comes first. */
function newExchange(deadlineMs: number, settle: (posted: Posted) => void): Exchange {
  const startedAtMs = performance.now();
  let controller: Dispatcher.DispatchController | null = null;
  let isOver = false;
  let status = 0;
  let retryAfter: string | null = null;
  let date: string | null = null;
  let byteCount = 0;

  // Once a status has come it is the answer, however the rest of it ends.
  const end = (error: string | null): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    const durationMs = Math.round(performance.now() - startedAtMs);
    settle({ status, error: status === 0 ? error : null, retryAfter, date, durationMs });
  };
  const fail = (error: unknown): void => end(sentenceOf(error));
  const timer = setTimeout(() => {
    end(`no answer within ${deadlineMs} ms`);
    controller?.abort(new Error('the deadline has passed'));
  }, deadlineMs);

  const handler: Dispatcher.DispatchHandler = {
    onRequestStart: (started) => {
      controller = started;
      // Its deadline passed while it waited for a connection.
      if (isOver) started.abort(new Error('the deadline has passed'));
    },
    onResponseStart: (_controller, statusCode, headers) => {
      if (statusCode < 200) return;
      status = statusCode;
      retryAfter = textOf(headers['retry-after']);
      date = textOf(headers.date);
    },
    onResponseData: (answering, chunk) => {
      byteCount += chunk.length;
      if (byteCount <= BODY_BYTES_MAX) return;
      end(null);
      answering.abort(new Error('the answer is too long'));
    },
    onResponseEnd: () => end('the connection ended without an answer'),
    onResponseError: (_controller, error) => fail(error),
  };
  return { handler, fail };
}

function textOf(header: string | string[] | undefined): string | null {
  return (Array.isArray(header) ? header[0] : header) ?? null;
}

/** An error in plain characters and of bounded length: parts of it may be a stranger's words. */
function sentenceOf(error: unknown): string {
  const parts = error instanceof AggregateError && error.errors.length > 0 ? error.errors : [error];
  const text = parts.map((one) => (one instanceof Error ? one.message : String(one))).join('; ');
  return text.replaceAll(/[^\u0020-\u007e]/gu, '?').slice(0, ERROR_LENGTH_MAX);
}
