/** Reading refunds: one by its id or by the merchant's number, and pages of them. */
import { Type } from 'typebox';
import type { Aggregate } from '../core/aggregate.ts';
import { isId } from '../core/id.ts';
import { refundObject } from '../runtime/refund-object.ts';
import { findPaymentOfRefund, listRefunds } from '../store/postgres/refund-list.ts';
import { notFound, oneFieldProblem } from './api-problem.ts';
import { merchantOf } from './authentication.ts';
import type { ApiDependencies } from './dependencies.ts';
import { pageBody, pageFields, pageOf } from './page-query.ts';
import { ORDER_NO_PATTERN } from './payment-fields.ts';
import type { Api } from './request-decorations.ts';
import { answer, idParams, pageAnswer } from './route-documentation.ts';

const refundsQuery = Type.Object(
  {
    ...pageFields,
    payment: Type.Optional(
      Type.String({ maxLength: 64, description: 'Only refunds of this payment.' }),
    ),
    include: Type.Optional(
      Type.Enum(['surplus'], {
        description: 'surplus: also returns that you did not ask for (paid twice, or late).',
        examples: ['surplus'],
      }),
    ),
  },
  { additionalProperties: false },
);

const merchantRefundParams = Type.Object({
  merchant_refund_no: Type.String({
    description: 'Your refund number.',
    examples: ['RF-0007-1'],
  }),
});
const MERCHANT_REFUND_NO = new RegExp(ORDER_NO_PATTERN);

/** The reading routes of refunds. */
export function refundReadRoutes(app: Api, deps: ApiDependencies): void {
  listRoute(app, deps);
  app.get(
    '/v1/refunds/:id',
    {
      schema: {
        operationId: 'getRefund',
        summary: 'Read a refund',
        tags: ['Refunds'],
        params: idParams('ref'),
        response: { 200: answer('The refund.', 'Refund') },
      },
      config: { problems: ['not_found'] },
    },
    async (request) => {
      const { id } = request.params;
      if (!isId('ref', id)) throw notFound('refund');
      const key = await findPaymentOfRefund(deps.pool, merchantOf(request), id);
      const [found] = key ? await deps.store.load([key]) : [];
      return rendered(found ?? null, (one) => one.id === id);
    },
  );
  app.get(
    '/v1/merchant_refunds/:merchant_refund_no',
    {
      schema: {
        operationId: 'getMerchantRefund',
        summary: 'Read a refund by your own number',
        tags: ['Refunds'],
        params: merchantRefundParams,
        response: { 200: answer('The refund.', 'Refund') },
      },
      config: { problems: ['not_found'] },
    },
    async (request) => {
      const { merchant_refund_no: refundNo } = request.params;
      if (!MERCHANT_REFUND_NO.test(refundNo)) throw notFound('refund');
      const key = await deps.store.findByMerchantRefundNo(merchantOf(request), refundNo);
      const [found] = key ? await deps.store.load([key]) : [];
      return rendered(found ?? null, (one) => one.merchantRefundNo === refundNo);
    },
  );
}

function listRoute(app: Api, deps: ApiDependencies): void {
  app.get(
    '/v1/refunds',
    {
      schema: {
        operationId: 'listRefunds',
        summary: 'List refunds',
        tags: ['Refunds'],
        querystring: refundsQuery,
        response: { 200: pageAnswer('Refunds, the newest first.', 'Refund') },
      },
    },
    async (request) => {
      const { payment = null, include } = request.query;
      if (payment !== null && !isId('pay', payment)) {
        const words = 'It must be an id that begins with pay_.';
        throw oneFieldProblem('/query/payment', 'field_invalid', words);
      }
      const { items, hasMore } = await listRefunds(deps.pool, merchantOf(request), {
        ...pageOf(request.query, 'ref'),
        paymentId: payment,
        includesSurplus: include === 'surplus',
      });
      const found = items.length === 0 ? [] : await deps.store.load(items);
      const data = items.flatMap(({ refundId }, at) => {
        const aggregate = found[at];
        const one = aggregate?.payment.refunds.find(({ id }) => id === refundId);
        return aggregate && one ? [refundObject(aggregate, one)] : [];
      });
      return pageBody(data, hasMore);
    },
  );
}

type Refund = Aggregate['payment']['refunds'][number];

function rendered(found: Aggregate | null, isMeant: (refund: Refund) => boolean) {
  const refund = found?.payment.refunds.find(isMeant);
  if (!found || !refund) throw notFound('refund');
  return refundObject(found, refund);
}
