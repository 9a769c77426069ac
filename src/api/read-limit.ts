/** Reads per second and caller: whoever polls in a tight loop slows down nobody but himself. */
import type { onRequestHookHandler } from 'fastify';
import type { RateLimit } from '../runtime/rate-limit.ts';
import { newRateLimit } from '../runtime/rate-limit.ts';
import { ApiProblem } from './api-problem.ts';
import type { ApiDependencies } from './dependencies.ts';

/** Far above any honest need: a merchant learns of changes from notices. */
const READS_PER_SECOND = 1_000;
/** Callers beyond this number start with a fresh allowance, which harms nobody. */
const CALLERS_MAX = 10_000;

/** Refuses GETs beyond the allowance; comes after authentication. Writes have their own limits. */
export function limitReads({ clock }: Pick<ApiDependencies, 'clock'>): onRequestHookHandler {
  const limits = new Map<string, RateLimit>();
  const limitOf = (name: string): RateLimit => {
    const known = limits.get(name);
    if (known) return known;
    if (limits.size >= CALLERS_MAX) limits.clear();
    const fresh = newRateLimit(READS_PER_SECOND);
    limits.set(name, fresh);
    return fresh;
  };
  return ({ method, caller }, _reply, done) => {
    if (method === 'POST' || caller === null) {
      done();
      return;
    }
    const name = 'merchantNumber' in caller ? String(caller.merchantNumber) : caller.operatorId;
    const isWithin = limitOf(name).take(1, clock.nowMs()) === 1;
    done(
      isWithin
        ? undefined
        : new ApiProblem('rate_limited', `At most ${READS_PER_SECOND} reads per second.`),
    );
  };
}
