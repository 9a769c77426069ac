/** Reading the sandbox's replies: a reply counts only if it is authentic and about our order. */
import { evidenceText } from '../evidence-text.ts';
import type { HttpAnswer } from '../http.ts';
import { readJsonObject } from '../json-object.ts';
import { isSignedBy, readSignedParts } from './signature.ts';
import type { SandboxKey } from './signature.ts';
import { BUSINESS_FIELDS, unknown } from './word-reading.ts';
import type { Unknown, Words } from './word-reading.ts';

/** The call that a reply has to belong to. */
export type SentCall = {
  readonly path: string;
  readonly nonce: string;
  /** The field by which a reply names what it is about, and what that has to be. */
  readonly about: { readonly field: 'out_no' | 'day'; readonly value: string };
};

/** Enough for everything that evidence keeps, in any script. */
const SHOWN_BYTES_MAX = 8_000;

export type ReplyReading =
  | { readonly type: 'words'; readonly status: number; readonly words: Words; readonly raw: string }
  | { readonly type: 'unusable'; readonly outcome: Unknown; readonly raw: string };

/**
 * The words of a reply. Whatever is forged, broken or about something else is unusable, with the
 * outcome `unknown`. The time of the signature is not compared with our clock: the nonce is fresh
 * and our own, so a reply that carries it cannot be an old one.
 */
export function readReply(key: SandboxKey, sent: SentCall, answer: HttpAnswer): ReplyReading {
  const { status, headers, body } = answer;
  const raw = evidenceText(`${status} ${body.subarray(0, SHOWN_BYTES_MAX).toString('utf8')}`);
  const unusable = (reason: string, code: string): ReplyReading => {
    return { type: 'unusable', outcome: unknown(reason, code), raw };
  };
  const fault = authenticityFault(key, sent, headers, body);
  if (fault !== null) {
    return unusable(
      `The reply (HTTP ${status}) is not authentic: ${fault}.`,
      'reply_not_authentic',
    );
  }
  const reading = readJsonObject(body, BUSINESS_FIELDS);
  if (reading.type === 'broken') {
    return unusable(
      `The reply (HTTP ${status}) cannot be read: ${reading.reason}.`,
      'reply_not_readable',
    );
  }
  const words = reading.value;
  // An error may leave the number out; to name another is never right.
  const { field, value } = sent.about;
  const isOurs = words[field] === value;
  const isBareError = words['result'] === 'ERROR' && words[field] === undefined;
  if (!isOurs && !isBareError) {
    return field === 'day'
      ? unusable('The reply is about another day.', 'reply_about_other_day')
      : unusable('The reply is about another order.', 'reply_about_other_order');
  }
  return { type: 'words', status, words, raw };
}

function authenticityFault(
  key: SandboxKey,
  sent: SentCall,
  headers: HttpAnswer['headers'],
  body: Uint8Array,
): string | null {
  const parts = readSignedParts(headers);
  if (typeof parts === 'string') return parts;
  if (parts.account !== key.account) return 'it is signed for another account';
  if (parts.nonce !== sent.nonce) return 'it answers another request';
  if (!isSignedBy(key, parts, `REPLY ${sent.path}`, body)) return 'its signature is wrong';
  return null;
}
