/** Reading payments: one by its id or number, pages of them, and everything that happened to one. */
import { Type } from 'typebox';
import type { Aggregate } from '../core/aggregate.ts';
import { channelOrderId } from '../core/id.ts';
import { PAYMENT_STATUSES } from '../core/payment.ts';
import { paymentObject, timeText } from '../runtime/payment-object.ts';
import type { TimelineEntry } from '../store/postgres/history.ts';
import { timelineOf } from '../store/postgres/history.ts';
import { listPayments } from '../store/postgres/payment-list.ts';
import { notFound } from './api-problem.ts';
import { merchantOf } from './authentication.ts';
import type { ApiDependencies } from './dependencies.ts';
import { pageBody, pageFields, pageOf } from './page-query.ts';
import { paymentKey } from './payment-actions.ts';
import { ORDER_NO_PATTERN } from './payment-fields.ts';
import type { Api } from './request-decorations.ts';
import { answer, idParams, pageAnswer } from './route-documentation.ts';
import { timeField } from './time-field.ts';

const paymentsQuery = Type.Object(
  {
    ...pageFields,
    status: Type.Optional(
      Type.Enum([...PAYMENT_STATUSES], {
        description: 'Only payments in this status.',
        examples: ['succeeded'],
      }),
    ),
    created_gte: Type.Optional(timeField('only what was created then or later')),
    created_lt: Type.Optional(timeField('only what was created before it')),
    q: Type.Optional(
      Type.String({
        pattern: ORDER_NO_PATTERN,
        description:
          'a merchant order number, a payment id or a channel order number: the one payment it stands for',
        examples: ['SO-20261122-0007'],
      }),
    ),
  },
  { additionalProperties: false },
);

const timelineQuery = Type.Object({}, { additionalProperties: false });

const merchantOrderParams = Type.Object({
  merchant_order_no: Type.String({
    description: 'Your order number.',
    examples: ['SO-20261122-0007'],
  }),
});
const MERCHANT_ORDER_NO = new RegExp(ORDER_NO_PATTERN);

/** The reading routes of payments. */
export function paymentReadRoutes(app: Api, deps: ApiDependencies): void {
  oneRoutes(app, deps);
  listRoute(app, deps);
  timelineRoute(app, deps);
}

function oneRoutes(app: Api, deps: ApiDependencies): void {
  app.get(
    '/v1/payments/:id',
    {
      schema: {
        operationId: 'getPayment',
        summary: 'Read a payment',
        tags: ['Payments'],
        params: idParams('pay'),
        response: { 200: answer('The payment.', 'Payment') },
      },
      config: { problems: ['not_found'] },
    },
    async (request) => {
      const [found] = await deps.store.load([paymentKey(request, request.params.id)]);
      return rendered(deps, found ?? null);
    },
  );
  app.get(
    '/v1/merchant_orders/:merchant_order_no',
    {
      schema: {
        operationId: 'getMerchantOrder',
        summary: 'Read a payment by your own order number',
        tags: ['Payments'],
        params: merchantOrderParams,
        response: { 200: answer('The payment.', 'Payment') },
      },
      config: { problems: ['not_found'] },
    },
    async (request) => {
      const { merchant_order_no: orderNo } = request.params;
      // Nothing else was ever taken as a number, and not everything else may be asked the database.
      if (!MERCHANT_ORDER_NO.test(orderNo)) throw notFound('payment');
      const key = await deps.store.findByMerchantOrderNo(merchantOf(request), orderNo);
      const [found] = key ? await deps.store.load([key]) : [];
      return rendered(deps, found ?? null);
    },
  );
}

function listRoute(app: Api, deps: ApiDependencies): void {
  app.get(
    '/v1/payments',
    {
      schema: {
        operationId: 'listPayments',
        summary: 'List payments, or find one by any of its numbers',
        tags: ['Payments'],
        querystring: paymentsQuery,
        response: { 200: pageAnswer('Payments, the newest first.', 'Payment') },
      },
    },
    async (request) => {
      const {
        status = null,
        created_gte: createdGte,
        created_lt: createdLt,
        q = null,
      } = request.query;
      const { items, hasMore } = await listPayments(deps.pool, merchantOf(request), {
        ...pageOf(request.query, 'pay'),
        endingBefore: null,
        status,
        createdGteMs: createdGte === undefined ? null : Date.parse(createdGte),
        createdLtMs: createdLt === undefined ? null : Date.parse(createdLt),
        q,
      });
      const found = items.length === 0 ? [] : await deps.store.load(items);
      const data = found.flatMap((one) => (one ? [paymentObject(one, deps.linkOf)] : []));
      return pageBody(data, hasMore);
    },
  );
}

function timelineRoute(app: Api, deps: ApiDependencies): void {
  app.get(
    '/v1/payments/:id/timeline',
    {
      schema: {
        operationId: 'getTimeline',
        summary: 'Read everything that happened to a payment, with the evidence',
        tags: ['Payments'],
        params: idParams('pay'),
        querystring: timelineQuery,
        response: { 200: answer('Every input, event and delivery, in order.', 'Timeline') },
      },
      config: { problems: ['not_found'] },
    },
    async (request) => {
      const key = paymentKey(request, request.params.id);
      const entries = await timelineOf(deps.pool, key, deps.channelPool);
      if (entries.length === 0) throw notFound('payment');
      const data = entries.map((entry) => timelineObject(key.paymentId, entry));
      return { object: 'timeline' as const, payment: key.paymentId, data };
    },
  );
}

function rendered(deps: ApiDependencies, found: Aggregate | null) {
  if (!found) throw notFound('payment');
  return paymentObject(found, deps.linkOf);
}

/** One entry of a timeline as it is answered. */
function timelineObject(paymentId: string, entry: TimelineEntry) {
  const at = timeText(entry.atMs);
  switch (entry.type) {
    case 'input':
      return {
        type: entry.type,
        at,
        version: entry.version,
        input: entry.input,
        channel_order: entry.attempt === null ? null : channelOrderId(paymentId, entry.attempt),
        outcome: entry.outcome,
        via: entry.via,
        operation: entry.operation,
        evidence: entry.raw,
        changes: entry.changes,
      };
    case 'event':
      return {
        type: entry.type,
        at,
        version: entry.version,
        event: entry.eventId,
        event_type: entry.event,
      };
    case 'delivery':
      return {
        type: entry.type,
        at,
        event: entry.eventId,
        endpoint: entry.endpointId,
        duration_ms: entry.durationMs,
        response_status: entry.responseStatus,
        error: entry.error,
      };
  }
}
