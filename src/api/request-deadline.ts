/** How long we may work on a request: never longer than our own limit, and no longer than the caller waits. */
import type { FastifyRequest } from 'fastify';
import { ApiProblem, oneFieldProblem } from './api-problem.ts';
import type { ApiDependencies } from './dependencies.ts';

const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;

/**
 * The deadline of a request on the platform's clock, in milliseconds. The header `Tieout-Deadline` is
 * the caller's own wall time, which the test clock does not move. Throws `deadline_passed` and `field_invalid`.
 */
export function deadlineAtMs(
  request: FastifyRequest,
  { clock, requestDeadlineMs }: Pick<ApiDependencies, 'clock' | 'requestDeadlineMs'>,
): number {
  const header = request.headers['tieout-deadline'];
  const nowMs = clock.nowMs();
  if (header === undefined) return nowMs + requestDeadlineMs;
  const text = String(header);
  const atMs = RFC_3339.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(atMs)) {
    const detail = 'It must be an RFC 3339 time with a zone, such as 2026-11-22T04:00:31Z.';
    throw oneFieldProblem('/headers/tieout-deadline', 'field_invalid', detail);
  }
  const leftMs = atMs - (nowMs - clock.offsetMs);
  if (leftMs <= 0) throw new ApiProblem('deadline_passed', `${text} has passed; nothing was done.`);
  return nowMs + Math.min(leftMs, requestDeadlineMs);
}
