/** Notices that are born leased by the process that writes them: what it needs to send them at once. */
import { idToUuid, uuidToId } from '../../core/id.ts';
import type { AggregateChange, DueNotice, Endpoint } from '../store.ts';

/** An endpoint that an event goes to, as the writing statement answers it. */
export type EndpointRow = {
  readonly event_id?: string | null;
  readonly endpoint_id?: string | null;
  readonly url?: string | null;
  readonly secret?: string | null;
  readonly old_secret?: string | null;
  readonly old_secret_until_ms?: number | null;
};

/** No claim has raised the lease of a newborn notice: its own writer is whoever holds this one. */
const LEASE_AT_BIRTH = 0;

/** The notices of one change that was written. */
export function noticesOf(
  { after, steps }: AggregateChange,
  endpointsByEvent: ReadonlyMap<string | null | undefined, readonly EndpointRow[]>,
): DueNotice[] {
  const { merchantNumber, id: paymentId, noticeUrl } = after.payment;
  return steps.flatMap(({ atMs, effects }) =>
    effects.flatMap((effect): DueNotice[] => {
      if (effect.type !== 'event') return [];
      const { id: eventId, event, subjectKey, snapshot } = effect;
      const rows = noticeUrl === null ? endpointsByEvent.get(idToUuid(eventId)) : undefined;
      const endpoints = noticeUrl === null ? endpointsOf(rows ?? [], atMs) : [null];
      return endpoints.map((endpoint) => ({
        merchantNumber,
        paymentId,
        eventId,
        endpoint,
        event,
        atMs,
        subjectKey,
        snapshot,
        tries: 0,
        lease: LEASE_AT_BIRTH,
      }));
    }),
  );
}

function endpointsOf(rows: readonly EndpointRow[], nowMs: number): Endpoint[] {
  return rows.flatMap((row) => {
    if (!row.endpoint_id || !row.url || !row.secret) return [];
    const isOldValid = (row.old_secret_until_ms ?? 0) > nowMs;
    const old = isOldValid && row.old_secret ? [row.old_secret] : [];
    return [{ id: uuidToId('we', row.endpoint_id), url: row.url, secrets: [row.secret, ...old] }];
  });
}
