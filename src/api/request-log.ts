/** One line and one measurement per request: who asked for what, and how long it took. Never a body, never a key. */
import { Histogram } from 'prom-client';
import type { ApiDependencies } from './dependencies.ts';
import type { Api } from './request-decorations.ts';

/** From a read out of memory to the longest wait for a channel. */
const SECONDS_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Logs and measures every answer of this server. */
export function recordRequests(
  app: Api,
  { log, metrics }: Pick<ApiDependencies, 'log' | 'metrics'>,
): void {
  const seconds = new Histogram({
    name: 'tieout_http_request_seconds',
    help: 'Time from the first byte of a request to the last of its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: SECONDS_BUCKETS,
    registers: [metrics],
  });
  app.addHook('onResponse', (request, reply, done) => {
    const { method } = request;
    // The pattern, not the path: a path holds ids.
    const route = request.routeOptions.url ?? 'none';
    const ms = Math.round(reply.elapsedTime * 10) / 10;
    seconds.observe({ method, route, status: reply.statusCode }, ms / 1000);
    if (log.isLevelEnabled('info')) {
      const line = { request_id: request.id, method, route, status: reply.statusCode, ms };
      log.info(request.problem === null ? line : { ...line, code: request.problem }, 'request');
    }
    done();
  });
}
