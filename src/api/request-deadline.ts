/**
 * How long we may work on a request: never longer than our own limit, and no longer than the caller waits. And
 * what the caller hears when that is over and nothing is known.
 */
import type { FastifyRequest } from 'fastify';
import type { Clock } from '../runtime/clock.ts';
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

/** A commit that is under way at the deadline is waited for; after this time the caller would be gone. */
const COMMIT_WITHIN_MS = 1_000;

/**
 * What the work answers. It ends by its deadline in all it does with channels; a database that is away or locked
 * may hold its decision up for longer than any caller waits. Then this throws `unavailable`; the work goes
 * on, and the same number finds what came of it.
 */
export async function inTime<T>(work: Promise<T>, untilMs: number, clock: Clock): Promise<T> {
  const patience = new AbortController();
  const leftMs = untilMs + COMMIT_WITHIN_MS - clock.nowMs();
  const late = clock.sleep(leftMs, patience.signal).then(() => 'late' as const);
  try {
    const first = await Promise.race([work.then((answer) => ({ answer })), late]);
    if (first !== 'late') return first.answer;
  } finally {
    patience.abort('answered');
  }
  const detail = 'The database holds it up; whether anything was written is not known.';
  throw new ApiProblem('unavailable', detail);
}
