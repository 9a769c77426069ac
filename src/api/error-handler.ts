/** The one place where anything thrown becomes an answer. A stack or a statement never leaves through it. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { ProblemCode } from '../core/problem.ts';
import { PROBLEMS } from '../core/problem.ts';
import { ApiProblem } from './api-problem.ts';
import { preferredLanguage, problemBody, problemHeaders } from './problem-body.ts';

/** What the framework throws before a route is reached; https://fastify.dev/docs/latest/Reference/Errors/ */
const BY_FRAMEWORK_CODE: Readonly<Record<string, readonly [ProblemCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['body_too_large', 'The body is larger than this route takes.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'content_type_unsupported',
    'The body must be application/json in UTF-8.',
  ],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    'request_malformed',
    'The body is not as long as Content-Length says.',
  ],
  FST_ERR_BAD_URL: ['request_malformed', 'The path is not a valid URL path.'],
  FST_ERR_MAX_PARAM_LENGTH: ['not_found', 'There is no such path.'],
};

/** SQLSTATE classes of a database that cannot serve now: connection, resources, operator intervention, read-only standby. */
const UNAVAILABLE_STATE = /^(08|53|57)|^(25006|55P03)$/;
/** Of the system, and our own for half a decision that cannot be read whole just now. */
const UNAVAILABLE_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOENT',
  'EHOSTUNREACH',
  'TIEOUT_IN_DOUBT',
]);
/** The driver's own words for a connection that is gone; they carry no code. */
const UNAVAILABLE_WORDS =
  /Connection terminated|timeout exceeded when trying to connect|after calling end on the pool|not queryable/;

/** The error handler of the server; unexpected errors are logged with their stack. */
export function newErrorHandler(log: Logger) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const problem = toProblem(error);
    if (PROBLEMS[problem.problem].status >= 500) {
      const stack = error instanceof Error ? error.stack : String(error);
      log.error(
        { request_id: request.id, code: problem.problem, error: stack },
        'a request failed',
      );
    }
    sendProblem(request, reply, problem);
  };
}

/** Answers a problem. */
export function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  problem: ApiProblem,
): void {
  const language = preferredLanguage(request.headers['accept-language']);
  const instance = request.url.split('?', 1)[0] ?? '';
  const body = problemBody(problem, { instance, requestId: request.id, language });
  request.problem = problem.problem;
  void reply
    .code(body.status)
    .headers(problemHeaders(problem, language))
    .send(JSON.stringify(body));
}

/** What the caller is told about an error. */
export function toProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  const code = codeOf(error);
  const known = Object.hasOwn(BY_FRAMEWORK_CODE, code) ? BY_FRAMEWORK_CODE[code] : undefined;
  if (known) return new ApiProblem(known[0], known[1]);
  if (isBrokenRequest(error)) return new ApiProblem('request_malformed', 'The request broke off.');
  if (isUnavailable(error, code)) {
    return new ApiProblem(
      'unavailable',
      'The database cannot be reached; whether anything was written is not known.',
    );
  }
  return new ApiProblem('internal_error', 'The request id leads to what happened in our log.');
}

/** The body stream broke: the framework marks such errors, and nothing else, with status 400. */
function isBrokenRequest(error: unknown): boolean {
  return error instanceof Error && 'statusCode' in error && error.statusCode === 400;
}

function isUnavailable(error: unknown, code: string): boolean {
  if (UNAVAILABLE_STATE.test(code) || UNAVAILABLE_CODES.has(code)) return true;
  return error instanceof Error && UNAVAILABLE_WORDS.test(error.message);
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}
