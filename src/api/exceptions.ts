/** `/v1/exceptions`: what went wrong. A merchant sees its own; an operator sees everybody's. */
import { Type } from 'typebox';
import type { Aggregate } from '../core/aggregate.ts';
import type { Case } from '../core/exceptions/kind.ts';
import { isId } from '../core/id.ts';
import type { KeyOwner } from '../store/postgres/merchants.ts';
import { findPaymentOfCase, listOpenCases } from '../store/postgres/open-cases.ts';
import { exceptionDetail } from '../runtime/exception-detail.ts';
import type { PaymentKey } from '../store/store.ts';
import { notFound } from './api-problem.ts';
import type { ApiDependencies } from './dependencies.ts';
import { pageBody, pageFields, pageOf } from './page-query.ts';
import type { Api } from './request-decorations.ts';
import { answer, idParams, pageAnswer } from './route-documentation.ts';

const exceptionsQuery = Type.Object(pageFields, { additionalProperties: false });

/** Payment exceptions: what is open, and one of them, open or over. */
export function exceptionRoutes(app: Api, deps: ApiDependencies): void {
  listRoute(app, deps);
  app.get(
    '/v1/exceptions/:id',
    {
      schema: {
        operationId: 'getException',
        summary: 'Read an exception',
        tags: ['Exceptions'],
        params: idParams('exc'),
        response: { 200: answer('The exception, open or over.', 'ExceptionDetail') },
      },
      config: { problems: ['not_found'] },
    },
    async (request) => {
      const { aggregate, found } = await caseOf(deps, request.params.id, scopeOf(request.caller));
      return exceptionDetail(aggregate, found);
    },
  );
}

/** A case with its payment. Throws `not_found` for none, and for one of another merchant than `merchantNumber`. */
export async function caseOf(
  deps: ApiDependencies,
  id: string,
  merchantNumber: number | null,
): Promise<{ key: PaymentKey; aggregate: Aggregate; found: Case }> {
  const key = isId('exc', id) ? await findInEitherBook(deps, id) : null;
  const isTheirs = merchantNumber === null || key?.merchantNumber === merchantNumber;
  const [aggregate] = key && isTheirs ? await deps.store.load([key]) : [];
  const found = aggregate?.cases.find((one) => one.id === id);
  if (!key || !aggregate || !found) throw notFound('exception');
  return { key, aggregate, found };
}

/** Each book keeps its own cases. */
async function findInEitherBook(
  { pool, channelPool }: ApiDependencies,
  id: string,
): Promise<PaymentKey | null> {
  const found = await findPaymentOfCase(pool, id);
  return found ?? (channelPool === pool ? null : await findPaymentOfCase(channelPool, id));
}

function listRoute(app: Api, deps: ApiDependencies): void {
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
        response: { 200: pageAnswer('Open exceptions, the newest first.', 'ExceptionDetail') },
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
        return aggregate && one ? [exceptionDetail(aggregate, one)] : [];
      });
      return pageBody(data, hasMore);
    },
  );
}

function scopeOf(caller: KeyOwner | null): number | null {
  if (caller === null) throw new Error('exceptions are for callers with a key');
  return 'merchantNumber' in caller ? caller.merchantNumber : null;
}
