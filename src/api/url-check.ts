/** Addresses that merchants give us, judged by their words; where a name leads is judged at each connection. */
import type { GuardMode } from '../runtime/url-guard.ts';
import { checkNoticeUrl } from '../runtime/url-guard.ts';
import type { CodedFieldError } from './api-problem.ts';

const URL_FIELDS = ['return_url', 'notice_url', 'url'];

/** Faults of the address fields of a body. */
export function checkUrls(
  mode: GuardMode,
  body: Readonly<Record<string, unknown>>,
): CodedFieldError[] {
  return URL_FIELDS.flatMap((field) => {
    const url = body[field];
    const fault = typeof url === 'string' ? checkNoticeUrl(url, mode) : null;
    return fault === null ? [] : [{ pointer: `/${field}`, code: 'field_invalid', detail: fault }];
  });
}
