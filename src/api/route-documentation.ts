/** What the OpenAPI document says of every route follows from the route itself, so that it cannot be forgotten. */
import type { RouteOptions } from 'fastify';
import { Type } from 'typebox';
import type { ProblemCode } from '../core/problem.ts';
import { PROBLEM_CODES, PROBLEMS } from '../core/problem.ts';
import type { Access } from './authentication.ts';
import { PROBLEM_TYPE, problemBody } from './problem-body.ts';
import { ApiProblem } from './api-problem.ts';

const ID_EXAMPLE = '01m80pjbg0f9xv59tdwh9edd1r';
const REQUEST_ID_HEADER = {
  'Tieout-Request-Id': {
    type: 'string',
    description: 'Names this request in our log.',
    example: `req_${ID_EXAMPLE}`,
  },
};

/** An answer that is one object of the document's components. */
export function answer(description: string, component: string) {
  return answerOf(description, { $ref: `${component}#` });
}

/** An answer that is a page of objects. */
export function pageAnswer(description: string, component: string) {
  return answerOf(description, {
    type: 'object',
    required: ['object', 'data', 'has_more'],
    properties: {
      object: { type: 'string', enum: ['list'] },
      data: { type: 'array', items: { $ref: `${component}#` } },
      has_more: {
        type: 'boolean',
        description: 'Whether older ones follow: send the last id as starting_after.',
      },
    },
    additionalProperties: false,
  });
}

/** An answer described in place. */
export function answerOf(description: string, schema: Readonly<Record<string, unknown>>) {
  return {
    description,
    headers: REQUEST_ID_HEADER,
    content: { 'application/json': { schema } },
  };
}

/** An answer that is a CSV file. */
export function csvAnswer(description: string) {
  const schema: Readonly<Record<string, unknown>> = { type: 'string' };
  return { description, headers: REQUEST_ID_HEADER, content: { 'text/csv': { schema } } };
}

/** The path parameter of a route below one object. A malformed id is answered like an unknown one. */
export function idParams(prefix: string) {
  const id = Type.String({
    description: `The id, ${prefix}_ and 26 characters.`,
    examples: [`${prefix}_${ID_EXAMPLE}`],
  });
  return Type.Object({ id });
}

/** Completes the schema of a route: security, and every problem that it can answer. */
export function documentRoute(route: RouteOptions, access: Access): void {
  const schema = route.schema ?? {};
  const config = { ...route.config, access };
  const responses = {
    ...Object(schema.response),
    ...problemAnswers(problemsOf(route, access)),
  };
  route.config = config;
  route.schema = { ...schema, response: responses, ...(access === 'public' && { security: [] }) };
}

/** Every problem that this route can answer: its own, and those that follow from its shape. */
function problemsOf(route: RouteOptions, access: Access): ProblemCode[] {
  const codes = new Set<ProblemCode>(route.config?.problems);
  const add = (...more: ProblemCode[]): void => more.forEach((code) => codes.add(code));
  const { body, querystring } = route.schema ?? {};
  if (access !== 'public')
    add('key_missing', 'key_invalid', 'permission_missing', 'internal_error', 'unavailable');
  if (body !== undefined)
    add('malformed_json', 'request_timeout', 'body_too_large', 'content_type_unsupported');
  if (body !== undefined || querystring !== undefined) add('field_invalid');
  if (access !== 'public' && route.method === 'POST') {
    add('idempotency_key_invalid', 'idempotency_in_flight', 'idempotency_key_reused');
  }
  if (access !== 'public' && route.method !== 'POST') add('rate_limited');
  add('request_malformed', 'headers_too_large');
  return PROBLEM_CODES.filter((code) => codes.has(code));
}

function problemAnswers(codes: readonly ProblemCode[]): Record<number, unknown> {
  const byStatus = Map.groupBy(codes, (code) => PROBLEMS[code].status);
  return Object.fromEntries([...byStatus].map(([status, group]) => [status, problemAnswer(group)]));
}

function problemAnswer(codes: readonly ProblemCode[]) {
  const examples = codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]);
  return {
    description: codes.map((code) => PROBLEMS[code].title).join(' · '),
    headers: REQUEST_ID_HEADER,
    content: {
      [PROBLEM_TYPE]: { schema: { $ref: 'Problem#' }, examples: Object.fromEntries(examples) },
    },
  };
}

/** One example of every problem that a route can answer, for the document's components. */
export function problemExamples() {
  const context = {
    instance: '/v1/payments',
    requestId: `req_${ID_EXAMPLE}`,
    language: 'en' as const,
  };
  const examples = PROBLEM_CODES.filter((code) => code !== 'method_not_allowed').map((code) => {
    const { title } = PROBLEMS[code];
    return [code, { summary: title, value: problemBody(new ApiProblem(code, title), context) }];
  });
  return Object.fromEntries(examples);
}
