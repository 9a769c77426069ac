/** `tieout merchants`: merchants and their keys. A key is shown once, when it is made. */
import { randomBytes } from 'node:crypto';
import { ID_RANDOM_BYTES, newId } from '../core/id.ts';
import {
  createKey,
  createMerchant,
  findMerchantById,
  keyHash,
  listKeys,
  listMerchants,
  revokeKey,
} from '../store/postgres/merchants.ts';
import type { Merchant } from '../store/postgres/merchants.ts';
import type { Pool } from '../store/postgres/pool.ts';
import type { Command, ExitCode, Invocation } from './command.ts';
import { UsageError } from './command.ts';
import { print, table } from './terminal.ts';
import { withPool } from './with-pool.ts';

const NAME_LENGTH_MAX = 100;

export const merchants: Command = {
  name: 'merchants',
  takes: 'create|list|keys|revoke',
  summary:
    'Create merchants and their keys: create --name N · list · keys <mch_…> [--new] · revoke --key K',
  flags: {
    name: { type: 'string', value: 'NAME', help: 'Name of the merchant to create' },
    new: { type: 'boolean', help: 'keys: make another key' },
    key: { type: 'string', value: 'KEY', help: 'revoke: the key itself' },
  },
  run: async (invocation) => {
    const [verb, id] = invocation.positionals;
    switch (verb) {
      case 'create':
        return await withPool(async (pool) => await create(pool, invocation));
      case 'list':
        return await withPool(async (pool) => await list(pool, invocation));
      case 'keys':
        return await withPool(async (pool) => await keys(pool, id, invocation));
      case 'revoke':
        return await withPool(async (pool) => await revoke(pool, invocation));
      default:
        throw new UsageError('Say what to do: tieout merchants create|list|keys|revoke.');
    }
  },
};

async function create(pool: Pool, { flags, json }: Invocation): Promise<ExitCode> {
  const name = typeof flags.name === 'string' ? flags.name.trim() : '';
  if (name === '' || name.length > NAME_LENGTH_MAX) {
    throw new UsageError(`--name must be 1 to ${NAME_LENGTH_MAX} characters.`);
  }
  const nowMs = Date.now();
  const freshId = (prefix: string): string => newId(prefix, nowMs, randomBytes(ID_RANDOM_BYTES));
  const merchant = await createMerchant(pool, { name, nowMs, newId: freshId });
  const { key } = await newKey(pool, merchant);
  const { noticeSecret } = merchant;
  if (json)
    print(JSON.stringify({ merchant: merchant.id, secret_key: key, webhook_secret: noticeSecret }));
  else {
    print(`merchant        ${merchant.id}`);
    print(`secret key      ${key}   (shown only now)`);
    print(`notice secret   ${noticeSecret}`);
  }
  return 0;
}

async function list(pool: Pool, { json }: Invocation): Promise<ExitCode> {
  const all = await listMerchants(pool);
  const rows = all.map((one) => [one.id, one.name, new Date(one.createdAtMs).toISOString()]);
  if (json)
    for (const [merchant, name, createdAt] of rows)
      print(JSON.stringify({ merchant, name, created_at: createdAt }));
  else print(table(['merchant', 'name', 'created'], rows));
  return 0;
}

async function keys(
  pool: Pool,
  id: string | undefined,
  { flags, json }: Invocation,
): Promise<ExitCode> {
  if (id === undefined) throw new UsageError('Name the merchant: tieout merchants keys mch_….');
  const merchant = await findMerchantById(pool, id);
  if (!merchant) throw new UsageError(`There is no merchant ${id}.`, 3);
  if (flags.new === true) {
    const { key } = await newKey(pool, merchant);
    print(json ? JSON.stringify({ secret_key: key }) : `secret key   ${key}   (shown only now)`);
    return 0;
  }
  const listed = await listKeys(pool, { merchantNumber: merchant.number });
  const rows = listed.map((one) => [
    `sk_test_…${one.hint}`,
    new Date(one.createdAtMs).toISOString(),
    one.revokedAtMs === null ? 'active' : `revoked ${new Date(one.revokedAtMs).toISOString()}`,
  ]);
  if (json)
    for (const [key, createdAt, state] of rows)
      print(JSON.stringify({ key, created_at: createdAt, state }));
  else print(table(['key', 'created', 'state'], rows));
  return 0;
}

async function revoke(pool: Pool, { flags }: Invocation): Promise<ExitCode> {
  if (typeof flags.key !== 'string')
    throw new UsageError('Give the key to revoke: --key sk_test_….');
  if (!(await revokeKey(pool, keyHash(flags.key), Date.now()))) {
    throw new UsageError('There is no active key like that.', 3);
  }
  print('Revoked. Requests with it are refused within 5 seconds.');
  return 0;
}

async function newKey(pool: Pool, merchant: Merchant): Promise<{ key: string }> {
  return await createKey(pool, {
    merchantNumber: merchant.number,
    nowMs: Date.now(),
    random: randomBytes(32),
  });
}
