/** `POST /notifications/{channel}/{account}`: where channels report. Raw bytes in, the channel's own words out. */
import { Type } from 'typebox';
import type { FastifyRequest } from 'fastify';
import { ApiProblem, notFound } from './api-problem.ts';
import type { ApiDependencies } from './dependencies.ts';
import type { Api } from './request-decorations.ts';

/** No channel sends a tenth of this; a flood of larger ones is cut off early. */
const NOTIFICATION_BYTES_MAX = 1024 * 1024;
const RAW_TYPE = 'application/octet-stream';
const NO_BYTES = Buffer.alloc(0);

const notificationParams = Type.Object({
  channel: Type.String({ description: 'The channel that reports.', examples: ['sandbox'] }),
  account: Type.String({ description: 'Our account there.', examples: ['main'] }),
});

/** The route that channels call; every body is taken as it is, whatever it claims to be. */
export function notificationRoutes(app: Api, deps: ApiDependencies): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, bytes, done) =>
    done(null, bytes),
  );
  // The framework refuses content types that it cannot read; channels send all sorts.
  app.addHook('onRequest', (request, _reply, done) => {
    request.contentTypeSent = request.raw.headers['content-type'] ?? null;
    if (request.contentTypeSent !== null) request.raw.headers['content-type'] = RAW_TYPE;
    done();
  });
  app.post(
    '/notifications/:channel/:account',
    {
      bodyLimit: NOTIFICATION_BYTES_MAX,
      schema: {
        operationId: 'receiveNotification',
        summary: 'A channel reports',
        description:
          'For channels only. The message is verified by its signature and answered in the channel’s own words, once what it says is durable.',
        tags: ['Channels'],
        params: notificationParams,
        response: {
          default: {
            description: 'Taken or refused, in the channel’s own words and statuses.',
            content: { '*/*': { schema: {} } },
          },
        },
      },
      config: { problems: ['not_found', 'body_too_large', 'unavailable'] },
    },
    async (request, reply) => {
      const { channel, account } = request.params;
      const message = { headers: headersOf(request), body: bytesOf(request.body) };
      const answer = await receive(deps, channel, account, message);
      if (!answer) throw notFound('channel account');
      reply.statusCode = answer.status;
      return reply.header('content-type', answer.contentType).send(answer.body);
    },
  );
}

/** What cannot be made durable is not acknowledged: the channel sends it again. */
async function receive(
  deps: ApiDependencies,
  channel: string,
  account: string,
  message: Parameters<ApiDependencies['receiver']['receive']>[2],
): ReturnType<ApiDependencies['receiver']['receive']> {
  try {
    return await deps.receiver.receive(channel, account, message);
  } catch (error) {
    deps.log.error(
      { channel, account, error: error instanceof Error ? error.stack : String(error) },
      'a notification could not be taken in',
    );
    throw new ApiProblem(
      'unavailable',
      'The notification could not be made durable; send it again.',
    );
  }
}

function bytesOf(body: unknown): Uint8Array {
  return body instanceof Uint8Array ? body : NO_BYTES;
}

/** The headers as they came, by lower-case name. Node joins repeated ones, except cookies, which no channel signs. */
function headersOf(request: FastifyRequest): Record<string, string> {
  const headers = request.raw.headers as Record<string, string>;
  if (request.contentTypeSent !== null) headers['content-type'] = request.contentTypeSent;
  return headers;
}
