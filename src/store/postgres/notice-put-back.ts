/** Putting claimed notices back untried: no try is counted, and nothing is logged. */
import { idToUuid } from '../../core/id.ts';
import type { DueNotice } from '../store.ts';
import type { Pool } from './pool.ts';
import { DIRECT_ENDPOINT } from './sections.ts';

const PUT_BACK = `
  UPDATE notice n SET due_at_ms = u.due_at_ms
  FROM jsonb_to_recordset($1::jsonb) AS u (
    merchant_number integer, event_id uuid, endpoint_id uuid, lease integer, due_at_ms bigint)
  WHERE n.merchant_number = u.merchant_number AND n.event_id = u.event_id
    AND n.endpoint_id = u.endpoint_id AND n.lease = u.lease`;

/** Makes notices due at another time, where they are still under the same lease. */
export async function putBackNotices(
  pool: Pool,
  notices: readonly { readonly notice: DueNotice; readonly dueAtMs: number }[],
): Promise<void> {
  const rows = notices.map(({ notice, dueAtMs }) => ({
    merchant_number: notice.merchantNumber,
    event_id: idToUuid(notice.eventId),
    endpoint_id: notice.endpoint ? idToUuid(notice.endpoint.id) : DIRECT_ENDPOINT,
    lease: notice.lease,
    due_at_ms: dueAtMs,
  }));
  await pool.query({
    name: 'put_back_notices',
    text: PUT_BACK,
    values: [JSON.stringify(rows)],
  });
}
