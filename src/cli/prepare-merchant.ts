/** A merchant ready to sell in a sandbox world: keys, an operator, and the sample merchant's endpoint. */
import { randomBytes } from 'node:crypto';
import { ID_RANDOM_BYTES, newId } from '../core/id.ts';
import type { Pool } from '../store/postgres/pool.ts';
import { openPool } from '../store/postgres/pool.ts';
import {
  createKey,
  createMerchant,
  createOperator,
  findMerchantById,
} from '../store/postgres/merchants.ts';
import { createEndpoint } from '../store/postgres/webhook-endpoints.ts';

export type PreparedMerchant = {
  readonly merchantId: string;
  readonly secretKey: string;
  readonly operatorKey: string;
  readonly webhookSecret: string;
};

/** Creates all of it, and tells the sandbox's sample merchant the secret of its notices. */
export async function prepareMerchant(
  databaseUrl: string,
  sandboxUrl: string,
): Promise<PreparedMerchant> {
  const pool = openPool(databaseUrl, { max: 1, onError: () => {} });
  try {
    return await prepareOn(pool, sandboxUrl);
  } finally {
    await pool.end();
  }
}

async function prepareOn(pool: Pool, sandboxUrl: string): Promise<PreparedMerchant> {
  const nowMs = Date.now();
  const freshId = (prefix: string): string => newId(prefix, nowMs, randomBytes(ID_RANDOM_BYTES));
  const merchant = await createMerchant(pool, { name: 'Sample shop', nowMs, newId: freshId });
  const operator = await createOperator(pool, {
    name: `demo-${randomBytes(4).toString('hex')}`,
    nowMs,
    newId: freshId,
  });
  const key = await createKey(pool, {
    merchantNumber: merchant.number,
    nowMs,
    random: randomBytes(32),
  });
  const operatorKey = await createKey(pool, {
    operatorId: operator.id,
    nowMs,
    random: randomBytes(32),
  });
  const endpoint = await createEndpoint(pool, {
    merchantNumber: merchant.number,
    url: `${sandboxUrl}/merchant/notices`,
    nowMs,
    newId: freshId,
    random: randomBytes(24),
  });
  await tellSampleMerchant(sandboxUrl, endpoint.secret, merchant.noticeSecret);
  return {
    merchantId: merchant.id,
    secretKey: key.key,
    operatorKey: operatorKey.key,
    webhookSecret: endpoint.secret,
  };
}

/** A merchant with a secret key and nothing else. */
export async function createShopKey(databaseUrl: string): Promise<string> {
  const pool = openPool(databaseUrl, { max: 1, onError: () => {} });
  const nowMs = Date.now();
  const freshId = (prefix: string): string => newId(prefix, nowMs, randomBytes(ID_RANDOM_BYTES));
  try {
    const { number } = await createMerchant(pool, { name: 'Benchmark', nowMs, newId: freshId });
    const { key } = await createKey(pool, {
      merchantNumber: number,
      nowMs,
      random: randomBytes(32),
    });
    return key;
  } finally {
    await pool.end();
  }
}

/** Tells the sample merchant of a world that was up before what it was told then. */
export async function tellSampleMerchantAgain(
  databaseUrl: string,
  sandboxUrl: string,
  known: { readonly merchant: string; readonly webhook_secret: string },
): Promise<void> {
  const pool = openPool(databaseUrl, { max: 1, onError: () => {} });
  try {
    const merchant = await findMerchantById(pool, known.merchant);
    const own = merchant?.noticeSecret ?? known.webhook_secret;
    await tellSampleMerchant(sandboxUrl, known.webhook_secret, own);
  } finally {
    await pool.end();
  }
}

/** The sample merchant verifies notices with these from now on: its endpoint's secret, and that of a `notice_url`. */
async function tellSampleMerchant(
  sandboxUrl: string,
  secret: string,
  noticeSecret: string,
): Promise<void> {
  const answer = await fetch(`${sandboxUrl}/control/merchant`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ secret, notice_secret: noticeSecret }),
  });
  if (!answer.ok)
    throw new Error(`the sandbox's merchant did not take its secret (${answer.status})`);
}
