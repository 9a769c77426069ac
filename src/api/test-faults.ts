/** Sandbox mode: faults to order at the pretend channels. They are kept, and made to happen, by the sandbox. */
import { Type } from 'typebox';
import type { CodedFieldError } from './api-problem.ts';
import { oneFieldProblem } from './api-problem.ts';
import type { Api } from './request-decorations.ts';
import { answer, answerOf } from './route-documentation.ts';
import { callControl } from './sandbox-control-call.ts';
import { validatorCompiler } from './validator.ts';

/** What can befall a call (`…_before`: it was not carried out; `…_after`: it was), and a notification. */
export const CALL_EFFECTS = [
  'timeout_before',
  'timeout_after',
  'reset_before',
  'reset_after',
  'http_500',
  'http_429',
  'garbage',
  'bad_signature',
  'slow',
];
/** The calls that it can befall; beside them `notify`. */
export const FAULTY_CALLS = ['pay', 'query', 'close', 'refund', 'refund_query', 'statement'];
export const NOTIFICATION_EFFECTS = ['drop', 'duplicate', 'delay', 'forge'];

const faultBody = Type.Object(
  {
    channel: Type.Optional(
      Type.String({
        pattern: '^[0-9a-z_]{1,32}$',
        description: 'the name of a sandbox channel; all of them when absent',
        examples: ['sandbox'],
      }),
    ),
    operation: Type.Enum([...FAULTY_CALLS, 'notify'], {
      description: 'Which calls it befalls.',
      examples: ['query'],
    }),
    effect: Type.Enum([...CALL_EFFECTS, ...NOTIFICATION_EFFECTS], {
      description: `Of ${FAULTY_CALLS.join(', ')}: ${CALL_EFFECTS.join(', ')}. Of notify: ${NOTIFICATION_EFFECTS.join(', ')}.`,
      examples: ['timeout_after'],
    }),
    probability: Type.Optional(
      Type.Number({ minimum: 0, maximum: 1, description: '1 when absent.', examples: [0.3] }),
    ),
    times: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000_000,
        description: 'Without end when absent.',
        examples: [50],
      }),
    ),
    seed: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 2 ** 32 - 1,
        description: 'The same seed draws the same calls.',
        examples: [7],
      }),
    ),
  },
  { additionalProperties: false },
);

const deleteQuery = Type.Object(
  {
    id: Type.Optional(
      Type.String({
        maxLength: 64,
        description: 'One rule; all of them when absent.',
        examples: ['fault_1'],
      }),
    ),
  },
  { additionalProperties: false },
);

/** Ordering, listing and removing faults. */
export function testFaultRoutes(app: Api, sandboxUrl: string): void {
  orderRoute(app, sandboxUrl);
  listRoute(app, sandboxUrl);
  removeRoute(app, sandboxUrl);
}

function orderRoute(app: Api, sandboxUrl: string): void {
  app.post(
    '/v1/test/faults',
    {
      schema: {
        operationId: 'createFault',
        summary: 'Order a fault',
        tags: ['Sandbox'],
        body: faultBody,
        response: { 201: answer('The rule, in force from now on.', 'Fault') },
      },
      validatorCompiler: validatorCompiler(checkEffect),
    },
    async (request, reply) => {
      const { status, body } = await callControl(sandboxUrl, 'POST', 'faults', request.body);
      if (status !== 201) {
        const field = typeof body['field'] === 'string' ? body['field'] : '';
        throw oneFieldProblem(
          `/${field}`,
          'field_invalid',
          `The sandbox refused it: ${String(body['message'])}.`,
        );
      }
      reply.code(201);
      return body;
    },
  );
}

function listRoute(app: Api, sandboxUrl: string): void {
  app.get(
    '/v1/test/faults',
    {
      schema: {
        operationId: 'listFaults',
        summary: 'List the faults in force, with their hits',
        tags: ['Sandbox'],
        response: {
          200: answerOf('All rules, in the order in which they are tried.', {
            type: 'object',
            required: ['object', 'data', 'has_more'],
            properties: {
              object: { type: 'string', enum: ['list'] },
              data: { type: 'array', items: { $ref: 'Fault#' } },
              has_more: { type: 'boolean' },
            },
            additionalProperties: false,
          }),
        },
      },
    },
    async () => {
      const { body } = await callControl(sandboxUrl, 'GET', 'faults');
      return { object: 'list', data: body['data'] ?? [], has_more: false };
    },
  );
}

function removeRoute(app: Api, sandboxUrl: string): void {
  app.delete(
    '/v1/test/faults',
    {
      schema: {
        operationId: 'deleteFaults',
        summary: 'Remove one fault, or all of them',
        tags: ['Sandbox'],
        querystring: deleteQuery,
        response: {
          200: answerOf('How many there were.', {
            type: 'object',
            required: ['deleted'],
            properties: { deleted: { type: 'integer' } },
            additionalProperties: false,
          }),
        },
      },
    },
    async (request) => {
      const { id } = request.query;
      const path = id === undefined ? 'faults' : `faults?id=${encodeURIComponent(id)}`;
      const { body } = await callControl(sandboxUrl, 'DELETE', path);
      return { deleted: body['deleted'] ?? 0 };
    },
  );
}

/** Calls and notifications have effects of their own. */
function checkEffect({ operation, effect }: Readonly<Record<string, unknown>>): CodedFieldError[] {
  if (typeof effect !== 'string' || typeof operation !== 'string') return [];
  const allowed = operation === 'notify' ? NOTIFICATION_EFFECTS : CALL_EFFECTS;
  if (allowed.includes(effect)) return [];
  const detail = `The effects of ${operation.slice(0, 16)} are: ${allowed.join(', ')}.`;
  return [{ pointer: '/effect', code: 'field_invalid', detail }];
}
