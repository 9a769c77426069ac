/** `GET /v1/merchants`, for operators: who our merchants are. */
import { listMerchants } from '../store/postgres/merchants.ts';
import { timeText } from '../runtime/payment-object.ts';
import type { ApiDependencies } from './dependencies.ts';
import { pageBody } from './page-query.ts';
import type { Api } from './request-decorations.ts';
import { pageAnswer } from './route-documentation.ts';

/** Reading merchants. Their secrets are not among the answer. */
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
    async () => {
      const merchants = await listMerchants(deps.pool);
      const data = merchants.map(({ id, name, createdAtMs }) => ({
        id,
        object: 'merchant' as const,
        name,
        created_at: timeText(createdAtMs),
      }));
      return pageBody(data, false);
    },
  );
}
