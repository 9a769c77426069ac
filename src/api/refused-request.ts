/** In tests: sending what must be refused, and seeing that nothing of it was written. */
import type { Answer, ApiRig } from './api-rig.ts';
import { inject } from './api-rig.ts';

/** A payment's fields, all of them right. */
export function validFields(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return { merchant_order_no: 'SO-1', amount: 1999, currency: 'CNY', subject: 'Tea', ...fields };
}

/** POSTs bytes as JSON, whatever they are, with an Idempotency-Key that must stay free. */
export async function sendBytes(
  rig: ApiRig,
  url: string,
  payload: string | Buffer,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return await inject(rig.app, {
    method: 'POST',
    url,
    payload,
    headers: {
      authorization: `Bearer ${rig.shop.key}`,
      'content-type': 'application/json',
      'idempotency-key': 'bad',
      ...headers,
    },
  });
}

/** The pointers of an answer's faults. */
export function pointersOf({ body }: Answer): unknown[] {
  const { errors } = body;
  return Array.isArray(errors) ? errors.map((one: { pointer: unknown }) => one.pointer) : [];
}

/** How many rows every table that a merchant's request can write to has. */
export async function rowCounts({ pool }: ApiRig): Promise<unknown> {
  const { rows } = await pool.query(
    `SELECT (SELECT count(*) FROM payment) AS payments, (SELECT count(*) FROM channel_order) AS orders,
      (SELECT count(*) FROM history) AS history, (SELECT count(*) FROM webhook_endpoint) AS endpoints,
      (SELECT count(*) FROM notice) AS notices, (SELECT count(*) FROM idempotency_key) AS keys`,
  );
  return rows[0];
}
