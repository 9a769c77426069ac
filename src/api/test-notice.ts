/** A test notice: signed and posted like a real one, at once, and kept nowhere. */
import { newNoticePost } from '../runtime/notice-post.ts';
import { newNoticeSigner } from '../runtime/notice-signature.ts';
import { timeText } from '../runtime/payment-object.ts';
import type { WebhookEndpoint } from '../store/postgres/webhook-endpoints.ts';
import type { ApiDependencies } from './dependencies.ts';
import type { Api } from './request-decorations.ts';

/** No event of ours has this type, so no receiver takes a test for a payment. */
export const TEST_EVENT_TYPE = 'webhook_endpoint.test';
/** The caller waits for it: shorter than the patience that real notices get. */
const TEST_DEADLINE_MS = 5_000;

/** A sender of test notices; its connections close with the server. */
export function newTestNotice(app: Api, { mode, clock, newId }: ApiDependencies) {
  const http = newNoticePost({ mode, deadlineMs: TEST_DEADLINE_MS });
  const sign = newNoticeSigner();
  app.addHook('onClose', async () => await http.close());

  return async ({ id, url, secret }: WebhookEndpoint) => {
    const nowMs = clock.nowMs();
    const eventId = newId('evt');
    const result = { object: 'webhook_test' as const, endpoint: id, event: eventId };
    const target = http.target(url);
    if (typeof target === 'string') {
      return { ...result, delivered: false, response_status: 0, duration_ms: 0, error: target };
    }
    const object = { id, object: 'webhook_endpoint', url };
    const body = JSON.stringify({
      id: eventId,
      type: TEST_EVENT_TYPE,
      timestamp: timeText(nowMs),
      data: { object },
    });
    // The receiver compares it with its own clock, which the test clock does not move.
    const seconds = Math.floor(clock.wallMs() / 1000);
    const headers = {
      'content-type': 'application/json',
      'webhook-id': eventId,
      'webhook-timestamp': String(seconds),
      'webhook-signature': sign([secret], eventId, seconds, body),
    };
    const posted = await http.post(target, headers, body);
    return {
      ...result,
      delivered: posted.status >= 200 && posted.status < 300,
      response_status: posted.status,
      duration_ms: posted.durationMs,
      error: posted.error,
    };
  };
}
