/** `tieout audit`: all invariants as SQL on the live database; the rows where one is broken, or the trial balance. */
import { majorText } from '../core/money.ts';
import { readConfig } from '../runtime/config.ts';
import type { TrialBalanceRow } from '../store/postgres/audit.ts';
import { AUDIT_CHECKS, auditDatabase } from '../store/postgres/audit.ts';
import { AUDIT_WORDS } from './audit-words.ts';
import type { Command } from './command.ts';
import type { OpenDatabase } from './database.ts';
import { openDatabase } from './database.ts';
import { print, table } from './terminal.ts';

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
    const database = await openDatabase(config.databaseUrl, config.dataDir);
    const { findings, trialBalance } = await auditOnce(database);
    if (json) {
      print(
        JSON.stringify({
          broken: findings.map(({ check, rows }) => ({ id: check.id, rule: check.rule, rows })),
          trial_balance: trialBalance,
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
    const count = AUDIT_CHECKS.length;
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

async function auditOnce(database: OpenDatabase): ReturnType<typeof auditDatabase> {
  try {
    return await auditDatabase(database.url, Date.now());
  } finally {
    await database.stop();
  }
}
