/** Raw notifications that nobody could place: reading them, and what became of them. 无主通知。 */
import { idToUuid, uuidToId } from '../../core/id.ts';
import type { Page, Paged } from './keyset.ts';
import { takePage } from './keyset.ts';
import type { Pool } from './pool.ts';

export const NOTIFICATION_VERDICTS = [
  'unmatched',
  'adopted',
  'dismissed',
  'refused',
  'accepted',
] as const;
export type KeptVerdict = (typeof NOTIFICATION_VERDICTS)[number];

export type KeptNotification = {
  /** `ntf_…`. */
  readonly id: string;
  readonly channel: string;
  readonly account: string;
  readonly receivedAtMs: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly verdict: KeptVerdict;
  /** Why it changed nothing, or who placed it and why. */
  readonly reason: string | null;
};

type Row = Omit<KeptNotification, 'receivedAtMs'> & { received_at_ms: number };

const COLUMNS = 'id, channel, account, received_at_ms, headers, body, verdict, reason';
const LIST = `
  SELECT ${COLUMNS} FROM notification
  WHERE verdict = $1 AND ($2::uuid IS NULL OR (received_at_ms, id) <
    (SELECT received_at_ms, id FROM notification WHERE id = $2))
  ORDER BY received_at_ms DESC, id DESC LIMIT $3`;
const GET = `SELECT ${COLUMNS} FROM notification WHERE id = $1`;
const END = `
  UPDATE notification SET verdict = $2, reason = $3 WHERE id = $1 AND verdict = 'unmatched'`;

/** Kept notifications of one verdict, the newest first. */
export async function listNotifications(
  pool: Pool,
  verdict: KeptVerdict,
  { limit, startingAfter }: Page,
): Promise<Paged<KeptNotification>> {
  const after = startingAfter === null ? null : idToUuid(startingAfter);
  const { rows } = await pool.query<Row>({ text: LIST, values: [verdict, after, limit + 1] });
  return takePage(rows.map(toKept), limit);
}

/** One of them by its id (`ntf_…`), or null. */
export async function getNotification(pool: Pool, id: string): Promise<KeptNotification | null> {
  const { rows } = await pool.query<Row>({ text: GET, values: [idToUuid(id)] });
  return rows.map(toKept)[0] ?? null;
}

/** Ends one that is still unmatched; answers whether it was until now. */
export async function endNotification(
  pool: Pool,
  id: string,
  verdict: 'adopted' | 'dismissed',
  reason: string,
): Promise<boolean> {
  const { rowCount } = await pool.query({ text: END, values: [idToUuid(id), verdict, reason] });
  return rowCount === 1;
}

function toKept({ received_at_ms: receivedAtMs, ...row }: Row): KeptNotification {
  return { ...row, id: uuidToId('ntf', row.id), receivedAtMs };
}
