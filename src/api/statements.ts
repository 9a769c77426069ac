/** `/v1/statements`, for operators: statements that were taken in, uploading one, and cases of a day. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Type } from 'typebox';
import { isId } from '../core/id.ts';
import type { Imported } from '../runtime/reconcile/import-statement.ts';
import { recordAct } from '../store/postgres/operator-acts.ts';
import {
  getStatementCase,
  listStatementCases,
  resolveStatementCase,
} from '../store/postgres/statement-cases.ts';
import { getStatement, listStatements } from '../store/postgres/statements.ts';
import { ApiProblem, notFound } from './api-problem.ts';
import { operatorOf } from './authentication.ts';
import type { ApiDependencies } from './dependencies.ts';
import { pageBody, pageFields, pageOf } from './page-query.ts';
import { reasonField } from './reason-field.ts';
import {
  channelField,
  checkDay,
  dayField,
  refusedOr,
  statementAccountOf,
} from './reconciliations.ts';
import { statementCaseObject, statementObject } from './reconciliation-objects.ts';
import type { Api } from './request-decorations.ts';
import { answer, idParams, pageAnswer } from './route-documentation.ts';

const FILE_TYPE = 'application/octet-stream';
/** The largest file that a person may upload; larger ones are imported where they lie. */
const FILE_BYTES_MAX = 512 * 1024 * 1024;

const uploadQuery = Type.Object(
  {
    channel: channelField,
    date: dayField,
    file_name: Type.Optional(
      Type.String({
        pattern: '^[^\\p{Cc}/\\\\]{1,200}$',
        description: 'the name of the file, without folders',
        examples: ['20261118.csv.zip'],
      }),
    ),
    reason: reasonField,
  },
  { additionalProperties: false },
);
const listQuery = Type.Object(
  { ...pageFields, channel: Type.Optional(channelField), date: Type.Optional(dayField) },
  { additionalProperties: false },
);
const casesQuery = Type.Object(
  {
    limit: pageFields.limit,
    channel: Type.Optional(channelField),
    date: Type.Optional(dayField),
    status: Type.Optional(
      Type.Enum(['open', 'all'], {
        description: 'all: those that are over as well; open when absent.',
        examples: ['all'],
      }),
    ),
  },
  { additionalProperties: false },
);
const resolveBody = Type.Object({ reason: reasonField }, { additionalProperties: false });

const CASES_DEFAULT = 50;

/** Statements, and the cases of their days. */
export function statementRoutes(app: Api, deps: ApiDependencies): void {
  // A file comes as it is: it is spooled, never held in memory.
  app.addContentTypeParser(FILE_TYPE, (_request, payload, done) => done(null, payload));
  uploadRoute(app, deps);
  readRoutes(app, deps);
  caseRoutes(app, deps);
}

function uploadRoute(app: Api, deps: ApiDependencies): void {
  app.post(
    '/v1/statements',
    {
      schema: {
        operationId: 'uploadStatement',
        summary: 'Upload a statement file',
        description: `The body is the file itself, packed or not, as ${FILE_TYPE}. It is taken in whole or not at all; the same file again is the same statement. It settles only what a query confirms.`,
        tags: ['Reconciliation'],
        querystring: uploadQuery,
        response: {
          200: answer('It was here already.', 'Statement'),
          201: answer('It was taken in.', 'Statement'),
        },
      },
      config: {
        problems: [
          'field_invalid',
          'statement_refused',
          'content_type_unsupported',
          'body_too_large',
        ],
      },
    },
    async (request, reply) => {
      const { channel, date, reason, file_name: name = 'upload' } = request.query;
      const connector = statementAccountOf(deps, channel);
      checkDay(connector, date, deps.clock.nowMs());
      if (!(request.body instanceof Readable)) {
        throw new ApiProblem('content_type_unsupported', `The body must be ${FILE_TYPE}.`);
      }
      const by = operatorOf(request);
      const { statement, isNew } = await withSpooled(request.body, async (path) => {
        const broughtBy = { by, reason };
        const source = { path };
        const wanted = { connector, day: date, source, fileName: name, broughtBy };
        return await deps.reconciler.importFile(wanted);
      });
      reply.code(isNew ? 201 : 200);
      return statementObject(statement);
    },
  );
}

async function withSpooled(
  body: Readable,
  use: (path: string) => Promise<Imported>,
): Promise<Imported> {
  const folder = await mkdtemp(join(tmpdir(), 'tieout-upload-'));
  const path = join(folder, 'statement');
  try {
    await pipeline(body, limited(), createWriteStream(path, { mode: 0o600 }));
    return await use(path);
  } catch (error) {
    throw refusedOr(error);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function limited(): Transform {
  let size = 0;
  return new Transform({
    transform: (piece: Buffer, _encoding, done) => {
      size += piece.length;
      if (size <= FILE_BYTES_MAX) done(null, piece);
      else done(new ApiProblem('body_too_large', `A file may have ${FILE_BYTES_MAX} bytes.`));
    },
  });
}

function readRoutes(app: Api, deps: ApiDependencies): void {
  app.get(
    '/v1/statements',
    {
      schema: {
        operationId: 'listStatements',
        summary: 'List statements that were taken in',
        tags: ['Reconciliation'],
        querystring: listQuery,
        response: { 200: pageAnswer('Statements, the newest first.', 'Statement') },
      },
    },
    async (request) => {
      const { channel = null, date: day = null } = request.query;
      const { limit, startingAfter } = pageOf(request.query, 'stm');
      const last = startingAfter === null ? null : await getStatement(deps.bulkPool, startingAfter);
      const wanted = { channel, day, before: last?.number ?? null, limit: limit + 1 };
      const found = await listStatements(deps.bulkPool, wanted);
      return pageBody(found.slice(0, limit).map(statementObject), found.length > limit);
    },
  );
  app.get(
    '/v1/statements/:id',
    {
      schema: {
        operationId: 'getStatement',
        summary: 'Read what a statement says of itself',
        tags: ['Reconciliation'],
        params: idParams('stm'),
        response: { 200: answer('The statement.', 'Statement') },
      },
      config: { problems: ['not_found'] },
    },
    async (request) => {
      const { id } = request.params;
      const found = isId('stm', id) ? await getStatement(deps.bulkPool, id) : null;
      if (!found) throw notFound('statement');
      return statementObject(found);
    },
  );
}

function caseRoutes(app: Api, deps: ApiDependencies): void {
  app.get(
    '/v1/statement_cases',
    {
      schema: {
        operationId: 'listStatementCases',
        summary: 'List cases of days that belong to no payment',
        tags: ['Reconciliation'],
        querystring: casesQuery,
        response: { 200: pageAnswer('Open cases, the newest first.', 'StatementCase') },
      },
    },
    async (request) => {
      const { limit = CASES_DEFAULT, channel = null, date: day = null } = request.query;
      const isOpen = request.query.status !== 'all';
      const wanted = { isOpen, channel, day, limit: limit + 1 };
      const found = await listStatementCases(deps.bulkPool, wanted);
      return pageBody(found.slice(0, limit).map(statementCaseObject), found.length > limit);
    },
  );
  app.post(
    '/v1/statement_cases/:id/resolve',
    {
      schema: {
        operationId: 'resolveStatementCase',
        summary: 'End a case of a day, with a name and a reason',
        tags: ['Reconciliation'],
        params: idParams('exc'),
        body: resolveBody,
        response: { 200: answer('The case, which is over.', 'StatementCase') },
      },
      config: { problems: ['not_found', 'case_resolved'] },
    },
    async (request) => {
      const { id } = request.params;
      const { reason } = request.body;
      const found = isId('exc', id) ? await getStatementCase(deps.bulkPool, id) : null;
      if (!found) throw notFound('statement case');
      if (found.resolvedAtMs !== null) {
        throw new ApiProblem('case_resolved', `It ended: ${found.resolution ?? ''}`);
      }
      const by = operatorOf(request);
      const atMs = deps.clock.nowMs();
      await resolveStatementCase(deps.bulkPool, found, { atMs, words: `${by}: ${reason}` });
      await recordAct(deps.pool, { atMs, by, act: 'statement_case.resolve', subject: id, reason });
      const ended = await getStatementCase(deps.bulkPool, id);
      return statementCaseObject(ended ?? found);
    },
  );
}
