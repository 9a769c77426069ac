/** The relay's tables in the two databases, and the scan's reads on their replicas. */
import { idToUuid, uuidToId } from '../../core/id.ts';
import { isToChannelBook } from '../../core/message.ts';
import type { BookPools } from '../../store/postgres/load-apart.ts';
import { addInternalDrops, claimMessages, dropMessages } from '../../store/postgres/outbox.ts';
import type { Pool } from '../../store/postgres/pool.ts';
import type { PaymentKey } from '../../store/store.ts';
import type { Book, OutboxPort } from './relay-door.ts';
import type { ChangedPayments, MissingMessage, RelayStore } from './relay-work.ts';

/** A replica of either database; null where there is none and the primary is asked. */
export type ReplicaPools = { readonly payment: Pool | null; readonly channel: Pool | null };

/**
 * How far a scan looks back behind its watermark. A change bears the time of its decision and is
 * committed later, but never later than a statement and an idle transaction may take together.
 */
const OVERLAP_MS = 60_000;
/** What is younger than this may still be on its way, by its hop or by the relay. */
const GRACE_MS = 5_000;
/** Changes looked at in one scan; the next one goes on behind them. */
const CHANGES_MAX = 20_000;

const WATERMARK = 'SELECT watermark_ms FROM sweep WHERE name = $1';
const MOVE_WATERMARK = `
  INSERT INTO sweep (name, watermark_ms) VALUES ($1, $2)
  ON CONFLICT (name) DO UPDATE SET watermark_ms = greatest(sweep.watermark_ms, excluded.watermark_ms)`;
const CHANGED = `
  SELECT merchant_number, payment_id, changed_at_ms FROM book_change
  WHERE changed_at_ms >= $1 AND changed_at_ms < $2 ORDER BY changed_at_ms LIMIT ${CHANGES_MAX}`;
const PAGE = `
  SELECT merchant_number, id AS payment_id FROM payment
  WHERE (merchant_number, id) > ($1, $2) ORDER BY merchant_number, id LIMIT $3`;
const IN_OUTBOX = `
  SELECT o.merchant_number, o.payment_id, o.key
  FROM unnest($1::integer[], $2::uuid[], $3::text[]) AS u (merchant_number, payment_id, key)
  JOIN outbox o ON o.merchant_number = u.merchant_number AND o.payment_id = u.payment_id
    AND o.key = u.key`;
const FIRST_UUID = '00000000-0000-0000-0000-000000000000';

type KeyRow = { merchant_number: number; payment_id: string };

/** The relay's store over these databases. */
export function relayStore(pools: BookPools, replicas: ReplicaPools): RelayStore {
  return {
    claimOutbox: async (book, limit, nowMs, leaseMs) =>
      await claimMessages(pools[book], 'outbox', limit, nowMs, leaseMs),
    claimInternalDrops: async (limit, nowMs, leaseMs) =>
      await claimMessages(pools.payment, 'internal_drop', limit, nowMs, leaseMs),
    dropInternalDrops: async (drops) => await dropMessages(pools.payment, 'internal_drop', drops),
    notInOutbox: async (messages) => await notInOutbox(pools, messages),
    addInternalDrops: async (drops, nowMs) => await addInternalDrops(pools.payment, drops, nowMs),
    changedSince: async (book, nowMs) => {
      const replica = replicas[book];
      if (replica && !(await hasReplayed(pools[book], replica))) return null;
      return await changedSince(book, pools[book], replica ?? pools[book], nowMs);
    },
    page: async (after, limit) => {
      const values = [
        after?.merchantNumber ?? 0,
        after ? idToUuid(after.paymentId) : FIRST_UUID,
        limit,
      ];
      const { rows } = await pools.payment.query<KeyRow>({ text: PAGE, values });
      return rows.map(keyOf);
    },
  };
}

/** The outboxes of both books, for hops. */
export function outboxPort(pools: BookPools): OutboxPort {
  return {
    drop: async (sender, messages) => await dropMessages(pools[sender], 'outbox', messages),
  };
}

async function changedSince(
  book: Book,
  primary: Pool,
  reader: Pool,
  nowMs: number,
): Promise<ChangedPayments> {
  const name = `drops:${book}`;
  const { rows: marks } = await primary.query<{ watermark_ms: number }>({
    name: 'drops_watermark',
    text: WATERMARK,
    values: [name],
  });
  const fromMs = Math.max(0, (marks[0]?.watermark_ms ?? 0) - OVERLAP_MS);
  const toMs = nowMs - GRACE_MS;
  const { rows } = await reader.query<KeyRow & { changed_at_ms: number }>({
    name: 'changed_since',
    text: CHANGED,
    values: [fromMs, toMs],
  });
  const isCut = rows.length === CHANGES_MAX;
  const seenToMs = isCut ? (rows.at(-1)?.changed_at_ms ?? fromMs) + OVERLAP_MS : toMs;
  return {
    keys: rows.map(keyOf),
    done: async () => {
      await primary.query({ name: 'move_drops', text: MOVE_WATERMARK, values: [name, seenToMs] });
    },
  };
}

/**
 * Whether a replica has replayed everything that the primary had written by now. Until then it is not
 * asked: a lagging replica may delay a find, and must not hide one behind the watermark.
 */
async function hasReplayed(primary: Pool, replica: Pool): Promise<boolean> {
  const { rows: written } = await primary.query<{ lsn: string }>(
    'SELECT pg_current_wal_lsn()::text AS lsn',
  );
  const { rows: replayed } = await replica.query<{ is_there: boolean | null }>({
    text: 'SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS is_there',
    values: [written[0]?.lsn ?? '0/0'],
  });
  return replayed[0]?.is_there === true;
}

async function notInOutbox(
  pools: BookPools,
  drops: readonly MissingMessage[],
): Promise<MissingMessage[]> {
  const bySender = Map.groupBy(drops, ({ message }) =>
    isToChannelBook(message) ? ('payment' as const) : ('channel' as const),
  );
  const waiting = new Set<string>();
  for (const [sender, messages] of bySender) {
    const { rows } = await pools[sender].query<KeyRow & { key: string }>({
      name: 'in_outbox',
      text: IN_OUTBOX,
      values: [
        messages.map((one) => one.merchantNumber),
        messages.map((one) => idToUuid(one.paymentId)),
        messages.map((one) => one.key),
      ],
    });
    for (const row of rows) waiting.add(`${keyOf(row).paymentId} ${row.key}`);
  }
  return drops.filter((one) => !waiting.has(`${one.paymentId} ${one.key}`));
}

function keyOf(row: KeyRow): PaymentKey {
  return { merchantNumber: row.merchant_number, paymentId: uuidToId('pay', row.payment_id) };
}
