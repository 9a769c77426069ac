/** The HTTP server: which routes there are, who may call them, and what every answer carries. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { ApiProblem } from './api-problem.ts';
import type { Access } from './authentication.ts';
import { newAuthentication } from './authentication.ts';
import { answerClientError } from './client-error.ts';
import type { ApiDependencies } from './dependencies.ts';
import { newErrorHandler, sendProblem } from './error-handler.ts';
import { eventRoutes } from './events.ts';
import { exceptionActionRoutes } from './exception-actions.ts';
import { exceptionRoutes } from './exceptions.ts';
import { claimKey, keepAnswer } from './idempotent-answer.ts';
import { acceptJsonOnly } from './json-body.ts';
import { keptNotificationRoutes } from './kept-notifications.ts';
import { merchantStatementRoutes } from './merchant-statements.ts';
import { merchantRoutes } from './merchants.ts';
import { notificationRoutes } from './notifications.ts';
import { describeApi } from './openapi-document.ts';
import { operationRoutes } from './operations.ts';
import { paymentActionRoutes } from './payment-actions.ts';
import { paymentReadRoutes } from './payment-reads.ts';
import { paymentRoutes } from './payments.ts';
import { reconciliationRoutes } from './reconciliations.ts';
import { refundBrakeRoutes } from './refund-brake.ts';
import { refundReadRoutes } from './refund-reads.ts';
import { refundRoutes } from './refunds.ts';
import type { Api } from './request-decorations.ts';
import { decorateRequests } from './request-decorations.ts';
import { limitReads } from './read-limit.ts';
import { newRequestIds } from './request-id.ts';
import { recordRequests } from './request-log.ts';
import { documentRoute } from './route-documentation.ts';
import { statementRoutes } from './statements.ts';
import { testClockRoutes } from './test-clock-routes.ts';
import { testFaultRoutes } from './test-faults.ts';
import { testPaymentRoutes } from './test-payments.ts';
import { testStatementRoutes } from './test-statements.ts';
import { newKnownRoutes } from './unknown-route.ts';
import { validatorCompiler } from './validator.ts';
import { webhookDeliveryRoutes } from './webhook-deliveries.ts';
import { webhookEndpointActionRoutes } from './webhook-endpoint-actions.ts';
import { webhookEndpointRoutes } from './webhook-endpoints.ts';

/** A body of ours is far below a kilobyte. */
const BODY_BYTES_MAX = 64 * 1024;
const HEADER_BYTES_MAX = 8 * 1024;
/** A caller who sends slower than this holds a socket for nothing. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than the usual 60 s of load balancers, so that it is never we who close a connection in use. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;

/** Builds the server; the caller listens and closes. */
export function buildApi(deps: ApiDependencies): FastifyInstance {
  const requestId = newRequestIds(deps.clock);
  const app: Api = Fastify({
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    http: { maxHeaderSize: HEADER_BYTES_MAX, headersTimeout: HEADERS_TIMEOUT_MS },
    // Nobody names our requests for us: an id that a stranger chose proves nothing.
    requestIdHeader: false,
    genReqId: requestId,
    clientErrorHandler: (error, socket) => answerClientError(error, socket, requestId()),
    frameworkErrors: (error, request, reply) => {
      reply.header('tieout-request-id', request.id);
      handleError(error, request, reply);
    },
  }).withTypeProvider<TypeBoxTypeProvider>();
  const handleError = newErrorHandler(deps.log);
  const known = newKnownRoutes();

  decorateRequests(app);
  app.setErrorHandler(handleError);
  app.setNotFoundHandler((request, reply) =>
    sendProblem(request, reply, known.problemFor(request)),
  );
  app.setValidatorCompiler(validatorCompiler());
  // The components describe the answers and tests hold the two together: nothing is gained by building texts twice.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  acceptJsonOnly(app);
  app.addHook('onRoute', known.add);
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('tieout-request-id', request.id);
    reply.header('cache-control', 'no-store');
    reply.header('x-content-type-options', 'nosniff');
    // The parser still takes the HTTP of 1991, which has no headers and so no key.
    const isHttp = request.raw.httpVersionMajor >= 1;
    done(isHttp ? undefined : new ApiProblem('request_malformed', 'This is not HTTP/1.1.'));
  });
  recordRequests(app, deps);
  describeApi(app, deps.mode);
  registerRoutes(app, deps);
  return app;
}

function registerRoutes(app: Api, deps: ApiDependencies): void {
  const authentication = newAuthentication(deps);
  const readLimit = limitReads(deps);

  /** Routes that one kind of caller may use; no route exists outside of such a group. */
  const group = (access: Access, routes: (scope: Api) => void): void => {
    void app.register((scope: Api, _options, done) => {
      scope.addHook('onRoute', (route) => documentRoute(route, access));
      if (access !== 'public') {
        scope.addHook('onRequest', authentication(access));
        scope.addHook('onRequest', readLimit);
        scope.addHook('preHandler', claimKey(deps));
        scope.addHook('onSend', keepAnswer(deps));
      }
      routes(scope);
      done();
    });
  };

  group('merchant', (scope) => {
    paymentRoutes(scope, deps);
    paymentReadRoutes(scope, deps);
    paymentActionRoutes(scope, deps);
    refundRoutes(scope, deps);
    refundReadRoutes(scope, deps);
    merchantStatementRoutes(scope, deps);
    eventRoutes(scope, deps);
    webhookEndpointRoutes(scope, deps);
    webhookEndpointActionRoutes(scope, deps);
    webhookDeliveryRoutes(scope, deps);
    if (deps.mode === 'sandbox' && deps.sandboxUrl !== null)
      testPaymentRoutes(scope, deps, deps.sandboxUrl);
  });
  group('operator', (scope) => {
    merchantRoutes(scope, deps);
    exceptionActionRoutes(scope, deps);
    refundBrakeRoutes(scope, deps);
    keptNotificationRoutes(scope, deps);
    reconciliationRoutes(scope, deps);
    statementRoutes(scope, deps);
  });
  group('any_key', (scope) => {
    exceptionRoutes(scope, deps);
    if (deps.mode !== 'sandbox') return;
    if (deps.testClock !== null) testClockRoutes(scope, deps.testClock);
    if (deps.sandboxUrl !== null) {
      testFaultRoutes(scope, deps.sandboxUrl);
      testStatementRoutes(scope, deps, deps.sandboxUrl);
    }
  });
  group('public', (scope) => operationRoutes(scope, deps));
  group('public', (scope) => notificationRoutes(scope, deps));
}
