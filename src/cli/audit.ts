/**
 * `tieout audit`: all invariants as SQL on the live database, or on both; the rows where one is broken, or the
 * trial balance.
 */
import { majorText } from '../core/money.ts';
import type { Config } from '../runtime/config.ts';
import { readConfig } from '../runtime/config.ts';
import { APART_CHECKS, auditApart, holdsOneBook } from '../store/postgres/audit-apart.ts';
import type { ApartAudit } from '../store/postgres/audit-apart.ts';
import type { TrialBalanceRow } from '../store/postgres/audit.ts';
import { AUDIT_CHECKS, auditDatabase } from '../store/postgres/audit.ts';
import { AUDIT_WORDS } from './audit-words.ts';
import type { Command } from './command.ts';
import { UsageError } from './command.ts';
import { openDatabases } from './database.ts';
import { print, table } from './terminal.ts';
import type { Words } from './words.ts';

export const audit: Command = {
  name: 'audit',
  takes: '',
  takesMax: 0,
  summary: {
    en: 'Check the invariants on the database; print what is broken, and the trial balance',
    zh: '在数据库上检查全部不变量；列出违反的行，并给出试算平衡表',
  },
  flags: {},
  examples: ['audit', 'audit --json'],
  run: async ({ json, lang }) => {
    const config = readConfig(process.env, process.cwd());
    const { findings, trialBalance, young } = await auditOnce(config);
    const isApart = config.coupling !== 'together';
    if (json) {
      print(
        JSON.stringify({
          broken: findings.map(({ check, rows }) => ({ id: check.id, rule: check.rule, rows })),
          trial_balance: trialBalance,
          databases: isApart ? 2 : 1,
          not_judged: young,
        }),
      );
      return findings.length === 0 ? 0 : 1;
    }
    for (const { check, rows } of findings) {
      print(
        `✗ ${check.id} ${lang === 'zh' ? (AUDIT_WORDS[check.rule] ?? check.rule) : check.rule}`,
      );
      for (const row of rows) print(`    ${JSON.stringify(row)}`);
    }
    const rows = trialBalance.map((row) => [
      row.book,
      row.account,
      row.currency,
      majorText(Number(row.debitMinor), row.currency),
      majorText(Number(row.creditMinor), row.currency),
    ]);
    if (rows.length > 0) print(table(HEAD[lang], rows, NUMBERS_AT));
    for (const [currency, minor] of betweenBooks(trialBalance)) {
      print(
        {
          en: `Between the books: ${majorText(minor, currency)} ${currency}`,
          zh: `两账往来差额：${majorText(minor, currency)} ${currency}`,
        }[lang],
      );
    }
    if (isApart) print(whereRun(young)[lang]);
    const count = AUDIT_CHECKS.length + (isApart ? APART_CHECKS.length : 0);
    print(
      findings.length === 0
        ? { en: `All ${count} rules hold.`, zh: `${count} 条规则全部成立。` }[lang]
        : {
            en: `${findings.length} of ${count} rules are broken.`,
            zh: `${count} 条规则中有 ${findings.length} 条被违反。`,
          }[lang],
    );
    return findings.length === 0 ? 0 : 1;
  },
};

const HEAD = {
  en: ['book', 'account', 'currency', 'debit', 'credit'],
  zh: ['账本', '科目', '币种', '借方', '贷方'],
} as const;
const NUMBERS_AT = [3, 4];

/** What one book has booked and the other has not (yet), by currency: 0 when both say the same. */
function betweenBooks(trialBalance: readonly TrialBalanceRow[]): Map<string, number> {
  const open = new Map<string, number>();
  for (const { account, currency, debitMinor, creditMinor } of trialBalance) {
    if (account !== 'between_books') continue;
    open.set(currency, (open.get(currency) ?? 0) + Number(debitMinor) - Number(creditMinor));
  }
  return open;
}

/** Which databases were read, and what of them nobody may rely on yet. */
function whereRun(young: number): Words {
  const { length } = AUDIT_CHECKS;
  return {
    en: `Two databases: ${length} rules on the rows of both together, ${APART_CHECKS.length} on what passes between them. Not judged, because changed within the last two minutes: ${young} payments.`,
    zh: `两个数据库：${length} 条规则针对两库合并后的数据，${APART_CHECKS.length} 条针对两库之间的往来。最近两分钟内有变更而未核对的支付订单：${young} 笔。`,
  };
}

async function auditOnce(config: Config): Promise<ApartAudit> {
  const databases = await openDatabases(config, config.dataDir);
  const { payment, channel } = databases;
  try {
    const nowMs = Date.now();
    if (channel !== null) return await auditApart({ payment, channel }, nowMs);
    if (await holdsOneBook(payment)) throw oneBookOfTwo();
    return { ...(await auditDatabase(payment, nowMs)), young: 0 };
  } finally {
    await databases.stop();
  }
}

/** Half of the rows would break rules that hold, and show others as kept that nobody asked. */
function oneBookOfTwo(): UsageError {
  return new UsageError(
    {
      en: 'This database holds one of two books, and an audit of it alone would prove nothing: set TIEOUT_COUPLING and CHANNEL_DATABASE_URL as the platform has them.',
      zh: '该数据库只存放两个账本之一，单独核对没有意义：请按平台的设置配置 TIEOUT_COUPLING 和 CHANNEL_DATABASE_URL。',
    },
    1,
  );
}
