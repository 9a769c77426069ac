/** What follows from the answer to a notice: it was taken, it is tried again, or it is given up. */
import { hash } from 'node:crypto';
import { noticePauseMs } from '../core/exceptions/undelivered-notice.ts';
import type { Posted } from './notice-post.ts';

export type Verdict =
  | { readonly type: 'delivered' }
  | { readonly type: 'retry'; readonly pauseMs: number }
  /** The endpoint says that it is gone for good. */
  | { readonly type: 'gone' }
  | { readonly type: 'exhausted' };

/** Each pause is moved by up to this share either way, so that notices do not come back in step. */
const JITTER_SHARE = 0.1;
/** A merchant may ask for more patience, within reason. */
const RETRY_AFTER_MS_MAX = 24 * 3_600_000;
const GONE = 410;

/**
 * Judges one try. `tries` is how many there are with this one; `name` (event and endpoint) decides
 * the jitter, so that the same try is planned the same way twice.
 */
export function judgeNotice(posted: Posted, tries: number, name: string, nowMs: number): Verdict {
  if (posted.status >= 200 && posted.status < 300) return { type: 'delivered' };
  if (posted.status === GONE) return { type: 'gone' };
  const ladderMs = noticePauseMs(tries);
  if (ladderMs === null) return { type: 'exhausted' };
  const plannedMs = Math.round(ladderMs * (1 + jitterOf(`${name}:${tries}`) * JITTER_SHARE));
  return { type: 'retry', pauseMs: Math.max(plannedMs, retryAfterMs(posted, nowMs)) };
}

/** Evenly in -1 … 1. */
function jitterOf(text: string): number {
  return hash('sha256', text, 'buffer').readUInt32BE(0) / 2 ** 31 - 1;
}

/** Retry-After in seconds, or as a date by the answering server's own clock; RFC 9110, section 10.2.3. */
function retryAfterMs({ retryAfter, date }: Posted, nowMs: number): number {
  if (retryAfter === null) return 0;
  if (/^\d{1,9}$/u.test(retryAfter))
    return Math.min(Number(retryAfter) * 1_000, RETRY_AFTER_MS_MAX);
  const theirNowMs = Date.parse(date ?? '');
  const pauseMs = Date.parse(retryAfter) - (Number.isNaN(theirNowMs) ? nowMs : theirNowMs);
  return Number.isNaN(pauseMs) ? 0 : Math.min(Math.max(0, pauseMs), RETRY_AFTER_MS_MAX);
}
