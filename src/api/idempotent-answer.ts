/**
 * `Idempotency-Key` on POST: the answer of the first request is kept and given again to its copies.
 *
 * A copy is recognised after validation, so that a mended body may come under the same key, and only
 * answers that a repetition could not change are kept.
 */
import type {
  FastifyReply,
  FastifyRequest,
  onSendHookHandler,
  preHandlerHookHandler,
} from 'fastify';
import type { ProblemCode } from '../core/problem.ts';
import type { ClaimedKey, IdempotencyClaim } from '../store/postgres/idempotency.ts';
import {
  claimIdempotencyKey,
  completeIdempotencyKey,
  fingerprintOf,
  releaseIdempotencyKey,
} from '../store/postgres/idempotency.ts';
import { ApiProblem } from './api-problem.ts';
import type { ApiDependencies } from './dependencies.ts';
import { PROBLEM_TYPE } from './problem-body.ts';

export type Claim = IdempotencyClaim;

/** Refusals by decision. Every other problem is about the request's form, or passes. */
const KEPT_PROBLEMS: ReadonlySet<ProblemCode> = new Set([
  'payment_succeeded',
  'payment_closed',
  'payment_held',
  'overlap_not_allowed',
  'merchant_order_no_reused',
  'tries_exhausted',
  'payment_not_succeeded',
  'payment_reversed',
  'refund_exceeds_payment',
  'refund_window_over',
  'merchant_refund_no_reused',
  'case_resolved',
  'action_not_possible',
]);
/** Operators' keys share one space of idempotency keys, apart from every merchant's. */
const OPERATORS_NUMBER = 0;
const NO_BYTES = Buffer.alloc(0);

type Deps = Pick<ApiDependencies, 'pool' | 'clock'>;

/** Before the handler: claims the key, or answers what stands in the way. */
export function claimKey(deps: Deps): preHandlerHookHandler {
  return (request, reply, resume) => {
    const key = request.headers['idempotency-key'];
    if (key === undefined || request.method !== 'POST') {
      resume();
      return;
    }
    if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) {
      resume(
        new ApiProblem(
          'idempotency_key_invalid',
          'It must be 1 to 255 printable ASCII characters without spaces.',
        ),
      );
      return;
    }
    claim(deps, request, key).then((claimed) => proceed(claimed, request, reply, resume), resume);
  };
}

/** Before an answer leaves: keeps it, or lets go of the key. */
export function keepAnswer({ pool }: Pick<Deps, 'pool'>): onSendHookHandler {
  return (request, reply, payload, resume) => {
    const { claim: held, problem } = request;
    if (held === null) {
      resume(null, payload);
      return;
    }
    request.claim = null;
    const isKept = typeof payload === 'string' && (problem === null || KEPT_PROBLEMS.has(problem));
    const settled = isKept
      ? completeIdempotencyKey(pool, held, { status: reply.statusCode, body: payload })
      : releaseIdempotencyKey(pool, held);
    settled.then(() => resume(null, payload), resume);
  };
}

async function claim(
  { pool, clock }: Deps,
  request: FastifyRequest,
  key: string,
): Promise<ClaimedKey> {
  const { caller } = request;
  const merchantNumber =
    caller && 'merchantNumber' in caller ? caller.merchantNumber : OPERATORS_NUMBER;
  const fingerprint = fingerprintOf(request.method, request.url, request.rawBody ?? NO_BYTES);
  return await claimIdempotencyKey(pool, {
    merchantNumber,
    key,
    fingerprint,
    nowMs: clock.nowMs(),
  });
}

function proceed(
  claimed: ClaimedKey,
  request: FastifyRequest,
  reply: FastifyReply,
  resume: (error?: Error) => void,
): void {
  switch (claimed.type) {
    case 'fresh':
      request.claim = claimed.claim;
      resume();
      return;
    case 'in_flight':
      resume(
        new ApiProblem(
          'idempotency_in_flight',
          'The first request with this key has not been answered yet.',
        ),
      );
      return;
    case 'reused':
      resume(
        new ApiProblem(
          'idempotency_key_reused',
          'Method, path or body differ from the first request with this key.',
        ),
      );
      return;
    case 'done': {
      const contentType = claimed.status < 400 ? 'application/json; charset=utf-8' : PROBLEM_TYPE;
      reply
        .code(claimed.status)
        .header('content-type', contentType)
        .header('tieout-replayed', 'true');
      void reply.send(claimed.body);
    }
  }
}
