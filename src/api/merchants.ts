/** `/v1/merchants`, for operators: who our merchants are, and what is done with their late money. */
import { Type } from 'typebox';
import { isId } from '../core/id.ts';
import { LATE_PAYMENT_POLICIES } from '../core/payment.ts';
import type { Merchant } from '../store/postgres/merchants.ts';
import { findMerchantById, listMerchants, setLatePayment } from '../store/postgres/merchants.ts';
import { recordAct } from '../store/postgres/operator-acts.ts';
import { timeText } from '../runtime/payment-object.ts';
import { notFound } from './api-problem.ts';
import { operatorOf } from './authentication.ts';
import type { ApiDependencies } from './dependencies.ts';
import { pageBody } from './page-query.ts';
import { reasonField } from './reason-field.ts';
import type { Api } from './request-decorations.ts';
import { answer, idParams, pageAnswer } from './route-documentation.ts';

const policyBody = Type.Object(
  {
    late_payment: Type.Enum([...LATE_PAYMENT_POLICIES], {
      description:
        'What is done with money that arrives for a payment made from now on and closed.',
      examples: ['accept_if_paid_before_expiry'],
    }),
    reason: reasonField,
  },
  { additionalProperties: false },
);

/** Reading merchants, and changing their policy. Their secrets are not among the answers. */
export function merchantRoutes(app: Api, deps: ApiDependencies): void {
  app.get(
    '/v1/merchants',
    {
      schema: {
        operationId: 'listMerchants',
        summary: 'List all merchants',
        tags: ['Operators'],
        response: { 200: pageAnswer('All merchants, the oldest first.', 'Merchant') },
      },
    },
    async () => pageBody((await listMerchants(deps.pool)).map(merchantObject), false),
  );
  app.get(
    '/v1/merchants/:id',
    {
      schema: {
        operationId: 'getMerchant',
        summary: 'Read a merchant',
        tags: ['Operators'],
        params: idParams('mch'),
        response: { 200: answer('The merchant.', 'Merchant') },
      },
      config: { problems: ['not_found'] },
    },
    async (request) => await merchantOf(deps, request.params.id),
  );
  app.post(
    '/v1/merchants/:id',
    {
      schema: {
        operationId: 'updateMerchant',
        summary: 'Change what is done with late money',
        description:
          'Each payment keeps the policy that stood when it was made; a change shows within 5 seconds.',
        tags: ['Operators'],
        params: idParams('mch'),
        body: policyBody,
        response: { 200: answer('The merchant.', 'Merchant') },
      },
      config: { problems: ['not_found'] },
    },
    async (request) => {
      const { id } = request.params;
      const { late_payment: policy, reason } = request.body;
      const by = operatorOf(request);
      const isChanged = isId('mch', id) && (await setLatePayment(deps.pool, id, policy));
      if (!isChanged) throw notFound('merchant');
      const act = `merchant.late_payment=${policy}`;
      await recordAct(deps.pool, { atMs: deps.clock.nowMs(), by, act, subject: id, reason });
      return await merchantOf(deps, id);
    },
  );
}

async function merchantOf({ pool }: ApiDependencies, id: string) {
  const found = isId('mch', id) ? await findMerchantById(pool, id) : null;
  if (!found) throw notFound('merchant');
  return merchantObject(found);
}

function merchantObject({ id, name, latePayment, createdAtMs }: Merchant) {
  return {
    id,
    object: 'merchant' as const,
    name,
    late_payment: latePayment,
    created_at: timeText(createdAtMs),
  };
}
