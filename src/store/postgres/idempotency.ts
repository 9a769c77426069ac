/**
 * Idempotency keys (幂等键): the first request with a key is worked on, copies of it are answered
 * with the same words, and another request under the same key is refused.
 */
import { createHash } from 'node:crypto';
import type { Pool } from './pool.ts';

/** A key that this request works under, until it is completed or released. */
export type IdempotencyClaim = {
  readonly merchantNumber: number;
  readonly key: string;
  /** When it was claimed: tells this claim from one that took it over. */
  readonly claimedAtMs: number;
};

export type ClaimedKey =
  | { readonly type: 'fresh'; readonly claim: IdempotencyClaim }
  /** Another request is being worked on under this key. */
  | { readonly type: 'in_flight'; readonly retryAfterMs: number }
  /** It was answered before: answer the same again. */
  | { readonly type: 'done'; readonly status: number; readonly body: string }
  /** The key belongs to a request with other words. */
  | { readonly type: 'reused' };

/** A request that has not ended after so long is taken for dead; far longer than any deadline of ours. */
const CLAIM_MS = 60_000;
/** How long an answer is kept. */
export const IDEMPOTENCY_KEPT_MS = 30 * 24 * 3_600_000;
const PURGE_CHUNK_SIZE = 5_000;
/** A key may vanish between two looks (released, purged); more often than this something is wrong. */
const LOOKS_MAX = 5;

const CLAIM = `
  INSERT INTO idempotency_key AS i (merchant_number, key, fingerprint, created_at_ms)
  VALUES ($1, $2, $3, $4)
  ON CONFLICT (merchant_number, key) DO UPDATE SET created_at_ms = excluded.created_at_ms
    WHERE i.response_status IS NULL AND i.fingerprint = excluded.fingerprint
      AND i.created_at_ms <= excluded.created_at_ms - ${CLAIM_MS}
  RETURNING i.created_at_ms`;

const LOOK = `
  SELECT fingerprint, created_at_ms, response_status, response_body
  FROM idempotency_key WHERE merchant_number = $1 AND key = $2`;

type KeyRow = {
  fingerprint: Buffer;
  created_at_ms: number;
  response_status: number | null;
  response_body: string | null;
};

/** What makes two requests the same one: SHA-256 of method, path and the bytes of the body. */
export function fingerprintOf(method: string, path: string, body: Uint8Array): Buffer {
  return createHash('sha256').update(`${method} ${path}\n`).update(body).digest();
}

/**
 * Claims a key for one request, or says what stands in the way. A claim whose request has not ended
 * for 60 seconds is taken over: its process is gone, and the request itself is safe to repeat.
 */
export async function claimIdempotencyKey(
  pool: Pool,
  wanted: { merchantNumber: number; key: string; fingerprint: Uint8Array; nowMs: number },
): Promise<ClaimedKey> {
  const { merchantNumber, key, fingerprint, nowMs } = wanted;
  for (let look = 0; look < LOOKS_MAX; look++) {
    const claimed = await pool.query({
      name: 'claim_idempotency_key',
      text: CLAIM,
      values: [merchantNumber, key, fingerprint, nowMs],
    });
    if (claimed.rowCount === 1) {
      return { type: 'fresh', claim: { merchantNumber, key, claimedAtMs: nowMs } };
    }
    const { rows } = await pool.query<KeyRow>({
      name: 'look_at_idempotency_key',
      text: LOOK,
      values: [merchantNumber, key],
    });
    if (rows[0]) return judge(rows[0], fingerprint, nowMs);
  }
  throw new Error(`the idempotency key ${key} came and went ${LOOKS_MAX} times`);
}

function judge(row: KeyRow, fingerprint: Uint8Array, nowMs: number): ClaimedKey {
  if (!row.fingerprint.equals(fingerprint)) return { type: 'reused' };
  if (row.response_status !== null) {
    return { type: 'done', status: row.response_status, body: row.response_body ?? '' };
  }
  return { type: 'in_flight', retryAfterMs: Math.max(1, row.created_at_ms + CLAIM_MS - nowMs) };
}

/** Keeps the answer for copies of the request. Answers false when another request took the claim over meanwhile. */
export async function completeIdempotencyKey(
  pool: Pool,
  claim: IdempotencyClaim,
  answer: { readonly status: number; readonly body: string },
): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'complete_idempotency_key',
    text: `
      UPDATE idempotency_key SET response_status = $4, response_body = $5
      WHERE merchant_number = $1 AND key = $2 AND created_at_ms = $3 AND response_status IS NULL`,
    values: [...valuesOf(claim), answer.status, answer.body],
  });
  return rowCount === 1;
}

/** Lets go of a key whose request came to nothing (refused before a commit, or failed): a repeat starts anew. */
export async function releaseIdempotencyKey(pool: Pool, claim: IdempotencyClaim): Promise<void> {
  await pool.query({
    name: 'release_idempotency_key',
    text: `
      DELETE FROM idempotency_key
      WHERE merchant_number = $1 AND key = $2 AND created_at_ms = $3 AND response_status IS NULL`,
    values: valuesOf(claim),
  });
}

/** Removes keys older than 30 days; answers how many. */
export async function purgeIdempotencyKeys(pool: Pool, nowMs: number): Promise<number> {
  let purged = 0;
  for (;;) {
    const count = await purgeSome(pool, nowMs - IDEMPOTENCY_KEPT_MS);
    purged += count;
    if (count < PURGE_CHUNK_SIZE) return purged;
  }
}

async function purgeSome(pool: Pool, beforeMs: number): Promise<number> {
  const client = await pool.connect();
  let failure: Error | undefined;
  try {
    await client.query('BEGIN');
    // The block range index can only be read this way.
    await client.query('SET LOCAL enable_bitmapscan = on');
    const { rowCount } = await client.query(
      `DELETE FROM idempotency_key WHERE ctid = ANY (ARRAY (
         SELECT ctid FROM idempotency_key WHERE created_at_ms < $1 LIMIT $2))`,
      [beforeMs, PURGE_CHUNK_SIZE],
    );
    await client.query('COMMIT');
    return rowCount ?? 0;
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
    throw failure;
  } finally {
    // A connection whose transaction failed is closed, and not handed on.
    client.release(failure);
  }
}

function valuesOf({ merchantNumber, key, claimedAtMs }: IdempotencyClaim): unknown[] {
  return [merchantNumber, key, claimedAtMs];
}
