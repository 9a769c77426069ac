/** One notice on its way: rendered, signed, posted, and judged by the answer. */
import type { Aggregate } from '../core/aggregate.ts';
import type { Input } from '../core/input.ts';
import type { Pool } from '../store/postgres/pool.ts';
import { disableEndpoint } from '../store/postgres/webhook-endpoints.ts';
import type { DueNotice, NoticeResult } from '../store/store.ts';
import type { Door } from './apply.ts';
import type { Clock } from './clock.ts';
import type { KillPoints } from './kill-point.ts';
import { eventObject } from './notice-body.ts';
import type { NoticePost, NoticeTarget, Posted } from './notice-post.ts';
import type { SignNotice } from './notice-signature.ts';
import type { Verdict } from './notice-verdict.ts';
import { judgeNotice } from './notice-verdict.ts';
import type { LinkOf } from './payment-object.ts';

/** A claimed notice with all that it takes to send it. */
export type ReadyNotice = {
  readonly notice: DueNotice;
  /** The payment as it stands now; null only if it is gone. */
  readonly payment: Aggregate | null;
  /** Where it goes, or why it cannot. */
  readonly target: NoticeTarget | string;
  readonly secrets: readonly string[];
};

export type DeliveryParts = {
  readonly pool: Pool;
  readonly door: Door;
  readonly clock: Clock;
  readonly wallMs: () => number;
  readonly killPoint: KillPoints;
  readonly linkOf: LinkOf;
  readonly http: Pick<NoticePost, 'post'>;
  readonly sign: SignNotice;
};

/** How the way to a payment's own address is called in facts and cases. */
const DIRECT = 'notice_url';

/**
 * Makes one try. What must follow from its result goes through the door before the result is
 * answered, so that a crash in between repeats the try and not nothing. `bodies` holds what was
 * rendered for the same event already. Rejects when the door or the database does.
 */
export async function deliver(
  ready: ReadyNotice,
  bodies: Map<string, string>,
  parts: DeliveryParts,
): Promise<NoticeResult> {
  const { notice } = ready;
  const atMs = parts.clock.nowMs();
  const posted = await tryOnce(ready, bodies, parts);
  const tries = notice.tries + 1;
  const nowMs = parts.clock.nowMs();
  const verdict: Verdict =
    notice.endpoint?.url === ''
      ? { type: 'gone' }
      : judgeNotice(posted, tries, `${notice.eventId}:${wayOf(notice)}`, nowMs);
  await conclude(verdict, ready, parts);
  return {
    notice,
    atMs,
    durationMs: posted.durationMs,
    responseStatus: posted.status,
    error: posted.error,
    retryAtMs: verdict.type === 'retry' ? nowMs + verdict.pauseMs : null,
  };
}

async function tryOnce(
  { notice, payment, target, secrets }: ReadyNotice,
  bodies: Map<string, string>,
  { http, sign, killPoint, linkOf, wallMs }: DeliveryParts,
): Promise<Posted> {
  if (typeof target === 'string') return notPosted(target);
  if (!payment) return notPosted('its payment is not there');
  const { eventId } = notice;
  const body = bodies.get(eventId) ?? JSON.stringify(eventObject(notice, payment, linkOf));
  bodies.set(eventId, body);
  // Verifiers compare with their own clock, which no test clock of ours ever moves.
  const seconds = Math.floor(wallMs() / 1_000);
  killPoint('notice.before_call');
  const posted = await http.post(
    target,
    {
      'content-type': 'application/json',
      'user-agent': 'Tieout',
      'webhook-id': eventId,
      'webhook-timestamp': `${seconds}`,
      'webhook-signature': sign(secrets, eventId, seconds, body),
    },
    body,
  );
  killPoint('notice.after_call');
  return posted;
}

function notPosted(error: string): Posted {
  return { status: 0, error, retryAfter: null, date: null, durationMs: 0 };
}

async function conclude(
  verdict: Verdict,
  { notice, payment }: ReadyNotice,
  { pool, door, clock }: DeliveryParts,
): Promise<void> {
  const way = wayOf(notice);
  const tell = async (type: 'notice_exhausted' | 'notice_delivered'): Promise<void> => {
    const fact: Input = { type, eventId: notice.eventId, endpoint: way };
    await door.apply({ merchantNumber: notice.merchantNumber, paymentId: notice.paymentId }, fact);
  };
  switch (verdict.type) {
    case 'retry':
      return;
    case 'delivered':
      if (payment && hasOpenCase(payment, `${notice.eventId}:${way}`))
        await tell('notice_delivered');
      return;
    case 'exhausted':
      await tell('notice_exhausted');
      return;
    case 'gone': {
      const { endpoint, merchantNumber } = notice;
      if (endpoint) {
        await disableEndpoint(pool, { merchantNumber, endpointId: endpoint.id }, clock.nowMs());
      }
      await tell('notice_exhausted');
      return;
    }
  }
}

function hasOpenCase({ cases }: Aggregate, subject: string): boolean {
  return cases.some(
    (one) =>
      one.kind === 'undelivered_notice' && one.subject === subject && one.resolvedAtMs === null,
  );
}

function wayOf({ endpoint }: DueNotice): string {
  return endpoint?.id ?? DIRECT;
}
