/** `GET /v1/webhook_deliveries`: how the notices went. */
import { Type } from 'typebox';
import { isId } from '../core/id.ts';
import { timeText } from '../runtime/payment-object.ts';
import type { Delivery } from '../store/postgres/events.ts';
import { listDeliveries } from '../store/postgres/events.ts';
import { oneFieldProblem } from './api-problem.ts';
import { merchantOf } from './authentication.ts';
import type { ApiDependencies } from './dependencies.ts';
import { pageFields, pageOf } from './page-query.ts';
import type { Api } from './request-decorations.ts';
import { answer } from './route-documentation.ts';

const deliveriesQuery = Type.Object(
  {
    ...pageFields,
    event: Type.Optional(
      Type.String({ maxLength: 64, description: 'Only deliveries of this event.' }),
    ),
    endpoint: Type.Optional(
      Type.String({ maxLength: 64, description: 'Only deliveries to this endpoint.' }),
    ),
  },
  { additionalProperties: false },
);

/** Listing deliveries. */
export function webhookDeliveryRoutes(app: Api, deps: ApiDependencies): void {
  app.get(
    '/v1/webhook_deliveries',
    {
      schema: {
        operationId: 'listWebhookDeliveries',
        summary: 'List how notices went',
        description:
          'A page covers up to limit events, each with all of its endpoints; next_starting_after leads to the next page.',
        tags: ['Webhooks'],
        querystring: deliveriesQuery,
        response: { 200: answer('Deliveries, the newest event first.', 'WebhookDeliveryList') },
      },
    },
    async (request) => {
      const { event, endpoint } = request.query;
      const { items, lastEventId } = await listDeliveries(deps.pool, merchantOf(request), {
        ...pageOf(request.query, 'evt'),
        eventId: idOrNull('event', 'evt', event),
        endpointId: idOrNull('endpoint', 'we', endpoint),
      });
      return {
        object: 'list' as const,
        data: items.map(deliveryObject),
        has_more: lastEventId !== null,
        next_starting_after: lastEventId,
      };
    },
  );
}

function idOrNull(field: string, prefix: string, text: string | undefined): string | null {
  if (text === undefined) return null;
  if (isId(prefix, text)) return text;
  throw oneFieldProblem(
    `/query/${field}`,
    'field_invalid',
    `It must be an id that begins with ${prefix}_.`,
  );
}

function deliveryObject({ eventId, event, paymentId, endpointId, tries, nextTryAtMs }: Delivery) {
  return {
    object: 'webhook_delivery' as const,
    event: eventId,
    event_type: event,
    payment: paymentId,
    endpoint: endpointId,
    delivered: tries.some((one) => one.responseStatus >= 200 && one.responseStatus < 300),
    tries: tries.map((one) => ({
      at: timeText(one.atMs),
      duration_ms: one.durationMs,
      response_status: one.responseStatus,
      error: one.error,
    })),
    next_try_at: timeText(nextTryAtMs),
  };
}
