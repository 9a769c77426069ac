/** `GET /v1/exceptions`: what is open. A merchant sees its own; an operator sees everybody's. */
import { Type } from 'typebox';
import type { KeyOwner } from '../store/postgres/merchants.ts';
import { listOpenCases } from '../store/postgres/open-cases.ts';
import { exceptionObject } from '../runtime/payment-object.ts';
import type { ApiDependencies } from './dependencies.ts';
import { pageBody, pageFields, pageOf } from './page-query.ts';
import type { Api } from './request-decorations.ts';
import { pageAnswer } from './route-documentation.ts';

const exceptionsQuery = Type.Object(pageFields, { additionalProperties: false });

/** Open payment exceptions. */
export function exceptionRoutes(app: Api, deps: ApiDependencies): void {
  app.get(
    '/v1/exceptions',
    {
      schema: {
        operationId: 'listExceptions',
        summary: 'List what is open',
        description:
          'A merchant key sees the merchant’s own open exceptions, an operator key those of all merchants.',
        tags: ['Exceptions'],
        querystring: exceptionsQuery,
        response: { 200: pageAnswer('Open exceptions, the newest first.', 'Exception') },
      },
    },
    async (request) => {
      const page = pageOf(request.query, 'exc');
      const { items, hasMore } = await listOpenCases(
        deps.pool,
        scopeOf(request.caller),
        page,
        deps.channelPool,
      );
      const aggregates = await deps.store.load(items);
      const data = items.flatMap(({ caseId }, at) => {
        const aggregate = aggregates[at];
        const one = aggregate?.cases.find((candidate) => candidate.id === caseId);
        return aggregate && one ? [exceptionObject(aggregate.payment, one)] : [];
      });
      return pageBody(data, hasMore);
    },
  );
}

function scopeOf(caller: KeyOwner | null): number | null {
  if (caller === null) throw new Error('exceptions are for callers with a key');
  return 'merchantNumber' in caller ? caller.merchantNumber : null;
}
