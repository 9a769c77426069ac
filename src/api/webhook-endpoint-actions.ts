/** What can be done with an endpoint: a test notice, a new secret, sending what it missed, enabling it again. */
import { randomBytes } from 'node:crypto';
import { Type } from 'typebox';
import { timeText } from '../runtime/payment-object.ts';
import {
  enableEndpoint,
  getEndpoint,
  recover,
  rotateSecret,
} from '../store/postgres/webhook-endpoints.ts';
import { ApiProblem, notFound, oneFieldProblem } from './api-problem.ts';
import type { ApiDependencies } from './dependencies.ts';
import type { Api } from './request-decorations.ts';
import { answer, idParams } from './route-documentation.ts';
import { newTestNotice } from './test-notice.ts';
import { timeField } from './time-field.ts';
import { endpointKey, endpointObject, SECRET_BYTES } from './webhook-endpoints.ts';

const emptyBody = Type.Object({}, { additionalProperties: false });

const recoverBody = Type.Object(
  {
    since: timeField('events from then on'),
    until: Type.Optional(timeField('events before it, and up to now when it is absent')),
    dry_run: Type.Optional(Type.Boolean({ description: 'Only count.', examples: [true] })),
  },
  { additionalProperties: false },
);

/** The routes below one endpoint. */
export function webhookEndpointActionRoutes(app: Api, deps: ApiDependencies): void {
  testRoute(app, deps);
  rotateRoute(app, deps);
  recoverRoute(app, deps);
  enableRoute(app, deps);
}

function testRoute(app: Api, deps: ApiDependencies): void {
  const sendTestNotice = newTestNotice(app, deps);
  app.post(
    '/v1/webhook_endpoints/:id/test',
    {
      schema: {
        operationId: 'testWebhookEndpoint',
        summary: 'Send a signed test notice now, and answer how it went',
        tags: ['Webhooks'],
        params: idParams('we'),
        body: emptyBody,
        response: { 200: answer('What the endpoint answered.', 'WebhookTest') },
      },
      config: { problems: ['not_found'] },
    },
    async (request) => {
      const endpoint = await getEndpoint(deps.pool, endpointKey(request, request.params.id));
      if (!endpoint) throw notFound('webhook endpoint');
      return await sendTestNotice(endpoint);
    },
  );
}

function rotateRoute(app: Api, deps: ApiDependencies): void {
  app.post(
    '/v1/webhook_endpoints/:id/rotate_secret',
    {
      schema: {
        operationId: 'rotateWebhookSecret',
        summary: 'Make a new secret; the former one signs beside it for 24 hours',
        tags: ['Webhooks'],
        params: idParams('we'),
        body: emptyBody,
        response: {
          200: answer('The endpoint, with its new secret.', 'WebhookEndpointWithSecret'),
        },
      },
      config: { problems: ['not_found'] },
    },
    async (request) => {
      const change = { nowMs: deps.clock.nowMs(), random: randomBytes(SECRET_BYTES) };
      const endpoint = await rotateSecret(
        deps.pool,
        endpointKey(request, request.params.id),
        change,
      );
      if (!endpoint) throw notFound('webhook endpoint');
      return { ...endpointObject(endpoint), secret: endpoint.secret };
    },
  );
}

function recoverRoute(app: Api, deps: ApiDependencies): void {
  app.post(
    '/v1/webhook_endpoints/:id/recover',
    {
      schema: {
        operationId: 'recoverWebhookEndpoint',
        summary: 'Send again what an endpoint has not accepted since a time',
        tags: ['Webhooks'],
        params: idParams('we'),
        body: recoverBody,
        response: { 200: answer('How many notices that is.', 'WebhookRecovery') },
      },
      config: { problems: ['not_found', 'endpoint_disabled'] },
    },
    async (request) => {
      const { since, until, dry_run: isDryRun = false } = request.body;
      const key = endpointKey(request, request.params.id);
      const sinceMs = Date.parse(since);
      const untilMs = until === undefined ? null : Date.parse(until);
      if (untilMs !== null && untilMs <= sinceMs) {
        throw oneFieldProblem('/until', 'field_invalid', 'It must be later than since.');
      }
      const endpoint = await getEndpoint(deps.pool, key);
      if (!endpoint) throw notFound('webhook endpoint');
      const nowMs = deps.clock.nowMs();
      const recovered = await recover(deps.pool, key, { sinceMs, untilMs, nowMs, isDryRun });
      if (!recovered)
        throw new ApiProblem(
          'endpoint_disabled',
          'It answered 410 Gone and is sent nothing until it is enabled.',
        );
      const { count } = recovered;
      return {
        object: 'webhook_recovery' as const,
        endpoint: key.endpointId,
        since: timeText(sinceMs),
        until: timeText(untilMs),
        dry_run: isDryRun,
        count,
      };
    },
  );
}

function enableRoute(app: Api, deps: ApiDependencies): void {
  app.post(
    '/v1/webhook_endpoints/:id/enable',
    {
      schema: {
        operationId: 'enableWebhookEndpoint',
        summary: 'Send notices again to an endpoint that had answered 410 Gone',
        tags: ['Webhooks'],
        params: idParams('we'),
        body: emptyBody,
        response: { 200: answer('The endpoint; recover sends what it missed.', 'WebhookEndpoint') },
      },
      config: { problems: ['not_found'] },
    },
    async (request) => {
      const endpoint = await enableEndpoint(deps.pool, endpointKey(request, request.params.id));
      if (!endpoint) throw notFound('webhook endpoint');
      return endpointObject(endpoint);
    },
  );
}
