/** `/v1/reconciliations`, for operators: a day compared with its statement, and what did not match. */
import { Readable } from 'node:stream';
import { Type } from 'typebox';
import type { Connector } from '../channels/connector.ts';
import { businessDayOf, isDay } from '../core/reconciliation/business-day.ts';
import { isId } from '../core/id.ts';
import { differenceCsv } from '../runtime/reconcile/difference-csv.ts';
import type { StoredReconciliation } from '../store/postgres/reconciliations.ts';
import {
  getReconciliation,
  listItems,
  listReconciliations,
} from '../store/postgres/reconciliations.ts';
import { ApiProblem, notFound, oneFieldProblem } from './api-problem.ts';
import type { ApiDependencies } from './dependencies.ts';
import { pageBody, pageFields, pageOf } from './page-query.ts';
import { itemObject, reconciliationObject } from './reconciliation-objects.ts';
import type { Api } from './request-decorations.ts';
import { answer, csvAnswer, idParams, pageAnswer } from './route-documentation.ts';
import { statementProblem } from './statement-problem.ts';
import { StatementError } from '../statements/statement-format.ts';

/** A day of the calendar in a query or a body. */
export const dayField = Type.String({
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$',
  description: 'a business day of the channel, such as 2026-11-18',
  examples: ['2026-11-18'],
});
export const channelField = Type.String({
  pattern: '^[0-9a-z_]{1,32}$',
  description: 'the name of a channel',
  examples: ['sandbox'],
});

const listQuery = Type.Object(
  { ...pageFields, channel: Type.Optional(channelField), date: Type.Optional(dayField) },
  { additionalProperties: false },
);
const itemsQuery = Type.Object(
  {
    limit: pageFields.limit,
    after: Type.Optional(
      Type.Integer({ minimum: 0, description: 'The number of the last item of the page before.' }),
    ),
    class: Type.Optional(
      Type.String({
        maxLength: 32,
        description: 'Only items of this class.',
        examples: ['amount'],
      }),
    ),
  },
  { additionalProperties: false },
);
const runBody = Type.Object(
  { channel: channelField, date: dayField },
  { additionalProperties: false },
);

const ITEMS_DEFAULT = 20;

/** Comparing days, and reading what was found. */
export function reconciliationRoutes(app: Api, deps: ApiDependencies): void {
  readRoutes(app, deps);
  reportRoute(app, deps);
  app.post(
    '/v1/reconciliations',
    {
      schema: {
        operationId: 'reconcileDay',
        summary: 'Fetch the statement of a day, if the channel has it, and reconcile',
        description:
          'Uses the newest statement that is here where the channel has none to fetch. Doing it twice finds the same.',
        tags: ['Reconciliation'],
        body: runBody,
        response: { 200: answer('The comparison, closed where all adds up.', 'Reconciliation') },
      },
      config: { problems: ['field_invalid', 'statement_not_ready', 'statement_refused'] },
    },
    async (request) => {
      const { channel, date } = request.body;
      const connector = statementAccountOf(deps, channel);
      checkDay(connector, date, deps.clock.nowMs());
      return reconciliationObject(await runDay(deps, connector, date));
    },
  );
}

async function runDay(
  { reconciler }: ApiDependencies,
  connector: Connector,
  day: string,
): Promise<StoredReconciliation> {
  const result = await reconciler.fetchDay(connector, day);
  if (result.type === 'reconciled') return result.run;
  const run = await reconciler.reconcileDay(connector, day);
  if (run) return run;
  if (result.type === 'refused') throw statementProblem(result.error);
  throw new ApiProblem('statement_not_ready', `The channel answers: ${result.why}.`);
}

function readRoutes(app: Api, deps: ApiDependencies): void {
  app.get(
    '/v1/reconciliations',
    {
      schema: {
        operationId: 'listReconciliations',
        summary: 'List comparisons of days',
        tags: ['Reconciliation'],
        querystring: listQuery,
        response: { 200: pageAnswer('Comparisons, the newest first.', 'Reconciliation') },
      },
      config: { problems: ['field_invalid'] },
    },
    async (request) => {
      const { channel = null, date: day = null } = request.query;
      if (day !== null) checkIsDay(day, '/query/date');
      const { limit, startingAfter } = pageOf(request.query, 'rec');
      const last = startingAfter === null ? null : await runOf(deps, startingAfter);
      const wanted = { channel, day, before: last?.number ?? null, limit: limit + 1 };
      const runs = await listReconciliations(deps.bulkPool, wanted);
      return pageBody(runs.slice(0, limit).map(reconciliationObject), runs.length > limit);
    },
  );
  app.get(
    '/v1/reconciliations/:id',
    {
      schema: {
        operationId: 'getReconciliation',
        summary: 'Read a comparison',
        tags: ['Reconciliation'],
        params: idParams('rec'),
        response: { 200: answer('The comparison.', 'Reconciliation') },
      },
      config: { problems: ['not_found'] },
    },
    async (request) => reconciliationObject(await runOf(deps, request.params.id)),
  );
  app.get(
    '/v1/reconciliations/:id/items',
    {
      schema: {
        operationId: 'listReconciliationItems',
        summary: 'List what did not simply match',
        tags: ['Reconciliation'],
        params: idParams('rec'),
        querystring: itemsQuery,
        response: { 200: pageAnswer('Items in their order.', 'ReconciliationItem') },
      },
      config: { problems: ['not_found', 'field_invalid'] },
    },
    async (request) => {
      const { limit = ITEMS_DEFAULT, after = 0, class: wanted } = request.query;
      const { number } = await runOf(deps, request.params.id);
      const page = { after, limit: limit + 1, class: wanted ?? null };
      const items = await listItems(deps.bulkPool, number, page);
      return pageBody(items.slice(0, limit).map(itemObject), items.length > limit);
    },
  );
}

function reportRoute(app: Api, deps: ApiDependencies): void {
  app.get(
    '/v1/reconciliations/:id/report',
    {
      schema: {
        operationId: 'getReconciliationReport',
        summary: 'Download what did not simply match, as CSV',
        tags: ['Reconciliation'],
        params: idParams('rec'),
        response: { 200: csvAnswer('The items, for a spreadsheet.') },
      },
      config: { problems: ['not_found'] },
    },
    async (request, reply) => {
      const { number, channel, day } = await runOf(deps, request.params.id);
      reply.type('text/csv; charset=utf-8');
      reply.header('content-disposition', `attachment; filename="${channel}-${day}.csv"`);
      return reply.send(Readable.from(differenceCsv(deps.bulkPool, number)));
    },
  );
}

async function runOf({ bulkPool }: ApiDependencies, id: string): Promise<StoredReconciliation> {
  const run = isId('rec', id) ? await getReconciliation(bulkPool, id) : null;
  if (!run) throw notFound('reconciliation');
  return run;
}

/** The account of a channel that makes statements. Throws `field_invalid` for any other. */
export function statementAccountOf({ connectors }: ApiDependencies, channel: string): Connector {
  const connector = connectors.forChannel(channel);
  if (connector?.statement) return connector;
  const words = connector ? 'makes no statements' : 'is no channel here';
  throw oneFieldProblem('/channel', 'field_invalid', `${channel} ${words}.`);
}

/** Throws `field_invalid` for what is no day, and for one that is not over. */
export function checkDay(connector: Connector, day: string, nowMs: number): void {
  checkIsDay(day, '/date');
  const clock = connector.statement?.clock;
  if (!clock || day < businessDayOf(nowMs, clock)) return;
  throw oneFieldProblem('/date', 'field_invalid', 'This day is not over at the channel.');
}

function checkIsDay(day: string, pointer: string): void {
  if (isDay(day)) return;
  throw oneFieldProblem(pointer, 'field_invalid', 'It is no day of the calendar.');
}

/** A refused file as a problem; anything else as it was. */
export function refusedOr(error: unknown): unknown {
  return error instanceof StatementError ? statementProblem(error) : error;
}
