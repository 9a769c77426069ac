/** `/v1/events`: what a merchant was told, and telling it again. */
import { Type } from 'typebox';
import { EVENT_TYPES } from '../core/effect.ts';
import { isId } from '../core/id.ts';
import { eventObject } from '../runtime/notice-body.ts';
import type { StoredEvent } from '../store/postgres/events.ts';
import { getEvent, listEvents } from '../store/postgres/events.ts';
import { getEndpoint, resendEvent } from '../store/postgres/webhook-endpoints.ts';
import { notFound, oneFieldProblem } from './api-problem.ts';
import { merchantOf } from './authentication.ts';
import type { ApiDependencies } from './dependencies.ts';
import { pageBody, pageFields, pageOf } from './page-query.ts';
import type { Api } from './request-decorations.ts';
import { answer, idParams, pageAnswer } from './route-documentation.ts';

const eventsQuery = Type.Object(
  {
    ...pageFields,
    type: Type.Optional(
      Type.Enum([...EVENT_TYPES], {
        description: 'Only events of this type.',
        examples: ['payment.succeeded'],
      }),
    ),
    payment: Type.Optional(
      Type.String({ maxLength: 64, description: 'Only events of this payment.' }),
    ),
  },
  { additionalProperties: false },
);

const resendBody = Type.Object(
  {
    endpoint: Type.Optional(
      Type.String({
        maxLength: 64,
        description: 'Only to this endpoint; to wherever the event belongs when absent.',
      }),
    ),
  },
  { additionalProperties: false },
);

/** Reading events, and sending one again. */
export function eventRoutes(app: Api, deps: ApiDependencies): void {
  readRoutes(app, deps);
  app.post(
    '/v1/events/:id/resend',
    {
      schema: {
        operationId: 'resendEvent',
        summary: 'Send an event again',
        tags: ['Events'],
        params: idParams('evt'),
        body: resendBody,
        response: { 200: answer('Planned; the deliveries tell how it goes.', 'EventResend') },
      },
      config: { problems: ['not_found'] },
    },
    async (request) => {
      const { id } = request.params;
      const merchantNumber = merchantOf(request);
      if (!isId('evt', id)) throw notFound('event');
      const endpointId = request.body.endpoint ?? null;
      if (endpointId !== null) await requireEndpoint(deps, merchantNumber, endpointId);
      const nowMs = deps.clock.nowMs();
      const planned = await resendEvent(deps.pool, {
        merchantNumber,
        eventId: id,
        endpointId,
        nowMs,
      });
      if (!planned) throw notFound('event');
      return { object: 'event_resend' as const, event: id, count: planned.count };
    },
  );
}

function readRoutes(app: Api, deps: ApiDependencies): void {
  app.get(
    '/v1/events',
    {
      schema: {
        operationId: 'listEvents',
        summary: 'List what you were told',
        tags: ['Events'],
        querystring: eventsQuery,
        response: { 200: pageAnswer('Events, the newest first.', 'Event') },
      },
    },
    async (request) => {
      const { type = null, payment = null } = request.query;
      if (payment !== null && !isId('pay', payment)) {
        throw oneFieldProblem(
          '/query/payment',
          'field_invalid',
          'It must be an id that begins with pay_.',
        );
      }
      const wanted = { ...pageOf(request.query, 'evt'), type, paymentId: payment };
      const { items, hasMore } = await listEvents(deps.pool, merchantOf(request), wanted);
      return pageBody(await rendered(deps, items), hasMore);
    },
  );
  app.get(
    '/v1/events/:id',
    {
      schema: {
        operationId: 'getEvent',
        summary: 'Read an event',
        tags: ['Events'],
        params: idParams('evt'),
        response: { 200: answer('The event, with the payment as it stood then.', 'Event') },
      },
      config: { problems: ['not_found'] },
    },
    async (request) => {
      const { id } = request.params;
      const event = isId('evt', id) ? await getEvent(deps.pool, merchantOf(request), id) : null;
      const [one] = event ? await rendered(deps, [event]) : [];
      if (!one) throw notFound('event');
      return one;
    },
  );
}

async function requireEndpoint(
  { pool }: ApiDependencies,
  merchantNumber: number,
  endpointId: string,
): Promise<void> {
  const found = isId('we', endpointId)
    ? await getEndpoint(pool, { merchantNumber, endpointId })
    : null;
  if (!found)
    throw oneFieldProblem('/endpoint', 'field_invalid', 'There is no such webhook endpoint.');
}

/** Events as they were told: each is its payment of now, taken back to the version that it tells of. */
async function rendered(deps: ApiDependencies, events: readonly StoredEvent[]) {
  if (events.length === 0) return [];
  const keys = new Map(events.map((event) => [event.paymentId, event]));
  const loaded = await deps.store.load([...keys.values()]);
  const byId = new Map(loaded.flatMap((one) => (one ? [[one.payment.id, one] as const] : [])));
  return events.flatMap((event) => {
    const later = byId.get(event.paymentId);
    return later ? [eventObject(event, later, deps.linkOf)] : [];
  });
}
