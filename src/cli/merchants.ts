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
import { UsageError, nameFlag, verbOf } from './command.ts';
import { POLICY_FLAGS, policyWork } from './merchant-policy.ts';
import { pairs, print, table } from './terminal.ts';
import { withPool } from './with-pool.ts';

const WORDS = {
  en: {
    merchant: 'merchant',
    key: 'secret key',
    notices: 'notice secret',
    once: '(shown only now)',
    list: ['merchant', 'name', 'created'],
    keys: ['key', 'created', 'state'],
    active: 'active',
    revoked: 'revoked',
    done: 'Revoked. Requests with it are refused within 5 seconds.',
    none: 'There is no merchant yet: tieout merchants create --name NAME.',
  },
  zh: {
    merchant: '商户',
    key: '密钥',
    notices: '通知签名密钥',
    once: '（仅此一次显示）',
    list: ['商户', '名称', '创建时间'],
    keys: ['密钥', '创建时间', '状态'],
    active: '有效',
    revoked: '已吊销',
    done: '已吊销。5 秒内，使用该密钥的请求将被拒绝。',
    none: '还没有商户：tieout merchants create --name NAME。',
  },
} as const;

const VERBS = ['create', 'list', 'keys', 'revoke', 'policy'] as const;

export const merchants: Command = {
  name: 'merchants',
  takes: 'create|list|keys|revoke|policy [mch_…]',
  takesMax: 2,
  summary: {
    en: 'Merchants, their keys and policy: create --name NAME · list · keys mch_… [--new] · revoke --key KEY · policy mch_…',
    zh: '管理商户及其密钥、策略：create --name NAME · list · keys mch_… [--new] · revoke --key KEY · policy mch_…',
  },
  flags: {
    name: {
      type: 'string',
      value: 'NAME',
      help: { en: 'create: name of the merchant', zh: 'create：商户名称' },
    },
    new: { type: 'boolean', help: { en: 'keys: make another key', zh: 'keys：再建一个密钥' } },
    key: {
      type: 'string',
      value: 'KEY',
      help: { en: 'revoke: the key itself', zh: 'revoke：要吊销的密钥' },
    },
    ...POLICY_FLAGS,
  },
  examples: [
    'merchants create --name "Tea shop"',
    'merchants list',
    'merchants keys mch_… --new',
    'merchants policy mch_… --late-payment accept --by "Wang Fang" --reason "They sell vouchers"',
  ],
  run: async (invocation) => {
    const verb = verbOf('merchants', VERBS, invocation.positionals);
    const work = workOf(verb, invocation);
    return await withPool(async (pool) => await work(pool));
  },
};

/** What to do, checked before any database is opened. */
function workOf(
  verb: (typeof VERBS)[number],
  invocation: Invocation,
): (pool: Pool) => Promise<ExitCode> {
  const [, id] = invocation.positionals;
  if (id !== undefined && verb !== 'keys' && verb !== 'policy') {
    throw new UsageError({
      en: `merchants ${verb} takes no ${JSON.stringify(id)}: leave it out.`,
      zh: `merchants ${verb} 不需要参数 ${JSON.stringify(id)}，请去掉。`,
    });
  }
  switch (verb) {
    case 'create': {
      const name = nameFlag(invocation);
      return async (pool) => await create(pool, name, invocation);
    }
    case 'list':
      return async (pool) => await list(pool, invocation);
    case 'keys':
      if (id === undefined) {
        throw new UsageError({
          en: 'Name the merchant: tieout merchants keys mch_….',
          zh: '请指明商户：tieout merchants keys mch_…。',
        });
      }
      return async (pool) => await keys(pool, id, invocation);
    case 'policy':
      return policyWork(invocation, id);
    case 'revoke': {
      const { key } = invocation.flags;
      if (typeof key !== 'string') {
        throw new UsageError({
          en: 'Give the key to revoke: --key sk_test_….',
          zh: '请给出要吊销的密钥：--key sk_test_…。',
        });
      }
      return async (pool) => await revoke(pool, key, invocation);
    }
  }
}

async function create(pool: Pool, name: string, { json, lang }: Invocation): Promise<ExitCode> {
  const nowMs = Date.now();
  const freshId = (prefix: string): string => newId(prefix, nowMs, randomBytes(ID_RANDOM_BYTES));
  const merchant = await createMerchant(pool, { name, nowMs, newId: freshId });
  const { key } = await newKey(pool, merchant);
  const { noticeSecret } = merchant;
  const words = WORDS[lang];
  print(
    json
      ? JSON.stringify({ merchant: merchant.id, secret_key: key, webhook_secret: noticeSecret })
      : pairs([
          [words.merchant, `${merchant.id}  ${name}`],
          [words.key, `${key}   ${words.once}`],
          [words.notices, noticeSecret],
        ]),
  );
  return 0;
}

async function list(pool: Pool, { json, lang }: Invocation): Promise<ExitCode> {
  const all = await listMerchants(pool);
  const rows = all.map((one) => [one.id, one.name, new Date(one.createdAtMs).toISOString()]);
  if (json)
    for (const [merchant, name, createdAt] of rows)
      print(JSON.stringify({ merchant, name, created_at: createdAt }));
  else print(rows.length === 0 ? WORDS[lang].none : table(WORDS[lang].list, rows));
  return 0;
}

async function keys(pool: Pool, id: string, { flags, json, lang }: Invocation): Promise<ExitCode> {
  const words = WORDS[lang];
  const merchant = await findMerchantById(pool, id);
  if (!merchant) {
    throw new UsageError(
      {
        en: `There is no merchant ${id}: tieout merchants list shows all.`,
        zh: `没有商户 ${id}：tieout merchants list 可列出全部。`,
      },
      3,
    );
  }
  if (flags.new === true) {
    const { key } = await newKey(pool, merchant);
    print(
      json ? JSON.stringify({ secret_key: key }) : pairs([[words.key, `${key}   ${words.once}`]]),
    );
    return 0;
  }
  const listed = await listKeys(pool, { merchantNumber: merchant.number });
  const rows = listed.map(({ hint, createdAtMs, revokedAtMs }) => ({
    key: `sk_test_…${hint}`,
    created_at: new Date(createdAtMs).toISOString(),
    revoked_at: revokedAtMs === null ? null : new Date(revokedAtMs).toISOString(),
  }));
  if (json) for (const row of rows) print(JSON.stringify(row));
  else {
    const cells = rows.map((row) => [
      row.key,
      row.created_at,
      row.revoked_at === null ? words.active : `${words.revoked} ${row.revoked_at}`,
    ]);
    print(table(words.keys, cells));
  }
  return 0;
}

async function revoke(pool: Pool, key: string, { json, lang }: Invocation): Promise<ExitCode> {
  if (!(await revokeKey(pool, keyHash(key), Date.now()))) {
    throw new UsageError(
      { en: 'There is no active key like that.', zh: '没有这样的有效密钥。' },
      3,
    );
  }
  print(json ? JSON.stringify({ revoked: true }) : WORDS[lang].done);
  return 0;
}

async function newKey(pool: Pool, merchant: Merchant): Promise<{ key: string }> {
  return await createKey(pool, {
    merchantNumber: merchant.number,
    nowMs: Date.now(),
    random: randomBytes(32),
  });
}
