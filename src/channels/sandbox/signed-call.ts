/** One signed call to the sandbox, and its answer as far as it deserves belief. */
import { CallError } from '../call-error.ts';
import { evidenceText } from '../evidence-text.ts';
import type { ChannelHttp } from '../http.ts';
import { readReply } from './reply.ts';
import type { SentCall } from './reply.ts';
import type { SandboxChannel } from './rules.ts';
import { signedHeaders } from './signature.ts';
import type { SandboxKey } from './signature.ts';
import { unknown } from './word-reading.ts';
import type { Unknown, Words } from './word-reading.ts';

export type CallerOptions = {
  readonly channel: SandboxChannel;
  /** Scheme, host and port of the channel; a path would change what is signed. */
  readonly baseUrl: string;
  readonly nowMs: () => number;
  /** A fresh nonce for each call: 8 to 64 of `[0-9A-Za-z_-]`. */
  readonly nonce: () => string;
  readonly http: ChannelHttp;
};

/** The order, or the day of a statement, that a call and its reply are about. */
type CallFields = ({ readonly out_no: string } | { readonly day: string }) &
  Readonly<Record<string, unknown>>;

/** Makes a call; `read` reads the outcome out of a reply that is authentic and about the order. */
export type Caller = <T>(
  operation: 'pay' | 'query' | 'close' | 'refund' | 'refund_query' | 'statement',
  fields: CallFields,
  deadlineAtMs: number,
  read: (status: number, words: Words) => T,
) => Promise<{ readonly outcome: T | Unknown; readonly raw: string }>;

/** One signed call and its answer; no answer, and one that proves nothing, is `unknown`. */
export function newCaller(options: CallerOptions, key: SandboxKey): Caller {
  const { channel, baseUrl, http } = options;
  return async (operation, fields, deadlineAtMs, read) => {
    const path = `/gateway/${channel}/${operation}`;
    const body = JSON.stringify(fields);
    const nowMs = options.nowMs();
    const nonce = options.nonce();
    const headers = {
      'content-type': 'application/json',
      ...signedHeaders(key, nowMs, nonce, `POST ${path}`, body),
    };
    try {
      const answer = await http.post(baseUrl + path, headers, body, deadlineAtMs - nowMs);
      const reply = readReply(key, { path, nonce, about: aboutOf(fields) }, answer);
      if (reply.type === 'unusable') return reply;
      return { outcome: read(reply.status, reply.words), raw: reply.raw };
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      return { outcome: unknown(error.message, error.kind), raw: evidenceText(error.message) };
    }
  };
}

function aboutOf(fields: CallFields): SentCall['about'] {
  const { day, out_no: outNo } = fields;
  return typeof day === 'string'
    ? { field: 'day', value: day }
    : { field: 'out_no', value: String(outNo) };
}
