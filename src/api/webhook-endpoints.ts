/** `/v1/webhook_endpoints`: where a merchant wants to be told. */
import { randomBytes } from 'node:crypto';
import { Type } from 'typebox';
import type { FastifyRequest } from 'fastify';
import { isId } from '../core/id.ts';
import { timeText } from '../runtime/payment-object.ts';
import type { EndpointKey, WebhookEndpoint } from '../store/postgres/webhook-endpoints.ts';
import {
  createEndpoint,
  deleteEndpoint,
  getEndpoint,
  listEndpoints,
} from '../store/postgres/webhook-endpoints.ts';
import { notFound } from './api-problem.ts';
import { merchantOf } from './authentication.ts';
import type { ApiDependencies } from './dependencies.ts';
import { pageBody } from './page-query.ts';
import type { Api } from './request-decorations.ts';
import { answer, answerOf, idParams, pageAnswer } from './route-documentation.ts';
import { checkUrls } from './url-check.ts';
import { validatorCompiler } from './validator.ts';

export const SECRET_BYTES = 24;

const createBody = Type.Object(
  {
    url: Type.String({
      minLength: 1,
      maxLength: 2048,
      description: 'Takes POST with a signed JSON body, and answers 2xx.',
      examples: ['https://shop.example/pay-hook'],
    }),
  },
  { additionalProperties: false },
);

/** The key of an endpoint of the merchant who calls. Throws `not_found` for what cannot be an endpoint's id. */
export function endpointKey(request: FastifyRequest, id: string): EndpointKey {
  if (!isId('we', id)) throw notFound('webhook endpoint');
  return { merchantNumber: merchantOf(request), endpointId: id };
}

/** An endpoint as it is answered; its secret is shown when it is made, and after a rotation. */
export function endpointObject({ id, url, disabledAtMs, createdAtMs }: WebhookEndpoint) {
  return {
    id,
    object: 'webhook_endpoint' as const,
    url,
    disabled_at: timeText(disabledAtMs),
    created_at: timeText(createdAtMs),
  };
}

/** Making, reading and removing endpoints. */
export function webhookEndpointRoutes(app: Api, deps: ApiDependencies): void {
  createRoute(app, deps);
  readRoutes(app, deps);
  app.delete(
    '/v1/webhook_endpoints/:id',
    {
      schema: {
        operationId: 'deleteWebhookEndpoint',
        summary: 'Remove an endpoint, and what was still to be sent to it',
        tags: ['Webhooks'],
        params: idParams('we'),
        response: {
          200: answerOf('It is gone.', {
            type: 'object',
            required: ['id', 'object', 'deleted'],
            properties: {
              id: { type: 'string' },
              object: { type: 'string', enum: ['webhook_endpoint'] },
              deleted: { type: 'boolean', enum: [true] },
            },
            additionalProperties: false,
          }),
        },
      },
      config: { problems: ['not_found'] },
    },
    async (request) => {
      const key = endpointKey(request, request.params.id);
      if (!(await deleteEndpoint(deps.pool, key))) throw notFound('webhook endpoint');
      return { id: key.endpointId, object: 'webhook_endpoint' as const, deleted: true };
    },
  );
}

function createRoute(app: Api, deps: ApiDependencies): void {
  app.post(
    '/v1/webhook_endpoints',
    {
      schema: {
        operationId: 'createWebhookEndpoint',
        summary: 'Register an endpoint',
        tags: ['Webhooks'],
        body: createBody,
        response: { 201: answer('The endpoint, with its secret.', 'WebhookEndpointWithSecret') },
      },
      validatorCompiler: validatorCompiler((body) => checkUrls(deps.mode, body)),
    },
    async (request, reply) => {
      const endpoint = await createEndpoint(deps.pool, {
        merchantNumber: merchantOf(request),
        url: request.body.url,
        nowMs: deps.clock.nowMs(),
        newId: deps.newId,
        random: randomBytes(SECRET_BYTES),
      });
      reply.code(201);
      return { ...endpointObject(endpoint), secret: endpoint.secret };
    },
  );
}

function readRoutes(app: Api, deps: ApiDependencies): void {
  app.get(
    '/v1/webhook_endpoints',
    {
      schema: {
        operationId: 'listWebhookEndpoints',
        summary: 'List your endpoints',
        tags: ['Webhooks'],
        response: { 200: pageAnswer('All endpoints, the oldest first.', 'WebhookEndpoint') },
      },
    },
    async (request) => {
      const endpoints = await listEndpoints(deps.pool, merchantOf(request));
      return pageBody(endpoints.map(endpointObject), false);
    },
  );
  app.get(
    '/v1/webhook_endpoints/:id',
    {
      schema: {
        operationId: 'getWebhookEndpoint',
        summary: 'Read an endpoint',
        tags: ['Webhooks'],
        params: idParams('we'),
        response: { 200: answer('The endpoint.', 'WebhookEndpoint') },
      },
      config: { problems: ['not_found'] },
    },
    async (request) => {
      const endpoint = await getEndpoint(deps.pool, endpointKey(request, request.params.id));
      if (!endpoint) throw notFound('webhook endpoint');
      return endpointObject(endpoint);
    },
  );
}
