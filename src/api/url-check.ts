/** Addresses that merchants give us, judged by their words; where a name leads is judged at each connection. */
import type { GuardMode } from '../runtime/url-guard.ts';
import { checkNoticeUrl } from '../runtime/url-guard.ts';
import type { CodedFieldError } from './api-problem.ts';

/** Where we send to ourselves; a `return_url` is only ever opened by the payer's browser. */
const SENT_TO = ['notice_url', 'url'];
const RETURN_URL_LENGTH_MAX = 2_048;

/** Faults of the address fields of a body. */
export function checkUrls(
  mode: GuardMode,
  body: Readonly<Record<string, unknown>>,
): CodedFieldError[] {
  const faults = SENT_TO.map((field) => {
    const url = body[field];
    return { field, fault: typeof url === 'string' ? checkNoticeUrl(url, mode) : null };
  });
  const { return_url: returnUrl } = body;
  if (typeof returnUrl === 'string') {
    faults.push({ field: 'return_url', fault: checkReturnUrl(returnUrl, mode) });
  }
  return faults.flatMap(({ field, fault }) =>
    fault === null ? [] : [{ pointer: `/${field}`, code: 'field_invalid', detail: fault }],
  );
}

/** Any address a browser can open; fragments and ports are the merchant's own affair. */
function checkReturnUrl(text: string, mode: GuardMode): string | null {
  if (text.length > RETURN_URL_LENGTH_MAX) {
    return `The address is longer than ${RETURN_URL_LENGTH_MAX} characters.`;
  }
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null) return 'The address cannot be read; send an absolute one, with its scheme.';
  const schemes = mode === 'live' ? ['https:'] : ['https:', 'http:'];
  if (!schemes.includes(url.protocol))
    return `The address must start with ${schemes.join('// or ')}//.`;
  return url.username || url.password ? 'The address may not carry a login.' : null;
}
