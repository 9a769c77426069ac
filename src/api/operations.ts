/** What runs the platform asks: alive, ready, metrics, and the API's own description. */
import { ApiProblem } from './api-problem.ts';
import type { ApiDependencies } from './dependencies.ts';
import type { Api } from './request-decorations.ts';
import type { Language } from './reference-frame.ts';
import { languageOf, REFERENCE_HEADERS } from './reference-frame.ts';
import { referencePage } from './reference-page.ts';
import { answerOf } from './route-documentation.ts';
import { text } from './schema-words.ts';

const statusAnswer = (description: string, word: string) =>
  answerOf(description, {
    type: 'object',
    required: ['status'],
    properties: { status: { type: 'string', enum: [word] } },
    additionalProperties: false,
  });

/** `/livez`, `/readyz`, `/metrics`, `/openapi.json` and `/docs`. */
export function operationRoutes(app: Api, deps: ApiDependencies): void {
  healthRoutes(app, deps);
  readingRoutes(app, deps);
  referenceRoute(app);
}

/** The document for people. It cannot change while the process runs, so each language is made once. */
function referenceRoute(app: Api): void {
  const pages = new Map<Language, string>();
  app.get<{ Querystring: { lang?: string } }>(
    '/docs',
    {
      schema: {
        operationId: 'readReference',
        summary: 'This document for people',
        tags: ['Operations'],
        querystring: {
          type: 'object',
          properties: { lang: text('Language: zh or en; the browser’s when absent.', 'zh') },
        },
        response: {
          200: {
            description: 'One HTML page, without scripts.',
            content: { 'text/html': { schema: { type: 'string' } } },
          },
        },
      },
    },
    async (request, reply) => {
      const language = languageOf(request.query.lang, request.headers['accept-language']);
      const page = pages.get(language) ?? referencePage(app.swagger(), language);
      pages.set(language, page);
      return await reply.headers(REFERENCE_HEADERS).send(page);
    },
  );
}

function healthRoutes(app: Api, deps: ApiDependencies): void {
  app.get(
    '/livez',
    {
      schema: {
        operationId: 'isAlive',
        summary: 'The process answers',
        tags: ['Operations'],
        response: { 200: statusAnswer('Alive.', 'alive') },
      },
    },
    () => ({ status: 'alive' }),
  );
  app.get(
    '/readyz',
    {
      schema: {
        operationId: 'isReady',
        summary: 'The process can serve',
        tags: ['Operations'],
        response: { 200: statusAnswer('Ready.', 'ready') },
      },
      config: { problems: ['unavailable'] },
    },
    async () => {
      const missing = await deps.notReady();
      if (missing !== null) throw new ApiProblem('unavailable', missing);
      return { status: 'ready' };
    },
  );
}

function readingRoutes(app: Api, deps: ApiDependencies): void {
  app.get(
    '/metrics',
    {
      schema: {
        operationId: 'readMetrics',
        summary: 'Counters in Prometheus’ text format',
        tags: ['Operations'],
        response: {
          200: {
            description: 'All metrics.',
            content: { 'text/plain': { schema: { type: 'string' } } },
          },
        },
      },
    },
    async (_request, reply) => {
      reply.header('content-type', deps.metrics.contentType);
      return await deps.metrics.metrics();
    },
  );
  app.get(
    '/openapi.json',
    {
      schema: {
        operationId: 'readOpenapi',
        summary: 'This document',
        tags: ['Operations'],
        response: { 200: answerOf('The OpenAPI 3.1 document.', { type: 'object' }) },
      },
    },
    () => app.swagger(),
  );
}
