/** What this API adds to the framework's requests and route configurations. */
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { ProblemCode } from '../core/problem.ts';
import type { KeyOwner } from '../store/postgres/merchants.ts';
import type { Access } from './authentication.ts';
import type { Claim } from './idempotent-answer.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose key was sent; null on public routes. */
    caller: KeyOwner | null;
    /** The bytes of the body, kept only for requests with an Idempotency-Key. */
    rawBody: Buffer | null;
    /** Held from the check of an Idempotency-Key until the answer is stored. */
    claim: Claim | null;
    /** The code that this request was answered with, when it was refused or failed. */
    problem: ProblemCode | null;
    /** The content type as a channel sent it, however odd; the framework sees one of ours. */
    contentTypeSent: string | null;
  }
  interface FastifyContextConfig {
    access?: Access;
    /** Codes that this route can answer beyond those that follow from its shape. */
    problems?: readonly ProblemCode[];
  }
}

export type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** Gives every request the same shape from the start, which keeps property access fast. */
export function decorateRequests(app: Api): void {
  app.decorateRequest('caller', null);
  app.decorateRequest('rawBody', null);
  app.decorateRequest('claim', null);
  app.decorateRequest('problem', null);
  app.decorateRequest('contentTypeSent', null);
}
