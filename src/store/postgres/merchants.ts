/** Merchants, operators (named people), and their keys. A key itself is never stored, only its SHA-256. */
import { createHash, randomBytes } from 'node:crypto';
import { idToUuid, uuidToId } from '../../core/id.ts';
import type { LatePaymentPolicy } from '../../core/payment.ts';
import type { Pool } from './pool.ts';

export type Merchant = {
  readonly number: number;
  readonly id: string;
  readonly name: string;
  readonly createdAtMs: number;
  /** Signs the notices that go to a payment's own `notice_url`. */
  readonly noticeSecret: string;
  /** What is done with money that arrives for a closed payment. */
  readonly latePayment: LatePaymentPolicy;
};

export type Operator = { readonly id: string; readonly name: string };

/** Whose key it is; a revoked or unknown one has no owner. */
export type KeyOwner =
  | { readonly merchantNumber: number; readonly latePayment: LatePaymentPolicy }
  | { readonly operatorId: string; readonly name: string };

export type ListedKey = {
  readonly hash: Uint8Array;
  readonly hint: string;
  readonly createdAtMs: number;
  readonly revokedAtMs: number | null;
};

type MerchantRow = {
  number: number;
  id: string;
  name: string;
  created_at_ms: number;
  notice_secret: string;
  late_payment: LatePaymentPolicy;
};

const MERCHANT_COLUMNS = 'number, id, name, created_at_ms, notice_secret, late_payment';

/** A webhook secret in the form of Standard Webhooks: `whsec_` and the base64 of its bytes. */
export function webhookSecret(random: Uint8Array): string {
  return `whsec_${Buffer.from(random).toString('base64')}`;
}

/** What is stored of a key, and looked up: its SHA-256. Keys are 256 random bits, so no salt is needed. */
export function keyHash(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

/** Makes a merchant; its number is part of every id of its payments. Throws when 2^24 - 1 exist. */
export async function createMerchant(
  pool: Pool,
  fresh: { name: string; nowMs: number; newId: (prefix: string) => string },
): Promise<Merchant> {
  const { rows } = await pool.query<MerchantRow>(
    `INSERT INTO merchant (id, name, created_at_ms, notice_secret) VALUES ($1, $2, $3, $4)
     RETURNING ${MERCHANT_COLUMNS}`,
    [fresh.newId('mch'), fresh.name, fresh.nowMs, webhookSecret(randomBytes(24))],
  );
  const [merchant] = rows.map(toMerchant);
  if (!merchant) throw new Error('the database took a merchant and did not answer it');
  return merchant;
}

/** Changes what is done with late money, for payments made from now on; false when there is no such merchant. */
export async function setLatePayment(
  pool: Pool,
  id: string,
  latePayment: LatePaymentPolicy,
): Promise<boolean> {
  const text = 'UPDATE merchant SET late_payment = $2 WHERE id = $1';
  const { rowCount } = await pool.query({ text, values: [id, latePayment] });
  return rowCount === 1;
}

/** All merchants, the oldest first. */
export async function listMerchants(pool: Pool): Promise<Merchant[]> {
  const { rows } = await pool.query<MerchantRow>(
    `SELECT ${MERCHANT_COLUMNS} FROM merchant ORDER BY number`,
  );
  return rows.map(toMerchant);
}

/** The merchant with this id (`mch_…`), or null. */
export async function findMerchantById(pool: Pool, id: string): Promise<Merchant | null> {
  const { rows } = await pool.query<MerchantRow>(
    `SELECT ${MERCHANT_COLUMNS} FROM merchant WHERE id = $1`,
    [id],
  );
  return rows.map(toMerchant)[0] ?? null;
}

/** The secrets for notices to payments' own addresses, by merchant number. */
export async function noticeSecrets(
  pool: Pool,
  merchantNumbers: readonly number[],
): Promise<Map<number, string>> {
  const { rows } = await pool.query<{ number: number; notice_secret: string }>({
    name: 'notice_secrets',
    text: 'SELECT number, notice_secret FROM merchant WHERE number = ANY ($1::integer[])',
    values: [merchantNumbers],
  });
  return new Map(rows.map((row) => [row.number, row.notice_secret]));
}

/** Makes an operator, who is a person with a name. Throws a data error when the name is taken. */
export async function createOperator(
  pool: Pool,
  fresh: { name: string; nowMs: number; newId: (prefix: string) => string },
): Promise<Operator> {
  const id = fresh.newId('op');
  await pool.query('INSERT INTO operator (id, name, created_at_ms) VALUES ($1, $2, $3)', [
    idToUuid(id),
    fresh.name,
    fresh.nowMs,
  ]);
  return { id, name: fresh.name };
}

/**
 * Makes a key for a merchant (`sk_test_…`) or an operator (`ok_test_…`) from 32 random bytes. This
 * answer is the only time that anybody sees it.
 */
export async function createKey(
  pool: Pool,
  fresh: ({ merchantNumber: number } | { operatorId: string }) & {
    nowMs: number;
    random: Uint8Array;
  },
): Promise<{ key: string }> {
  if (fresh.random.length < 32) throw new RangeError('a key needs 32 random bytes');
  const isMerchants = 'merchantNumber' in fresh;
  const text = Buffer.from(fresh.random).toString('base64url');
  const key = `${isMerchants ? 'sk' : 'ok'}_test_${text}`;
  await pool.query(
    `INSERT INTO api_key (hash, merchant_number, operator_id, hint, created_at_ms)
     VALUES ($1, $2, $3, $4, $5)`,
    [
      keyHash(key),
      isMerchants ? fresh.merchantNumber : null,
      isMerchants ? null : idToUuid(fresh.operatorId),
      key.slice(-4),
      fresh.nowMs,
    ],
  );
  return { key };
}

/** The keys of one owner, the newest first; `hint` is the end of the key, to tell them apart. */
export async function listKeys(
  pool: Pool,
  owner: { merchantNumber: number } | { operatorId: string },
): Promise<ListedKey[]> {
  const isMerchants = 'merchantNumber' in owner;
  const { rows } = await pool.query<{
    hash: Buffer;
    hint: string;
    created_at_ms: number;
    revoked_at_ms: number | null;
  }>(
    `SELECT hash, hint, created_at_ms, revoked_at_ms FROM api_key
     WHERE ${isMerchants ? 'merchant_number' : 'operator_id'} = $1 ORDER BY created_at_ms DESC, hash`,
    [isMerchants ? owner.merchantNumber : idToUuid(owner.operatorId)],
  );
  return rows.map((row) => ({
    hash: row.hash,
    hint: row.hint,
    createdAtMs: row.created_at_ms,
    revokedAtMs: row.revoked_at_ms,
  }));
}

/** Ends a key for ever; answers whether it was alive until now. */
export async function revokeKey(pool: Pool, hash: Uint8Array, nowMs: number): Promise<boolean> {
  const { rowCount } = await pool.query(
    'UPDATE api_key SET revoked_at_ms = $2 WHERE hash = $1 AND revoked_at_ms IS NULL',
    [hash, nowMs],
  );
  return rowCount === 1;
}

/** Whose key this is, by its hash (see `keyHash`); null when it is unknown or was revoked. */
export async function findKey(pool: Pool, hash: Uint8Array): Promise<KeyOwner | null> {
  const { rows } = await pool.query<{
    merchant_number: number | null;
    late_payment: LatePaymentPolicy | null;
    operator_id: string | null;
    name: string | null;
  }>({
    name: 'find_key',
    text: `
      SELECT k.merchant_number, m.late_payment, k.operator_id, o.name
      FROM api_key k LEFT JOIN operator o ON o.id = k.operator_id
        LEFT JOIN merchant m ON m.number = k.merchant_number
      WHERE k.hash = $1 AND k.revoked_at_ms IS NULL`,
    values: [hash],
  });
  const [row] = rows;
  if (!row) return null;
  if (row.merchant_number !== null) {
    const latePayment = row.late_payment ?? 'refund';
    return { merchantNumber: row.merchant_number, latePayment };
  }
  if (row.operator_id === null || row.name === null) return null;
  return { operatorId: uuidToId('op', row.operator_id), name: row.name };
}

function toMerchant(row: MerchantRow): Merchant {
  return {
    number: row.number,
    id: row.id,
    name: row.name,
    createdAtMs: row.created_at_ms,
    noticeSecret: row.notice_secret,
    latePayment: row.late_payment,
  };
}
