/** The RFC 9457 body of a problem, in the caller's language. */
import type { ProblemCode } from '../core/problem.ts';
import { PROBLEMS } from '../core/problem.ts';
import type { ApiProblem, FieldError } from './api-problem.ts';

export const PROBLEM_TYPE = 'application/problem+json';

/** Seconds after which a retryable request is worth repeating. */
const RETRY_AFTER_S: Partial<Record<ProblemCode, number>> = { payment_in_progress: 2 };
const RETRY_AFTER_S_DEFAULT = 1;

export type ProblemBody = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  readonly detail: string;
  readonly retryable: boolean;
  readonly instance: string;
  readonly request_id: string;
  readonly errors: readonly FieldError[];
  readonly next: string;
  readonly payment?: string;
};

export type ProblemContext = {
  readonly instance: string;
  readonly requestId: string;
  readonly language: Language;
};

export type Language = 'zh-CN' | 'en';

/** Renders a problem. */
export function problemBody(problem: ApiProblem, context: ProblemContext): ProblemBody {
  const code = problem.problem;
  const described = PROBLEMS[code];
  const { errors = [], payment } = problem.details;
  return {
    type: `/errors/${code}`,
    title: context.language === 'en' ? described.title : described.zh,
    status: described.status,
    code,
    detail: problem.message,
    retryable: described.retryable,
    instance: context.instance,
    request_id: context.requestId,
    errors,
    next: described.next,
    ...(payment !== undefined && { payment }),
  };
}

/** Headers of a problem: its language, and when to come back if that can help. */
export function problemHeaders(problem: ApiProblem, language: Language): Record<string, string> {
  const code = problem.problem;
  const retryAfterS = RETRY_AFTER_S[code] ?? RETRY_AFTER_S_DEFAULT;
  return {
    'content-type': PROBLEM_TYPE,
    'content-language': language,
    vary: 'accept-language',
    ...(PROBLEMS[code].retryable && { 'retry-after': String(retryAfterS) }),
    ...problem.details.headers,
  };
}

/** Chinese when the header ranks it above every other language; English otherwise. */
export function preferredLanguage(acceptLanguage: string | undefined): Language {
  if (acceptLanguage === undefined) return 'en';
  let best: { language: string; quality: number } = { language: 'en', quality: 0 };
  for (const part of acceptLanguage.split(',')) {
    const [range = '', ...parameters] = part.split(';');
    const weight = parameters.map((one) => /^\s*q=([\d.]+)\s*$/.exec(one)?.[1]).find(Boolean);
    const quality = weight === undefined ? 1 : Number(weight);
    if (quality > best.quality) best = { language: range.trim().toLowerCase(), quality };
  }
  return best.language === 'zh' || best.language.startsWith('zh-') ? 'zh-CN' : 'en';
}
